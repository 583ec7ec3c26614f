// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Second- and first-stage tables: sizes, permissions, reserved bits, widths (VT-d architecture 3.6-3.7, 9.7-9.8). */
class WalkRulesTest {
    private static final int SOURCE = 0x18;
    private static final long ADDRESS = 0x1234_5678_9ABCL;

    @ParameterizedTest(name = "height {0}: {1}")
    @CsvSource({"0, 3, 80000ABC", "1, 83, 80189ABC", "2, 83, 96789ABC"})
    void shouldTranslateBySecondStageLeavesOfEverySize(int height, String bits, String expected) {
        try (VtdBench b = VtdBench.legacy()) {
            long leaf = b.entry(b.second(SOURCE, 1), ADDRESS, height);
            b.memory.writeLong(leaf, VtdBench.DATA | Long.parseLong(bits, 16));

            Verdict v = b.write(SOURCE, ADDRESS);

            assertThat(v.isOk()).isTrue();
            assertThat(v.address()).isEqualTo(Long.parseLong(expected, 16));
            assertThat(v.pageShift()).isEqualTo(12 + 9 * height);
        }
    }

    @ParameterizedTest(name = "leaf {0} at height {1}, write {2}: {3}")
    @CsvSource({
        "1, 0, true, 5",
        "2, 0, false, 6",
        "0, 0, false, 6",
        "0, 0, true, 5",
        // SNP of a table entry, bit 62, PS where there is no leaf, low bits of large leaves.
        "803, 1, false, c",
        "4000000000000003, 0, false, c",
        "83, 3, false, c",
        "1083, 1, false, c",
        "200083, 2, false, c"
    })
    void shouldNameWhatIsWrongWithASecondStageEntry(String entry, int height, boolean write, String reason) {
        try (VtdBench b = VtdBench.legacy()) {
            b.memory.writeLong(b.entry(b.second(SOURCE, 1), 0x5000, height), Long.parseUnsignedLong(entry, 16));

            Verdict v = write ? b.write(SOURCE, 0x5000) : b.read(SOURCE, 0x5000);

            assertThat(v.isOk()).isFalse();
            assertThat(b.faults()).containsExactly(reason + (write ? " write" : " read") + " 18 at 5000");
        }
    }

