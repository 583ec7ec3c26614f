// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.iommuemu.smmuv3.spec.Event;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Fault case 56: a million faulting requests of one stream do not hide the fault of another. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class FaultStormTest {
    private static final int REQUESTS = 1_000_000;
    private static final int LOG2_EVENTS = 6;

    private final SmmuBench b = SmmuBench.reset().queues(8, LOG2_EVENTS).start();

    @AfterEach
    void close() {
        b.close();
    }

    private void storm() {
        for (int i = 0; i < REQUESTS; i++) {
            b.read(1, 0x1000L + i * 4L);
        }
    }

    private static String translationFault(int stream, long address) {
        return String.format("%08x00000010 0000020800000000 %016x %016x", stream, address, 0);
    }

    @Test
    void shouldCountTheOtherStreamsFaultWhereNobodyReadsTheQueue() {
        b.stage1(1);
        b.stage1(2);
        storm();
        long lost = b.smmu.statistics().eventsOverflowed();
        assertThat(lost).isEqualTo(REQUESTS - (1 << LOG2_EVENTS));
        assertThat(b.read32(0x100A8)).as("OVFLG tells software").isEqualTo(0x8000_0000L | 1 << LOG2_EVENTS);

        b.read(2, 0x7000);

        assertThat(b.smmu.statistics().eventsOverflowed()).isEqualTo(lost + 1);
        assertThat(b.smmu.statistics().recorded(Event.F_TRANSLATION)).isEqualTo(REQUESTS + 1);
    }

    @Test
    void shouldShowTheOtherStreamsFaultOnceThereIsRoom() {
        b.stage1(1);
        b.stage1(2);
        storm();
        List<String> first = b.events();
        assertThat(first).hasSize(1 << LOG2_EVENTS).allMatch(r -> r.startsWith("0000000100000010"));

        b.read(2, 0x7000);

        assertThat(b.events()).containsExactly(translationFault(2, 0x7000));
    }

    @Test
    void shouldLeaveRoomForTheOtherStreamWhereEventsAreMerged() {
        // 6.3: records that differ in the page offset alone, if STE.MEV lets them.
        b.smmu.mergeEvents(true);
        b.stage1(1);
        b.stage1(2);
        b.ste(1).set(83, 83, 1);
        for (int i = 0; i < REQUESTS; i++) {
            b.read(1, 0x1000L + (i & 0x3FF) * 4L);
        }

        b.read(2, 0x7000);

        assertThat(b.events()).containsExactly(translationFault(1, 0x1000), translationFault(2, 0x7000));
        assertThat(b.smmu.statistics().eventsMerged()).isEqualTo(REQUESTS - 1);
        assertThat(b.smmu.statistics().eventsOverflowed()).isZero();
    }

    @Test
    void shouldGoOnTranslatingForTheOtherStream() {
        b.stage1(1);
        b.stage1(2).map(0x7000, SmmuBench.DATA);
        for (int i = 0; i < REQUESTS / 10; i++) {
            b.read(1, 0x1000L + i * 4096L);
            assertThat(b.read(2, 0x7000).address()).isEqualTo(SmmuBench.DATA);
        }
    }
}
