// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.memory.RangeState;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Posted interrupts (VT-d architecture 5.2.5, 9.10, 9.11). */
class PostedInterruptTest {
    private static final int SOURCE = 0x118;
    private static final long ON = VtdBench.QIE | VtdBench.TE | VtdBench.IRE;
    private static final long DESCRIPTOR = 0x50_0040L;
    private static final long CONTROL = DESCRIPTOR + 32;
    private static final long URGENT = 1 << 14;
    /** Vector 0xE3 to APIC 0x12 (xAPIC), nothing outstanding. */
    private static final long QUIET = 0x1200L << 32 | 0xE3 << 16;

    private static final long MESSAGE = 0xFEE0_0010L;

    /** IM, a virtual vector, bits 31:6 of the descriptor's address. */
    private static long entry(int vector) {
        return 0x8001L | (long) vector << 16 | DESCRIPTOR >>> 6 << 38;
    }

    private static VtdBench posting(int vector, long flags, long control) {
        VtdBench b = VtdBench.legacy();
        b.command(ON).words(VtdBench.INTERRUPTS, entry(vector) | flags, 0);
        b.words(CONTROL, control);
        return b;
    }

    @ParameterizedTest(name = "vector {0}: word {1}, bit {2}")
    @CsvSource({"0, 0, 0", "63, 0, 63", "64, 1, 0", "0x91, 2, 17", "255, 3, 63"})
    void shouldSetTheBitOfTheVectorAndNotify(String vector, int word, int bit) {
        try (VtdBench b = posting(Integer.decode(vector), 0, QUIET)) {
            InterruptMessage m = b.unit.remapInterrupt(SOURCE, MESSAGE, 0);

            assertThat(m).isEqualTo(new InterruptMessage(0xFEE1_2000L, 0x40E3));
            for (int i = 0; i < 4; i++) {
                assertThat(b.memory.readLong(DESCRIPTOR + i * 8L)).isEqualTo(i == word ? 1L << bit : 0);
            }
            assertThat(b.memory.readLong(CONTROL)).as("ON").isEqualTo(QUIET | 1);
            assertThat(b.unit.interruptsPosted()).isEqualTo(1);
            assertThat(b.unit.interruptsRemapped()).isZero();
        }
    }

    @ParameterizedTest(name = "URG {0}, ON {1}, SN {2}: notified {3}, then ON {4}")
    @CsvSource({
        "0, 0, 0, true, 1",
        "0, 0, 1, false, 0",
        "0, 1, 0, false, 1",
        "0, 1, 1, false, 1",
        "1, 0, 0, true, 1",
        "1, 0, 1, true, 1",
        "1, 1, 0, false, 1",
        "1, 1, 1, false, 1"
    })
    void shouldNotifyUnlessOneIsOutstandingOrTheyAreSuppressed(int urg, int on, int sn, boolean notified, int then) {
        try (VtdBench b = posting(5, urg * URGENT, QUIET | on | sn << 1)) {
            assertThat(b.unit.remapInterrupt(SOURCE, MESSAGE, 0) != null).isEqualTo(notified);

            assertThat(b.memory.readLong(DESCRIPTOR)).as("PIR").isEqualTo(1 << 5);
            assertThat(b.memory.readLong(CONTROL)).as("control").isEqualTo(QUIET | then | sn << 1);
            assertThat(b.unit.notifications()).isEqualTo(notified ? 1 : 0);
            assertThat(b.unit.interruptsRefused()).isZero();
        }
    }

    @Test
    void shouldCoalesceUntilSoftwareTakesThemUp() {
        try (VtdBench b = posting(5, 0, QUIET)) {
            b.words(VtdBench.INTERRUPTS + 16, entry(7), 0);
            b.words(DESCRIPTOR, 1 << 9);
            assertThat(b.unit.remapInterrupt(SOURCE, MESSAGE, 0)).isNotNull();
            assertThat(b.unit.remapInterrupt(SOURCE, MESSAGE | 1 << 5, 0)).isNull();
            assertThat(b.unit.remapInterrupt(SOURCE, MESSAGE, 0)).isNull();
            assertThat(b.memory.readLong(DESCRIPTOR)).isEqualTo(1 << 5 | 1 << 7 | 1 << 9);

            b.words(DESCRIPTOR, 0, 0, 0, 0, QUIET);
            assertThat(b.unit.remapInterrupt(SOURCE, MESSAGE | 1 << 5, 0)).isNotNull();
            assertThat(b.unit.notifications()).isEqualTo(2);
            assertThat(b.unit.interruptsPosted()).isEqualTo(4);
        }
    }

    @Test
    void shouldNotifyAnX2ApicDestinationOf32Bits() {
        try (VtdBench b = VtdBench.legacy()) {
            b.write64(0xB8, VtdBench.INTERRUPTS | 1 << 11 | 7);
            b.command(VtdBench.QIE | VtdBench.TE | VtdBench.SIRTP).command(ON);
            b.words(VtdBench.INTERRUPTS, entry(5), 0);
            b.words(CONTROL, 0x0001_2345L << 32 | 0xE3 << 16);

            assertThat(b.unit.remapInterrupt(SOURCE, MESSAGE, 0))
                    .isEqualTo(new InterruptMessage(0x123_0000_0000L << 8 | 0xFEE4_5000L, 0x40E3));
        }
    }

