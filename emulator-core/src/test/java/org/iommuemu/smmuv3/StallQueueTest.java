// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.memory.RangeState;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Stalled transactions that cannot be recorded at once, because the event queue is not writable or every STAG is taken: fact
 * sheet 1.5 (STALL_MAX), 5.6, 6.3, 6.4. None is lost (cases 72, 78).
 */
class StallQueueTest {
    private static final long PROD = 0x100A8;
    private static final long CONS = 0x100AC;
    private static final int RETRY = 0x1044;
    private static final int ABORT = 0x2044;

    private final SmmuBench b = new SmmuBench(SmmuBench.withStalls(0, 3, 0), CacheConfiguration.standard());
    private final StallingPort port = StallingPort.on(b);
    private TestCd cd;

    @AfterEach
    void close() {
        b.close();
    }

    /** Starts with an event queue of 2^{@code log2} entries. */
    private void start(int log2) {
        b.queues(8, log2).start();
        cd = b.stage1(0x42).set(44, 44, 1);
    }

    private void stalls(long address) {
        assertThat(b.read(0x42, address).status()).isEqualTo(Status.STALLED);
    }

    private void resume(int action, int tag) {
        b.command(0x42L << 32 | action, tag);
    }

    /** The record of a read that stalls at an unmapped page. */
    private static String record(int tag, long address) {
        return String.format("0000004200000010 000002088000%04x %016x 0000000000000000", tag, address);
    }

    // A full queue.

    @Test
    void shouldKeepBackTheRecordWhileTheQueueIsFull() {
        start(0);
        stalls(0x5000);
        stalls(0x6000);
        assertThat(b.read32(PROD)).as("OVFLG stays").isEqualTo(1);
        assertThat(b.smmu.statistics().stalledUnrecorded()).isEqualTo(1);
        assertThat(b.events()).containsExactly(record(0, 0x5000));
        assertThat(b.events()).containsExactly(record(1, 0x6000));
        assertThat(b.smmu.statistics().eventsOverflowed()).isZero();
    }

    @Test
    void shouldNeverToggleOverflow() {
        start(1);
        for (int i = 0; i < 50; i++) {
            stalls(0x5000);
        }
        assertThat(b.read32(PROD)).isEqualTo(2);
    }

    @Test
    void shouldStillTellOfRecordsThatAreLostBesides() {
        start(0);
        stalls(0x5000);
        stalls(0x6000);
        assertThat(b.read(0x43, 0).status()).as("C_BAD_STE").isEqualTo(Status.ABORT);
        assertThat(b.read32(PROD)).isEqualTo(0x8000_0001L);
        b.events();
        assertThat(b.events()).containsExactly(record(1, 0x6000));
    }

    @Test
    void shouldRecordInOrderAsFarAsThereIsRoom() {
        start(1);
        stalls(0x5000);
        assertThat(b.read(0x43, 0).status()).isEqualTo(Status.ABORT);
        stalls(0x6000);
        stalls(0x7000);
        b.write32(CONS, 1);
        assertThat(b.read32(PROD)).isEqualTo(3);
        assertThat(b.smmu.statistics().stalledUnrecorded()).isEqualTo(1);
        b.write32(CONS, 2);
        assertThat(b.read32(PROD)).isEqualTo(0);
        assertThat(b.events()).containsExactly(record(1, 0x6000), record(2, 0x7000));
    }

    @Test
    void shouldKeepTheOrderWhileThereIsNoRoom() {
        start(0);
        stalls(0x5000);
        stalls(0x6000);
        stalls(0x7000);
        b.write32(CONS, 0);
        b.events();
        assertThat(b.events()).containsExactly(record(1, 0x6000));
        assertThat(b.events()).containsExactly(record(2, 0x7000));
    }

    @Test
    void shouldInterruptWhenTheRecordIsWrittenAfterAll() {
        start(0);
        b.write32(0x50, 4);
        stalls(0x5000);
        stalls(0x6000);
        assertThat(b.pulses).containsExactly("eventq");
        b.write32(CONS, 1);
        assertThat(b.pulses).containsExactly("eventq", "eventq");
    }

    @Test
    void shouldLetTheRecordVanishWhenTheMappingCameMeanwhile() {
        // 6.3: the transaction is retried when the queue becomes writable.
        start(0);
        stalls(0x5000);
        stalls(0x6000);
        cd.map(0x6000, SmmuBench.DATA);
        b.events();
        assertThat(port.ended).containsExactly("1: 42 6000 OK 80000000");
        assertThat(b.events()).isEmpty();
    }

    @Test
    void shouldRecordWhatTheTransactionMeetsByThen() {
        start(0);
        stalls(0x5000);
        b.write(0x42, 0x6000);
        cd.map(0x6000, SmmuBench.DATA, TableBuilder.READ_ONLY);
        b.events();
        assertThat(b.events()).containsExactly("0000004200000013 0000020080000001 0000000000006000 0000000000000000");
    }

