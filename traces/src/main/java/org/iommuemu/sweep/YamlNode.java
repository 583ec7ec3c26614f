// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.io.Reader;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.OneLine;
import org.iommuemu.capture.YamlFlaw;

/** A piece of a YAML file that knows where it is, so that what is wrong with it can be said with its line. */
final class YamlNode {
    private static final YAMLFactory YAML = YAMLFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private enum Kind {
        SCALAR,
        LIST,
        MAP
    }

    private final Path file;
    private final long line;
    private final Kind kind;
    private final String text;
    private final List<YamlNode> elements = new ArrayList<>();
    private final Map<String, YamlNode> keys = new LinkedHashMap<>();

    private YamlNode(Path file, long line, Kind kind, String text) {
        this.file = file;
        this.line = line;
        this.kind = kind;
        this.text = text;
    }

    /**
     * Reads a file of one document.
     *
     * @param file for messages
     * @throws InputException naming the line, if it is no such YAML
     */
    static YamlNode read(Path file, Reader text) {
        try (YAMLParser parser = YAML.createParser(text)) {
            if (parser.nextToken() == null) {
                throw new InputException(file, 0, "is empty", "a sweep");
            }
            YamlNode root = node(file, parser);
            if (parser.nextToken() != null) {
                throw new InputException(file, line(parser), "goes on behind its first document", "one document");
            }
            return root;
        } catch (JacksonException e) {
            throw YamlFlaw.of(file, e);
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be read (" + e.getMessage() + ")", "a readable YAML file");
        }
    }

    private static YamlNode node(Path file, YAMLParser parser) throws IOException {
        long line = line(parser);
        if (parser.isCurrentAlias()) {
            throw new InputException(file, line, "is an alias", "what it stands for");
        }
        switch (parser.currentToken()) {
            case START_ARRAY -> {
                YamlNode list = new YamlNode(file, line, Kind.LIST, "");
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.elements.add(node(file, parser));
                }
                return list;
            }
            case START_OBJECT -> {
                YamlNode map = new YamlNode(file, line, Kind.MAP, "");
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String key = parser.currentName();
                    parser.nextToken();
                    map.keys.put(key, node(file, parser));
                }
                return map;
            }
            default -> {
                return new YamlNode(file, line, Kind.SCALAR, parser.getText());
            }
        }
    }

    private static long line(JsonParser parser) {
        return parser.currentTokenLocation().getLineNr();
    }

    /** The exception for this piece. */
    InputException wrong(String problem, String expected) {
        return new InputException(file, line, problem, expected);
    }

    /** Where it begins, from 1. */
    long line() {
        return line;
    }

    boolean isScalar() {
        return kind == Kind.SCALAR;
    }

    boolean isMap() {
        return kind == Kind.MAP;
    }

    /** The text of a single value. */
    String scalar(String what) {
        if (kind != Kind.SCALAR) {
            throw wrong("'" + what + "' is no single value", "one value");
        }
        if (!OneLine.of(text).equals(text)) {
            throw wrong("'" + what + "' is '" + text + "'", "text of one line");
        }
        return text;
    }

    /** A whole number of a range. */
    long number(String what, long least, long most) {
        try {
            long value = Long.parseLong(scalar(what));
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw wrong("'" + what + "' is '" + text + "'", "a whole number from " + least + " to " + most);
    }

    /** A number. */
    double decimal(String what) {
        try {
            return new BigDecimal(scalar(what)).doubleValue();
        } catch (NumberFormatException e) {
            throw wrong("'" + what + "' is '" + text + "'", "a number");
        }
    }

    /** A truth value. */
    boolean truth(String what) {
        return switch (scalar(what)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw wrong("'" + what + "' is '" + text + "'", "true or false");
        };
    }

    /** The elements of a list, of which there must be some. */
    List<YamlNode> list(String what) {
        if (kind != Kind.LIST || elements.isEmpty()) {
            throw wrong(kind == Kind.LIST ? "'" + what + "' is empty" : "'" + what + "' is no list", "a list");
        }
        return Collections.unmodifiableList(elements);
    }

    /** The keys of a map in their order. */
    Map<String, YamlNode> map(String what) {
        if (kind != Kind.MAP) {
            throw wrong(what + " has no keys", "keys with values");
        }
        return Collections.unmodifiableMap(keys);
    }
}
