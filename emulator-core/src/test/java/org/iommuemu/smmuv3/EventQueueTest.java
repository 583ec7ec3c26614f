// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The event queue: fact sheet 1.10, 1.12, 6.4 and section 8. */
class EventQueueTest {
    private static final long PROD = 0x100A8;
    private static final long CONS = 0x100AC;
    private static final long OVERFLOW = 0x8000_0000L;

    private final SmmuBench b = SmmuBench.reset();

    @AfterEach
    void close() {
        b.close();
    }

    /** A C_BAD_STE of a stream: its STE is zero. */
    private void fault(int stream) {
        assertThat(b.read(stream, 0x1000).status()).isEqualTo(Status.ABORT);
    }

    private static String badSte(int stream) {
        return String.format("%08x00000004 %016x %016x %016x", stream, 0, 0, 0);
    }

    @ParameterizedTest(name = "LOG2SIZE {0}")
    @ValueSource(ints = {0, 1, 2, 5})
    void shouldWrapAroundManyTimes(int log2Size) {
        b.queues(8, log2Size).start();
        for (int i = 0; i < 5 << log2Size; i++) {
            fault(i & 0xFF);
            assertThat(b.events()).containsExactly(badSte(i & 0xFF));
            assertThat(b.read32(PROD)).isEqualTo(i + 1 & (2 << log2Size) - 1);
        }
        assertThat(b.smmu.statistics().eventsOverflowed()).isZero();
    }

    @Test
    void shouldOverwriteAllOfAnEntry() {
        b.queues(8, 0).start();
        b.memory.writeLong(SmmuBench.EVENTS + 8, -1L);
        b.memory.writeLong(SmmuBench.EVENTS + 24, -1L);
        fault(1);
        assertThat(b.events()).containsExactly(badSte(1));
    }

    @Test
    void shouldToggleOverflowOnceAndKeepOldRecords() {
        // 6.4: the event is dropped; OVFLG toggles if no overflow is pending.
        b.queues(8, 2).start();
        for (int i = 0; i < 4; i++) {
            fault(i);
        }
        assertThat(b.read32(PROD)).as("full, nothing lost yet").isEqualTo(4);
        fault(4);
        assertThat(b.read32(PROD)).isEqualTo(OVERFLOW | 4);
        fault(5);
        assertThat(b.read32(PROD)).as("pending already").isEqualTo(OVERFLOW | 4);

        assertThat(b.events()).containsExactly(badSte(0), badSte(1), badSte(2), badSte(3));
        assertThat(b.read32(CONS)).isEqualTo(OVERFLOW | 4);
    }

    @Test
    void shouldWriteOnWhileAnOverflowIsPending() {
        // 6.4: an unacknowledged overflow does not block further writes.
        b.queues(8, 1).start();
        fault(0);
        fault(1);
        fault(2);
        b.write32(CONS, 1);
        fault(3);
        assertThat(b.read32(PROD)).isEqualTo(OVERFLOW | 3);
        assertThat(b.memory.readLong(SmmuBench.EVENTS)).isEqualTo(0x3_0000_0004L);

        fault(4);
        assertThat(b.read32(PROD)).as("lost, but the flag was pending").isEqualTo(OVERFLOW | 3);
    }

    @Test
    void shouldToggleBackAtTheNextOverflowAfterAcknowledgement() {
        b.queues(8, 0).start();
        fault(0);
        fault(1);
        assertThat(b.read32(PROD)).isEqualTo(OVERFLOW | 1);
        b.events();
        fault(2);
        assertThat(b.read32(PROD)).isEqualTo(OVERFLOW);
        fault(3);
        assertThat(b.read32(PROD)).as("OVFLG back to 0, differs from OVACKFLG").isEqualTo(0);
    }

    @Test
    void shouldDropSilentlyWhileDisabled() {
        // 6.4: no OVFLG even if the queue is full.
        b.queues(8, 0).start();
        fault(0);
        b.write32(0x20, 0x9);
        fault(1);
        assertThat(b.read32(PROD)).isEqualTo(1);
        b.write32(CONS, 1);
        fault(2);
        assertThat(b.read32(PROD)).isEqualTo(1);
        assertThat(b.read32(0x60)).isZero();
    }

