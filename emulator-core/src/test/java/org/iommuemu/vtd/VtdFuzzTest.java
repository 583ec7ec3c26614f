// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever software writes and devices send, nothing throws and everything ends. */
class VtdFuzzTest {
    private static final int OPERATIONS = 20_000;

    static LongStream seeds() {
        String fixed = System.getProperty("seed");
        return fixed != null ? LongStream.of(Long.parseLong(fixed)) : LongStream.rangeClosed(1, 16);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldEndEveryRequestAndGetSomewhere(long seed) {
        try (RandomGuest guest = new RandomGuest(seed)) {
            for (int i = 0; i < OPERATIONS; i++) {
                guest.step();
            }

            assertThat(guest.allowed()).as("DMA that went on").isGreaterThan(OPERATIONS / 40);
            assertThat(guest.refused()).as("DMA that was refused").isGreaterThan(OPERATIONS / 40);
            assertThat(guest.unit().faultsRecorded()).as("faults recorded").isGreaterThan(OPERATIONS / 200);
            assertThat(guest.descriptors()).as("descriptors executed").isGreaterThan(OPERATIONS / 100);
            assertThat(guest.unit().interruptsRefused())
                    .as("interrupts blocked")
                    .isPositive();
            assertThat(guest.unit().interruptsPosted()).as("interrupts posted").isPositive();
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldEndInTheSameStateWhenRunAgain(long seed) {
        assertThat(outcome(seed, false)).isEqualTo(outcome(seed, false));
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldBeTheSameUnitInTime(long seed) {
        assertThat(outcome(seed, true)).isEqualTo(outcome(seed, false));
    }

    private static long outcome(long seed, boolean timed) {
        try (RandomGuest guest = new RandomGuest(seed, timed)) {
            for (int i = 0; i < OPERATIONS; i++) {
                guest.step();
            }
            return guest.state();
        }
    }
}
