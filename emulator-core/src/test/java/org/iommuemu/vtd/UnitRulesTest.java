// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.DevicePort.Invalidation;
import org.iommuemu.iommu.Rule;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.RangeState;
import org.iommuemu.vtd.perfmon.MonitorFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules of a unit's corners: modes, masks, events, what comes late or from beyond memory (fact sheet 2, 10, 11, 13). */
class UnitRulesTest {
    private static final int SOURCE = 0x18;
    private static final long PAGE = 0x5000;
    private static final long WAIT = 0x25;
    private static final long IQE = 0x10;
    private static final long ITE = 0x40;
    private static final VtdFeatures FULL = VtdFeatures.full();

    private static VtdBench bench(VtdFeatures f) {
        return new VtdBench(f, CacheConfiguration.standard());
    }

    private static VtdFeatures without(BitField... fields) {
        long ecap = FULL.ecap();
        for (BitField f : fields) {
            ecap &= ~f.mask();
        }
        return new VtdFeatures(FULL.ver(), FULL.cap(), ecap);
    }

    @Test
    void shouldRefuseSeparatePermissionsInLegacyMode() {
        try (VtdBench b = VtdBench.reset().start(0)) {
            b.write64(0x20, VtdBench.ROOT | 1 << 7);
            b.command(VtdBench.QIE | VtdBench.TE | VtdBench.SRTP);

            b.read(SOURCE, PAGE);

            assertThat(b.faults()).containsExactly("30 read 18 at 5000");
        }
    }

    @Test
    void shouldNotReadARootTableBeyondMemory() {
        for (int mode = 0; mode < 2; mode++) {
            try (VtdBench b = VtdBench.reset().start(mode)) {
                b.write64(0x20, 1L << 60 | (long) mode << 10);
                b.command(VtdBench.QIE | VtdBench.TE | VtdBench.SRTP);

                b.read(SOURCE, PAGE);

                assertThat(b.faults()).containsExactly((mode == 0 ? "8" : "38") + " read 18 at 5000");
            }
        }
    }

    @Test
    void shouldLetPassThroughWithAPasidNotEndInTheInterruptWindow() {
        try (VtdBench b = VtdBench.scalable()) {
            b.words(b.pasid(SOURCE, 3), 4 << 6 | 1, 1);

            b.access(SOURCE, 3, 0xFEE0_1000L, Access.READ);

            assertThat(b.faults()).containsExactly("87 read 18 at fee01000");
        }
    }

    @Test
    void shouldCallASecondStageThatAllowsNothingTogetherNotPresent() {
        try (VtdBench b = VtdBench.scalable()) {
            long tables = b.scalableSecond(SOURCE, 3, 1);
            b.map(tables, PAGE, VtdBench.DATA, 2);
            b.memory.writeLong(b.entry(tables, PAGE, 1), b.memory.readLong(b.entry(tables, PAGE, 1)) & ~2L);

            b.access(SOURCE, 3, PAGE, Access.READ);
            b.access(SOURCE, 3, PAGE, Access.WRITE);

            assertThat(b.faults()).containsExactly("79 read 18 at 5000", "79 write 18 at 5000");
        }
    }

    @Test
    void shouldCallASecondStageNotPresentThatAllowsNothingTogetherOfAFirstStageTable() {
        try (VtdBench b = VtdBench.scalable()) {
            long[] tables = b.nested(SOURCE, 3, 1, 0);
            b.map(tables[1], tables[0], tables[0], 2);
            long upper = b.entry(tables[1], tables[0], 1);
            b.memory.writeLong(upper, b.memory.readLong(upper) & ~2L);

            b.access(SOURCE, 3, PAGE, Access.READ);

            assertThat(b.faults()).containsExactly("79 read 18 at 5000");
        }
    }

    @Test
    void shouldRefuseExecutionByWhatCachingModeKeepsOfTheEntry() {
        VtdFeatures f = new VtdFeatures(FULL.ver(), FULL.cap() | Capability.CM.mask(), FULL.ecap());
        try (VtdBench b = bench(f).start(1)) {
            b.scalableContext(SOURCE);
            b.access(SOURCE, 3, PAGE, Access.READ);
            b.pasid(SOURCE, 3);

            b.access(SOURCE, 3, PAGE, Access.INSTRUCTION);

            assertThat(b.faults()).containsExactly("51 read 18 at 5000", "51 read 18 at 5000");
        }
    }

