// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.smmuv3.lint.SmmuLint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lint of registers and queues: what breaks each rule, and what nearly does (fact sheet 1.6-1.12, 1.18). */
class RegisterLintTest {
    private final SmmuBench b = SmmuBench.reset();
    private SmmuLint lint = b.lint();

    @AfterEach
    void close() {
        b.close();
    }

    static List<String> ids(SmmuLint lint) {
        return lint.log().findings().stream()
                .map(f -> f.rule().id() + " " + f.place())
                .toList();
    }

    /** Everything off, as software must for a change of bases, then on again. */
    private List<String> restarted(SmmuBench on, SmmuLint watching, long offset, int size, long value) {
        on.read32(0x24);
        on.write32(0x20, 0);
        on.read32(0x24);
        if (size == 8) {
            on.write64(offset, value);
        } else {
            on.write32(offset, value);
        }
        on.write32(0x20, 0xD);
        return ids(watching);
    }

    @Test
    void shouldFindNothingInAProperStart() {
        b.start();
        b.read32(0x24);
        b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.read(5, 0x1000);

        assertThat(ids(lint)).isEmpty();
    }

    @ParameterizedTest(name = "{0}: {2} = {4}")
    @CsvSource({
        "strtab-base-alignment, SMMU_STRTAB_BASE,     0x80, 8, 0x102000",
        "strtab-base-alignment, SMMU_STRTAB_BASE,     0x80, 8, 0x4000000000100040",
        "strtab-fmt-reserved,   SMMU_STRTAB_BASE_CFG, 0x88, 4, 0x20008",
        "strtab-split-reserved, SMMU_STRTAB_BASE_CFG, 0x88, 4, 0x101C8",
        "strtab-log2size,       SMMU_STRTAB_BASE_CFG, 0x88, 4, 0x10211",
        "queue-base-alignment,  SMMU_CMDQ_BASE,       0x90, 8, 0x200808",
        "queue-base-alignment,  SMMU_EVENTQ_BASE,     0xA0, 8, 0x301008",
        "queue-log2size,        SMMU_CMDQ_BASE,       0x90, 8, 0x2000014",
        "queue-log2size,        SMMU_EVENTQ_BASE,     0xA0, 8, 0x2000014",
        "queue-overlap,         SMMU_EVENTQ_BASE,     0xA0, 8, 0x200008",
        "queue-overlap,         SMMU_CMDQ_BASE,       0x90, 8, 0x103008",
    })
    void shouldFindBasesAndSizesWhenTheyComeIntoUse(String rule, String place, long offset, int size, String value) {
        b.start();

        assertThat(restarted(b, lint, offset, size, Long.decode(value))).containsExactly(rule + " " + place);
    }

    @ParameterizedTest(name = "{0} = {2}")
    @CsvSource({
        // Aligned to 16 KiB, with the hint; two-level tables of SPLIT 6 and 10; a linear table has no SPLIT.
        "0x80, 8, 0x4000000000104000",
        "0x88, 4, 0x10188",
        "0x88, 4, 0x10288",
        "0x88, 4, 0x001C8",
        "0x88, 4, 0x10210",
        "0x90, 8, 0x201008",
        "0x90, 8, 0x2000013",
        "0xA0, 8, 0x302008",
        "0xA0, 8, 0x202008",
        "0x90, 8, 0x104008",
    })
    void shouldTakeBasesAndSizesThatFit(long offset, int size, String value) {
        b.start();

        assertThat(restarted(b, lint, offset, size, Long.decode(value))).isEmpty();
    }

    @Test
    void shouldAlignATwoLevelTableToItsFirstLevel() {
        // 1.11: 8 B * 2^(16-8).
        b.start();
        restarted(b, lint, 0x88, 4, 0x10210);

        assertThat(restarted(b, lint, 0x80, 8, 0x10_0800)).isEmpty();
        assertThat(restarted(b, lint, 0x80, 8, 0x10_0400)).containsExactly("strtab-base-alignment SMMU_STRTAB_BASE");
    }