    @Test
    void shouldTakeInconsistentPointersAsFull() {
        // 1.12: CU; recommended.
        b.queues(8, 2).start();
        b.write32(CONS, 1);
        fault(0);
        assertThat(b.read32(PROD)).isEqualTo(OVERFLOW);
    }

    @Test
    void shouldRaiseAbortErrorAndStopWriting() {
        // 1.10: EVENTQ_ABT_ERR is bit 2; PROD is not advanced (0.4).
        b.start();
        b.write32(0x50, 1);
        b.memory.mark(SmmuBench.EVENTS, 32, RangeState.ABSENT);
        fault(0);
        assertThat(b.read32(0x60)).isEqualTo(4);
        assertThat(b.read32(PROD)).isZero();
        assertThat(b.pulses).containsExactly("gerror");

        b.memory.mark(SmmuBench.EVENTS, 32, RangeState.PRESENT);
        fault(1);
        assertThat(b.read32(PROD)).as("not writable while the error is active").isZero();

        b.write32(0x64, 4);
        fault(2);
        assertThat(b.events()).containsExactly(badSte(2));
    }

    @Test
    void shouldStillExecuteCommandsUnderAnEventQueueError() {
        b.start();
        b.memory.mark(SmmuBench.EVENTS, 32, RangeState.POISONED);
        fault(0);
        b.sync();
        assertThat(b.read32(0x9C)).isEqualTo(b.read32(0x98));
    }

    @Test
    void shouldInterruptOnlyWhenTheQueueWasEmpty() {
        // Section 8.
        b.start();
        b.write32(0x50, 4);
        fault(0);
        fault(1);
        assertThat(b.pulses).containsExactly("eventq");

        b.events();
        fault(2);
        assertThat(b.pulses).containsExactly("eventq", "eventq");
    }

    @Test
    void shouldNotInterruptUnlessEnabled() {
        b.start();
        b.write32(0x50, 1);
        fault(0);
        b.write32(0x50, 4);
        fault(1);
        assertThat(b.pulses).as("the queue was not empty any more").isEmpty();
    }

    @Test
    void shouldMakeTheRecordVisibleBeforeTheInterrupt() {
        // Section 8: entry and PROD first.
        long[] seen = new long[2];
        try (SmmuBench s = SmmuBench.reset()) {
            SmmuV3[] machine = new SmmuV3[1];
            machine[0] = new SmmuV3(s.memory, SmmuBench.stage1Features(), CacheConfiguration.standard(), line -> {
                seen[0] = machine[0].readRegister(PROD, 4);
                seen[1] = s.memory.readLong(SmmuBench.EVENTS);
            });
            machine[0].writeRegister(0x80, 8, SmmuBench.STREAM_TABLE);
            machine[0].writeRegister(0x88, 4, 8);
            machine[0].writeRegister(0xA0, 8, SmmuBench.EVENTS | 4);
            machine[0].writeRegister(0x50, 4, 4);
            machine[0].writeRegister(0x20, 4, 5);
            machine[0].translate(new Transaction().read(7, 0), new Verdict());
        }
        assertThat(seen).containsExactly(1, 0x7_0000_0004L);
    }

    @Test
    void shouldSendAMessageWhereOneIsConfigured() {
        // 1.9: with IDR0.MSI; a wired pulse as well.
        try (SmmuBench m = new SmmuBench(SmmuBench.withIdr0(0, 1 << 13), CacheConfiguration.standard())) {
            m.write64(0xB0, 0x700_0000);
            m.write32(0xB8, 0xCAFE);
            m.start();
            m.write32(0x50, 5);
            m.read(1, 0);
            assertThat(m.memory.readInt(0x700_0000)).isEqualTo(0xCAFE);

            m.events();
            m.memory.mark(0x700_0000, 4, RangeState.ABSENT);
            m.read(1, 0);
            assertThat(m.read32(0x60)).as("MSI_EVENTQ_ABT_ERR").isEqualTo(0x20);
            assertThat(m.pulses).containsExactly("eventq", "eventq", "gerror");
        }
    }

    @Test
    void shouldResumeWithRecordsOfTheFirstFaultOnly() {
        // 6.2: one event per transaction.
        b.start();
        b.ste(1).config(4).valid(1);
        b.readSubstream(1, 9, -1L);
        assertThat(b.events()).hasSize(1);
    }
}