    @Test
    void shouldNotReadHostPermissionTablesBeyondTheHost() {
        VtdFeatures f = new VtdFeatures(
                FULL.ver(), Capability.MGAW.set(FULL.cap(), 47), FULL.ecap() | ExtendedCapability.HPTS.mask());
        try (VtdBench b = bench(f).start(1)) {
            b.first(SOURCE, 0, 1);
            b.memory.writeLong(b.scalableContext(SOURCE), b.memory.readLong(b.scalableContext(SOURCE)) | 1 << 5);
            b.memory.writeLong(b.pasid(SOURCE, 0) + 32, 1L << 48);

            Verdict v = new Verdict();
            b.unit.forwardTranslated(new Transaction().set(SOURCE, Transaction.NO_SUBSTREAM, PAGE, Access.READ), v);

            assertThat(v.isOk()).isFalse();
            assertThat(b.faults()).containsExactly("5a read 18 at 5000");
        }
    }

    @Test
    void shouldNameTheProtectedRange() {
        try (VtdBench b = VtdBench.reset()) {
            b.write32(0x68, 0x10_0000);
            b.write32(0x6C, 0x10_0000);
            b.write32(0x64, 1L << 31);

            Rule rule = b.read(SOURCE, 0x10_5000).rule();

            assertThat(rule).isNotNull();
            assertThat(List.of(rule.field(), rule.text(), rule.section()))
                    .containsExactly("PMEN.EPM", "the address lies in a protected range", "VT-d 11.4.8");
        }
    }

    @ParameterizedTest(name = "PSI {0}, AM {1}: IAIG {2}")
    @CsvSource({"1, 18, 3", "1, 19, 0", "0, 0, 0"})
    void shouldInvalidatePagesByRegisterOnlyAsTheUnitCan(long psi, long mask, long done) {
        VtdFeatures f = new VtdFeatures(0x50, Capability.PSI.set(FULL.cap(), psi), FULL.ecap());
        try (VtdBench b = bench(f).start(0)) {
            b.write64(0x500, PAGE | mask);
            b.write64(0x508, 1L << 63 | 3L << 60 | 1L << 32);

            assertThat(b.read64(0x508) >>> 57 & 3).isEqualTo(done);
        }
    }

    @ParameterizedTest(name = "AM {0}")
    @ValueSource(ints = {51, 52, 63})
    void shouldInvalidateEveryPageWhereTheMaskSpansTheAddressSpace(int mask) {
        VtdFeatures f = new VtdFeatures(FULL.ver(), Capability.MAMV.set(FULL.cap(), 63), FULL.ecap());
        try (VtdBench b = bench(f).start(1)) {
            long tables = b.first(SOURCE, 3, 1);
            b.map(tables, PAGE, VtdBench.DATA, 0x67);
            b.access(SOURCE, 3, PAGE, Access.READ);
            b.map(tables, PAGE, VtdBench.DATA + 0x1000, 0x67);

            b.descriptor(6 | 3 << 4 | 1 << 16 | 3L << 32, mask).await();

            assertThat(b.access(SOURCE, 3, PAGE, Access.READ).address()).isEqualTo(VtdBench.DATA + 0x1000);
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "300010036, 5013, true",
        "300010036, 5012, false",
        "10036, 5013, true",
        "10036, 5012, false",
        "100000050008, 5000, false",
        "2008, 5000, false",
        "8, 5002, true"
    })
    void shouldRefuseMasksAndBitsThatAreNotThereInDescriptorsOfPasids(String word0, String word1, boolean refused) {
        try (VtdBench b = VtdBench.scalable()) {
            b.descriptor(Long.parseLong(word0, 16), Long.parseLong(word1, 16));

            assertThat(b.read32(0x34)).isEqualTo(refused ? IQE : 0);
            assertThat(b.read64(0xB0) & 15).as("IQEI").isEqualTo(refused ? 4 : 0);
        }
    }

    @ParameterizedTest(name = "AM {0}")
    @CsvSource({"12, 0", "13, 4"})
    void shouldRefuseMasksOfHostPermissionsThatAreTooLarge(String mask, long error) {
        VtdFeatures f = new VtdFeatures(FULL.ver(), FULL.cap(), FULL.ecap() | ExtendedCapability.HPTS.mask());
        try (VtdBench b = bench(f).start(1)) {
            b.descriptor(0x3A, 0x5000 | Long.parseLong(mask, 16));

            assertThat(b.read64(0xB0) & 15).as("IQEI").isEqualTo(error);
        }
    }

    @Test
    void shouldKnowNoPasidsInAbortModeWithoutScalableMode() {
        try (VtdBench b = bench(without(ExtendedCapability.SMTS)).start(3)) {
            b.descriptor(WAIT | 7L << 32, VtdBench.STATUS);
            assertThat(b.memory.readInt(VtdBench.STATUS)).isEqualTo(7);

            b.descriptor(7 | 3 << 4, 0);

            assertThat(b.read64(0xB0)).as("IQEI").isEqualTo(3);
        }
    }

