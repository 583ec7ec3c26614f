// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the lint finds in registers, rule by rule (VT-d architecture 11.4). */
class RegisterLintTest {
    private static final long QIE = VtdBench.QIE;
    private static final long TE = VtdBench.TE;
    private static final long IRE = VtdBench.IRE;

    private LintedUnit u = LintedUnit.reset();
    private VtdBench b = u.b;

    @AfterEach
    void close() {
        b.close();
    }

    private void use(LintedUnit other) {
        b.close();
        u = other;
        b = u.b;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void shouldFindNothingInAProperStart(int mode) {
        b.startProperly(mode);
        if (mode == 0) {
            b.map(b.second(5, 3), 0x1000, VtdBench.DATA, 3);
        } else {
            b.words(b.pasid(5, 0), 1 << 6 | 1, 3 | 1 << 23, b.page());
        }
        b.read(5, 0x1000);

        assertThat(u.ids()).isEmpty();
    }

    @ParameterizedTest(name = "{0} = {3}")
    @CsvSource({
        "GCMD,   0x18, 4, 0x00000001",
        "RTADDR, 0x20, 8, 0x00100001",
        "CCMD,   0x28, 8, 0x0000000400000000",
        "PMEN,   0x64, 4, 0x00000002",
        "FSTS,   0x34, 4, 0x00000008",
        "IQT,    0x88, 8, 0x00080000",
        "IQA,    0x90, 8, 0x00200008",
        "IRTA,   0xB8, 8, 0x00300010",
        "IVA,    0x500, 8, 0x00001080",
        "IOTLB,  0x508, 8, 0x0004000000000000",
    })
    void shouldFindReservedBits(String register, long offset, int size, String value) {
        b.unit.writeRegister(offset, size, Long.decode(value));

        assertThat(u.ids()).containsExactly("register-reserved-bits " + register);
    }

    @ParameterizedTest(name = "{0} = {3}")
    @CsvSource({
        "RTADDR, 0x20, 8, 0xFFFFFFFFFFF00C80",
        "CCMD,   0x28, 8, 0x78000003FFFFFFFF",
        "IQA,    0x90, 8, 0x00200807",
        "FECTL,  0x38, 4, 0xC0000000",
        "FSTS,   0x34, 4, 0x000000F3",
        "FEDATA, 0x3C, 4, 0xFFFFFFFF",
        "IVA,    0x500, 8, 0x000010FF",
        "IOTLB,  0x508, 8, 0x3603FFFF00000000",
    })
    void shouldNotCallFieldsReserved(String register, long offset, int size, String value) {
        long number = Long.parseUnsignedLong(value.substring(2), 16);
        b.unit.writeRegister(offset, size, register.equals("IVA") ? number & ~0x80 : number);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldFindSeveralChangesInOneWrite() {
        b.write64(0x90, VtdBench.QUEUE);
        b.command(QIE | VtdBench.SRTP);

        assertThat(u.ids()).containsExactly("gcmd-several-changes GCMD");
    }

    @Test
    void shouldTakeWhatStaysForNoChange() {
        b.write64(0x90, VtdBench.QUEUE);
        b.switchOn(QIE);
        b.switchOn(QIE | VtdBench.SIRTP);
        b.switchOn(0);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldFindAWriteBeforeStatusWasRead() {
        b.write64(0x90, VtdBench.QUEUE);
        b.command(QIE);
        b.command(QIE | VtdBench.SIRTP);

        assertThat(u.ids()).containsExactly("gcmd-not-polled GCMD");
    }

    @Test
    void shouldFindAFlushOfWriteBuffersThatAreNotThere() {
        b.command(1 << 27);

        assertThat(u.ids()).containsExactly("gcmd-wbf-absent GCMD");
    }

    @Test
    void shouldFindAChangeOfTheQueueWhileItIsOn() {
        b.startProperly(0);
        b.write64(0x90, VtdBench.QUEUE);
        assertThat(u.ids()).isEmpty();
        b.write64(0x90, VtdBench.QUEUE | 1);

        assertThat(u.ids()).containsExactly("guarded-write IQA");
    }

    @Test
    void shouldFindTranslationWithoutARootTable() {
        b.command(TE);

        assertThat(u.ids()).containsExactly("te-without-root GCMD");
    }

    @Test
    void shouldFindInterruptRemappingWithoutATable() {
        b.command(IRE);

        assertThat(u.ids()).containsExactly("ire-without-table GCMD");
    }

    @ParameterizedTest
    @ValueSource(longs = {2 << 10, 3 << 10, 1 << 7})
    void shouldFindModesThatAreNotThere(long mode) {
        use(LintedUnit.with(LintedUnit.features(0, ExtendedCapability.ADMS.mask())));
        b.write64(0x20, VtdBench.ROOT | mode);
        b.command(VtdBench.SRTP);

        assertThat(u.ids()).containsExactly("root-mode-reserved RTADDR");
    }

    @Test
    void shouldFindAChangeOfModeWhileTranslationIsOn() {
        b.startProperly(0);
        b.write64(0x20, VtdBench.ROOT | 1 << 10);
        b.switchOn(QIE | IRE | TE | VtdBench.SRTP);

        assertThat(u.ids()).containsExactly("root-mode-while-on RTADDR");
    }

    @Test
    void shouldLetTheBaseChangeWhileTranslationIsOn() {
        b.startProperly(0);
        b.write64(0x20, VtdBench.ROOT + 0x1000);
        b.switchOn(QIE | IRE | TE | VtdBench.SRTP);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldFindAChangeOfEimeWhileRemappingIsOn() {
        b.startProperly(0);
        b.write64(0xB8, VtdBench.INTERRUPTS | 1 << 11 | 7);
        b.switchOn(QIE | IRE | TE | VtdBench.SIRTP);

        assertThat(u.ids()).containsExactly("eime-while-on IRTA");
    }

    @Test
    void shouldFindEimeThatIsNotThere() {
        use(LintedUnit.with(LintedUnit.features(0, ExtendedCapability.EIM.mask())));
        b.write64(0xB8, VtdBench.INTERRUPTS | 1 << 11 | 7);
        b.command(VtdBench.SIRTP);

        assertThat(u.ids()).containsExactly("eime-absent IRTA");
    }

    @Test
    void shouldFindAQueueThatIsSwitchedOnWithATail() {
        b.memory.writeLong(VtdBench.QUEUE, 1 | 1 << 4);
        b.write64(0x90, VtdBench.QUEUE);
        b.write64(0x88, 16);
        b.command(QIE);

        assertThat(u.ids()).containsExactly("queue-not-empty IQT");
    }

    @Test
    void shouldFindAQueueThatIsSwitchedOffWithWorkLeft() {
        b.startProperly(0);
        b.descriptor(0xF, 0);
        b.switchOn(IRE | TE);

        assertThat(u.ids()).containsExactly("queue-off-with-work GCMD");
    }

    @Test
    void shouldFindATailThatOvertakesTheHead() {
        b.startProperly(0);
        b.descriptor(0xF, 0);
        long head = b.read64(0x80);
        b.write64(0x88, head - 16);
        assertThat(u.ids()).isEmpty();
        b.write64(0x88, head + 32);

        assertThat(u.ids()).containsExactly("queue-overtaken IQT");
    }

    @ParameterizedTest(name = "queue at {0}")
    @CsvSource({"0x100000, true", "0x301000, false", "0x300000, true", "0x101000, false"})
    void shouldFindAQueueThatLiesInATable(String at, boolean found) {
        b.write64(0x20, VtdBench.ROOT);
        b.switchOn(VtdBench.SRTP);
        b.write64(0xB8, VtdBench.INTERRUPTS | 7);
        b.switchOn(VtdBench.SIRTP);
        b.write64(0x90, Long.decode(at));
        b.switchOn(QIE);

        assertThat(u.ids()).isEqualTo(found ? List.of("queue-overlap IQA") : List.of());
    }

    @Test
    void shouldFindPageQueueIndexesBeyondItsSize() {
        b.write64(0xD0, VtdBench.PAGE_REQUESTS | 1);
        b.write64(0xC0, 0x1FE0);
        assertThat(u.ids()).isEmpty();
        b.write64(0xC0, 0x2000);

        assertThat(u.ids()).containsExactly("page-queue-index PQH");
    }

    @Test
    void shouldFindInvalidationByRegisterWhileTheQueueIsOn() {
        b.startProperly(0);
        b.write64(0x28, 1L << 63 | 1L << 61);
        b.write64(0x508, 1L << 63 | 1L << 60);

        assertThat(u.ids())
                .containsExactly("register-invalidation-with-queue CCMD", "register-invalidation-with-queue IOTLB");
    }

    @ParameterizedTest(name = "IVA={1}: {2}")
    @CsvSource({
        "0x508, 0,  0x8000000000000000",
        "0x508, 19, 0xB000000000000000",
        "0x28,  0,  0x8000000000000000",
    })
    void shouldFindInvalidationByRegisterThatIsRefused(long offset, long iva, String value) {
        b.write64(0x500, iva);
        b.write64(offset, Long.parseUnsignedLong(value.substring(2), 16));

        assertThat(u.ids()).containsExactly("register-invalidation-refused " + (offset == 0x28 ? "CCMD" : "IOTLB"));
    }

    @Test
    void shouldTakeInvalidationByRegisterForOne() {
        b.write64(0x20, VtdBench.ROOT);
        b.switchOn(VtdBench.SRTP);
        b.write64(0x28, 1L << 63 | 1L << 61);
        b.write64(0x508, 1L << 63 | 1L << 60);
        b.switchOn(TE);

        assertThat(u.ids()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0x38, FEADDR", "0xA0, IEADDR", "0xE0, PEADDR"})
    void shouldFindMessagesThatAreNoInterrupts(long control, String place) {
        b.write32(control + 8, 0xFEE0_0000L);
        b.write32(control, 0);
        assertThat(u.ids()).isEmpty();
        b.write32(control, 1L << 31);
        b.write32(control + 8, 0x1000);
        b.write32(control, 0);

        assertThat(u.ids()).containsExactly("event-address " + place);
    }

    @Test
    void shouldFindUpperAddressesWithoutExtendedIds() {
        use(LintedUnit.with(LintedUnit.features(0, ExtendedCapability.EIM.mask())));
        b.write32(0x40, 0xFEE0_0000L);
        b.write32(0x44, 1);
        b.write32(0x38, 0);

        assertThat(u.ids()).containsExactly("event-upper-address FEUADDR");
    }

    @Test
    void shouldFindProtectedRangesThatOverlap() {
        b.write32(0x68, 0x10_0000);
        b.write32(0x6C, 0x20_0000);
        b.write64(0x70, 0x20_0000);
        b.write64(0x78, 0x30_0000);
        b.write32(0x64, 1L << 31);

        assertThat(u.ids()).containsExactly("protected-range-overlap PMEN");
    }

    @Test
    void shouldFindProtectionOfNothingAndChangesOfRangesInForce() {
        b.write32(0x68, 0x30_0000);
        b.write64(0x70, 0x30_0000);
        b.write32(0x64, 1L << 31);
        b.write32(0x6C, 0x30_0000);

        assertThat(u.ids()).containsExactly("protected-range-empty PMEN", "protected-range-while-on PLMLIMIT");
    }

    @Test
    void shouldLetOneRangeBeOff() {
        b.write32(0x68, 0x10_0000);
        b.write32(0x6C, 0x20_0000);
        b.write64(0x70, 0x30_0000);
        b.write32(0x64, 1L << 31);

        assertThat(u.ids()).isEmpty();
    }

    @ParameterizedTest(name = "done: {0}")
    @CsvSource({
        "'',            srtp-without-context-invalidation srtp-without-pasid-invalidation srtp-without-iotlb-invalidation",
        "context,       srtp-without-pasid-invalidation srtp-without-iotlb-invalidation",
        "context pasid, srtp-without-iotlb-invalidation",
        "context iotlb, srtp-without-pasid-invalidation",
        "context iotlb pasid, srtp-without-iotlb-invalidation",
        "pasid context iotlb, srtp-without-pasid-invalidation",
        "context pasid iotlb, ''",
    })
    void shouldFindWhatWasNotInvalidatedAfterTheRootTableWasSet(String done, String found) {
        use(LintedUnit.reset());
        b.write64(0x90, VtdBench.QUEUE | 1 << 11);
        b.switchOn(QIE);
        b.write64(0x20, VtdBench.ROOT | 1 << 10);
        b.switchOn(QIE | VtdBench.SRTP);
        long at = 0;
        for (String cache : done.split(" ")) {
            long word = cache.equals("context") ? 1 | 1 << 4 : cache.equals("pasid") ? 7 | 3 << 4 : 2 | 1 << 4;
            if (!cache.isEmpty()) {
                b.words(VtdBench.QUEUE + at, word, 0, 0, 0);
                at += 32;
                b.write64(0x88, at);
            }
        }
        b.switchOn(QIE | TE);

        String rules = String.join(
                " ", u.lint.log().findings().stream().map(f -> f.rule().id()).toList());
        assertThat(rules).isEqualTo(found);
    }

    @Test
    void shouldAskForNoInvalidationWhereTheUnitDoesIt() {
        use(LintedUnit.with(LintedUnit.features(Capability.ESRTPS.mask() | Capability.ESIRTPS.mask(), 0)));
        b.write64(0x20, VtdBench.ROOT);
        b.switchOn(VtdBench.SRTP);
        b.switchOn(VtdBench.SIRTP);
        b.switchOn(IRE);
        b.switchOn(IRE | TE);

        assertThat(u.ids()).isEmpty();
    }

    @Test
    void shouldFindAnInterruptTableThatWasNotInvalidated() {
        b.switchOn(VtdBench.SIRTP);
        b.switchOn(IRE);

        assertThat(u.ids()).containsExactly("sirtp-without-invalidation GCMD");
    }
}
