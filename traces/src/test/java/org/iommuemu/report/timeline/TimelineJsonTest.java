// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report.timeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.Journey.Outcome;
import org.iommuemu.iommu.timing.LatencyPart;
import org.junit.jupiter.api.Test;

class TimelineJsonTest {
    private final Timeline timeline = new Timeline(0, 100);

    private void read(int stream, long at, Outcome outcome, long lookup, long walk) {
        Transaction t = new Transaction().set(stream, Transaction.NO_SUBSTREAM, 0xFFC0_1000L, Access.READ);
        Journey journey = new Journey();
        journey.add(LatencyPart.LOOKUP, lookup);
        journey.add(LatencyPart.WALK, walk);
        timeline.measured(t, 64, at, at + lookup + walk, new Verdict(), journey, outcome, walk > 0 ? 4 : 0);
    }

    private String json() throws IOException {
        StringWriter out = new StringWriter();
        TimelineJson.write(timeline, out);
        return out.toString();
    }

    private List<JsonNode> events(String phase) throws IOException {
        List<JsonNode> found = new ArrayList<>();
        for (JsonNode e : new ObjectMapper().readTree(json()).get("traceEvents")) {
            if (e.get("ph").asText().equals(phase)) {
                found.add(e);
            }
        }
        return found;
    }

    @Test
    void shouldWriteATransactionAndItsPartsInsideIt() throws IOException {
        read(0x100, 1_500_000, Outcome.MISS, 2500, 400_250);

        // In µs with whole ns: 1500 to 1902.75 -> 1903; the walk from 1502.5 -> 1503 on.
        assertThat(json()).contains("""
                        {"ph":"X","name":"read, miss","cat":"dma","pid":2,"tid":0,"ts":1.500,"dur":0.403,"args":\
                        {"number":0,"stream":"0x100","kind":"read","iova":"0xffc01000","pa":"refused","bytes":64,\
                        "outcome":"miss","reads":4,"ns":402.750}}""").contains("""
                        {"ph":"X","name":"lookup","cat":"part","pid":2,"tid":0,"ts":1.500,"dur":0.003,"args":{"ns":2.500}}""").contains("""
                        {"ph":"X","name":"walk","cat":"part","pid":2,"tid":0,"ts":1.503,"dur":0.400,"args":{"ns":400.250}}""");
    }

    @Test
    void shouldNameProcessesAndLanes() throws IOException {
        read(0x100, 0, Outcome.HIT, 5000, 0);
        read(0x8, 0, Outcome.HIT, 5000, 0);
        read(0x100, 1000, Outcome.HIT, 5000, 0);

        assertThat(events("M").stream()
                        .map(e -> e.get("name").asText() + " " + e.get("pid") + "/" + e.get("tid") + " "
                                + e.at("/args/name").asText()))
                .containsExactly(
                        "process_name 1/0 IOMMU",
                        "process_name 2/0 stream 0x8 (00:01.0)",
                        "process_name 3/0 stream 0x100 (01:00.0)",
                        "thread_name 2/0 lane 0",
                        "thread_name 3/0 lane 0",
                        "thread_name 3/1 lane 1");
    }

    @Test
    void shouldCountWhatIsUnderWay() throws IOException {
        read(1, 0, Outcome.MISS, 2000, 8000);
        read(1, 5000, Outcome.HIT, 5000, 0);
        read(1, 10_000, Outcome.HIT, 2000, 0);

        assertThat(events("C").stream()
                        .map(e ->
                                e.get("name").asText() + " " + e.get("ts").asText() + " " + e.at("/args/transactions")))
                // At 10 ns two are over and one begins.
                .containsExactly(
                        "reads under way 0.0 1",
                        "reads under way 0.005 2",
                        "reads under way 0.01 1",
                        "reads under way 0.012 0",
                        "misses under way 0.0 1",
                        "misses under way 0.01 0");
    }

    @Test
    void shouldNestWhateverTheRounding() throws IOException {
        long at = 0;
        for (int i = 0; i < 90; i++) {
            at += 137 * i % 1000;
            read(i % 2, at, i % 3 == 0 ? Outcome.MISS : Outcome.HIT, 300 + 77L * i % 900, i % 3 == 0 ? 1499 + i : 0);
        }

        assertThat(events("X")).hasSizeGreaterThan(150);
        Nesting.check(events("X"));
    }

    @Test
    void shouldKeepSoManyFromACertainOneOn() throws IOException {
        Timeline some = new Timeline(2, 3);
        Journey journey = new Journey();
        Transaction t = new Transaction().set(1, Transaction.NO_SUBSTREAM, 0, Access.WRITE);
        for (int i = 0; i < 10; i++) {
            some.measured(t, 64, 1000L * i, 1000L * i, new Verdict(), journey, Outcome.HIT, 0);
        }

        assertThat(some.slices().stream().map(Timeline.Slice::number)).containsExactly(2L, 3L, 4L);
        assertThat(json()).isEqualTo(json());
    }
}
