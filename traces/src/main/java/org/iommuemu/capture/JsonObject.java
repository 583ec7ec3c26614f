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
import java.util.List;

/** An object of a JSON file, with accessors that say where in the file a value is wrong. */
final class JsonObject {
    private static final String NUMBER = "an unsigned number, or a string such as \"0x1000\"";

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private final Path file;
    private final String path;
    private final JsonNode node;

    private JsonObject(Path file, String path, JsonNode node) {
        this.file = file;
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
            return new JsonObject(file, "", root);
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

    boolean has(String name) {
        return node.has(name);
    }

    /** Names of the object's fields, in the file's order. */
    List<String> names() {
        final List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    String text(String name) {
        final JsonNode value = value(name, "a string");
        if (!value.isTextual()) {
            throw wrong(name, "a string");
        }
        return value.textValue();
    }

    /** An unsigned number of at most 64 bits: a JSON integer, or a string of decimal digits or {@code 0x…}. */
    long number(String name) {
        return number(name, value(name, NUMBER));
    }

    /** {@link #number(String)} in an unsigned range. */
    long number(String name, long min, long max) {
        final long value = number(name);
        if (Long.compareUnsigned(value, min) < 0 || Long.compareUnsigned(value, max) > 0) {
            throw wrong(name, "a number from " + min + " to " + max);
        }
        return value;
    }

    long[] numbers(String name) {
        final JsonNode array = array(name);
        final long[] values = new long[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = number(name + "[" + i + "]", array.get(i));
        }
        return values;
    }

    List<JsonObject> objects(String name) {
        final JsonNode array = array(name);
        final List<JsonObject> objects = new ArrayList<>(array.size());
        for (int i = 0; i < array.size(); i++) {
            final String at = path + name + "[" + i + "]";
            if (!array.get(i).isObject()) {
                throw new InputException(file, 0, at + " is " + kindOf(array.get(i)), "an object");
            }
            objects.add(new JsonObject(file, at + ".", array.get(i)));
        }
        return objects;
    }

    /** The exception for a value that is not what its reader needs. */
    InputException wrong(String name, String expected) {
        return new InputException(file, 0, path + name + " is " + shown(node.path(name)), expected);
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
            throw new InputException(file, 0, "no '" + path + name + "'", expected);
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
                throw new InputException(file, 0, path + name + " is " + shown(value), NUMBER);
            }
        }
        throw new InputException(file, 0, path + name + " is " + shown(value), NUMBER);
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
        final String text = value.isContainerNode() ? kindOf(value) : value.toString();
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
