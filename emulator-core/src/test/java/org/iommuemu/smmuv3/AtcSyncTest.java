// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.DevicePort.Invalidation;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** CMD_SYNC and Invalidate Requests that take their time to be answered: fact sheet 1.12, 5.6, 5.7 (cases 82, 85). */
class AtcSyncTest {
    private static final long ATC_INV = 0x0000_0042_0000_0040L;
    private static final long EVERYTHING = 52;

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

    // Waiting.

    @Test
    void shouldConsumeTheInvalidationBeforeItIsAnswered() {
        invalidate(Invalidation.PENDING);
        assertThat(left()).isZero();
    }

    @Test
    void shouldCompleteAtOnceWhatIsAnsweredAtOnce() {
        invalidate(Invalidation.ENDED);
        b.sync();
        assertThat(left()).isZero();
    }

    @Test
    void shouldWaitForTheAnswer() {
        long ticket = invalidate(Invalidation.PENDING);
        b.sync();
        assertThat(left()).isEqualTo(1);
        b.smmu.invalidationEnded(ticket, true);
        assertThat(left()).isZero();
        assertThat(b.read32(0x60)).isZero();
    }

    @Test
    void shouldWaitForAllAnswersInWhateverOrder() {
        long[] tickets = new long[5];
        for (int i = 0; i < 5; i++) {
            tickets[i] = invalidate(Invalidation.PENDING);
        }
        b.sync();
        for (int i : new int[] {3, 0, 4, 2}) {
            b.smmu.invalidationEnded(tickets[i], true);
            assertThat(left()).isEqualTo(1);
        }
        b.smmu.invalidationEnded(tickets[1], true);
        assertThat(left()).isZero();
    }

    @Test
    void shouldNotWaitForAnswersThatCameBeforeTheSync() {
        b.smmu.invalidationEnded(invalidate(Invalidation.PENDING), true);
        b.sync();
        assertThat(left()).isZero();
    }

    @Test
    void shouldTakeAnAnswerFromWithinTheRequest() {
        port.onInvalidation = r -> b.smmu.invalidationEnded(r.ticket(), true);
        invalidate(Invalidation.PENDING);
        b.sync();
        assertThat(left()).isZero();
    }

    @Test
    void shouldNotStartCommandsBehindAWaitingSync() {
        b.stage1(0x42).map(0x5000, SmmuBench.DATA);
        b.read(0x42, 0x5000);
        long ticket = invalidate(Invalidation.PENDING);
        b.sync().command(0x30, 0);
        b.ste(0x42).valid(0);
        b.command(0x42_0000_0003L, 1).command(ATC_INV, EVERYTHING);
        assertThat(left()).isEqualTo(4);
        assertThat(port.invalidations).hasSize(1);
        assertThat(b.read(0x42, 0x5000).isOk()).as("the STE is still cached").isTrue();

        port.answer = Invalidation.ENDED;
        b.smmu.invalidationEnded(ticket, true);
        assertThat(left()).isZero();
        assertThat(port.invalidations).hasSize(2);
        assertThat(b.read(0x42, 0x5000).isOk()).isFalse();
    }

    @Test
    void shouldSignalOnlyOnceTheSyncCompletes() {
        long ticket = invalidate(Invalidation.PENDING);
        b.command(0x1046, 0);
        assertThat(b.pulses).isEmpty();
        b.smmu.invalidationEnded(ticket, true);
        assertThat(b.pulses).containsExactly("cmdq-sync");
    }

    @Test
    void shouldFindOutThatASyncIsIllegalWithoutWaiting() {
        invalidate(Invalidation.PENDING);
        b.command(0x3046, 0);
        assertThat(error()).isEqualTo(0x0100_0000);
    }

    @Test
    void shouldNotSendMoreThanCanBeOutstanding() {
        // Case 85. No limit is architected; the model's is 2^16.
        int most = 1 << 16;
        for (int i = 0; i < most; i++) {
            invalidate(Invalidation.PENDING);
        }
        assertThat(left()).isZero();
        b.command(ATC_INV, EVERYTHING);
        assertThat(left()).isEqualTo(1);
        assertThat(port.invalidations).hasSize(most);
        b.smmu.invalidationEnded(port.invalidations.get(77).ticket(), true);
        assertThat(left()).isZero();
        assertThat(port.invalidations).hasSize(most + 1);
    }

    // Switching off meanwhile.

    @Test
    void shouldNotConsumeTheSyncWhileTheQueueIsOff() {
        long ticket = invalidate(Invalidation.PENDING);
        b.sync();
        b.write32(0x20, 0x5);
        b.smmu.invalidationEnded(ticket, true);
        assertThat(left()).isEqualTo(1);
        b.write32(0x20, 0xD);
        assertThat(left()).isZero();
    }

    @Test
    void shouldStillWaitWhenTheQueueIsOnAgain() {
        long ticket = invalidate(Invalidation.PENDING);
        b.sync();
        b.write32(0x20, 0x5);
        b.write32(0x20, 0xD);
        assertThat(left()).isEqualTo(1);
        b.smmu.invalidationEnded(ticket, true);
        assertThat(left()).isZero();
    }

    @Test
    void shouldStillWaitWhenTranslationIsOff() {
        long ticket = invalidate(Invalidation.PENDING);
        b.sync();
        b.write32(0x20, 0xC);
        assertThat(left()).isEqualTo(1);
        b.smmu.invalidationEnded(ticket, true);
        assertThat(left()).isZero();
    }

    @Test
    void shouldForgetWhatIsOutstandingAtReset() {
        long ticket = invalidate(Invalidation.PENDING);
        invalidate(Invalidation.TIMED_OUT);
        b.smmu.reset();
        b.start();
        b.sync();
        assertThat(left()).isZero();
        b.smmu.invalidationEnded(ticket, false);
        b.sync();
        assertThat(left()).isZero();
        assertThat(b.read32(0x60)).isZero();
    }
}
