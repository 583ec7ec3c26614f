// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.TranslationCompletion.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Translation Requests of a device's TLB (VT-d architecture 4.2, 7.1.3; fact sheet 10.2, 10.5). */
class TranslationRequestTest {
    private static final int SOURCE = 0x18;
    private static final int NONE = Transaction.NO_SUBSTREAM;
    private static final long FAULT_RECORD = 0x408;

    private final TranslationCompletion completion = new TranslationCompletion();

    /** TT=01. */
    private static long legacy(VtdBench b) {
        long tables = b.second(SOURCE, 1);
        b.memory.writeLong(b.legacyContext(SOURCE), tables | 1 << 2 | 1);
        return tables;
    }

    private TranslationCompletion request(VtdBench b, int pasid, long address, int code) {
        b.unit.requestTranslation(new Transaction().set(SOURCE, pasid, address, code), completion);
        return completion;
    }

    private void assertPage(long address, int shift, boolean write) {
        assertThat(completion.status()).isEqualTo(Status.SUCCESS);
        assertThat(completion.address()).isEqualTo(address);
        assertThat(completion.pageShift()).isEqualTo(shift);
        assertThat(completion.isReadable()).isTrue();
        assertThat(completion.isWritable()).isEqualTo(write);
        assertThat(completion.isExecutable()).isFalse();
        assertThat(completion.isUntranslatedOnly()).isFalse();
    }

    private void assertNothing(FaultReason why) {
        assertThat(completion.status()).isEqualTo(Status.SUCCESS);
        assertThat(completion.isReadable() || completion.isWritable()).isFalse();
        assertThat(completion.rule()).isEqualTo(why);
    }

    @ParameterizedTest(name = "R/W {0}: NW {1}")
    @CsvSource({"3, false, true", "3, true, false", "1, false, false", "1, true, false"})
    void shouldGrantWhatThePageAllowsAndIsAskedFor(int bits, boolean noWrite, boolean write) {
        try (VtdBench b = VtdBench.legacy()) {
            b.map(legacy(b), 0x5000, VtdBench.DATA, bits);

            request(b, NONE, 0x5123, noWrite ? Access.READ : Access.WRITE);

            assertPage(VtdBench.DATA, 12, write);
            assertThat(b.faults()).isEmpty();
        }
    }

    @Test
    void shouldIgnoreTheNoWriteFlagWithoutNwfs() {
        VtdFeatures f = VtdFeatures.full();
        VtdFeatures without = new VtdFeatures(f.ver(), f.cap(), f.ecap() & ~(1L << 33));
        try (VtdBench b = new VtdBench(without, CacheConfiguration.standard()).start(0)) {
            b.map(legacy(b), 0x5000, VtdBench.DATA, 3);

            request(b, NONE, 0x5000, Access.READ);
            assertPage(VtdBench.DATA, 12, true);

            request(b, NONE, 0xFEE0_5000L, Access.READ);
            assertThat(completion.isWritable() && completion.isUntranslatedOnly())
                    .isTrue();
        }
    }

    @Test
    void shouldGiveTheSmallerOfTwoStagesPages() {
        try (VtdBench b = VtdBench.scalable()) {
            long[] tables = b.nested(SOURCE, 3, 1, 0);
            // First-stage tables and 2 MiB of data, each by the second stage.
            b.memory.writeLong(b.entry(tables[1], 0x100_0000, 1), 0x100_0083);
            b.memory.writeLong(b.entry(tables[1], 0x60_0000, 1), VtdBench.DATA | 0x83);
            b.memory.writeLong(b.entry(tables[0], 0x4000_0000, 1), 0x60_0087);
            b.map(tables[0], 0x5000, 0x60_3000, 7);

            request(b, 3, 0x4000_5000L, Access.WRITE);
            assertPage(VtdBench.DATA, 21, true);
            request(b, 3, 0x5000, Access.WRITE);
            assertPage(VtdBench.DATA + 0x3000, 12, true);
        }
    }

    @Test
    void shouldNotRecordWhatADeviceCanRecoverFrom() {
        try (VtdBench b = VtdBench.scalable()) {
            long tables = b.first(SOURCE, 3, 1);
            b.map(tables, 0x6000, VtdBench.DATA, 3);

            request(b, 3, 0x5000, Access.READ);
            assertNothing(FaultReason.SM_FIRST_STAGE_NOT_PRESENT);
            request(b, 3, 0x6000, Access.READ);
            assertNothing(FaultReason.SM_USER);
            request(b, 3, 1L << 47, Access.READ);
            assertNothing(FaultReason.SM_NOT_CANONICAL);
            request(b, 4, 0x5000, Access.READ);
            assertNothing(FaultReason.SM_PASID_NOT_PRESENT);
            request(b, 3, 0x5000, Access.PRIVILEGED);
            assertNothing(FaultReason.SM_SUPERVISOR);
            assertThat(completion.isPrivileged()).isTrue();
            request(b, 3, 0x5000, Access.INSTRUCTION);
            assertNothing(FaultReason.SM_EXECUTE);
            assertThat(b.faults()).isEmpty();
        }
    }

