// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** An object of a JSON file, with accessors that say where in the file a value is wrong. */
public final class JsonObject {
    private static final String NUMBER = "an unsigned number, or a string such as \"0x1000\"";

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private final Path file;
    private final long line;
    private final String path;
    private final JsonNode node;

    private JsonObject(Path file, long line, String path, JsonNode node) {
        this.file = file;
        this.line = line;
        this.path = path;
        this.node = node;
    }

    /**
     * Reads a file that holds one object.
     *
     * @throws InputException if it cannot be read, is not JSON, or is something else
     */
    static JsonObject read(Path file) {
        try (InputStream in = CompressedFile.open(file)) {
            final JsonNode root = MAPPER.readTree(in);
            if (!root.isObject()) {
                throw new InputException(file, 0, "holds " + kindOf(root), "a JSON object");
            }
            return new JsonObject(file, 0, "", root);
        } catch (final JacksonException e) {
            final JsonLocation at = e.getLocation();
            final String column = at == null ? "" : " (column " + at.getColumnNr() + ")";
            throw new InputException(
                    file,
                    at == null ? 0 : at.getLineNr(),
                    "not JSON: " + e.getOriginalMessage() + column,
                    "valid JSON");
        } catch (final IOException e) {
            throw new InputException(file, 0, "cannot be read (" + e.getMessage() + ")", "a readable JSON file");
        }
    }

    /**
     * Parses a line of a JSON Lines file.
     *
     * @param line number of the line, from 1
     * @throws InputException if it is not a JSON object
     */
    public static JsonObject parseLine(Path file, long line, String text) {
        try {
            final JsonNode root = MAPPER.readTree(text);
            if (!root.isObject()) {
                throw new InputException(file, line, "holds " + kindOf(root), "a JSON object");
            }
            return new JsonObject(file, line, "", root);
        } catch (final JacksonException e) {
            final JsonLocation at = e.getLocation();
            final String column = at == null ? "" : " (column " + at.getColumnNr() + ")";
            throw new InputException(file, line, "not JSON: " + e.getOriginalMessage() + column, "valid JSON");
        }
    }

    /**
     * An object that was read elsewhere.
     *
     * @param line where it begins, from 1
     * @param path what leads to it, with a dot behind, or nothing
     */
    public static JsonObject of(Path file, long line, String path, JsonNode object) {
        return new JsonObject(file, line, path, object);
    }

    /** Whether a field is there. */
    public boolean has(String name) {
        return node.has(name);
    }

    /** Whether a field is there and is a string. */
    public boolean isText(String name) {
        return node.path(name).isTextual();
    }

    /** Names of the object's fields, in the file's order. */
    public List<String> names() {
        final List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    /** A string. */
    public String text(String name) {
        final JsonNode value = value(name, "a string");
        if (!value.isTextual()) {
            throw wrong(name, "a string");
        }
        return value.textValue();
    }

    /** An unsigned number of at most 64 bits: a JSON integer, or a string of decimal digits or {@code 0x…}. */
    public long number(String name) {
        return number(name, value(name, NUMBER));
    }

    /** An object. */
    public JsonObject object(String name) {
        final JsonNode value = value(name, "an object");
        if (!value.isObject()) {
            throw wrong(name, "an object");
        }
        return new JsonObject(file, line, path + name + ".", value);
    }

    /** True or false. */
    public boolean flag(String name) {
        final JsonNode value = value(name, "true or false");
        if (!value.isBoolean()) {
            throw wrong(name, "true or false");
        }
        return value.booleanValue();
    }

    /** Bytes, as an even number of hexadecimal digits, lowest address first. */
    public byte[] bytes(String name) {
        try {
            return HexFormat.of().parseHex(text(name));
        } catch (final IllegalArgumentException e) {
            throw wrong(name, "an even number of hexadecimal digits");
        }
    }

    /** {@link #number(String)} in an unsigned range. */
    public long number(String name, long min, long max) {
        final long value = number(name);
        if (Long.compareUnsigned(value, min) < 0 || Long.compareUnsigned(value, max) > 0) {
            throw wrong(name, "a number from " + min + " to " + max);
        }
        return value;
    }

    /** A number that need not be whole. */
    public double fraction(String name) {
        final JsonNode value = value(name, "a number");
        if (!value.isNumber()) {
            throw wrong(name, "a number");
        }
        return value.doubleValue();
    }

    /** An array of strings. */
    public List<String> texts(String name) {
        final List<String> texts = new ArrayList<>();
        for (final JsonNode text : array(name)) {
            if (!text.isTextual()) {
                throw wrong(name, "an array of strings");
            }
            texts.add(text.textValue());
        }
        return texts;
    }

    /** An array of numbers. */
    public long[] numbers(String name) {
        final JsonNode array = array(name);
        final long[] values = new long[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = number(name + "[" + i + "]", array.get(i));
        }
        return values;
    }

    /** An array of objects. */
    public List<JsonObject> objects(String name) {
        final JsonNode array = array(name);
        final List<JsonObject> objects = new ArrayList<>(array.size());
        for (int i = 0; i < array.size(); i++) {
            final String at = path + name + "[" + i + "]";
            if (!array.get(i).isObject()) {
                throw new InputException(file, line, at + " is " + kindOf(array.get(i)), "an object");
            }
            objects.add(new JsonObject(file, line, at + ".", array.get(i)));
        }
        return objects;
    }

    /** The exception for a value that is not what its reader needs. */
    public InputException wrong(String name, String expected) {
        return new InputException(file, line, path + name + " is " + shown(node.path(name)), expected);
    }

    private JsonNode array(String name) {
        final JsonNode value = value(name, "an array");
        if (!value.isArray()) {
            throw wrong(name, "an array");
        }
        return value;
    }

    private JsonNode value(String name, String expected) {
        final JsonNode value = node.get(name);
        if (value == null) {
            throw new InputException(file, line, "no '" + path + name + "'", expected);
        }
        return value;
    }

    private long number(String name, JsonNode value) {
        if (value.canConvertToLong() && value.isIntegralNumber() && value.longValue() >= 0) {
            return value.longValue();
        }
        if (value.isTextual()) {
            try {
                return parse(value.textValue());
            } catch (final NumberFormatException e) {
                throw new InputException(file, line, path + name + " is " + shown(value), NUMBER);
            }
        }
        throw new InputException(file, line, path + name + " is " + shown(value), NUMBER);
    }

    /** Digits only: the JDK's own parsers would also take a sign. */
    static long parse(String text) {
        final boolean hex = text.startsWith("0x") || text.startsWith("0X");
        final String digits = hex ? text.substring(2) : text;
        if (digits.isEmpty() || Character.digit(digits.charAt(0), 16) < 0) {
            throw new NumberFormatException(text);
        }
        return Long.parseUnsignedLong(digits, hex ? 16 : 10);
    }

    private static String shown(JsonNode value) {
        final String text = value.isContainerNode() || value.isMissingNode() ? kindOf(value) : value.toString();
        return text.length() > 60 ? text.substring(0, 60) + "…" : text;
    }

    private static String kindOf(JsonNode value) {
        return switch (value.getNodeType()) {
            case ARRAY -> "an array";
            case OBJECT -> "an object";
            case MISSING -> "nothing";
            default -> "a single value";
        };
    }
}
