// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.Access;
import org.iommuemu.memory.RangeState;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the lint says of commands, ranges and descriptors depends on what the unit can do (VT-d architecture 6.5, 11.4). */
class CommandLintTest {
    private static final long QIE = VtdBench.QIE;
    private static final long TE = VtdBench.TE;
    private static final long IRE = VtdBench.IRE;
    private static final int SOURCE = 5;
    private static final long PAGE = 0x5000;

    private LintedUnit u = LintedUnit.reset();
    private VtdBench b = u.b;

    @AfterEach
    void close() {
        b.close();
    }

    private void use(VtdFeatures features) {
        b.close();
        u = LintedUnit.with(features);
        b = u.b;
    }

    /** A unit with fields of CAP cleared. */
    private static VtdFeatures lessCap(BitField... fields) {
        VtdFeatures f = LintedUnit.features(0, 0);
        long cap = f.cap();
        for (BitField field : fields) {
            cap &= ~field.mask();
        }
        return new VtdFeatures(f.ver(), cap, f.ecap());
    }

    private static VtdFeatures version(int ver) {
        VtdFeatures f = LintedUnit.features(0, 0);
        return new VtdFeatures(ver, f.cap(), f.ecap());
    }

    private static List<String> one(boolean found, String id) {
        return found ? List.of(id) : List.of();
    }

    @Test
    void shouldTakeAReadOfBothCommandAndStatusForOneOfStatus() {
        b.write64(0x90, VtdBench.QUEUE);
        b.command(QIE).read64(0x18);
        b.command(QIE | VtdBench.SIRTP).read32(0x18);
        assertThat(u.ids()).isEmpty();
        b.command(QIE | VtdBench.SIRTP);

        assertThat(u.ids()).containsExactly("gcmd-not-polled GCMD");
    }

