// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.preset;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.YamlFlaw;

/**
 * Reads {@link Settings} from YAML: the keys of {@link Parameter}, nested at the dots, each with a value or with {@code {value: V,
 * source: S}}; and {@code title}, {@code systems}.
 */
final class SettingsFile {
    private static final YAMLFactory YAML = YAMLFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private static final String VALUE = "value";
    private static final String SOURCE = "source";

    private final Path file;
    private final Map<Parameter, String> values = new EnumMap<>(Parameter.class);
    private final Map<Parameter, String> sources = new EnumMap<>(Parameter.class);
    private final List<String> systems = new ArrayList<>();
    /** Keys that this file has set. */
    private final Set<Parameter> here = EnumSet.noneOf(Parameter.class);

    private String title = "";

    private SettingsFile(Path file) {
        this.file = file;
    }

    /**
     * Reads settings.
     *
     * @param file for messages
     * @param base has the values that the text does not set
     * @throws InputException naming the line, the key, the value and what is legal
     */
    static Settings read(Path file, String name, Reader text, Settings base) {
        SettingsFile into = new SettingsFile(file);
        into.title = base.title();
        into.values.putAll(base.values());
        into.sources.putAll(base.sources());
        try (JsonParser parser = YAML.createParser(text)) {
            JsonToken first = parser.nextToken();
            if (first != null && first != JsonToken.VALUE_NULL) {
                if (first != JsonToken.START_OBJECT) {
                    throw new InputException(file, line(parser), "holds no keys", "keys with values");
                }
                into.object(parser, "");
            }
            if (first != null && parser.nextToken() != null) {
                throw new InputException(file, line(parser), "goes on behind its first document", "one document");
            }
        } catch (JacksonException e) {
            throw YamlFlaw.of(file, e);
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be read (" + e.getMessage() + ")", "a readable YAML file");
        }
        return new Settings(name, into.title, into.systems, into.values, into.sources);
    }

    private static long line(JsonParser parser) {
        return parser.currentTokenLocation().getLineNr();
    }

    private void object(JsonParser parser, String prefix) throws IOException {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = prefix + parser.currentName();
            long line = line(parser);
            JsonToken value = parser.nextToken();
            if (key.equals("title")) {
                title = scalar(parser, key);
            } else if (key.equals("systems")) {
                list(parser, value);
            } else if (Parameter.of(key) != null) {
                parameter(parser, key, value);
            } else if (value == JsonToken.START_OBJECT && isPrefix(key + ".")) {
                object(parser, key + ".");
            } else if (isPrefix(key + ".")) {
                throw new InputException(file, line, "'" + key + "' has no keys below it", known(key + "."));
            } else {
                throw new InputException(file, line, "unknown key '" + key + "'", known(prefix));
            }
        }
    }

    private static boolean isPrefix(String prefix) {
        return Arrays.stream(Parameter.values()).anyMatch(p -> p.key().startsWith(prefix));
    }

    private static String known(String prefix) {
        List<String> names = new ArrayList<>(prefix.isEmpty() ? List.of("title", "systems") : List.of());
        for (Parameter p : Parameter.values()) {
            if (p.key().startsWith(prefix)) {
                String rest = p.key().substring(prefix.length());
                String next = rest.indexOf('.') < 0 ? rest : rest.substring(0, rest.indexOf('.'));
                if (!names.contains(next)) {
                    names.add(next);
                }
            }
        }
        return "one of " + String.join(", ", names);
    }

    private void list(JsonParser parser, JsonToken start) throws IOException {
        if (start != JsonToken.START_ARRAY) {
            throw new InputException(file, line(parser), "'systems' is no list", "a list of names");
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            systems.add(scalar(parser, "systems"));
        }
    }

    private void parameter(JsonParser parser, String key, JsonToken start) throws IOException {
        Parameter p = Parameter.of(key);
        if (p == null) {
            return;
        }
        if (start != JsonToken.START_OBJECT) {
            set(p, scalar(parser, key), line(parser));
            sources.put(p, file.toString());
            return;
        }
        sources.put(p, Settings.USUAL);
        long begin = line(parser);
        boolean found = false;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            long line = line(parser);
            parser.nextToken();
            switch (name) {
                case VALUE -> {
                    set(p, scalar(parser, key), line);
                    found = true;
                }
                case SOURCE -> sources.put(p, scalar(parser, key + ".source"));
                default ->
                    throw new InputException(file, line, "unknown key '" + key + "." + name + "'", "value, source");
            }
        }
        if (!found) {
            throw new InputException(file, begin, "'" + key + "' has no value", p.legal());
        }
    }

    private void set(Parameter p, String value, long line) {
        if (!p.takes(value)) {
            throw new InputException(file, line, p.key() + " is '" + value + "'", p.legal());
        }
        if (!here.add(p)) {
            throw new InputException(file, line, p.key() + " is set a second time", "each key once");
        }
        values.put(p, value);
    }

    private String scalar(JsonParser parser, String key) throws IOException {
        if (!parser.currentToken().isScalarValue()) {
            throw new InputException(file, line(parser), "'" + key + "' is no single value", "one value");
        }
        return parser.getText();
    }
}
