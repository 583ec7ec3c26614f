// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.junit.jupiter.api.Test;

/** Requests whose address a device's TLB has translated (VT-d architecture 7.1.3; fact sheet 10.3). */
class TranslatedRequestTest {
    private static final int SOURCE = 0x18;
    private static final int NONE = Transaction.NO_SUBSTREAM;
    private static final long EPTR = 1 << 6;

    private static Verdict forward(VtdBench b, int pasid, long address, int code) {
        Verdict v = new Verdict();
        b.unit.forwardTranslated(new Transaction().set(SOURCE, pasid, address, code), v);
        return v;
    }

    private static void setContext(VtdBench b, long set, long clear) {
        long at = b.scalableContext(SOURCE);
        b.memory.writeLong(at, b.memory.readLong(at) & ~clear | set);
    }

    @Test
    void shouldPassWhereTheContextEntryAllowsIt() {
        try (VtdBench b = VtdBench.scalable()) {
            // No PASID entry, nor a directory: neither is looked at.
            setContext(b, 0x4000_0000_0000L, 0);

            assertThat(forward(b, NONE, VtdBench.DATA, Access.WRITE).address()).isEqualTo(VtdBench.DATA);
            assertThat(b.faults()).isEmpty();
        }
    }

    @Test
    void shouldNeedDeviceTlbsInTheContextEntry() {
        try (VtdBench b = VtdBench.scalable()) {
            setContext(b, 0, 0x14);
            assertThat(forward(b, NONE, VtdBench.DATA, Access.WRITE).isOk()).isFalse();
            assertThat(b.read64(0x408)).as("AT=10, 44h").isEqualTo(0xA000_0044_0000_0018L);
        }
        try (VtdBench b = VtdBench.legacy()) {
            b.second(SOURCE, 1);
            assertThat(forward(b, NONE, VtdBench.DATA, Access.READ).rule()).isEqualTo(FaultReason.ATS_BLOCKED);
            assertThat(b.faults()).containsExactly("d read 18 at 80000000");
        }
    }

    @Test
    void shouldNeedEptrForAPasid() {
        try (VtdBench b = VtdBench.scalable()) {
            setContext(b, 0, 0);
            assertThat(forward(b, 3, VtdBench.DATA, Access.READ).rule()).isEqualTo(FaultReason.SM_TRANSLATED_PASID);
            setContext(b, EPTR, 0);
            assertThat(forward(b, 3, VtdBench.DATA, Access.READ).isOk()).isTrue();
            assertThat(forward(b, 0, VtdBench.DATA, Access.READ).rule()).isEqualTo(FaultReason.SM_RID_PASID);
            assertThat(forward(b, 1 << 13, VtdBench.DATA, Access.READ).rule()).isEqualTo(FaultReason.SM_PASID_RANGE);
            setContext(b, 0, 8);
            assertThat(forward(b, 3, VtdBench.DATA, Access.READ).rule()).isEqualTo(FaultReason.SM_CONTEXT_PROGRAMMING);
        }
    }

    @Test
    void shouldBeBlockedWithAPasidWithoutPtrsAndWithoutARecord() {
        VtdFeatures f = VtdFeatures.full();
        VtdFeatures without = new VtdFeatures(f.ver(), f.cap(), f.ecap() & ~(1L << 56));
        try (VtdBench b = new VtdBench(without, CacheConfiguration.standard()).start(1)) {
            setContext(b, 0, 0);

            assertThat(forward(b, 3, VtdBench.DATA, Access.READ).isOk()).isFalse();
            assertThat(b.faults()).isEmpty();
        }
    }

    @Test
    void shouldNotReachInterruptsNorBeyondTheHost() {
        try (VtdBench b = VtdBench.scalable()) {
            setContext(b, 0, 0);

            assertThat(forward(b, NONE, 0xFEE0_0000L, Access.WRITE).isOk()).isFalse();
            assertThat(forward(b, NONE, 1L << 52, Access.READ).isOk()).isFalse();
            assertThat(b.faults()).containsExactly("87 write 18 at fee00000", "83 read 18 at 10000000000000");
        }
    }

    @Test
    void shouldNotReachProtectedMemory() {
        try (VtdBench b = VtdBench.scalable()) {
            setContext(b, 0, 0);
            b.write32(0x68, VtdBench.DATA);
            b.write32(0x6C, VtdBench.DATA);
            b.write32(0x64, 1L << 31);

            assertThat(forward(b, NONE, VtdBench.DATA + 0xF_FFFF, Access.READ).isOk())
                    .isFalse();
            assertThat(forward(b, NONE, VtdBench.DATA + 0x10_0000, Access.READ).isOk())
                    .isTrue();
            assertThat(b.faults()).isEmpty();
        }
    }

    @Test
    void shouldBeRefusedWithoutARecordWhileTranslationIsOff() {
        try (VtdBench b = VtdBench.scalable()) {
            setContext(b, 0, 0);
            b.command(VtdBench.QIE);

            assertThat(forward(b, NONE, VtdBench.DATA, Access.READ).isOk()).isFalse();
            assertThat(b.faults()).isEmpty();
        }
    }
}