    @ParameterizedTest(name = "{0} = {2}")
    @CsvSource({
        "0x2C, 4, 0,        SMMU_CR2",
        "0x28, 4, 0xD74,    SMMU_CR1",
        "0x28, 4, 0xD35,    SMMU_CR1",
        "0x80, 8, 0x104000, SMMU_STRTAB_BASE",
        "0x88, 4, 7,        SMMU_STRTAB_BASE_CFG",
        "0x90, 8, 0x200007, SMMU_CMDQ_BASE",
        "0x9C, 4, 1,        SMMU_CMDQ_CONS",
        "0xA0, 8, 0x310008, SMMU_EVENTQ_BASE",
        "0x100A8, 4, 7,     SMMU_EVENTQ_PROD",
    })
    void shouldFindWritesThatAGuardIgnores(long offset, int size, long value, String place) {
        b.start();
        long before = b.smmu.readRegister(offset, size);
        b.smmu.writeRegister(offset, size, before);
        assertThat(ids(lint)).as("nothing is changed").isEmpty();

        b.smmu.writeRegister(offset, size, value);

        assertThat(ids(lint)).containsExactly("guarded-write " + place);
        assertThat(lint.log().findings().get(0).seen()).isEqualTo(value);
    }

    @Test
    void shouldFindAFieldThatChangesAgainBeforeItsUpdateWasSeen() {
        // 1.6: a field in transition must not be changed again; other fields may.
        b.start();
        b.read32(0x24);
        b.write32(0x20, 0xC);
        b.write32(0x20, 0x4);
        assertThat(ids(lint)).isEmpty();

        b.write32(0x20, 0x5);

        assertThat(ids(lint)).containsExactly("update-not-polled SMMU_CR0");
    }

    @Test
    void shouldTakeUpdatesThatAreWaitedFor() {
        b.start();
        for (int i = 0; i < 3; i++) {
            b.read32(0x24);
            b.write32(0x20, 0xC);
            b.read32(0x24);
            b.write32(0x20, 0xD);
            b.write32(0x50, 1);
            b.read32(0x54);
            b.write32(0x50, 0);
            b.read32(0x54);
            b.write32(0x44, 0x8000_1000L);
            b.read32(0x44);
        }

        assertThat(ids(lint)).isEmpty();
    }

    @Test
    void shouldFindInterruptAndBypassUpdatesThatAreNotWaitedFor() {
        b.write32(0x50, 1);
        b.write32(0x50, 0);
        b.write32(0x44, 0x8000_1000L);
        b.write32(0x44, 0x8010_1000L);

        assertThat(ids(lint)).containsExactly("update-not-polled SMMU_IRQ_CTRL", "update-not-polled SMMU_GBPA");
    }

    @Test
    void shouldFindABypassWriteWithoutUpdate() {
        b.write32(0x44, 0x1000);
        assertThat(ids(lint)).isEmpty();

        b.write32(0x44, 0x10_1000);

        assertThat(ids(lint)).containsExactly("gbpa-without-update SMMU_GBPA");
    }

    @ParameterizedTest
    @CsvSource({"0x80011000, true", "0x80041000, true", "0x80021000, false", "0x800C1000, false"})
    void shouldFindReservedOverridesOfTheBypass(long value, boolean found) {
        b.write32(0x44, value);

        assertThat(ids(lint).contains("gbpa-override-reserved SMMU_GBPA")).isEqualTo(found);
    }

