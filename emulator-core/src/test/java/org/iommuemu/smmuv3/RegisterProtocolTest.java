// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How registers are changed: updates with acknowledgement, guards, toggles, queue pointers (fact sheet 1.6-1.12). */
class RegisterProtocolTest {
    private final SmmuBench b = SmmuBench.reset();

    @AfterEach
    void close() {
        b.close();
    }

    @ParameterizedTest
    @CsvSource({"0x1, 0x1", "0x2, 0x0", "0x4, 0x4", "0x8, 0x8", "0x10, 0x0", "0x1C0, 0x0", "0x400, 0x0"})
    void shouldAcknowledgeImplementedBitsOnly(long written, long acknowledged) {
        // 1.6: reserved bits are not mirrored; no PRI, ATS, VMW, DPT here.
        b.write32(0x20, written);

        assertThat(b.read32(0x24)).isEqualTo(acknowledged);
    }

    @Test
    void shouldResetQueueIndexesWithTheRegisters() {
        // 1.2: the model takes 0 for an unknown reset value; three commands and one record so far.
        try (SmmuBench used = SmmuBench.started()) {
            used.read(7, 0);
            used.smmu.reset();
            for (long index : new long[] {0x98, 0x9C, 0x100A8, 0x100AC}) {
                assertThat(used.read32(index)).isZero();
            }
            assertThat(used.smmu.eventQueue().isEmpty()).isTrue();
        }
    }

    @Test
    void shouldAcknowledgeTheVmidWildcardWhereItExists() {
        // 1.6: VMW 8:6, with IDR0.VMW (and stage 2).
        try (SmmuBench m = new SmmuBench(SmmuFeatures.full(), CacheConfiguration.standard())) {
            m.write32(0x20, 0x100);
            assertThat(m.read32(0x24)).isEqualTo(0x100);
        }
    }

    @Test
    void shouldTakeEnablesApart() {
        b.write32(0x20, 0xC);
        b.write32(0x20, 0x9);

        assertThat(b.read32(0x20)).isEqualTo(0x9);
        assertThat(b.read32(0x24)).isEqualTo(0x9);
    }

    @ParameterizedTest(name = "{0} while CR0={3}")
    @CsvSource({
        "CR2,             0x2C,    4, 0x1, 0x6",
        "STRTAB_BASE,     0x80,    8, 0x1, 0x1000",
        "STRTAB_BASE_CFG, 0x88,    4, 0x1, 0x5",
        "CMDQ_BASE,       0x90,    8, 0x8, 0x1008",
        "CMDQ_CONS,       0x9C,    4, 0x8, 0x1",
        "EVENTQ_BASE,     0xA0,    8, 0x4, 0x1008",
        "EVENTQ_PROD,     0x100A8, 4, 0x4, 0x1",
    })
    void shouldGuardARegisterByItsEnableAlone(String name, long offset, int bytes, long enable, long value) {
        // Keeps the command queue empty when it is its CONS that is 1.
        b.write32(0x98, 1);
        b.write32(0x20, 0xD & ~enable);
        b.smmu.writeRegister(offset, bytes, value);
        assertThat(b.smmu.readRegister(offset, bytes)).as("unguarded").isEqualTo(value);

        b.write32(0x20, enable);
        b.smmu.writeRegister(offset, bytes, 0);
        b.write32(offset, 0);
        assertThat(b.smmu.readRegister(offset, bytes)).as("guarded").isEqualTo(value);

        b.write32(0x20, 0);
        b.smmu.writeRegister(offset, bytes, 0);
        assertThat(b.smmu.readRegister(offset, bytes)).as("unguarded again").isZero();
    }

    @ParameterizedTest(name = "CR0={0}")
    @CsvSource({"0x0, 0xFFF", "0x1, 0x03F", "0x4, 0xFC0", "0x8, 0xFC0", "0xC, 0xFC0", "0xD, 0x000"})
    void shouldGuardTheQueueAndTablePartsOfCr1Apart(long cr0, long kept) {
        // 1.7: QUEUE_* need every queue off, TABLE_* need SMMUEN=0.
        b.write32(0x20, cr0);
        b.write32(0x28, 0xFFF);

        assertThat(b.read32(0x28)).isEqualTo(kept);
    }

    @Test
    void shouldChangeGbpaOnlyByAnUpdate() {
        // 1.8: a write without Update is ignored; Update reads 0 once the change is live.
        b.write32(0x44, 0x0010_0000L);
        assertThat(b.read32(0x44)).isEqualTo(0x1000);

        b.write32(0x44, 0x8010_3000L);
        assertThat(b.read32(0x44)).isEqualTo(0x0010_3000L);

        b.write32(0x44, 0);
        assertThat(b.read32(0x44)).isEqualTo(0x0010_3000L);
    }

