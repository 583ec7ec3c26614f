// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.List;
import org.iommuemu.iommu.timing.Journey.Outcome;
import org.junit.jupiter.api.Test;

class StreamCollectorTest {
    private static final int HIT = Outcome.HIT.ordinal();
    private static final int MERGED = Outcome.MERGED_MISS.ordinal();
    private static final int MISS = Outcome.MISS.ordinal();

    private final StreamCollector streams = new StreamCollector(false);

    private void read(int stream, int outcome, long waited) {
        streams.record(stream, false, 64, true, outcome, waited + 10, waited);
    }

    private void write(int stream, int outcome, long waited) {
        streams.record(stream, true, 64, true, outcome, waited + 10, waited);
    }

    @Test
    void shouldPassTheBlameOnToWhoeverIsAnsweredLater() {
        read(1, MISS, 0);
        read(2, HIT, 50);
        read(2, MERGED, 0);
        read(1, HIT, 20);
        write(3, MISS, 0);
        read(3, HIT, 5);
        write(3, HIT, 7);

        assertThat(streams.blockers())
                .containsExactly(
                        new Blocker(1, Outcome.MISS, 1, 50),
                        new Blocker(2, Outcome.MERGED_MISS, 2, 25),
                        new Blocker(3, Outcome.MISS, 1, 7));
    }

    @Test
    void shouldRememberAcrossTheEndOfTheWarmUpWhoWasAnsweredLast() {
        read(1, MISS, 0);
        streams.reset();
        read(2, HIT, 50);

        assertThat(streams.blockers()).containsExactly(new Blocker(1, Outcome.MISS, 1, 50));
        assertThat(streams.streams()).extracting(StreamFigures::stream).containsExactly(2L);
    }

    @Test
    void shouldCountRefusalsAndStreamsFrom0ToTheLast() {
        streams.record(0, false, 64, false, MISS, 100, 0);
        streams.record(-1, false, 64, true, HIT, 100, 0);
        streams.record(0, false, 64, true, HIT, 100, 0);

        assertThat(streams.streams()).extracting(StreamFigures::stream).containsExactly(0L, 0xFFFF_FFFFL);
        assertThat(streams.streams().get(0).refused()).isEqualTo(1);
        assertThat(streams.streams().get(1).refused()).isZero();
    }

    @Test
    void shouldCountStreamsBeyondTheMostTogether() {
        for (int round = 0; round < 2; round++) {
            for (int s = 0; s < StreamCollector.MOST + 3; s++) {
                read(s, HIT, 0);
            }
        }

        assertThat(streams.streams()).hasSize(StreamCollector.MOST + 1);
        StreamFigures others = streams.streams().get(0);
        assertThat(others.stream()).isEqualTo(StreamFigures.OTHERS);
        assertThat(others.reads()).isEqualTo(6);
        assertThat(streams.streams().get(1).reads()).isEqualTo(2);
    }

    @Test
    void shouldFindFairnessByJain() {
        for (int i = 0; i < 3; i++) {
            read(1, HIT, 0);
        }
        read(2, HIT, 0);
        Fairness fairness = Fairness.of(streams.streams());

        // (3 + 1)^2 / (2 (9 + 1))
        assertThat(fairness.bandwidth()).isEqualTo(0.8, offset(1e-12));
        assertThat(fairness.latency()).isEqualTo(1, offset(1e-12));
        assertThat(Fairness.of(List.of())).isEqualTo(new Fairness(1, 1));
    }

    /** All streams alike, some of them counted together. */
    @Test
    void shouldFindFairWhatIsEvenHoweverManyStreams() {
        StreamCollector collector = new StreamCollector(false);
        for (int stream = 0; stream < StreamCollector.MOST + 100; stream++) {
            collector.record(stream, false, 64, true, 0, 1000, 0);
        }
        Fairness fairness = Fairness.of(collector.streams());

        assertThat(fairness.bandwidth()).isEqualTo(1);
        assertThat(fairness.latency()).isEqualTo(1);
    }
}