    @Test
    void shouldRefuseLongDescriptorsAgainAsLongAsTheUnitHasNone() {
        try (VtdBench b = bench(without(ExtendedCapability.SMTS, ExtendedCapability.ADMS))) {
            b.write64(0x90, VtdBench.QUEUE | 1 << 11);
            b.words(VtdBench.QUEUE, WAIT | 7L << 32, VtdBench.STATUS, 0, 0);
            b.command(VtdBench.QIE);
            assertThat(b.read64(0xB0)).as("IQEI").isEqualTo(5);
            b.write32(0x34, IQE);
            assertThat(b.read32(0x34)).isZero();
            b.write64(0x88, 32);

            assertThat(b.read32(0x34)).isEqualTo(IQE);
            assertThat(b.read64(0xB0)).as("IQEI").isEqualTo(5);
            assertThat(b.memory.readInt(VtdBench.STATUS)).isZero();
        }
    }

    @Test
    void shouldTellOfTimeOutsThoughTheQueueIsOffOrItsMemoryGone() {
        try (VtdBench b = VtdBench.legacy()) {
            b.answer = Invalidation.PENDING;
            b.descriptor(3 | 0x20L << 32, 0x5000).descriptor(3 | 0x28L << 32, 0x5000);
            b.descriptor(WAIT | 7L << 32, VtdBench.STATUS);
            b.memory.mark(VtdBench.QUEUE, 0x1000, RangeState.ABSENT);
            b.unit.invalidationEnded(b.requests.get(0).ticket(), false);
            assertThat(b.read32(0x34)).isEqualTo(ITE);
            assertThat(b.read64(0x80)).as("IQH").isEqualTo(0x20);
            b.command(VtdBench.TE);
            b.unit.invalidationEnded(b.requests.get(1).ticket(), false);

            assertThat(b.read64(0xB0) >>> 32 & 0xFFFF).as("ITESID").isEqualTo(0x28);
            assertThat(b.memory.readInt(VtdBench.STATUS)).isZero();
        }
    }

    @Test
    void shouldKeepAMaskedInvalidationEventPendingUntilIwcIsCleared() {
        try (VtdBench b = VtdBench.legacy()) {
            b.descriptor(0x15, 0);
            b.write32(0x9C, 0);
            assertThat(b.read32(0xA0)).as("IM, IP").isEqualTo(3L << 30);
            b.write32(0x9C, 1);

            assertThat(b.read32(0xA0)).as("IM").isEqualTo(1L << 31);
        }
    }

    @Test
    void shouldCountTo64BitsAndKeepAMaskedOverflowEventPendingUntilItsStatusIsCleared() {
        try (MonitorBench m = new MonitorBench(0, MonitorFeatures.of(2, 64))) {
            // Interrupt on overflow; requests.
            assertThat(m.count(0, 0, 2, 2)).isZero();
            m.b.write64(m.counter(0), -2);
            m.b.map(m.b.second(SOURCE, 1), PAGE, VtdBench.DATA, 3);
            m.b.read(SOURCE, PAGE);
            assertThat(m.value(0)).isEqualTo(-1);
            assertThat(m.overflowed()).isZero();
            m.b.read(SOURCE, PAGE);
            assertThat(m.value(0)).isZero();
            assertThat(m.overflowed()).isEqualTo(1);

            m.b.write32(0x324, 0);
            assertThat(m.b.read32(0x328)).as("IM, IP").isEqualTo(3L << 30);
            m.b.write32(0x324, 1);
            assertThat(m.b.read32(0x328)).as("IM").isEqualTo(1L << 31);
        }
    }

    @Test
    void shouldNotAnswerASupervisorWithoutSre() {
        VtdFeatures f = FULL;
        try (VtdBench b = bench(f).start(1)) {
            b.map(b.first(SOURCE, 3, 1), PAGE, VtdBench.DATA, 0x67);
            TranslationCompletion c = new TranslationCompletion();

            b.unit.requestTranslation(new Transaction().set(SOURCE, 3, PAGE, Access.PRIVILEGED), c);

            assertThat(c.isReadable() || c.isWritable()).isFalse();
            assertThat(c.isPrivileged()).as("Priv").isTrue();
            assertThat(c.rule()).isEqualTo(FaultReason.SM_SUPERVISOR);
            assertThat(b.faults()).isEmpty();
        }
    }
}
