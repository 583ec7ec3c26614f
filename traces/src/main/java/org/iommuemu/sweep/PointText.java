// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Settings;

/** A {@link SweepPoint} as one line of JSON. */
final class PointText {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Of an id. */
    private static final int DIGITS = 16;

    private PointText() {}

    static String of(SweepPoint p) {
        ObjectNode out = JSON.createObjectNode();
        out.put("number", p.number());
        out.put("sweep", p.sweep());
        out.put("trace", p.trace());
        out.put("preset", p.preset());
        ObjectNode varied = out.putObject("varied");
        p.varied().forEach(varied::put);
        out.set("run", run(p));
        return out.toString();
    }

    static String id(SweepPoint p) {
        return Digest.ofText(run(p).toString()).substring(0, DIGITS);
    }

    /** What has an influence on the figures. */
    private static ObjectNode run(SweepPoint p) {
        ObjectNode run = JSON.createObjectNode();
        run.put("digest", p.digest());
        run.put("timed", p.timed());
        if (p.timed()) {
            run.put("outstanding", p.outstanding());
            run.put("skip", p.window().skip());
            run.put("warmUp", p.window().warmUp());
            run.put("measure", p.window().measure());
        }
        ObjectNode settings = run.putObject("settings");
        for (Parameter parameter : Parameter.values()) {
            settings.put(parameter.key(), p.settings().text(parameter));
        }
        return run;
    }

    static SweepPoint parse(String line) {
        JsonNode in;
        try {
            in = JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("no point: " + e.getOriginalMessage(), e);
        }
        Map<String, String> varied = new LinkedHashMap<>();
        field(in, "varied")
                .properties()
                .forEach(e -> varied.put(e.getKey(), e.getValue().asText()));
        JsonNode run = field(in, "run");
        Map<Parameter, String> values = new EnumMap<>(Parameter.class);
        field(run, "settings").properties().forEach(e -> {
            Parameter p = Parameter.of(e.getKey());
            if (p == null || !p.takes(e.getValue().asText())) {
                throw new IllegalArgumentException("no point: " + e.getKey() + " is " + e.getValue());
            }
            values.put(p, e.getValue().asText());
        });
        boolean timed = field(run, "timed").asBoolean();
        String preset = field(in, "preset").asText();
        return new SweepPoint(
                field(in, "number").asInt(),
                field(in, "sweep").asText(),
                field(in, "trace").asText(),
                field(run, "digest").asText(),
                preset,
                varied,
                new Settings(preset, "", List.of(), values, Map.of()),
                timed,
                timed ? field(run, "outstanding").asInt() : 0,
                timed
                        ? new MeasureWindow(
                                field(run, "skip").asLong(),
                                field(run, "warmUp").asLong(),
                                field(run, "measure").asLong())
                        : MeasureWindow.EVERYTHING);
    }

    private static JsonNode field(JsonNode in, String name) {
        JsonNode value = in.get(name);
        if (value == null) {
            throw new IllegalArgumentException("no point: " + name + " is missing");
        }
        return value;
    }
}
