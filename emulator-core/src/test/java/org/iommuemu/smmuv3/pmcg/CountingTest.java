// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.pmcg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.smmuv3.pmcg.GroupBench.CNTENCLR;
import static org.iommuemu.smmuv3.pmcg.GroupBench.CR;
import static org.iommuemu.smmuv3.pmcg.GroupBench.EVTYPER;
import static org.iommuemu.smmuv3.pmcg.GroupBench.SMR;
import static org.iommuemu.smmuv3.pmcg.GroupBench.SPAN;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is counted, and for whom: IHI 0070 §10.2-10.4. */
class CountingTest {
    private GroupBench b = new GroupBench(CounterGroupFeatures.standard());

    @AfterEach
    void close() {
        b.close();
    }

    @Test
    void shouldCountTheEventOfItsType() {
        b.counter(2, 4, 100).happen(4, 3);
        b.happen(5, 8);

        assertThat(b.counter(2)).isEqualTo(103);
    }

    @Test
    void shouldCountOneEventInSeveralCounters() {
        b.counter(0, 1, 0).counter(7, 1, 10).happen(1, 1);

        assertThat(b.counter(0)).isEqualTo(1);
        assertThat(b.counter(7)).isEqualTo(11);
    }

    @Test
    void shouldNotCountWithoutTheGlobalEnable() {
        b.counter(0, 1, 0).write32(CR, 0);
        b.happen(1, 1);

        assertThat(b.counter(0)).isZero();
    }

    @Test
    void shouldNotCountInACounterThatIsOff() {
        b.counter(0, 1, 0).counter(1, 1, 0).write64(CNTENCLR, 1);
        b.happen(1, 1);

        assertThat(b.counter(0)).isZero();
        assertThat(b.counter(1)).isEqualTo(1);
    }

    @Test
    void shouldCountOnFromWhatSoftwareWrites() {
        b.counter(0, 1, 0).happen(1, 1);
        b.counterValue(0, 40);
        b.happen(1, 2);

        assertThat(b.counter(0)).isEqualTo(42);
    }

    @Test
    void shouldNotCountEventsThatTheGroupDoesNotHave() {
        for (int event : new int[] {8, 0x7F, 0x80, 0xFFFF}) {
            b.counter(0, event, 0).happen(1, 1);
            assertThat(b.counter(0)).isZero();
        }
    }

    @Test
    void shouldCountCyclesWhateverTheFilter() {
        b.counter(0, 0, 0);
        b.write32(EVTYPER, 0);
        b.write32(SMR, 0x9999);
        b.group.advance(1000);
        b.group.advance(24);

        assertThat(b.counter(0)).isEqualTo(1024);
    }

    @ParameterizedTest
    @CsvSource({
        // 10.4: the examples of the specification, at both ends of their spans.
        "0x001BF7F7, 1, 0x001BF7F0, 1",
        "0x001BF7F7, 1, 0x001BF7FF, 1",
        "0x001BF7F7, 1, 0x001BF7EF, 0",
        "0x001BF7F6, 1, 0x001BF7F6, 1",
        "0x001BF7F6, 1, 0x001BF7F7, 1",
        "0x001BF7F6, 1, 0x001BF7F5, 0",
        "0x001BF5FF, 1, 0x001BF400, 1",
        "0x001BF5FF, 1, 0x001BF7FF, 1",
        "0x001BF5FF, 1, 0x001BF800, 0",
        // One bit that need not match, as Linux documents it.
        "0x42, 1, 0x43, 1",
        "0x42, 1, 0x44, 0",
        "0xFFFFFFFF, 1, 0, 1",
        "0xFFFFFFFF, 1, 0xFFFFFFFF, 1",
        "0x7FFFFFFF, 1, 0x80000000, 1",
        "0x42, 0, 0x42, 1",
        "0x42, 0, 0x43, 0",
        "0xFFFFFFFF, 0, 0x42, 0"
    })
    void shouldCountForTheStreamsThatTheFilterNames(String filter, int span, String stream, int counted) {
        b.counter(0, 1, 0);
        b.write32(EVTYPER, 1 | span * SPAN);
        b.write32(SMR, Long.decode(filter));
        b.happen(1, 1, Long.decode(stream).intValue());

        assertThat(b.counter(0)).isEqualTo(counted);
    }

    @Test
    void shouldTakeAllImplementedOnesForEveryStream() {
        b.close();
        b = new GroupBench(CounterGroupFeatures.standard(), 8, 2);
        b.counter(0, 1, 0);
        for (int stream = 0; stream < 256; stream++) {
            b.happen(1, 1, stream);
        }
        assertThat(b.counter(0)).isEqualTo(256);
    }

    @Test
    void shouldFilterByTheBitsOfADefinition() {
        // Independent of shifts and carries: a span ends at its lowest zero.
        SplittableRandom random = new SplittableRandom(20);
        b.counter(0, 1, 0);
        long expected = 0;
        for (int i = 0; i < 20_000; i++) {
            int filter = random.nextInt(64);
            int stream = random.nextInt(64);
            int compared = 0;
            while ((filter >> compared & 1) == 1) {
                compared++;
            }
            compared++;
            expected += filter >> compared == stream >> compared ? 1 : 0;
            b.write32(SMR, filter);
            b.happen(1, 1, stream);
        }
        assertThat(b.counter(0)).isEqualTo(expected);
    }

    @Test
    void shouldFilterEachCounterOnItsOwn() {
        b.counter(0, 1, 0).counter(1, 1, 0);
        b.write32(EVTYPER, 1);
        b.write32(SMR, 5);
        b.happen(1, 1, 5);
        b.happen(1, 1, 6);

        assertThat(b.counter(0)).isEqualTo(1);
        assertThat(b.counter(1)).isEqualTo(2);
    }

    @Test
    void shouldFilterAllCountersByTheFirstOnesFilterWhereThatIsShared() {
        b.close();
        b = new GroupBench(new CounterGroupFeatures(0x0080_3F07L));
        b.counter(0, 2, 0).counter(3, 1, 0);
        b.write32(EVTYPER, 2);
        b.write32(SMR, 5);
        b.happen(1, 1, 5);
        b.happen(1, 1, 6);

        assertThat(b.counter(3)).isEqualTo(1);
    }

    @Test
    void shouldTellWhenCountingStartsAndStops() {
        List<Boolean> told = new ArrayList<>();
        b.group.onCounting(told::add);
        b.counter(0, 1, 0);
        b.write64(CNTENCLR, 1);

        assertThat(told.get(0)).isFalse();
        assertThat(told.get(told.size() - 2)).isTrue();
        assertThat(told.get(told.size() - 1)).isFalse();
    }
}