    @Test
    void shouldLetSoftwareWriteTheSameCommandTwice() {
        b.write64(0x90, VtdBench.QUEUE);
        b.command(QIE);
        b.command(QIE);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldLetAUnitFlushTheWriteBuffersThatItHas() {
        use(LintedUnit.features(Capability.RWBF.mask(), ExtendedCapability.SMTS.mask()));
        b.command(1 << 27);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldNotCountBitsOfCommandsThatAreNotThere() {
        long absent = ExtendedCapability.QI.mask()
                | ExtendedCapability.IR.mask()
                | ExtendedCapability.DT.mask()
                | ExtendedCapability.SMTS.mask();
        use(LintedUnit.features(0, absent));
        b.write64(0x20, VtdBench.ROOT);
        b.switchOn(VtdBench.SRTP);
        b.write64(0x28, 1L << 63 | 1L << 61);
        b.write64(0x508, 1L << 63 | 1L << 60);
        b.command(QIE | IRE | TE | 1 << 23);

        assertThat(u.ids()).isEmpty();
        assertThat(b.read32(0x1C)).as("TES, RTPS").isEqualTo(0xC000_0000L);
    }

    @ParameterizedTest(name = "TTM {0}, SMTS {1}, ADMS {2}: {3}")
    @CsvSource({
        "1, true, true, false",
        "1, false, true, true",
        "3, true, true, false",
        "3, true, false, true",
        "0, false, false, false"
    })
    void shouldFindModesThatAreNotThere(long mode, boolean scalable, boolean abort, boolean found) {
        use(LintedUnit.features(
                0, (scalable ? 0 : ExtendedCapability.SMTS.mask()) | (abort ? 0 : ExtendedCapability.ADMS.mask())));
        b.write64(0x20, VtdBench.ROOT | mode << 10);
        b.switchOn(VtdBench.SRTP);

        assertThat(u.ids()).isEqualTo(one(found, "root-mode-reserved RTADDR"));
    }

    @Test
    void shouldLetTheModeChangeWhileTranslationIsOnWhereTheUnitInvalidates() {
        use(LintedUnit.features(Capability.ESRTPS.mask(), 0));
        b.startProperly(0);
        b.write64(0x20, VtdBench.ROOT | 1 << 10);
        b.switchOn(QIE | IRE | TE | VtdBench.SRTP);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldLetTheInterruptTableChangeWhileRemappingIsOn() {
        b.startProperly(0);
        b.write64(0xB8, VtdBench.INTERRUPTS + 0x1000 | 7);
        b.switchOn(QIE | IRE | TE | VtdBench.SIRTP);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldNotTakeSelectiveInvalidationsForThoseOfEverything() {
        b.write64(0x90, VtdBench.QUEUE | 1 << 11);
        b.switchOn(QIE);
        b.write64(0x20, VtdBench.ROOT | 1 << 10);
        b.switchOn(QIE | VtdBench.SRTP);
        // Contexts of everything; PASIDs and IOTLB of domain 3.
        long[] words = {1 | 1 << 4, 7 | 3 << 16, 2 | 2 << 4 | 3 << 16};
        for (int i = 0; i < words.length; i++) {
            b.words(VtdBench.QUEUE + i * 32L, words[i], 0, 0, 0);
        }
        b.write64(0x88, words.length * 32L);
        b.switchOn(QIE | TE);

        assertThat(u.ids())
                .containsExactly("srtp-without-pasid-invalidation GCMD", "srtp-without-iotlb-invalidation GCMD");
    }

    @ParameterizedTest(name = "PLMR {0}, PHMR {1}, low {2}, high {3}: {4}")
    @CsvSource({
        "true,  true,  false, false, protected-range-empty",
        "true,  true,  true,  false, ''",
        "true,  true,  false, true,  ''",
        "true,  true,  true,  true,  protected-range-overlap",
        "true,  false, false, true,  protected-range-empty",
        "false, true,  true,  false, protected-range-empty",
        "true,  false, true,  true,  ''",
        "false, true,  true,  true,  ''",
        "false, false, true,  true,  ''",
    })
    void shouldLookAtTheProtectedRangesThatAreThere(
            boolean hasLow, boolean hasHigh, boolean low, boolean high, String found) {
        BitField[] absent = hasLow
                ? hasHigh ? new BitField[0] : new BitField[] {Capability.PHMR}
                : hasHigh ? new BitField[] {Capability.PLMR} : new BitField[] {Capability.PLMR, Capability.PHMR};
        use(lessCap(absent));
        b.write32(0x68, 0x10_0000);
        b.write32(0x6C, low ? 0x20_0000 : 0);
        b.write64(0x70, 0x20_0000);
        b.write64(0x78, high ? 0x30_0000 : 0);
        b.write32(0x64, 1L << 31);

        assertThat(u.ids()).isEqualTo(one(!found.isEmpty(), found + " PMEN"));
    }

    @Test
    void shouldLetRangesBesideEachOtherBeProtectedAndBeWrittenAsTheyAre() {
        b.write32(0x68, 0x10_0000);
        b.write32(0x6C, 0x10_0000);
        b.write64(0x70, 0x20_0000);
        b.write64(0x78, 0x20_0000);
        b.write32(0x64, 1L << 31);
        b.write32(0x68, 0x10_0000);

        assertThat(u.ids()).isEmpty();
    }

    @ParameterizedTest(name = "queue at {0}")
    @CsvSource({"0x210000, true", "0x212000, false"})
    void shouldFindAnInvalidationQueueInThePageRequestQueue(String at, boolean found) {
        b.write64(0xD0, VtdBench.PAGE_REQUESTS | 1);
        b.write64(0x90, Long.decode(at));
        b.switchOn(QIE);

        assertThat(u.ids()).isEqualTo(one(found, "queue-overlap PQA"));
    }

    @Test
    void shouldFindAPageRequestTailBeyondTheQueue() {
        b.write64(0xD0, VtdBench.PAGE_REQUESTS);
        b.write64(0xC8, 0x1000);

        assertThat(u.ids()).containsExactly("page-queue-index PQT");
    }

    @Test
    void shouldNotLookForAPageRequestQueueThatIsNotThere() {
        use(LintedUnit.features(0, ExtendedCapability.PRS.mask()));
        b.write64(0xD0, VtdBench.QUEUE);
        b.write64(0x90, VtdBench.QUEUE);
        b.switchOn(QIE);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldLetMessagesGoToWideIdsThatAreThere() {
        b.write32(0x40, 0xFEE0_0000L);
        b.write32(0x44, 1);
        b.write32(0x38, 0);

        assertThat(u.ids()).isEmpty();
    }

    @ParameterizedTest(name = "version {0}, TTM {1}, PSI {2}: refused {3}")
    @CsvSource({"0x50, 0, true, false", "0x60, 0, true, true", "0x50, 1, true, true", "0x50, 0, false, true"})
    void shouldFindPageSelectiveInvalidationByRegisterThatIsRefused(int ver, long mode, boolean psi, boolean refused) {
        use(psi ? version(ver) : lessCap(Capability.PSI));
        b.write64(0x20, VtdBench.ROOT | mode << 10);
        b.switchOn(VtdBench.SRTP);
        b.write64(0x500, PAGE);
        b.write64(0x508, 1L << 63 | 3L << 60 | 3L << 32);

        assertThat(b.read64(0x508) >>> 57 & 3).as("IAIG").isEqualTo(refused ? 0 : 3);
        assertThat(u.ids()).isEqualTo(one(refused, "register-invalidation-refused IOTLB"));
    }

    @Test
    void shouldFollowInvalidationOfContextsByRegister() {
        b.write64(0x20, VtdBench.ROOT);
        b.switchOn(VtdBench.SRTP);
        b.write64(0x28, 1L << 63 | 1L << 61);
        b.write64(0x508, 1L << 63 | 1L << 60);
        b.switchOn(TE);
        b.map(b.second(SOURCE, 3), PAGE, VtdBench.DATA, 3);
        b.read(SOURCE, PAGE);
        b.memory.writeLong(b.legacyContext(SOURCE), 0);
        // The source alone, then its domain's translations.
        b.write64(0x28, 1L << 63 | 3L << 61 | (long) SOURCE << 16 | 3);
        b.write64(0x508, 1L << 63 | 2L << 60 | 3L << 32);
        b.access(SOURCE, -1, PAGE, Access.READ);

        assertThat(u.ids()).isEmpty();
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @CsvSource({
        "1000000050008, 5000, descriptor-pasid-range PASID-based device-TLB invalidate",
        "1000000050008, 5001, ''",
        "700050008, 5000, ''",
        "700050008, FFFFFFFFFFFFF800, device-tlb-range PASID-based device-TLB invalidate",
        "700050008, 7FFFFFFFFFFFF800, ''",
        "700050008, FFFFFFFFFFFFF000, ''",
        "3001801019, 28, ''",
        "100000025, 8000, wait-status-address invalidation wait",
        "100000025, 9000, ''",
        "1000000015, 8000, ''",
    })
    void shouldFindWhatIsWrongWithADescriptor(String word0, String word1, String found) {
        VtdFeatures f = LintedUnit.features(0, 0);
        use(new VtdFeatures(f.ver(), f.cap(), ExtendedCapability.PSS.set(f.ecap(), 15)));
        b.startProperly(1);
        b.memory.mark(0x8000, 0x1000, RangeState.ABSENT);

        b.descriptor(Long.parseUnsignedLong(word0, 16), Long.parseUnsignedLong(word1, 16));

        assertThat(b.read32(0x34)).as("a good descriptor").isZero();
        assertThat(String.join(", ", u.ids())).isEqualTo(found);
    }

    @Test
    void shouldSayNothingOfHostPermissionInvalidations() {
        VtdFeatures f = LintedUnit.features(0, 0);
        use(new VtdFeatures(f.ver(), f.cap(), f.ecap() | ExtendedCapability.HPTS.mask()));
        b.startProperly(1);
        b.descriptor(0x1A, 0);

        assertThat(b.read32(0x34)).as("a good descriptor").isZero();
        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldNotCallWritesIgnoredOfOtherRegistersThanTheQueues() {
        VtdFeatures f = VtdFeatures.monitored();
        use(f);
        // Counter 0 counts clocks; ECMD 0xF0 enables it.
        long configuration = b.read32(0x310);
        b.write64(configuration, 1L << 32);
        b.write64(0x400, 0xF0);
        b.write64(configuration, 2L << 32);

        assertThat(b.read64(configuration) >>> 32).as("unchanged").isEqualTo(1);
        assertThat(u.ids()).isEmpty();
    }
}
