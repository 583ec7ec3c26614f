// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Interrupt remapping (VT-d architecture chapter 5, 9.9). */
class InterruptRemappingTest {
    private static final int SOURCE = 0x118;
    private static final long ON = VtdBench.QIE | VtdBench.TE | VtdBench.IRE;
    /** Present, vector 0x41, lowest priority, destination 0x12. */
    private static final long ENTRY = 0x1200_0041_0021L;

    /** Remappable format: handle in bits 19:5. */
    private static long message(int handle) {
        return 0xFEE0_0010L | (long) handle << 5;
    }

    @Test
    void shouldSendWhatTheEntrySays() {
        try (VtdBench b = VtdBench.legacy()) {
            b.command(ON).words(VtdBench.INTERRUPTS + 0x70, ENTRY, 0);

            InterruptMessage m = Objects.requireNonNull(b.unit.remapInterrupt(SOURCE, message(7), 0));

            assertThat(m.address()).isEqualTo(0xFEE1_2000L);
            assertThat(m.data()).isEqualTo(0x4141);
        }
    }

    @Test
    void shouldAddTheSubhandle() {
        try (VtdBench b = VtdBench.legacy()) {
            b.command(ON).words(VtdBench.INTERRUPTS + 0x90, ENTRY, 0);

            assertThat(b.unit.remapInterrupt(SOURCE, message(7) | 8, 2)).isNotNull();
            assertThat(b.unit.remapInterrupt(SOURCE, message(7), 2)).isNull();
        }
    }

    @ParameterizedTest(name = "entry {0}:{1}, address {2}, data {3}: {4}")
    @CsvSource({
        "120000410021, 0, fee00018, 10000, 20 write 118 at 0",
        "120000410021, 0, fee02010, 0, 21 write 118 at 100000000000000",
        "120000410020, 0, fee00010, 0, 22 write 118 at 0",
        "120000411021, 0, fee00010, 0, 24 write 118 at 0",
        "120100410021, 0, fee00010, 0, 24 write 118 at 0",
        "120000410021, c0000, fee00010, 0, 24 write 118 at 0",
        "120000410021, 100000, fee00010, 0, 24 write 118 at 0",
        "120000410021, 0, fee00000, 0, 25 write 118 at 0",
        "120000410021, 40119, fee00010, 0, 26 write 118 at 0",
        "120000410021, 80203, fee00010, 0, 26 write 118 at 0"
    })
    void shouldNameWhatIsWrong(String low, String high, String address, String data, String fault) {
        try (VtdBench b = VtdBench.legacy()) {
            b.command(ON).words(VtdBench.INTERRUPTS, Long.parseLong(low, 16), Long.parseLong(high, 16));

            assertThat(b.unit.remapInterrupt(SOURCE, Long.parseLong(address, 16), Integer.parseInt(data, 16)))
                    .isNull();

            assertThat(b.faults()).containsExactly(fault);
        }
    }

    @ParameterizedTest(name = "source check {0}")
    @CsvSource({"0", "40118", "5011c", "6011e", "7011f", "80103", "80001"})
    void shouldAcceptTheSourceThatTheEntryAllows(String check) {
        try (VtdBench b = VtdBench.legacy()) {
            b.command(ON).words(VtdBench.INTERRUPTS, ENTRY, Long.parseLong(check, 16));

            assertThat(b.unit.remapInterrupt(SOURCE, message(0), 0)).isNotNull();
        }
    }

    @Test
    void shouldNameATableThatDoesNotAnswerAndHonourFpd() {
        try (VtdBench b = VtdBench.legacy()) {
            b.command(ON).words(VtdBench.INTERRUPTS, 2, 0);
            b.unit.remapInterrupt(SOURCE, message(0), 0);
            assertThat(b.faults()).as("P=0 with FPD").isEmpty();

            b.memory.mark(VtdBench.INTERRUPTS, 0x1000, RangeState.ABSENT);
            b.unit.remapInterrupt(SOURCE, message(1), 0);
            assertThat(b.faults()).containsExactly("23 write 118 at 1000000000000");
        }
    }

    @Test
    void shouldPassEverythingWhileOffAndCompatibilityFormatIfAllowed() {
        try (VtdBench b = VtdBench.legacy()) {
            assertThat(b.unit.remapInterrupt(SOURCE, message(7), 0)).isEqualTo(new InterruptMessage(message(7), 0));
            b.command(ON | 1 << 23);
            assertThat(b.unit.remapInterrupt(SOURCE, 0xFEE0_1000L, 0x31))
                    .isEqualTo(new InterruptMessage(0xFEE0_1000L, 0x31));
        }
    }

    @Test
    void shouldKeepEntriesUntilTheyAreInvalidated() {
        try (VtdBench b = VtdBench.legacy()) {
            b.command(ON).words(VtdBench.INTERRUPTS + 0x70, ENTRY, 0);
            b.unit.remapInterrupt(SOURCE, message(7), 0);
            b.words(VtdBench.INTERRUPTS + 0x70, 0, 0);

            b.descriptor(0x8_0000_0014L, 0);
            assertThat(b.unit.remapInterrupt(SOURCE, message(7), 0))
                    .as("index 8 is invalidated")
                    .isNotNull();
            b.descriptor(0x6_0800_0014L, 0);
            assertThat(b.unit.remapInterrupt(SOURCE, message(7), 0))
                    .as("indexes 6 and 7")
                    .isNull();
        }
    }

    @Test
    void shouldRefuseAMisalignedWriteWhileOnlyTranslationIsOn() {
        try (VtdBench b = VtdBench.legacy()) {
            assertThat(b.unit.remapInterrupt(SOURCE, 0xFEE0_0002L, 0)).isNull();
            assertThat(b.faults()).containsExactly("29 write 118 at 0");

            b.command(VtdBench.QIE);
            assertThat(b.unit.remapInterrupt(SOURCE, 0xFEE0_0002L, 0)).isNotNull();
        }
    }
}