    @Test
    void shouldTakeTheUpperHalfOfTheDescriptorsAddressFromTheEntrysEnd() {
        try (VtdBench b = posting(5, 0, QUIET)) {
            b.words(VtdBench.INTERRUPTS, entry(5), 0x3L << 32);

            b.unit.remapInterrupt(SOURCE, MESSAGE, 0);

            assertThat(b.memory.readLong(0x3L << 32 | DESCRIPTOR)).isEqualTo(1 << 5);
            assertThat(b.memory.readLong(DESCRIPTOR)).isZero();
        }
    }

    @ParameterizedTest(name = "entry flags {0}, high {1}, control {2}, last {3}: {4}")
    @CsvSource({
        "4, 0, 0, 0, 24",
        "80, 0, 0, 0, 24",
        "1000, 0, 0, 0, 24",
        "2000, 0, 0, 0, 24",
        "1000000, 0, 0, 0, 24",
        "2000000000, 0, 0, 0, 24",
        "0, 100000, 0, 0, 24",
        "0, 80000000, 0, 0, 24",
        "0, c0000, 0, 0, 24",
        "0, 10000000000000, 0, 0, 24",
        "0, 40119, 0, 0, 26",
        "0, 0, 4, 0, 28",
        "0, 0, 8000, 0, 28",
        "0, 0, 1000000, 0, 28",
        "0, 0, 100000000, 0, 28",
        "0, 0, 1000000000000, 0, 28",
        "0, 0, 0, 1, 28"
    })
    void shouldNameWhatIsWrong(String flags, String high, String control, String last, String fault) {
        long extra = Long.parseLong(flags, 16);
        try (VtdBench b = posting(5, extra, QUIET | Long.parseLong(control, 16))) {
            b.words(VtdBench.INTERRUPTS + 8, Long.parseLong(high, 16));
            b.words(DESCRIPTOR + 56, Long.parseLong(last, 16));

            assertThat(b.unit.remapInterrupt(SOURCE, MESSAGE, 0)).isNull();

            assertThat(b.faults()).containsExactly(fault + " write 118 at 0");
            assertThat(b.memory.readLong(DESCRIPTOR)).as("PIR").isZero();
            assertThat(b.unit.interruptsRefused()).isEqualTo(1);
        }
    }

    @Test
    void shouldNotFaultForWhatOnlyRemappedEntriesReserve() {
        try (VtdBench b = posting(5, 0xF00, QUIET)) {
            assertThat(b.unit.remapInterrupt(SOURCE, MESSAGE, 0)).isNotNull();
        }
    }

    @Test
    void shouldNameADescriptorThatDoesNotAnswerAndHonourFpd() {
        try (VtdBench b = posting(5, 0, QUIET)) {
            b.words(VtdBench.INTERRUPTS + 16, entry(6) | 2, 0);
            b.memory.mark(DESCRIPTOR & -0x1000L, 0x1000, RangeState.POISONED);

            assertThat(b.unit.remapInterrupt(SOURCE, MESSAGE, 0)).isNull();
            assertThat(b.faults()).containsExactly("27 write 118 at 0");
            b.unit.remapInterrupt(SOURCE, MESSAGE | 1 << 5, 0);
            assertThat(b.faults()).as("FPD").isEmpty();
        }
    }

    @Test
    void shouldRefuseADescriptorBeyondTheHostsAddresses() {
        VtdFeatures full = VtdFeatures.full();
        VtdFeatures narrow = new VtdFeatures(full.ver(), Capability.MGAW.set(full.cap(), 38), full.ecap());
        try (VtdBench b = new VtdBench(narrow, CacheConfiguration.standard()).start(0)) {
            b.command(ON).words(VtdBench.INTERRUPTS, entry(5), 0x7FL << 32);
            b.words(VtdBench.INTERRUPTS + 16, entry(5), 0x80L << 32);

            assertThat(b.unit.remapInterrupt(SOURCE, MESSAGE | 1 << 5, 0)).isNull();
            assertThat(b.faults()).containsExactly("24 write 118 at 1000000000000");
            b.unit.remapInterrupt(SOURCE, MESSAGE, 0);
            assertThat(b.faults()).isEmpty();
        }
    }

    @Test
    void shouldReserveThePostedFormatWhereItIsAbsent() {
        VtdFeatures full = VtdFeatures.full();
        VtdFeatures without = new VtdFeatures(full.ver(), Capability.PI.set(full.cap(), 0), full.ecap());
        try (VtdBench b = new VtdBench(without, CacheConfiguration.standard()).start(0)) {
            b.command(ON).words(VtdBench.INTERRUPTS, entry(5), 0);

            assertThat(b.unit.remapInterrupt(SOURCE, MESSAGE, 0)).isNull();
            assertThat(b.faults()).containsExactly("24 write 118 at 0");
        }
        VtdFeatures unmapped = new VtdFeatures(full.ver(), full.cap(), ExtendedCapability.IR.set(full.ecap(), 0));
        assertThat(Capability.PI.isSet(unmapped.modelled().cap()))
                .as("PI without IR")
                .isFalse();
    }

    @Test
    void shouldReadTheDescriptorAnewWhileTheEntryIsCached() {
        try (VtdBench b = posting(5, 0, QUIET)) {
            b.unit.remapInterrupt(SOURCE, MESSAGE, 0);
            b.words(VtdBench.INTERRUPTS, 0, 0);
            b.words(CONTROL, 0x3400L << 32 | 0xF0 << 16);

            assertThat(b.unit.remapInterrupt(SOURCE, MESSAGE, 0)).isEqualTo(new InterruptMessage(0xFEE3_4000L, 0x40F0));
            b.descriptor(4, 0);
            assertThat(b.unit.remapInterrupt(SOURCE, MESSAGE, 0)).isNull();
            assertThat(b.faults()).containsExactly("22 write 118 at 0");
        }
    }
}