    @Test
    void shouldAllowWhatEveryLevelAllows() {
        try (VtdBench b = VtdBench.legacy()) {
            long tables = b.second(SOURCE, 1);
            b.map(tables, 0x5000, VtdBench.DATA, 3);
            long top = b.memory.readLong(b.entry(tables, 0x5000, 3));
            b.memory.writeLong(b.entry(tables, 0x5000, 3), top & ~2L);

            assertThat(b.read(SOURCE, 0x5000).isOk()).isTrue();
            assertThat(b.write(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.NO_WRITE);
        }
    }

    @Test
    void shouldRefuseAddressesBeyondTheWidthAndPagesInTheInterruptWindow() {
        try (VtdBench b = VtdBench.legacy()) {
            b.map(b.second(SOURCE, 1), 0x5000, 0xFEE0_0000L, 3);

            b.read(SOURCE, 1L << 48);
            b.read(SOURCE, 0x5000);
            b.read(SOURCE, 0xFEE0_0000L);

            assertThat(b.faults())
                    .containsExactly("4 read 18 at 1000000000000", "e read 18 at 5000", "29 read 18 at fee00000");
        }
    }

    @Test
    void shouldRefuseFirstStagePagesInTheInterruptWindow() {
        try (VtdBench b = VtdBench.scalable()) {
            b.map(b.first(SOURCE, 0, 1), 0x5000, 0xFEE0_0000L, 7);

            b.read(SOURCE, 0x5000);

            assertThat(b.faults()).containsExactly("87 read 18 at 5000");
        }
    }

    @Test
    void shouldTranslateByFirstStageAndMarkIt() {
        try (VtdBench b = VtdBench.scalable()) {
            long tables = b.first(SOURCE, 0, 1);
            long high = 0xFFFF_9234_5678_9000L;
            b.map(tables, high, VtdBench.DATA, 7);

            assertThat(b.read(SOURCE, high + 8).address()).isEqualTo(VtdBench.DATA + 8);
            assertThat(b.memory.readLong(b.entry(tables, high, 0))).isEqualTo(VtdBench.DATA | 0x27);
            assertThat(b.memory.readLong(b.entry(tables, high, 3)) & 0xFFF).isEqualTo(0x27);
            assertThat(b.write(SOURCE, high).isOk()).isTrue();
            assertThat(b.memory.readLong(b.entry(tables, high, 0))).isEqualTo(VtdBench.DATA | 0x67);
        }
    }

    @ParameterizedTest(name = "leaf {0} at height {1}, write {2}: {3}")
    @CsvSource({
        "6, 0, false, 71",
        "3, 0, false, 81",
        "5, 0, true, 85",
        "2087, 1, false, 72",
        "2087, 2, false, 72",
        "87, 3, false, 72"
    })
    void shouldNameWhatIsWrongWithAFirstStageEntry(String entry, int height, boolean write, String reason) {
        try (VtdBench b = VtdBench.scalable()) {
            b.memory.writeLong(b.entry(b.first(SOURCE, 0, 1), 0x5000, height), Long.parseLong(entry, 16));

            Verdict v = write ? b.write(SOURCE, 0x5000) : b.read(SOURCE, 0x5000);

            assertThat(v.isOk()).isFalse();
            assertThat(b.faults()).containsExactly(reason + (write ? " write" : " read") + " 18 at 5000");
        }
    }

    @Test
    void shouldRefuseAddressesThatAreNotCanonicalAndSupervisorsWithoutSre() {
        try (VtdBench b = VtdBench.scalable()) {
            b.first(SOURCE, 0, 1);
            b.first(SOURCE, 3, 1);

            b.read(SOURCE, 0x8000_0000_0000L);
            b.access(SOURCE, 3, 0x5000, Access.READ | Access.PRIVILEGED);

            assertThat(b.faults()).containsExactly("80 read 18 at 800000000000", "5d read 18 at 5000");
        }
    }

    @Test
    void shouldTranslateFirstStageTablesByTheSecondStage() {
        try (VtdBench b = VtdBench.scalable()) {
            long[] roots = b.nested(SOURCE, 0, 1, 0);
            long first = roots[0];
            long second = roots[1];
            b.map(first, 0x5000, 0x7000, 7);
            long table = first;
            for (int h = 3; h >= 0; h--) {
                b.map(second, table, table, 3);
                table = b.entry(first, 0x5000, Math.max(0, h - 1)) & -0x1000L;
            }

            assertThat(b.read(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.SM_SECOND_STAGE_NOT_PRESENT);
            b.map(second, 0x7000, VtdBench.DATA, 1);
            assertThat(b.read(SOURCE, 0x5010).address()).isEqualTo(VtdBench.DATA + 0x10);
            assertThat(b.write(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.SM_NO_WRITE);
            assertThat(b.access(SOURCE, Transaction.NO_SUBSTREAM, 0x5000, Access.READ)
                            .isOk())
                    .isTrue();
        }
    }

    @Test
    void shouldNotWalkForASupervisorWithoutSre() {
        try (VtdBench b = VtdBench.scalable()) {
            long tables = b.first(SOURCE, 3, 1);
            b.map(tables, 0x5000, VtdBench.DATA, 7);

            assertThat(b.access(SOURCE, 3, 0x5000, Access.PRIVILEGED).rule()).isEqualTo(FaultReason.SM_SUPERVISOR);

            assertThat(b.memory.readLong(tables) & 0x20).as("A").isZero();
            assertThat(b.memory.readLong(b.entry(tables, 0x5000, 0)) & 0x20)
                    .as("A")
                    .isZero();
        }
    }

    @Test
    void shouldEndAWalkWhereNothingIsLeftToAllow() {
        try (VtdBench b = VtdBench.scalable()) {
            long tables = b.scalableSecond(SOURCE, 0, 1);
            // Level 2 is where nothing is left; level 1 has a reserved bit.
            b.memory.writeLong(b.entry(tables, 0x5000, 0), VtdBench.DATA | 1L << 62 | 3);
            long level3 = b.entry(tables, 0x5000, 2);
            long level2 = b.entry(tables, 0x5000, 1);
            b.memory.writeLong(level3, b.memory.readLong(level3) & ~2L);
            b.memory.writeLong(level2, b.memory.readLong(level2) & ~1L);

            assertThat(b.read(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.SM_SECOND_STAGE_NOT_PRESENT);
        }
    }

    @Test
    void shouldReserveSsadeWithoutASecondStage() {
        VtdFeatures f = VtdFeatures.full();
        VtdFeatures without = new VtdFeatures(f.ver(), f.cap(), f.ecap() & ~(1L << 46));
        try (VtdBench b = new VtdBench(without, CacheConfiguration.standard()).start(1)) {
            b.words(b.pasid(SOURCE, 0), 4 << 6 | 1 << 9 | 1, 1);

            assertThat(b.read(SOURCE, VtdBench.DATA).rule()).isEqualTo(FaultReason.SM_PASID_RESERVED);
        }
    }

    @Test
    void shouldSetBitsWithoutSnoopingOnTheFirstUnits() {
        VtdFeatures f = VtdFeatures.full();
        try (VtdBench b =
                new VtdBench(new VtdFeatures(0x10, f.cap(), f.ecap()), CacheConfiguration.standard()).start(1)) {
            long tables = b.page();
            b.words(b.pasid(SOURCE, 0), 1 << 6 | 1, 1, tables);
            b.map(tables, 0x5000, VtdBench.DATA, 7);

            assertThat(b.write(SOURCE, 0x5000).isOk()).isTrue();
            assertThat(b.memory.readLong(b.entry(tables, 0x5000, 0))).isEqualTo(VtdBench.DATA | 0x67);
        }
    }
}
