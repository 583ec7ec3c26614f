// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.RangeState;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Host permission tables: what a translated request may do (ECAP.HPTS). */
class HostPermissionTest {
    private static final int SOURCE = 0x18;
    private static final long HPTE = 1 << 5;
    /** An index in each of the four tables, and a page: 1, 2, 3, 4, 5. */
    private static final long ADDRESS = 1L << 41 | 2L << 33 | 3L << 25 | 4L << 17 | 5L << 12;

    private final Verdict verdict = new Verdict();

    private static VtdBench bench(long ecap) {
        VtdFeatures full = VtdFeatures.full();
        VtdBench b = new VtdBench(
                new VtdFeatures(full.ver(), full.cap(), full.ecap() | ecap), CacheConfiguration.standard());
        b.start(1);
        long context = b.scalableContext(SOURCE);
        b.memory.writeLong(context, b.memory.readLong(context) | HPTE);
        return b;
    }

    private static VtdBench bench() {
        return bench(ExtendedCapability.HPTS.mask() | ExtendedCapability.HPT1GPS.mask());
    }

    /** Four tables whose entries for {@link #ADDRESS} lead to the last; where those entries are, top first. */
    private static long[] tables(VtdBench b) {
        b.first(SOURCE, 0, 1);
        long[] pages = {b.page(), b.page(), b.page(), b.page()};
        b.words(b.pasid(SOURCE, 0) + 32, pages[0]);
        long[] entries = new long[4];
        for (int i = 0; i < 4; i++) {
            entries[i] = pages[i] + (i + 1) * 16L;
            if (i < 3) {
                b.words(entries[i], 0, pages[i + 1] | 1);
            }
        }
        return entries;
    }

    private Verdict access(VtdBench b, long address, int code) {
        b.unit.forwardTranslated(new Transaction().set(SOURCE, Transaction.NO_SUBSTREAM, address, code), verdict);
        return verdict;
    }

    @ParameterizedTest(name = "permissions {0}: read {1}, write {2}, atomic {3}")
    @CsvSource({
        "0, HPT_NO_READ, HPT_NO_WRITE, HPT_NO_WRITE",
        "1, OK, HPT_NO_WRITE, HPT_NO_WRITE",
        "2, HPT_NO_READ, OK, HPT_NO_READ",
        "3, OK, OK, OK"
    })
    void shouldAllowWhatThePageSays(long permissions, String read, String write, String atomic) {
        try (VtdBench b = bench()) {
            b.words(tables(b)[3], permissions << 5 * 4, 0);

            assertThat(name(access(b, ADDRESS, Access.READ))).isEqualTo(read);
            assertThat(name(access(b, ADDRESS, Access.WRITE))).isEqualTo(write);
            assertThat(name(access(b, ADDRESS, Access.ATOMIC))).isEqualTo(atomic);
            assertThat(access(b, ADDRESS + 0x1000, Access.READ).isOk())
                    .as("its neighbour")
                    .isFalse();
        }
    }

    private static String name(Verdict v) {
        return v.isOk() ? "OK" : String.valueOf(v.rule());
    }

    @Test
    void shouldFindTheUpperHalfOfThePagesInTheSecondWord() {
        try (VtdBench b = bench()) {
            b.words(tables(b)[3], 0, 1L << (21 - 16) * 4);

            assertThat(access(b, ADDRESS + 0x1_0000, Access.READ).isOk()).isTrue();
            assertThat(access(b, ADDRESS, Access.READ).isOk()).isFalse();
        }
    }

    @Test
    void shouldStopAtTheFirstPermissionThatIsNotZero() {
        try (VtdBench b = bench()) {
            long[] entries = tables(b);
            b.words(entries[3], 3L << 5 * 4, 0);
            long two = ADDRESS >>> 21 & 15;
            b.memory.writeLong(entries[2], 1L << two * 4);
            assertThat(name(access(b, ADDRESS, Access.WRITE))).as("2 MiB").isEqualTo("HPT_NO_WRITE");
            long one = ADDRESS >>> 30 & 7;
            b.memory.writeLong(entries[1], 3L << one * 4);
            assertThat(name(access(b, ADDRESS, Access.WRITE))).as("1 GiB").isEqualTo("OK");
        }
    }

    @Test
    void shouldEndWithoutPermissionWhereNoAddressIsValid() {
        try (VtdBench b = bench()) {
            long[] entries = tables(b);
            b.words(entries[3], 3L << 5 * 4, 0);
            b.memory.writeLong(entries[2] + 8, b.memory.readLong(entries[2] + 8) & ~1L);

            assertThat(name(access(b, ADDRESS, Access.READ))).isEqualTo("HPT_NO_READ");
            assertThat(b.faults()).containsExactly(String.format("a5 read 18 at %x", ADDRESS));
        }
    }

