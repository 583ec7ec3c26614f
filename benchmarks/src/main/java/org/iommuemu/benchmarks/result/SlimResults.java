// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks.result;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;

/** JMH's JSON without what nobody reads again: every single measurement, paths of this machine, other profilers' figures. */
public final class SlimResults {
    private static final List<String> OF_RESULT = List.of(
            "benchmark",
            "mode",
            "forks",
            "jdkVersion",
            "vmName",
            "warmupIterations",
            "warmupTime",
            "measurementIterations",
            "measurementTime",
            "params");
    private static final List<String> OF_METRIC = List.of("score", "scoreError", "scoreUnit", "scorePercentiles");
    private static final String ALLOCATED = "gc.alloc.rate.norm";

    private SlimResults() {}

    /** Results as JSON, a line each. */
    public static String of(Collection<RunResult> results) {
        ByteArrayOutputStream json = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(json, true, StandardCharsets.UTF_8);
        ResultFormatFactory.getInstance(ResultFormatType.JSON, out).writeOut(results);
        out.flush();
        return slim(json.toString(StandardCharsets.UTF_8));
    }

    /** The same of JSON that JMH has written. */
    static String slim(String json) {
        ObjectMapper mapper = new ObjectMapper();
        try {
            ArrayNode all = (ArrayNode) mapper.readTree(json);
            StringBuilder text = new StringBuilder("[");
            for (int i = 0; i < all.size(); i++) {
                text.append(i == 0 ? "\n" : ",\n").append(mapper.writeValueAsString(slim(mapper, all.get(i))));
            }
            return text.append("\n]\n").toString();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("JMH has written what is not JSON", e);
        }
    }

    private static ObjectNode slim(ObjectMapper mapper, JsonNode result) {
        ObjectNode slim = copy(mapper, result, OF_RESULT);
        slim.set("primaryMetric", copy(mapper, result.path("primaryMetric"), OF_METRIC));
        JsonNode allocated = result.path("secondaryMetrics").path(ALLOCATED);
        if (allocated.isObject()) {
            slim.putObject("secondaryMetrics").set(ALLOCATED, copy(mapper, allocated, OF_METRIC));
        }
        return slim;
    }

    private static ObjectNode copy(ObjectMapper mapper, JsonNode from, List<String> names) {
        ObjectNode to = mapper.createObjectNode();
        for (String name : names) {
            JsonNode value = from.get(name);
            if (value != null) {
                to.set(name, value);
            }
        }
        return to;
    }
}
