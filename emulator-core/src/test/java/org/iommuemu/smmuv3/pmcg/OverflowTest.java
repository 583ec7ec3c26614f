// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.pmcg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.smmuv3.pmcg.GroupBench.CAPR;
import static org.iommuemu.smmuv3.pmcg.GroupBench.EVTYPER;
import static org.iommuemu.smmuv3.pmcg.GroupBench.INTENSET;
import static org.iommuemu.smmuv3.pmcg.GroupBench.IRQ_CFG0;
import static org.iommuemu.smmuv3.pmcg.GroupBench.IRQ_CFG1;
import static org.iommuemu.smmuv3.pmcg.GroupBench.IRQ_CTRL;
import static org.iommuemu.smmuv3.pmcg.GroupBench.IRQ_STATUS;
import static org.iommuemu.smmuv3.pmcg.GroupBench.OVFCAP;
import static org.iommuemu.smmuv3.pmcg.GroupBench.OVSCLR;
import static org.iommuemu.smmuv3.pmcg.GroupBench.OVSSET;
import static org.iommuemu.smmuv3.pmcg.GroupBench.SPAN;

import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Overflow, capture and interrupt: IHI 0070 §10.2.1. */
class OverflowTest {
    private static final long DOORBELL = 0x802_0040;

    private GroupBench b = new GroupBench(CounterGroupFeatures.standard());

    @AfterEach
    void close() {
        b.close();
    }

    private static long most(int bits) {
        return -1L >>> 64 - bits;
    }

    /** Interrupts on, counter 0 about to overflow by event 1, with a message. */
    private void arm() {
        b.write64(IRQ_CFG0, DOORBELL);
        b.write32(IRQ_CFG1, 0xCAFE);
        b.write64(INTENSET, 1);
        b.write32(IRQ_CTRL, 1);
        b.counter(0, 1, -1L);
    }

    @ParameterizedTest
    @ValueSource(ints = {32, 36, 40, 44, 48, 64})
    void shouldWrapAndSetTheStatusPastTheLargestValue(int bits) {
        b.close();
        b = new GroupBench(CounterGroupFeatures.of(4, bits));
        b.counter(3, 1, most(bits) - 1).happen(1, 1);
        assertThat(b.counter(3)).isEqualTo(most(bits));
        assertThat(b.read64(OVSSET)).isZero();

        b.happen(1, 1);

        assertThat(b.counter(3)).isZero();
        assertThat(b.read64(OVSSET)).isEqualTo(8);
        assertThat(b.read64(OVSCLR)).isEqualTo(8);
    }

    @ParameterizedTest
    @ValueSource(ints = {32, 48, 64})
    void shouldOverflowWhenPassingZero(int bits) {
        b.close();
        b = new GroupBench(CounterGroupFeatures.of(4, bits));
        b.counter(0, 4, most(bits) - 1).happen(4, 5);

        assertThat(b.counter(0)).isEqualTo(3);
        assertThat(b.read64(OVSSET)).isEqualTo(1);
    }

    @Test
    void shouldCountOnAfterAnOverflow() {
        b.counter(0, 1, -1L).happen(1, 1);
        b.happen(1, 6);

        assertThat(b.counter(0)).isEqualTo(6);
        assertThat(b.read64(OVSSET)).isEqualTo(1);
    }

    @Test
    void shouldClearTheStatusByOnes() {
        b.counter(0, 1, -1L).counter(1, 1, -1L).happen(1, 1);
        b.write64(OVSCLR, 1);

        assertThat(b.read64(OVSSET)).isEqualTo(2);
    }

    @Test
    void shouldNotTakeEffectWhenSoftwareSetsTheStatus() {
        // 10.5.2.10: whether it does is left open.
        arm();
        b.write64(OVSSET, 1);

        assertThat(b.read64(OVSSET)).isEqualTo(1);
        assertThat(b.pulses).isEmpty();
    }