    @ParameterizedTest
    @CsvSource({"4, false", "5, true", "7, true"})
    void shouldFindAVmidWildcardThatActsAsNone(long vmw, boolean found) {
        try (SmmuBench m = new SmmuBench(SmmuFeatures.full(), CacheConfiguration.standard())) {
            lint = m.lint();
            m.write32(0x20, vmw << 6);

            assertThat(ids(lint).contains("cr0-vmw-reserved SMMU_CR0")).isEqualTo(found);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0xD77, true",
        "0xD7D, true",
        "0xD55, true",
        "0xDF5, true",
        "0xF75, true",
        "0x975, false",
        "0x575, true",
        "0xD75, false",
        "0xAAA, false",
        "0xD65, false",
        "0x000, false"
    })
    void shouldFindReservedAttributes(long value, boolean found) {
        b.write32(0x28, value);

        assertThat(ids(lint).contains("cr1-attribute-reserved SMMU_CR1")).isEqualTo(found);
    }

    @Test
    void shouldFindAnInactiveErrorThatIsToggled() {
        b.start();
        b.command(0xFF, 0);
        b.write32(0x64, 1);
        assertThat(ids(lint)).as("CMDQ_ERR was active").isEmpty();

        b.write32(0x64, 5);

        assertThat(ids(lint)).containsExactly("gerrorn-inactive SMMU_GERRORN");
    }

    @Test
    void shouldFindAMessageAddressThatLosesBits() {
        try (SmmuBench m = new SmmuBench(SmmuBench.withIdr0(0, 1 << 13), CacheConfiguration.standard())) {
            lint = m.lint();
            m.write64(0x68, 0x9000_0004L);
            assertThat(ids(lint)).isEmpty();

            m.write64(0xB0, 0x9000_0002L);

            assertThat(ids(lint)).containsExactly("msi-address-alignment SMMU_EVENTQ_IRQ_CFG0");
        }
    }

    @Test
    void shouldFindTranslationThatIsSwitchedOnOverUnknownCaches() {
        b.write64(0x80, SmmuBench.STREAM_TABLE);
        b.write32(0x88, 8);
        b.write64(0x90, SmmuBench.COMMANDS | 8);
        b.write32(0x20, 0x8);
        // CFGI_ALL with its SYNC, TLBI_NSNH_ALL without.
        b.command(0x04, 0x1F).sync().command(0x30, 0);

        b.write32(0x20, 0x9);

        assertThat(ids(lint)).containsExactly("eventq-off SMMU_CR0", "initial-tlbi-missing SMMU_CR0");
    }

    @Test
    void shouldFindAnInvalidationOfLessThanEverything() {
        b.write64(0x80, SmmuBench.STREAM_TABLE);
        b.write32(0x88, 8);
        b.write64(0x90, SmmuBench.COMMANDS | 8);
        b.write64(0xA0, SmmuBench.EVENTS | 8);
        b.write32(0x20, 0xC);
        b.command(0x04, 0x1E).command(0x30, 0).sync();

        b.write32(0x20, 0xD);

        assertThat(ids(lint)).containsExactly("initial-cfgi-missing SMMU_CR0");
    }

    @Test
    void shouldWantEverythingInvalidatedAgainAfterAReset() {
        b.start();
        lint.reset();
        b.write64(0xA0, SmmuBench.EVENTS | 8);
        b.write64(0x80, SmmuBench.STREAM_TABLE);
        b.write32(0x88, 8);

        b.write32(0x20, 0x5);

        assertThat(ids(lint)).containsExactly("initial-cfgi-missing SMMU_CR0", "initial-tlbi-missing SMMU_CR0");
    }

    @Test
    void shouldFindIndexesThatAreInconsistentFromTheStart() {
        b.write64(0x90, SmmuBench.COMMANDS | 2);
        b.write32(0x98, 5);
        b.write32(0x20, 0x8);

        assertThat(ids(lint)).containsExactly("queue-index-inconsistent SMMU_CMDQ_PROD");
    }

    @Test
    void shouldFindProducersThatWriteTheirIndexOutOfOrder() {
        // Slots 3 and 4 belong to one producer, 5 and 6 to another, which is faster.
        b.start();
        for (int slot = 3; slot < 7; slot++) {
            b.memory.writeLong(SmmuBench.COMMANDS + slot * 16L, 0x46);
        }
        b.write32(0x98, 7);
        assertThat(ids(lint)).isEmpty();

        b.write32(0x98, 5);

        assertThat(ids(lint)).containsExactly("cmdq-prod-backwards SMMU_CMDQ_PROD");
    }

