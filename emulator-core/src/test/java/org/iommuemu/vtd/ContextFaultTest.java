// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Access;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is wrong with root, context and PASID tables, and the reason it is refused for (VT-d architecture 7.1.3, 9.1-9.6). */
class ContextFaultTest {
    private static final int SOURCE = 0x118;
    private static final long ROOT_ENTRY = VtdBench.ROOT + 16;

    @ParameterizedTest(name = "root {0}, context {1}:{2}: {3}")
    @CsvSource({
        // root entry, context entry (low, high), reason; T stands for tables.
        "0, 0, 0, 1",
        "C+3, 0, 0, a",
        "C+1, 0, 0, 2",
        "C+1, T+1, 0, 3",
        "C+1, T+1, 4, 3",
        "C+1, T+d, 2, 3",
        "C+1, T+11, 2, b",
        "C+1, T+1, 82, b",
        "C+1, T+1, 1000002, b",
        "C+1, T+1, 2, 6"
    })
    void shouldNameWhatIsWrongInLegacyMode(String root, String low, String high, String reason) {
        try (VtdBench b = VtdBench.legacy()) {
            long contexts = b.page();
            long tables = b.page();
            b.memory.writeLong(ROOT_ENTRY, value(root, contexts));
            b.words(contexts + 0x180, value(low, tables), value(high, 0));

            assertThat(b.read(SOURCE, 0x5000).isOk()).isFalse();

            assertThat(b.faults()).containsExactly(reason + " read 118 at 5000");
        }
    }

    @ParameterizedTest(name = "context {0}:{1}, directory {2}, PASID entry {3}:{4}:{5}: {6}")
    @CsvSource({
        "0, 0, 0, 0, 0, 0, 41",
        "D+201d, 0, 0, 0, 0, 0, 51",
        "D+9d, 0, 0, 0, 0, 0, 42",
        "D+19, 0, 0, 0, 0, 0, 43",
        "D+1d, 2000, P+1, 0, 0, 0, 43",
        "D+1d, 400000, P+1, 0, 0, 0, 42",
        "D+1d, 0, P+5, 0, 0, 0, 52",
        "D+1d, 0, P+1, 0, 0, 0, 59",
        "D+1d, 0, P+1, 1, 0, 0, 5b",
        "D+1d, 0, P+1, 21, 0, 0, 5a",
        "D+1d, 0, P+1, 41, 0, 8, 5b",
        "D+1d, 0, P+1, 41, 2000000, 0, 5a",
        "D+1d, 0, P+1, 81, 0, 0, 5b",
        "D+1d, 0, P+1, T+89, 0, 0, 79",
        "D+1d, 0, P+1, 41, 0, T+0, 71"
    })
    void shouldNameWhatIsWrongInScalableMode(
            String low, String high, String directory, String entry0, String entry1, String entry2, String reason) {
        try (VtdBench b = VtdBench.scalable()) {
            long contexts = b.page();
            long directories = b.page();
            b.page();
            b.page();
            long pasids = b.page();
            long tables = b.page();
            b.memory.writeLong(ROOT_ENTRY, contexts | 1);
            b.words(contexts + 0x300, value(low, directories), value(high, 0));
            b.memory.writeLong(directories, value(directory, pasids));
            b.words(pasids, value(entry0, tables), value(entry1, 0), value(entry2, tables));

            assertThat(b.read(SOURCE, 0x5000).isOk()).isFalse();

            assertThat(b.faults()).containsExactly(reason + " read 118 at 5000");
        }
    }

    private static long value(String text, long base) {
        int plus = text.indexOf('+');
        return plus < 0 ? Long.parseLong(text, 16) : base + Long.parseLong(text.substring(plus + 1), 16);
    }

    @Test
    void shouldNameTablesThatDoNotAnswer() {
        try (VtdBench b = VtdBench.legacy()) {
            long tables = b.second(SOURCE, 1);
            long level1 = b.entry(tables, 0x5000, 0) & -0x1000L;
            long context = b.legacyContext(SOURCE);

            b.memory.mark(level1, 0x1000, RangeState.ABSENT);
            b.read(SOURCE, 0x5000);
            b.memory.mark(tables, 0x1000, RangeState.ABSENT);
            b.descriptor(0x11, 0).descriptor(0x12, 0).read(SOURCE, 0x5000);
            b.memory.mark(context & -0x1000L, 0x1000, RangeState.ABSENT);
            b.descriptor(0x11, 0).read(SOURCE, 0x5000);
            b.memory.mark(VtdBench.ROOT, 0x1000, RangeState.ABSENT);
            b.read(SOURCE, 0x5000);

            assertThat(b.faults())
                    .containsExactly(
                            "7 read 118 at 5000", "3 read 118 at 5000", "9 read 118 at 5000", "8 read 118 at 5000");
        }
    }

    @Test
    void shouldKnowWhichPasidsMayBeUsed() {
        try (VtdBench b = VtdBench.scalable()) {
            long tables = b.first(SOURCE, 3, 1);
            b.map(tables, 0x5000, VtdBench.DATA, 7);

            assertThat(b.access(SOURCE, 3, 0x5123, Access.READ).address()).isEqualTo(VtdBench.DATA + 0x123);
            b.access(SOURCE, 0, 0x5000, Access.READ);
            b.access(SOURCE, 0x2000, 0x5000, Access.READ);
            b.memory.writeLong(b.scalableContext(SOURCE), b.memory.readLong(b.scalableContext(SOURCE)) & ~8L);
            b.descriptor(0x11, 0).access(SOURCE, 3, 0x5000, Access.READ);

            assertThat(b.faults()).containsExactly("48 read 118 at 5000", "46 read 118 at 5000", "45 read 118 at 5000");
        }
    }

    @Test
    void shouldRefusePasidsInLegacyModeAndModesThatAreReserved() {
        try (VtdBench b = VtdBench.legacy()) {
            b.access(SOURCE, 3, 0x5000, Access.READ);
            b.write64(0x20, VtdBench.ROOT | 2 << 10);
            b.command(VtdBench.TE | VtdBench.QIE | VtdBench.SRTP).read(SOURCE, 0x5000);
            b.write64(0x20, VtdBench.ROOT | 3 << 10);
            b.command(VtdBench.TE | VtdBench.QIE | VtdBench.SRTP).read(SOURCE, 0x5000);

            assertThat(b.faults()).containsExactly("31 read 118 at 5000", "30 read 118 at 5000", "33 read 118 at 5000");
        }
    }

    @Test
    void shouldRecordNothingQualifiedWhereFpdIsSetEvenIfNotPresent() {
        try (VtdBench b = VtdBench.legacy()) {
            b.memory.writeLong(b.legacyContext(SOURCE), 2);

            assertThat(b.read(SOURCE, 0x5000).isOk()).isFalse();

            assertThat(b.faults()).isEmpty();
            assertThat(b.unit.faults(FaultReason.CONTEXT_NOT_PRESENT)).isOne();
        }
    }

    @Test
    void shouldRecordWhatIsNotQualifiedEvenIfFpdIsSet() {
        try (VtdBench b = VtdBench.scalable()) {
            long context = b.scalableContext(SOURCE);
            long entry = b.memory.readLong(context);
            b.memory.writeLong(context, entry | 2);
            b.memory.mark(entry & -0x1000L, 0x1000, RangeState.ABSENT);

            b.read(SOURCE, 0x5000);

            assertThat(b.faults()).containsExactly("50 read 118 at 5000");
        }
    }
}
