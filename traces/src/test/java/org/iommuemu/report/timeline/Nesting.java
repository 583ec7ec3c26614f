// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.timeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What Perfetto asks of complete events: on one thread they come in the order of time, and lie inside each other or apart. */
public final class Nesting {
    private Nesting() {}

    /** Checks the complete events of a trace, read as Perfetto reads them: in whole nanoseconds. */
    public static void check(List<JsonNode> events) {
        Map<String, Long> last = new HashMap<>();
        Map<String, Deque<Long>> open = new HashMap<>();
        for (JsonNode e : events) {
            String thread = e.get("pid") + "/" + e.get("tid");
            long start = Math.round(e.get("ts").asDouble() * 1000);
            long end = start + Math.round(e.get("dur").asDouble() * 1000);
            assertThat(e.get("name").asText()).isNotEmpty();
            assertThat(end).as("%s", e).isGreaterThanOrEqualTo(start);
            assertThat(start).as("%s", e).isGreaterThanOrEqualTo(last.getOrDefault(thread, 0L));
            last.put(thread, start);
            Deque<Long> ends = open.computeIfAbsent(thread, k -> new ArrayDeque<>());
            while (!ends.isEmpty()
                    && ends.peek() <= start
                    && e.get("cat").asText().equals("dma")) {
                ends.pop();
            }
            while (ends.size() > 1 && ends.peek() <= start) {
                ends.pop();
            }
            if (e.get("cat").asText().equals("dma")) {
                assertThat(ends).as("%s overlaps", e).isEmpty();
            } else {
                assertThat(ends).as("%s is outside", e).hasSize(1);
                assertThat(end).as("%s", e).isLessThanOrEqualTo(ends.peek());
            }
            ends.push(end);
        }
    }
}