    @Test
    void shouldTerminateByTheConfigurationThatIsThereByThen() {
        // 3.5: S=0, R=1, A=1 now.
        start(0);
        stalls(0x5000);
        stalls(0x6000);
        cd.set(44, 44, 0);
        b.command(0x42_0000_0005L, 1);
        b.events();
        assertThat(port.ended).containsExactly("1: 42 6000 ABORT 0");
        assertThat(b.events()).containsExactly("0000004200000010 0000020800000000 0000000000006000 0000000000000000");
    }

    // A queue that is off or in error.

    @Test
    void shouldRecordOnceTheQueueIsEnabled() {
        start(4);
        b.write32(0x20, 0x9);
        stalls(0x5000);
        stalls(0x6000);
        assertThat(b.read32(PROD)).isZero();
        b.write32(0x20, 0xD);
        assertThat(b.events()).containsExactly(record(0, 0x5000), record(1, 0x6000));
    }

    @Test
    void shouldRecordOnceTheWriteErrorIsAcknowledged() {
        start(4);
        b.memory.mark(SmmuBench.EVENTS, 0x1000, RangeState.ABSENT);
        stalls(0x5000);
        assertThat(b.read32(0x60)).as("EVENTQ_ABT_ERR").isEqualTo(4);
        stalls(0x6000);
        assertThat(b.read32(PROD)).isZero();

        b.memory.mark(SmmuBench.EVENTS, 0x1000, RangeState.PRESENT);
        assertThat(b.smmu.statistics().stalledUnrecorded())
                .as("not before the error is acknowledged")
                .isEqualTo(2);
        b.write32(0x64, 4);
        assertThat(b.events()).containsExactly(record(0, 0x5000), record(1, 0x6000));
    }

    @Test
    void shouldRaiseTheErrorAgainIfTheQueueStillDoesNotAnswer() {
        start(4);
        b.memory.mark(SmmuBench.EVENTS, 0x1000, RangeState.ABSENT);
        stalls(0x5000);
        b.write32(0x64, 4);
        assertThat(b.read32(0x60)).as("toggled back, so different from GERRORN").isZero();
        b.memory.mark(SmmuBench.EVENTS, 0x1000, RangeState.PRESENT);
        b.write32(0x64, 0);
        assertThat(b.events()).containsExactly(record(0, 0x5000));
    }

    // SYNC.

    @Test
    void shouldRetryAtSyncWhatIsNotRecordedYet() {
        // 5.6: unrecorded stalls that an invalidation affects are retried.
        start(0);
        stalls(0x5000);
        stalls(0x6000);
        stalls(0x7000);
        cd.map(0x7000, SmmuBench.DATA);
        b.invalidateAll();
        assertThat(port.ended).containsExactly("2: 42 7000 OK 80000000");
        b.events();
        assertThat(b.events()).as("those that are left keep their order").containsExactly(record(1, 0x6000));
    }

    @Test
    void shouldLeaveRecordedTransactionsAloneAtSync() {
        start(4);
        stalls(0x5000);
        cd.map(0x5000, SmmuBench.DATA);
        b.invalidateAll();
        assertThat(port.ended).isEmpty();
    }

    // STAGs (case 72).

    @ParameterizedTest(name = "action {0}")
    @ValueSource(ints = {RETRY, ABORT})
    void shouldRecordTheNextTransactionWhenAStagBecomesFree(int action) {
        start(4);
        for (int i = 0; i < 4; i++) {
            stalls(0x5000 + i * 0x1000);
        }
        assertThat(b.events()).containsExactly(record(0, 0x5000), record(1, 0x6000), record(2, 0x7000));
        cd.map(0x6000, SmmuBench.DATA);
        resume(action, 1);
        assertThat(b.events()).containsExactly(record(1, 0x8000));
        assertThat(b.smmu.statistics().stalled()).isEqualTo(3);
    }

    @Test
    void shouldWaitForAStagBehindARetryThatFaultsAgain() {
        start(4);
        for (int i = 0; i < 4; i++) {
            stalls(0x5000 + i * 0x1000);
        }
        b.events();
        resume(RETRY, 1);
        assertThat(b.events()).containsExactly(record(1, 0x6000));
        resume(ABORT, 1);
        assertThat(b.events()).containsExactly(record(1, 0x8000));
    }

    @Test
    void shouldNotLetResumeFindWhatIsNotRecorded() {
        start(0);
        stalls(0x5000);
        stalls(0x6000);
        for (int tag = 1; tag < 4; tag++) {
            resume(ABORT, tag);
        }
        resume(ABORT, 0xFFFF);
        assertThat(port.ended).isEmpty();
        assertThat(b.smmu.statistics().stalled()).isEqualTo(2);
    }

    @Test
    void shouldSendOtherTransactionsOnWhileAllStagsAreTaken() {
        start(4);
        for (int i = 0; i < 5; i++) {
            stalls(0x5000);
        }
        cd.map(0x9000, SmmuBench.DATA);
        assertThat(b.read(0x42, 0x9000).isOk()).isTrue();
        assertThat(b.read(0x43, 0).status()).isEqualTo(Status.ABORT);
    }
}