    @Test
    void shouldAcknowledgeInterruptEnables() {
        // 1.9: no PRI queue, no PRIQ_IRQEN.
        b.write32(0x50, 0xFFFF_FFFFL);
        assertThat(b.read32(0x54)).isEqualTo(0x5);

        b.write32(0x50, 0x4);
        assertThat(b.read32(0x54)).isEqualTo(0x4);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"0x68, 0x1", "0xB0, 0x4"})
    void shouldGuardMessagesByTheirOwnEnable(int set, long enable) {
        // 1.9: each set is guarded by its own IRQEN.
        try (SmmuBench m = new SmmuBench(SmmuBench.withIdr0(0, 1 << 13), CacheConfiguration.standard())) {
            m.write32(0x50, 0x5 & ~enable);
            m.write64(set, 0x1230);
            m.write32(0x50, enable);
            m.write64(set, 0x4560);
            m.write32(set + 8, 7);
            m.write32(set + 12, 7);

            assertThat(m.read64(set)).isEqualTo(0x1230);
            assertThat(m.read64(set + 8)).isZero();
        }
    }

    @Test
    void shouldToggleAnErrorOnceUntilItIsAcknowledged() {
        // 1.10: active while GERROR and GERRORN differ; new occurrences of an active error are not logged.
        SmmuBench s = b.start();
        s.command(0xFF, 0);
        assertThat(s.read32(0x60)).isEqualTo(1);

        s.write32(0x98, s.read32(0x98) + 1);
        assertThat(s.read32(0x60)).isEqualTo(1);

        s.write32(0x64, 1);
        assertThat(s.read32(0x60)).as("the command is still bad: toggled back").isZero();
        assertThat(s.read32(0x64)).isEqualTo(1);
    }

    @Test
    void shouldLetSoftwareMakeAnInactiveErrorLookActive() {
        // 1.10 and U-19: no interrupt comes of it.
        SmmuBench s = b.start();
        s.write32(0x50, 1);
        s.write32(0x64, 1);
        s.sync();

        assertThat(s.read32(0x60)).isZero();
        assertThat(s.read32(0x9C)).as("commands wait").isNotEqualTo(s.read32(0x98));
        assertThat(s.pulses).isEmpty();
    }

    @Test
    void shouldRaiseTheErrorInterruptOnlyWhenEnabled() {
        // 1.10: the reason in CONS.ERR, the bit, then the edge.
        SmmuBench s = b.start();
        s.command(0xFF, 0);
        assertThat(s.pulses).isEmpty();

        s.write32(0x50, 1);
        assertThat(s.pulses).as("not for older occurrences").isEmpty();
        s.write32(0x64, 1);
        assertThat(s.pulses).containsExactly("gerror");
    }

    @ParameterizedTest(name = "LOG2SIZE {0}")
    @CsvSource({"0, 0x1", "1, 0x3", "8, 0x1FF", "19, 0xFFFFF", "31, 0xFFFFF"})
    void shouldKeepIndexAndWrapBitOnly(int log2Size, long kept) {
        // 1.12: bits above the wrap bit are RAZ; LOG2SIZE is capped at CMDQS and EVENTQS (19) for use, not for
        // read-back.
        b.write64(0x90, log2Size);
        b.write64(0xA0, log2Size);
        for (long offset : new long[] {0x98, 0x9C, 0x100A8, 0x100AC}) {
            b.write32(offset, 0xFFFFF);
            assertThat(b.read32(offset)).as("0x%x", offset).isEqualTo(kept);
        }
        assertThat(b.read64(0x90)).isEqualTo(log2Size);
    }

    @Test
    void shouldCapLog2SizeAtSmallerQueues() {
        // 1.12: EVENTQS 3, CMDQS 5.
        SmmuFeatures small = SmmuBench.withIdr1(0x03FF_0000, 5 << 21 | 3 << 16);
        try (SmmuBench m = new SmmuBench(small, CacheConfiguration.standard())) {
            m.write64(0x90, 0x1F);
            m.write64(0xA0, 0x1F);
            m.write32(0x98, 0xFFFFF);
            m.write32(0x100A8, 0xFFFFF);

            assertThat(m.read32(0x98)).isEqualTo(0x3F);
            assertThat(m.read32(0x100A8)).isEqualTo(0xF);
        }
    }

    @Test
    void shouldAliasTheEventQueuePointersInPage0() {
        // 0.4: 0xA8 and 0xAC act as page 1.
        b.write64(0xA0, 8);
        b.write64(0xA8, 0x8000_0003_0000_0005L);

        assertThat(b.read32(0x100A8)).isEqualTo(5);
        assertThat(b.read32(0x100AC)).isEqualTo(0x8000_0003L);
        assertThat(b.read64(0xA8)).isEqualTo(0x8000_0003_0000_0005L);
    }

    @Test
    void shouldKeepOverflowFlagsAndErrorReasonOfPointers() {
        // 1.12: EVENTQ_PROD.OVFLG, EVENTQ_CONS.OVACKFLG, CMDQ_CONS.ERR; no such bits in CMDQ_PROD.
        for (long offset : new long[] {0x98, 0x9C, 0x100A8, 0x100AC}) {
            b.write32(offset, 0xFF00_0000L);
        }
        assertThat(b.read32(0x98)).isZero();
        assertThat(b.read32(0x9C)).isEqualTo(0x7F00_0000L);
        assertThat(b.read32(0x100A8)).isEqualTo(0x8000_0000L);
        assertThat(b.read32(0x100AC)).isEqualTo(0x8000_0000L);
    }

    @ParameterizedTest(name = "LOG2SIZE {0}")
    @CsvSource({"0, 0x12345FFE0", "1, 0x12345FFE0", "8, 0x12345F000", "12, 0x123450000"})
    void shouldAlignTheCommandQueueToItsSize(int log2Size, String base) {
        // 1.12: max(32 bytes, 16 * 2^LOG2SIZE).
        b.write64(0x90, 0x12345FFE0L | log2Size);
        b.memory.writeLong(Long.decode(base), 0xFF);
        b.write32(0x98, 1);
        b.write32(0x20, 8);

        assertThat(b.read32(0x9C)).as("CERROR_ILL from the bad command").isEqualTo(0x0100_0000);
    }

    @Test
    void shouldAlignTheEventQueueToItsSize() {
        // 1.12: 32 * 2^LOG2SIZE.
        b.start();
        b.write32(0x20, 0);
        b.write64(0xA0, 0x30_1FE0 | 8);
        b.write32(0x100A8, 0);
        b.write32(0x20, 0x5);
        b.read(3, 0);

        assertThat(b.memory.readLong(0x30_0000)).isEqualTo(0x0000_0003_0000_0004L);
    }
}
