// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.memory.RangeState;
import org.iommuemu.smmuv3.spec.Command;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Fetching, checking and consuming commands: fact sheet 1.12, 5.1-5.3, 5.6. */
class CommandQueueTest {
    private static final long PROD = 0x98;
    private static final long CONS = 0x9C;
    private static final int ILL = 0x0100_0000;
    private static final int ABT = 0x0200_0000;

    private SmmuBench b = SmmuBench.started();

    @AfterEach
    void close() {
        b.close();
    }

    private void restart(SmmuFeatures features) {
        b.close();
        b = SmmuBench.started(features);
    }

    private void isConsumed(long word0, long word1) {
        b.command(word0, word1);
        assertThat(b.read32(CONS)).isEqualTo(b.read32(PROD));
        assertThat(b.read32(0x60)).isZero();
    }

    private void isIllegal(long word0, long word1) {
        long at = b.read32(CONS);
        b.command(word0, word1);
        assertThat(b.read32(CONS)).as("CONS stays, ERR is CERROR_ILL").isEqualTo(ILL | at);
        assertThat(b.read32(0x60)).as("CMDQ_ERR").isEqualTo(1);
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @CsvSource({
        "prefetch config,  0x0000000500000001, 0",
        "prefetch address, 0x0000000500000002, 0x1003",
        "CFGI_STE,         0x0000012300000003, 0x1",
        "CFGI_ALL,         0x0000000000000004, 0x1F",
        "CFGI_STE_RANGE,   0x0000000000000004, 0x07",
        "CFGI_CD,          0x0000000500007005, 0x1",
        "CFGI_CD_ALL,      0x0000000500000006, 0",
        "NH_ALL,           0x0000000500000010, 0",
        "NH_ASID,          0x0009000500000011, 0",
        "NH_VA,            0x0009000500000012, 0x0000000123456001",
        "NH_VA range,      0x0009000500103012, 0x0000000123456701",
        "NH_VAA,           0x0000000500000013, 0x0000000123456000",
        "NSNH_ALL,         0x0000000000000030, 0",
        "SYNC,             0x0000000000000046, 0",
        "SYNC SEV,         0x0000000000002046, 0",
        "SYNC IRQ,         0x000000000FC01046, 0x0000000080002000",
        "substream out of range, 0x00000005FFFFF005, 0x1",
    })
    void shouldConsumeLegalCommands(String name, long word0, long word1) {
        isConsumed(word0, word1);
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @CsvSource({
        "EL3_ALL,       0x18, 0",
        "EL3_VA,        0x1A, 0",
        "Hyp=0: EL2_ALL, 0x20, 0",
        "EL2_ASID,      0x21, 0",
        "EL2_VA,        0x22, 0",
        "EL2_VAA,       0x23, 0",
        "S2P=0: S12_VMALL, 0x28, 0",
        "S2_IPA,  0x000000070000002A, 0x80000000",
        "ATS=0: ATC_INV, 0x0000010000007840, 0x4001",
        "ATC_INV all, 0x0000010000000040, 0x34",
        "PRI=0: PRI_RESP, 0x0000010000000041, 0x2005",
        "STALL_MODEL=1: RESUME, 0x0000001000001044, 0x2A",
        "STALL_TERM, 0x0000001000000045, 0",
        "MPAM=0: VMS_PIDM, 0x7, 0",
        "DPT=0: DPTI_ALL, 0x70, 0",
        "DPTI_PA, 0x73, 0",
        "Secure: S_EL2_ALL, 0x50, 0",
        "S_EL2_ASID, 0x51, 0",
        "S_EL2_VA, 0x52, 0",
        "S_EL2_VAA, 0x53, 0",
        "S_S12_VMALL, 0x58, 0",
        "S_S2_IPA, 0x5A, 0",
        "SNH_ALL, 0x60, 0",
        "SYNC CS=3, 0x3046, 0",
        "SSec CFGI_STE, 0x403, 1",
        "SSec SYNC, 0x446, 0",
        "SSec NSNH_ALL, 0x430, 0",
        "SSec prefetch, 0x401, 0",
        "4K range of nothing,   0x12, 0x400",
        "16K range of nothing,  0x13, 0x800",
        "64K range of nothing,  0x12, 0xC00",
        "16K range; TTL 1 acts as 0 without DS, 0x12, 0x900",
    })
    void shouldStopWithIllegalCommand(String name, long word0, long word1) {
        isIllegal(word0, word1);
    }

    @Test
    void shouldStopAtEveryReservedOpcode() {
        // 5.2: others are reserved; IMPDEF 80-8F does not exist here.
        int[] known = {1, 2, 3, 4, 5, 6, 0x10, 0x11, 0x12, 0x13, 0x30, 0x46};
        for (int opcode = 0; opcode < 256; opcode++) {
            boolean legal = Arrays.binarySearch(known, opcode) >= 0;
            b.close();
            b = SmmuBench.started();
            b.command(opcode, 0);
            assertThat(b.read32(0x60)).as("opcode 0x%02x", opcode).isEqualTo(legal ? 0 : 1);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0x05, 0x06, 0x10, 0x11, 0x12, 0x13})
    void shouldStopAtStage1CommandsWithoutStage1(long opcode) {
        // 5.3: stage 1 not implemented.
        restart(SmmuBench.withIdr0(0x2, 0x1));
        isIllegal(opcode, 0);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "0x1012, 0x400",
        "0x100012, 0x400",
        "0x12, 0x500",
        "0x12, 0x700",
        "0x12, 0xA00",
        "0x12, 0xD00",
        "0x12, 0x300",
    })
    void shouldTakeRangesOfSomething(long word0, long word1) {
        // 5.3: illegal only if NUM, SCALE and TTL are all 0; TG=0 is no range, and then TTL is ignored.
        isConsumed(word0, word1);
    }

    @Test
    void shouldIgnoreRangeFieldsWithoutRil() {
        // 5.2: RES0, ignored (0.4).
        restart(SmmuBench.withIdr3(0x400, 0));
        isConsumed(0x12, 0x400);
        isConsumed(0x0000_0000_03F1_F012L, 0xF00);
    }

    @Test
    void shouldIgnoreReservedFields() {
        // 0.4 and 5.1: bits without a meaning are not checked. Bit 10 is SSec.
        isConsumed(0xFFFF_FFFF_FFFF_F846L & ~0x3000L, 0x1);
        isConsumed(0xFFFF_FFFF_FFFF_FB30L, -1L);
        isConsumed(0x0000_0005_FFFF_F803L, 0xFFFF_FFFF_FFFF_FFFEL);
    }

    @Test
    void shouldStopAtTheFirstBadCommandAndKeepTheRest() {
        // 5.1.
        long at = b.read32(CONS);
        b.write32(0x20, 0x5);
        b.command(0x46, 0).command(0xFF, 0).command(0x46, 0);
        b.write32(0x20, 0xD);
        assertThat(b.read32(CONS)).isEqualTo(ILL | at + 1);
        assertThat(b.smmu.statistics().consumed(Command.SYNC)).isEqualTo(2);

        b.memory.writeLong(SmmuBench.COMMANDS + (at + 1) * 16, 0x46);
        b.write32(PROD, at + 3);
        assertThat(b.read32(CONS)).as("a new PROD does not restart").isEqualTo(ILL | at + 1);

        b.write32(0x64, b.read32(0x60));
        assertThat(b.read32(CONS) & 0xFFFFF)
                .as("acknowledged: fetched again and consumed")
                .isEqualTo(at + 3);
        assertThat(b.smmu.statistics().consumed(Command.SYNC)).isEqualTo(4);
    }

    @Test
    void shouldLetSoftwareMoveProdBackWhileStopped() {
        // 1.12: while CMDQ_ERR is active PROD may move back as far as CONS.
        long at = b.read32(CONS);
        b.command(0xFF, 0).command(0xFF, 0);
        b.write32(PROD, at);
        b.write32(0x64, 1);
        assertThat(b.read32(0x60)).as("nothing left to fail on").isEqualTo(1);
        isConsumedAfterAck();
    }

    private void isConsumedAfterAck() {
        b.command(0x46, 0);
        assertThat(b.read32(CONS) & 0xFFFFF).isEqualTo(b.read32(PROD));
    }

    @Test
    void shouldStopWhenTheFetchAborts() {
        // 5.1: CERROR_ABT, RD stays; a retry succeeds.
        long at = b.read32(CONS);
        b.memory.mark(SmmuBench.COMMANDS + at * 16, 16, RangeState.ABSENT);
        b.sync();
        assertThat(b.read32(CONS)).isEqualTo(ABT | at);
        assertThat(b.read32(0x60)).isEqualTo(1);

        b.memory.mark(SmmuBench.COMMANDS + at * 16, 16, RangeState.PRESENT);
        b.write32(0x64, 1);
        assertThat(b.read32(CONS) & 0xFFFFF).isEqualTo(at + 1);
    }

    @Test
    void shouldWaitWhileDisabled() {
        // 1.6: CMDQEN 0->1 starts processing if the queue is not empty.
        long at = b.read32(CONS);
        b.write32(0x20, 0x5);
        b.sync().sync();
        assertThat(b.read32(CONS)).isEqualTo(at);
        b.write32(0x20, 0xD);
        assertThat(b.read32(CONS)).isEqualTo(at + 2);
    }

    @ParameterizedTest(name = "LOG2SIZE {0}")
    @ValueSource(ints = {0, 1, 3, 6})
    void shouldConsumeFullQueuesAroundTheWrap(int log2Size) {
        b.close();
        b = SmmuBench.reset().queues(log2Size, 4).start();
        int size = 1 << log2Size;
        long before = b.smmu.statistics().consumed(Command.SYNC);
        for (int round = 0; round < 5; round++) {
            b.write32(0x20, 0x5);
            for (int i = 0; i < size; i++) {
                b.sync();
            }
            assertThat(b.read32(PROD) ^ b.read32(CONS)).as("full: wrap differs").isEqualTo(size);
            b.write32(0x20, 0xD);
            assertThat(b.read32(CONS)).isEqualTo(b.read32(PROD));
        }
        assertThat(b.smmu.statistics().consumed(Command.SYNC)).isEqualTo(before + 5L * size);
    }

    @Test
    void shouldAlignTheBaseToTheSizeOfTheQueue() {
        // 1.12: 512 commands take 8 KiB; entries elsewhere are zero, which is illegal.
        b.write32(0x20, 0);
        b.write64(0x90, SmmuBench.COMMANDS + 0x1000 | 9);
        b.write32(PROD, 0x201);
        b.write32(CONS, 0x1FF);
        b.memory.writeLong(SmmuBench.COMMANDS + 511 * 16, 0x46);
        b.memory.writeLong(SmmuBench.COMMANDS, 0x46);

        b.write32(0x20, 0x8);

        assertThat(b.read32(CONS)).as("wrapped, no error").isEqualTo(0x201);
    }

    @Test
    void shouldStayIdleWithInconsistentPointers() {
        // 1.12: CU; recommended.
        long at = b.read32(CONS);
        b.write32(PROD, at - 1);
        assertThat(b.read32(CONS)).isEqualTo(at);
        assertThat(b.read32(0x60)).isZero();
    }

    @Test
    void shouldStartAtTheConsIndexThatSoftwareWrote() {
        b.write32(0x20, 0);
        b.write32(PROD, 0x105);
        b.write32(CONS, 0x104);
        b.memory.writeLong(SmmuBench.COMMANDS + 4 * 16, 0x46);
        b.write32(0x20, 0x8);
        assertThat(b.read32(CONS)).isEqualTo(0x105);
    }

    @ParameterizedTest(name = "CS {0}")
    @CsvSource({"0, 0, 0", "1, 1, 0", "2, 0, 1"})
    void shouldSignalASyncAsAsked(long cs, int pulses, int wakeUps) {
        // 5.6: 01 IRQ, 10 SEV.
        b.command(0x46 | cs << 12, 0);
        assertThat(b.pulses).hasSize(pulses);
        assertThat(b.smmu.statistics().wakeUpEvents()).isEqualTo(wakeUps);
    }

    @Test
    void shouldWakeNobodyWithoutSev() {
        // 5.6: WFE event if IDR0.SEV, else nothing.
        try (SmmuBench silent = SmmuBench.started(SmmuBench.withIdr0(1 << 14, 0))) {
            silent.command(0x46 | 2 << 12, 0);
            assertThat(silent.smmu.statistics().wakeUpEvents()).isZero();
            assertThat(silent.read32(CONS)).isEqualTo(silent.read32(0x98));
        }
    }

    @Test
    void shouldMoveConsBeforeTheSignal() {
        // 5.6: effects, then CONS, then the signal.
        long[] seen = new long[1];
        SmmuV3[] m = new SmmuV3[1];
        m[0] = new SmmuV3(
                b.memory,
                SmmuBench.stage1Features(),
                CacheConfiguration.none(),
                line -> seen[0] = m[0].readRegister(CONS, 4));
        b.memory.writeLong(SmmuBench.COMMANDS, 0x1046);
        m[0].writeRegister(0x90, 8, SmmuBench.COMMANDS | 4);
        m[0].writeRegister(0x20, 4, 8);
        m[0].writeRegister(PROD, 4, 1);
        assertThat(seen[0]).isEqualTo(1);
    }

    @Test
    void shouldSendTheMessageOfASync() {
        // 5.6 and the worked vector: MSI to 0x80002000, data 0; 1.10: an abort is MSI_CMDQ_ABT_ERR, bit 4.
        restart(SmmuBench.withIdr0(0, 1 << 13));
        b.memory.writeInt(0x8000_2000L, -1);
        b.command(0x0000_0000_0FC0_1046L, 0x0000_0000_8000_2000L);
        assertThat(b.memory.readInt(0x8000_2000L)).isZero();

        b.memory.mark(0x8000_2000L, 4, RangeState.ABSENT);
        b.command(0x1234_5678_0FC0_1046L, 0x0000_0000_8000_2000L);
        assertThat(b.read32(0x60)).isEqualTo(0x10);
        assertThat(b.read32(CONS)).as("consumed all the same").isEqualTo(b.read32(PROD));
    }

    @Test
    void shouldNotWriteMessagesWithoutMsi() {
        b.command(0x1234_5678_0FC0_1046L, 0x0000_0000_8000_2000L);
        assertThat(b.memory.readInt(0x8000_2000L)).isZero();
        assertThat(b.read32(CONS)).isEqualTo(b.read32(PROD));
    }
}