    @ParameterizedTest(name = "level {0}, word {1}, bit {2}")
    @CsvSource({
        "0, 0, 0",
        "0, 1, 1",
        "0, 1, 11",
        "1, 0, 2",
        "1, 0, 32",
        "1, 1, 5",
        "2, 0, 3",
        "2, 1, 11",
        "3, 0, 63",
        "3, 1, 2"
    })
    void shouldRefuseReservedBits(int level, int word, int bit) {
        try (VtdBench b = bench()) {
            long[] entries = tables(b);
            long at = entries[level] + word * 8L;
            b.memory.writeLong(at, b.memory.readLong(at) | 1L << bit);

            assertThat(name(access(b, ADDRESS, Access.READ))).isEqualTo("HPT_RESERVED");
        }
    }

    @Test
    void shouldReservePermissionsOfAGigabyteWhereTheyAreAbsent() {
        try (VtdBench b = bench(ExtendedCapability.HPTS.mask())) {
            b.memory.writeLong(tables(b)[1], 3);

            assertThat(name(access(b, ADDRESS, Access.READ))).isEqualTo("HPT_RESERVED");
        }
    }

    @Test
    void shouldNameTheReadThatGetsNoAnswer() {
        try (VtdBench b = bench()) {
            long[] entries = tables(b);
            b.memory.mark(entries[3] & -0x1000L, 0x1000, RangeState.ABSENT);
            assertThat(name(access(b, ADDRESS, Access.READ))).isEqualTo("HPT_FETCH");
            b.memory.mark(entries[0] & -0x1000L, 0x1000, RangeState.ABSENT);
            assertThat(name(access(b, ADDRESS, Access.READ))).isEqualTo("HPT_TOP_FETCH");
        }
    }

    @ParameterizedTest(name = "HPTSZ {0}: 2^{1}")
    @CsvSource({"0, 49", "1, 50", "2, 51"})
    void shouldRefuseWhatLiesBeyondTheTable(int size, int bits) {
        try (VtdBench b = bench()) {
            long[] entries = tables(b);
            b.memory.writeLong(b.pasid(SOURCE, 0) + 32, entries[0] & -0x1000L | size);

            assertThat(name(access(b, 1L << bits, Access.READ))).isEqualTo("HPT_RANGE");
            assertThat(name(access(b, (1L << bits) - 0x1000, Access.READ))).isNotEqualTo("HPT_RANGE");
        }
    }

    @Test
    void shouldSayWhatIsWrongWithThePasidsEntryFirst() {
        try (VtdBench b = bench()) {
            b.pasid(SOURCE, 0);
            assertThat(name(access(b, ADDRESS, Access.READ))).isEqualTo("SM_PASID_NOT_PRESENT");
            tables(b);
            b.memory.writeLong(b.pasid(SOURCE, 0) + 40, 1 << 16);
            assertThat(name(access(b, ADDRESS, Access.READ))).isEqualTo("SM_PASID_RESERVED");
        }
    }

    @Test
    void shouldAskNothingWithoutHpteAndReserveItWithoutTheTables() {
        try (VtdBench b = bench()) {
            long context = b.scalableContext(SOURCE);
            b.memory.writeLong(context, b.memory.readLong(context) & ~HPTE);
            assertThat(access(b, ADDRESS, Access.WRITE).isOk()).isTrue();
        }
        try (VtdBench b = bench(0)) {
            assertThat(name(access(b, ADDRESS, Access.WRITE))).isEqualTo("SM_CONTEXT_RESERVED");
        }
    }

    @ParameterizedTest(name = "{0}, {1}: IQEI {2}")
    @CsvSource({"1a, 0, 0", "2a, 0, 0", "3a, 10c3, 0", "a, 0, 4", "1a, 100, 4", "1001a, 0, 0", "10000001a, 0, 4"})
    void shouldTakeInvalidations(String word0, String word1, long error) {
        try (VtdBench b = bench()) {
            b.descriptor(Long.parseLong(word0, 16), Long.parseLong(word1, 16));

            assertThat(b.read64(0xB0) & 0xF).isEqualTo(error);
        }
    }

    @Test
    void shouldKnowNoInvalidationWithoutTheTables() {
        try (VtdBench b = bench(0)) {
            b.descriptor(0x1A, 0);
            assertThat(b.read64(0xB0) & 0xF).as("no such type").isEqualTo(3);
        }
    }
}