    @Test
    void shouldInterruptByWireAndMessage() {
        arm();
        b.happen(1, 1);

        assertThat(b.pulses).containsExactly("pmcg");
        assertThat(b.memory.readInt(DOORBELL)).isEqualTo(0xCAFE);
    }

    @Test
    void shouldInterruptAgainThoughTheStatusIsSet() {
        arm();
        b.happen(1, 1);
        b.counterValue(0, -1L);
        b.happen(1, 1);

        assertThat(b.pulses).containsExactly("pmcg", "pmcg");
    }

    @Test
    void shouldSendNoMessageToAddressZero() {
        arm();
        b.write32(IRQ_CTRL, 0);
        b.write64(IRQ_CFG0, 0);
        b.write32(IRQ_CTRL, 1);
        b.happen(1, 1);

        assertThat(b.pulses).containsExactly("pmcg");
        assertThat(b.memory.pages()).isZero();
    }

    @Test
    void shouldNotInterruptWhereTheCounterMayNot() {
        arm();
        b.counter(1, 2, -1L).happen(2, 1);

        assertThat(b.read64(OVSSET)).isEqualTo(2);
        assertThat(b.pulses).isEmpty();
    }

    @Test
    void shouldNotInterruptLaterWhatOverflowedWhileInterruptsWereOff() {
        arm();
        b.write32(IRQ_CTRL, 0);
        b.happen(1, 1);
        b.write32(IRQ_CTRL, 1);

        assertThat(b.read64(OVSSET)).isEqualTo(1);
        assertThat(b.pulses).isEmpty();
    }

    @Test
    void shouldShowAnAbortedMessageUntilInterruptsAreSwitchedOnAgain() {
        b.memory.mark(DOORBELL, 4, RangeState.ABSENT);
        arm();
        b.happen(1, 1);
        assertThat(b.read32(IRQ_STATUS)).isEqualTo(1);
        b.write32(IRQ_CTRL, 1);
        assertThat(b.read32(IRQ_STATUS)).isEqualTo(1);
        b.write32(IRQ_CTRL, 0);
        assertThat(b.read32(IRQ_STATUS)).isEqualTo(1);
        b.write32(IRQ_CTRL, 1);
        assertThat(b.read32(IRQ_STATUS)).isZero();
    }

    @Test
    void shouldHaveNoInterruptStatusBeforeVersion31() {
        b.close();
        b = new GroupBench(CounterGroupFeatures.standard(), 32, 0);
        b.memory.mark(DOORBELL, 4, RangeState.ABSENT);
        arm();
        b.happen(1, 1);

        assertThat(b.read32(IRQ_STATUS)).isZero();
    }

    @Test
    void shouldCaptureEveryCounterAtOnce() {
        b.counter(0, 1, 7).counter(5, 2, 9);
        b.write32(CAPR, 1);
        b.happen(1, 1);

        assertThat(b.shadow(0)).isEqualTo(7);
        assertThat(b.shadow(5)).isEqualTo(9);
        assertThat(b.read32(CAPR)).isZero();
    }

    @Test
    void shouldNotCaptureWithoutTheBit() {
        b.counter(0, 1, 7).write32(CAPR, 2);

        assertThat(b.shadow(0)).isZero();
    }

    @Test
    void shouldCaptureTheValuesAfterAnOverflow() {
        b.counter(0, 4, -2L).counter(1, 4, 50);
        b.write32(EVTYPER, 4 | SPAN | OVFCAP);
        b.happen(4, 3);

        assertThat(b.shadow(0)).isEqualTo(1);
        assertThat(b.shadow(1)).isEqualTo(53);
    }

    @Test
    void shouldNotCaptureByAnOverflowThatMayNot() {
        b.counter(0, 1, 3).counter(1, 1, -1L);
        b.write32(EVTYPER, 1 | SPAN | OVFCAP);
        b.happen(1, 1);

        assertThat(b.shadow(0)).isZero();
    }
}
