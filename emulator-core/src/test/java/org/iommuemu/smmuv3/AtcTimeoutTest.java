// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.DevicePort.Invalidation;
import org.iommuemu.smmuv3.spec.Command;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Invalidate Requests that get no answer, or more than one: fact sheet 1.10, 1.12, 5.7 (cases 83, 84). */
class AtcTimeoutTest {
    private static final long ATC_INV = 0x0000_0042_0000_0040L;
    private static final long EVERYTHING = 52;
    private static final long ATC_INV_SYNC = 0x0300_0000;

    private final SmmuBench b = SmmuBench.started(SmmuBench.withIdr0(0, 1 << 10));
    private final StallingPort port = StallingPort.on(b);

    @AfterEach
    void close() {
        b.close();
    }

    /** Queues an ATC_INV; returns its ticket. */
    private long invalidate(Invalidation answer) {
        port.answer = answer;
        b.command(ATC_INV, EVERYTHING);
        return port.invalidations.get(port.invalidations.size() - 1).ticket();
    }

    /** Commands that are not consumed. */
    private long left() {
        return b.read32(0x98) - b.read32(0x9C) & 0x1FF;
    }

    private long error() {
        return b.read32(0x9C) & 0x7F00_0000;
    }

    // Answers that nobody waits for (case 84).

    @Test
    void shouldIgnoreUnknownTickets() {
        long ticket = invalidate(Invalidation.PENDING);
        b.sync();
        for (long unknown : new long[] {ticket + 1, ticket - 1, -1, Long.MAX_VALUE}) {
            b.smmu.invalidationEnded(unknown, true);
            b.smmu.invalidationEnded(unknown, false);
        }
        assertThat(left()).isEqualTo(1);
        b.smmu.invalidationEnded(ticket, true);
        assertThat(left()).isZero();
    }

    @Test
    void shouldIgnoreASecondAnswer() {
        long first = invalidate(Invalidation.PENDING);
        b.smmu.invalidationEnded(first, true);
        long second = invalidate(Invalidation.PENDING);
        b.sync();
        b.smmu.invalidationEnded(first, true);
        b.smmu.invalidationEnded(first, false);
        assertThat(left()).isEqualTo(1);
        b.smmu.invalidationEnded(second, true);
        assertThat(left()).isZero();
    }

    @Test
    void shouldIgnoreAnAnswerAfterTheTimeOut() {
        long ticket = invalidate(Invalidation.PENDING);
        b.smmu.invalidationEnded(ticket, false);
        b.smmu.invalidationEnded(ticket, true);
        b.sync();
        assertThat(error()).isEqualTo(ATC_INV_SYNC);
        assertThat(b.smmu.statistics().atcTimeouts()).isEqualTo(1);
    }

    // Time-outs (case 83).

    @ParameterizedTest
    @EnumSource(
            value = Invalidation.class,
            names = {"PENDING", "TIMED_OUT"})
    void shouldFailTheSync(Invalidation answer) {
        b.write32(0x50, 1);
        long ticket = invalidate(answer);
        long index = b.read32(0x98);
        b.command(0x1046, 0).command(0x30, 0);
        b.smmu.invalidationEnded(ticket, false);

        assertThat(b.read32(0x9C)).as("CONS stays at the SYNC").isEqualTo(ATC_INV_SYNC | index);
        assertThat(b.read32(0x60)).as("CMDQ_ERR").isEqualTo(1);
        assertThat(b.pulses).as("no completion signal").containsExactly("gerror");
    }

    @Test
    void shouldCompleteTheSyncAfterAcknowledgement() {
        invalidate(Invalidation.TIMED_OUT);
        b.command(0x1046, 0);
        b.write32(0x64, 1);
        assertThat(left()).isZero();
        assertThat(b.read32(0x60)).as("no new error").isEqualTo(1);
        assertThat(b.pulses).containsExactly("cmdq-sync");
    }

    @Test
    void shouldOnlyFailOnceSyncForOneTimeOut() {
        invalidate(Invalidation.TIMED_OUT);
        b.sync();
        b.write32(0x64, 1);
        b.sync().sync();
        assertThat(left()).isZero();
    }

    @Test
    void shouldFailTheNextSyncForTheNextTimeOut() {
        invalidate(Invalidation.TIMED_OUT);
        b.sync();
        b.write32(0x64, 1);
        invalidate(Invalidation.TIMED_OUT);
        b.sync();
        assertThat(left()).isEqualTo(1);
        assertThat(b.read32(0x60)).as("toggled back").isZero();
        assertThat(error()).isEqualTo(ATC_INV_SYNC);
    }

    @Test
    void shouldHoldOffOtherCommandsUntilTheErrorIsAcknowledged() {
        invalidate(Invalidation.TIMED_OUT);
        b.sync().command(ATC_INV, EVERYTHING);
        assertThat(port.invalidations).hasSize(1);
        port.answer = Invalidation.ENDED;
        b.write32(0x64, 1);
        assertThat(port.invalidations).hasSize(2);
    }

    @Test
    void shouldNotFailCommandsOtherThanSync() {
        invalidate(Invalidation.TIMED_OUT);
        b.command(0x30, 0).command(0x04, 0x1F);
        invalidate(Invalidation.ENDED);
        assertThat(left()).isZero();
        assertThat(b.read32(0x60)).isZero();
    }

    @Test
    void shouldWaitAgainForWhatIsStillOutstandingAfterAnError() {
        long slow = invalidate(Invalidation.PENDING);
        invalidate(Invalidation.TIMED_OUT);
        b.sync();
        b.smmu.invalidationEnded(slow, true);
        assertThat(error()).isEqualTo(ATC_INV_SYNC);
        b.write32(0x64, 1);
        assertThat(left()).isZero();
        assertThat(b.smmu.statistics().consumed(Command.ATC_INV)).isEqualTo(2);
    }
}