    @Test
    void shouldLetSoftwareTakeBackWhatAnErrorHoldsUp() {
        // 1.12: while CMDQ_ERR is active, PROD may go back as far as CONS.
        b.start();
        b.command(0xFF, 0).sync().sync();
        b.write32(0x98, 4);
        b.write32(0x98, 3);
        assertThat(ids(lint)).isEmpty();

        b.write32(0x98, 2);

        assertThat(ids(lint)).containsExactly("cmdq-prod-backwards SMMU_CMDQ_PROD");
    }

    @Test
    void shouldFindAProducerThatOverrunsTheConsumer() {
        try (SmmuBench m = SmmuBench.reset().queues(2, 8)) {
            lint = m.lint();
            m.start();
            m.command(0xFF, 0);
            // Stopped at 3 with a queue of four: 7 is full.
            m.write32(0x98, 7);
            assertThat(ids(lint)).isEmpty();

            m.write32(0x98, 0);

            assertThat(ids(lint)).containsExactly("queue-index-inconsistent SMMU_CMDQ_PROD");
        }
    }

    @Test
    void shouldFindAConsumerBeyondTheProducer() {
        b.start();
        b.read(5, 0);
        b.write32(0x100AC, 1);
        assertThat(ids(lint)).isEmpty();

        b.write32(0x100AC, 2);

        assertThat(ids(lint)).containsExactly("queue-index-inconsistent SMMU_EVENTQ_CONS");
    }

    @Test
    void shouldCheckThePageRequestQueueWhereThereIsOne() {
        // 1.3: IDR0.ATS and PRI, bits 10 and 16; 1.4: PRIQS 15:11.
        SmmuFeatures pri = SmmuBench.features(0x0909_541A, 0x0673_4510, 0x1604, 0x75);
        try (SmmuBench m = new SmmuBench(pri, CacheConfiguration.standard())) {
            lint = m.lint();
            m.start();
            m.write64(0xC0, 0x40_0008);
            m.write32(0x20, 0xF);
            m.write32(0x100CC, 0);
            assertThat(ids(lint)).isEmpty();

            m.write32(0x100CC, 1);
            m.read32(0x24);
            m.write32(0x20, 0xD);
            m.read32(0x24);
            m.write32(0x100C8, 1);
            // One of 2^9 entries, where 2^8 is the most, within the commands.
            m.write64(0xC0, 0x20_0809);
            m.write32(0x20, 0xF);
            m.write64(0xC0, 0x40_0008);

            assertThat(ids(lint))
                    .containsExactly(
                            "queue-index-inconsistent SMMU_PRIQ_CONS",
                            "queue-base-alignment SMMU_PRIQ_BASE",
                            "queue-log2size SMMU_PRIQ_BASE",
                            "queue-overlap SMMU_PRIQ_BASE",
                            "guarded-write SMMU_PRIQ_BASE");
        }
    }

    @Test
    void shouldTakeWritesToRegistersThatAreNotThere() {
        // 1.3: ATOS is bit 15 of IDR0; without it its registers are RES0.
        b.start();
        b.write64(0x108, 1);
        b.write64(0xC0, 0x40_0008);
        b.write64(0x68, 0x9000_0000L);

        assertThat(ids(lint)).isEmpty();
    }

    @Test
    void shouldCountWhatIsDoneAgainAtOnePlace() {
        b.start();
        b.write32(0x2C, 0);
        b.write32(0x2C, 0);

        assertThat(lint.log().findings()).singleElement().satisfies(f -> {
            assertThat(f.count()).isEqualTo(2);
            assertThat(f.text())
                    .isEqualTo("guarded-write  SMMU_CR2: a change that is ignored, as the register's enable is still"
                            + " set (seen 0x0, IHI 0070 §6.3) x2");
        });
    }
}
