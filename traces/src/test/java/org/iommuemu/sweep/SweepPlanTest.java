// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SweepPlanTest {
    private static final String TRACES = """
            traces:
              - generate: {pattern: ring, tenants: 2, records: 10}
                name: a
              - generate: {pattern: ring, tenants: 3, records: 10}
                name: b
            """;

    static SweepFile file(String text) {
        return SweepFile.read(Path.of("x.yaml"), new StringReader(text));
    }

    private static SweepPlan plan(String text) {
        return SweepPlan.of(file(TRACES + text), Map.of("a", "00", "b", "11"), 1000);
    }

    private static List<String> labels(SweepPlan plan) {
        return plan.points().stream().map(SweepPoint::label).toList();
    }

    @Test
    void shouldCrossTracesPresetsAndParametersTheLastOneFastest() {
        SweepPlan plan = plan("""
                presets: [none, hypersio]
                parameters:
                  iotlb.entries: [16, 64]
                  iotlb.ways: [4, 0]
                """);

        assertThat(plan.points()).hasSize(16);
        assertThat(labels(plan).subList(0, 5))
                .containsExactly(
                        "point 1 (x, a, iotlb.entries 16, iotlb.ways 4)",
                        "point 2 (x, a, iotlb.entries 16, iotlb.ways 0)",
                        "point 3 (x, a, iotlb.entries 64, iotlb.ways 4)",
                        "point 4 (x, a, iotlb.entries 64, iotlb.ways 0)",
                        "point 5 (x, a, hypersio, iotlb.entries 16, iotlb.ways 4)");
        assertThat(labels(plan).get(15)).isEqualTo("point 16 (x, b, hypersio, iotlb.entries 64, iotlb.ways 0)");
    }

    @Test
    void shouldMakeAPointFromItsTextAgain() {
        SweepPlan plan = plan("""
                timed: true
                closed-loop: 4
                skip: 1
                warm-up: 2
                measure: 3
                presets: [hypersio]
                set: {machine.stages: nested}
                points:
                  - {iotlb.entries: 8, iotlb.policy: fifo}
                """);

        for (SweepPoint p : plan.points()) {
            SweepPoint again = SweepPoint.parse(p.canonical());
            assertThat(again.canonical()).isEqualTo(p.canonical());
            assertThat(again.id()).isEqualTo(p.id()).matches("[0-9a-f]{16}");
            assertThat(again.label()).isEqualTo(p.label());
            assertThat(again.window()).isEqualTo(p.window());
        }
    }
}
