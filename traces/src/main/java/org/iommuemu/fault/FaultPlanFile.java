// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.fault;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.JsonObject;
import org.iommuemu.capture.YamlFlaw;
import org.iommuemu.inject.FaultPlan;
import org.iommuemu.inject.FaultRule;
import org.jspecify.annotations.Nullable;

/** Reads a {@link FaultPlan} from YAML: {@code seed}, and {@code rules}, a list. Errors name the line on which a rule begins. */
public final class FaultPlanFile {
    private static final ObjectMapper YAML = new ObjectMapper(YAMLFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build());

    private final Path file;
    private final List<FaultRule> rules = new ArrayList<>();
    private long seed;

    private FaultPlanFile(Path file) {
        this.file = file;
    }

    /**
     * Reads a plan.
     *
     * @throws InputException naming file, line, field and what was expected
     */
    public static FaultPlan read(Path file) {
        FaultPlanFile into = new FaultPlanFile(file);
        try (Reader text = Files.newBufferedReader(file);
                JsonParser parser = YAML.createParser(text)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new InputException(file, 1, "holds no keys", "seed and rules");
            }
            into.object(parser);
            return new FaultPlan(into.seed, into.rules);
        } catch (JacksonException e) {
            throw YamlFlaw.of(file, e);
        } catch (IOException e) {
            throw new InputException(file, 0, "cannot be read (" + e.getMessage() + ")", "a readable YAML file");
        } catch (IllegalArgumentException e) {
            throw new InputException(file, 0, "is no plan: " + e.getMessage(), "rules that go together");
        }
    }

    private void object(JsonParser parser) throws IOException {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            long line = parser.currentTokenLocation().getLineNr();
            @Nullable JsonToken value = parser.nextToken();
            if (key.equals("seed")) {
                seed = number(parser, value, line);
            } else if (key.equals("rules")) {
                rules(parser, value, line);
            } else {
                throw new InputException(file, line, "unknown key '" + key + "'", "seed or rules");
            }
        }
    }

    private long number(JsonParser parser, @Nullable JsonToken value, long line) throws IOException {
        if (value != JsonToken.VALUE_NUMBER_INT) {
            throw new InputException(file, line, "seed is '" + parser.getText() + "'", "a whole number");
        }
        return parser.getLongValue();
    }

    private void rules(JsonParser parser, @Nullable JsonToken start, long line) throws IOException {
        if (start != JsonToken.START_ARRAY) {
            throw new InputException(file, line, "'rules' is no list", "a list of rules");
        }
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            long begin = parser.currentTokenLocation().getLineNr();
            JsonNode rule = YAML.readTree(parser);
            if (!rule.isObject()) {
                throw new InputException(file, begin, "rules[" + rules.size() + "] is no object", "a rule");
            }
            rules.add(FaultRuleReader.parse(JsonObject.of(file, begin, "rules[" + rules.size() + "].", rule)));
        }
    }
}
