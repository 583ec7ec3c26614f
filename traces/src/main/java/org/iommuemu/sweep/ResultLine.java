// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.EnumMap;
import java.util.Map;

/** A {@link PointResult} as one line of JSON. */
final class ResultLine {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ID = "id";
    private static final String FAILURE = "failure";
    private static final String VALUES = "values";

    private ResultLine() {}

    static String of(PointResult r) {
        ObjectNode out = JSON.createObjectNode();
        out.put(ID, r.point().id());
        if (r.failure() != null) {
            out.put(FAILURE, r.failure());
        } else {
            ObjectNode values = out.putObject(VALUES);
            r.values().forEach((m, v) -> values.put(m.label(), m.text(v)));
        }
        return out.toString();
    }

    /** The id of the point that a line is about. */
    static String id(String line) {
        return read(line).path(ID).asText();
    }

    static PointResult parse(String line, SweepPoint point) {
        JsonNode in = read(line);
        if (!in.path(ID).asText().equals(point.id())) {
            throw new IllegalArgumentException(
                    "a result of point " + in.path(ID).asText());
        }
        if (in.has(FAILURE)) {
            return PointResult.failed(point, in.get(FAILURE).asText());
        }
        Map<Metric, Long> values = new EnumMap<>(Metric.class);
        in.path(VALUES).properties().forEach(e -> {
            Metric m = Metric.of(e.getKey());
            if (m == null) {
                throw new IllegalArgumentException("unknown column " + e.getKey());
            }
            values.put(m, m.parse(e.getValue().asText()));
        });
        return new PointResult(point, values, null);
    }

    private static JsonNode read(String line) {
        try {
            return JSON.readTree(line);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("no result: " + e.getOriginalMessage(), e);
        }
    }
}