    @Test
    void shouldRecordARefusalAsAReadWithItsAddressType() {
        try (VtdBench b = VtdBench.legacy()) {
            b.second(SOURCE, 1);

            assertThat(request(b, NONE, 0x5000, Access.WRITE).status()).isEqualTo(Status.UR);

            // F, T1, AT=01, Dh.
            assertThat(b.read64(FAULT_RECORD)).isEqualTo(0xD000_000D_0000_0018L);
        }
    }

    @Test
    void shouldQualifyWhatTheContextEntryRefusesByItsOwnFpdAlone() {
        try (VtdBench b = VtdBench.scalable()) {
            long tables = b.first(SOURCE, 3, 1);
            b.map(tables, 0x5000, VtdBench.DATA, 7);
            long context = b.scalableContext(SOURCE);
            b.memory.writeLong(context, b.memory.readLong(context) & ~0x14L);
            long entry = b.pasid(SOURCE, 3);
            b.memory.writeLong(entry, b.memory.readLong(entry) | 2);
            // The context comes into the cache with the FPD of the PASID entry.
            assertThat(b.access(SOURCE, 3, 0x5000, Access.READ).isOk()).isTrue();

            assertThat(request(b, 3, 0x5000, Access.READ).status()).isEqualTo(Status.UR);

            assertThat(b.faults()).containsExactly("44 read 18 at 5000");
        }
    }

    @Test
    void shouldAbortWhatWouldMeetTheInterruptWindow() {
        try (VtdBench b = VtdBench.legacy()) {
            long tables = legacy(b);
            b.memory.writeLong(b.entry(tables, 0x20_0000, 1), 0xFEE0_0083L);
            b.memory.writeLong(b.entry(tables, 0x40_0000, 1), 0xFEC0_0083L);

            // 1 MiB beyond the window, but in its page of 2 MiB.
            assertThat(request(b, NONE, 0x30_0000, Access.READ).status()).isEqualTo(Status.CA);
            assertThat(b.faults()).containsExactly("e read 18 at 300000");
            request(b, NONE, 0x40_0000, Access.WRITE);
            assertPage(0xFEC0_0000L, 21, true);
            assertThat(b.read(SOURCE, 0x30_0000).address()).isEqualTo(0xFEF0_0000L);
        }
    }

    @Test
    void shouldSendInterruptsUntranslatedWhateverThePasidEntrySays() {
        try (VtdBench b = VtdBench.scalable()) {
            b.scalableContext(SOURCE);

            request(b, NONE, 0xFEE1_2000L, Access.WRITE);
            assertThat(completion.isUntranslatedOnly() && completion.isWritable())
                    .isTrue();
            assertThat(completion.isReadable()).isFalse();
            request(b, NONE, 0xFEE1_2000L, Access.READ);
            assertThat(completion.isUntranslatedOnly() || completion.isWritable())
                    .isFalse();
            assertThat(b.faults()).isEmpty();
        }
    }

    @Test
    void shouldMarkTheLeafDirtyForARequestThatMayWrite() {
        try (VtdBench b = VtdBench.scalable()) {
            long tables = b.first(SOURCE, 3, 1);
            b.map(tables, 0x5000, VtdBench.DATA, 7).map(tables, 0x6000, VtdBench.DATA, 5);

            request(b, 3, 0x5000, Access.READ);
            assertThat(b.memory.readLong(b.entry(tables, 0x5000, 0))).isEqualTo(VtdBench.DATA | 0x27);
            request(b, 3, 0x5000, Access.WRITE);
            assertThat(b.memory.readLong(b.entry(tables, 0x5000, 0))).isEqualTo(VtdBench.DATA | 0x67);
            request(b, 3, 0x6000, Access.WRITE);
            assertThat(b.memory.readLong(b.entry(tables, 0x6000, 0))).isEqualTo(VtdBench.DATA | 0x25);
        }
    }

    @Test
    void shouldGiveTheIdentityForPassThrough() {
        try (VtdBench b = VtdBench.scalable()) {
            b.words(b.pasid(SOURCE, 3), 4 << 6 | 1, 1);

            request(b, 3, VtdBench.DATA + 0x5000, Access.WRITE);
            assertPage(VtdBench.DATA, 30, true);
            request(b, 3, 1L << 52, Access.WRITE);
            assertNothing(FaultReason.SM_ADDRESS_WIDTH);
        }
    }

    @Test
    void shouldAnswerNothingWhileTranslationIsOff() {
        try (VtdBench b = VtdBench.legacy()) {
            b.map(legacy(b), 0x5000, VtdBench.DATA, 3).command(VtdBench.QIE);

            assertThat(request(b, NONE, 0x5000, Access.READ).status()).isEqualTo(Status.UR);
            assertThat(b.faults()).isEmpty();
        }
    }
}
