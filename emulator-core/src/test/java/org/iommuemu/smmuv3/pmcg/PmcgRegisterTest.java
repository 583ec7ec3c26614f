// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.pmcg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The register table of fact sheet 1.16 and IHI 0070 §10.5, written down once more. */
class PmcgRegisterTest {
    /** MSI, CAPTURE, eight counters of 64 bits. */
    private static final long CFGR = 0x0060_3F07L;

    /** Name, offset, bytes, reset, bits that stick when all ones are written: eight counters of 64 bits. */
    private static final String TABLE = """
            EVCNTR0,     0x000, 8, 0,          0xFFFFFFFFFFFFFFFF
            EVCNTR7,     0x038, 8, 0,          0xFFFFFFFFFFFFFFFF
            EVCNTR8,     0x040, 8, 0,          0
            EVTYPER0,    0x400, 4, 0,          0xA000FFFF
            EVTYPER7,    0x41C, 4, 0,          0xA000FFFF
            EVTYPER8,    0x420, 4, 0,          0
            SVR0,        0x600, 8, 0,          0
            SMR0,        0xA00, 4, 0,          0xFFFFFFFF
            SMR7,        0xA1C, 4, 0,          0xFFFFFFFF
            SMR8,        0xA20, 4, 0,          0
            CNTENSET0,   0xC00, 8, 0,          0xFF
            CNTENCLR0,   0xC20, 8, 0,          0
            INTENSET0,   0xC40, 8, 0,          0xFF
            INTENCLR0,   0xC60, 8, 0,          0
            OVSCLR0,     0xC80, 8, 0,          0
            OVSSET0,     0xCC0, 8, 0,          0xFF
            CAPR,        0xD88, 4, 0,          0
            SCR,         0xDF8, 4, 0,          0
            CFGR,        0xE00, 4, 0x00603F07, 0
            CR,          0xE04, 4, 0,          1
            IIDR,        0xE08, 4, 0x4831243B, 0
            CEID0,       0xE20, 8, 0xFF,       0
            CEID1,       0xE28, 8, 0,          0
            SCR alias,   0xE40, 4, 0,          0
            ROOTCR,      0xE48, 4, 0,          0
            IRQ_CTRL,    0xE50, 4, 0,          1
            IRQ_CTRLACK, 0xE54, 4, 0,          0
            IRQ_CFG0,    0xE58, 8, 0,          0x00FFFFFFFFFFFFFC
            IRQ_CFG1,    0xE60, 4, 0,          0xFFFFFFFF
            IRQ_CFG2,    0xE64, 4, 0,          0x3F
            IRQ_STATUS,  0xE68, 4, 0,          0
            GMPAM,       0xE6C, 4, 0,          0
            AIDR,        0xE70, 4, 2,          0
            MPAMIDR,     0xE74, 4, 0,          0
            S_MPAMIDR,   0xE78, 4, 0,          0
            PMDEVARCH,   0xFBC, 4, 0x47702A56, 0
            PMDEVTYPE,   0xFCC, 4, 0x56,       0
            PIDR4,       0xFD0, 4, 0x04,       0
            PIDR0,       0xFE0, 4, 0x83,       0
            PIDR1,       0xFE4, 4, 0xB4,       0
            PIDR2,       0xFE8, 4, 0x1B,       0
            PIDR3,       0xFEC, 4, 0x20,       0
            CIDR0,       0xFF0, 4, 0x0D,       0
            CIDR1,       0xFF4, 4, 0x90,       0
            CIDR2,       0xFF8, 4, 0x05,       0
            CIDR3,       0xFFC, 4, 0xB1,       0
            """;

    private static GroupBench standard() {
        return new GroupBench(CounterGroupFeatures.standard());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(textBlock = TABLE)
    void shouldResetAndKeepOnlyWritableBits(String name, long offset, int bytes, String reset, String writable) {
        try (GroupBench b = standard()) {
            long before = b.group.readRegister(offset, bytes);
            b.group.writeRegister(offset, bytes, -1L);

            assertThat(before).isEqualTo(Long.parseUnsignedLong(hex(reset), 16));
            long sticks = Long.parseUnsignedLong(hex(writable), 16);
            assertThat(b.group.readRegister(offset, bytes)).isEqualTo(sticks == 0 ? before : sticks);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(textBlock = TABLE)
    void shouldTakeEachHalfOfA64BitRegister(String name, long offset, int bytes, String reset, String writable) {
        if (bytes == 8 && !writable.equals("0")) {
            try (GroupBench b = standard()) {
                long sticks = Long.parseUnsignedLong(hex(writable), 16);
                b.write32(offset + 4, 0xFFFF_FFFFL);
                assertThat(b.read64(offset)).isEqualTo(sticks & 0xFFFF_FFFF_0000_0000L);
                b.write32(offset, 0xFFFF_FFFFL);
                assertThat(b.read32(offset)).isEqualTo(sticks & 0xFFFF_FFFFL);
                assertThat(b.read32(offset + 4)).isEqualTo(sticks >>> 32);
            }
        }
    }

    private static String hex(String number) {
        return number.startsWith("0x") ? number.substring(2) : number;
    }

    @Test
    void shouldReadZeroWhereTheTableHasNothing() {
        Set<Long> defined = new HashSet<>();
        for (String line : TABLE.split("\n")) {
            String[] row = line.split(",");
            long offset = Long.decode(row[1].trim());
            defined.add(offset);
            defined.add(row[2].trim().equals("8") ? offset + 4 : offset);
        }
        try (GroupBench b = standard()) {
            for (long offset = 0; offset < 0x12000; offset += 4) {
                boolean array = offset < 0x40 || (offset & ~0x1F) == 0x400 || (offset & ~0x1F) == 0xA00;
                if (!array && !defined.contains(offset)) {
                    b.write32(offset, 0xFFFF_FFFFL);
                    assertThat(b.read32(offset)).as("0x%x", offset).isZero();
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"32, 4, 0xFFFFFFFF", "36, 8, 0xFFFFFFFFF", "48, 8, 0xFFFFFFFFFFFF", "64, 8, 0xFFFFFFFFFFFFFFFF"})
    void shouldPlaceCountersByTheirSize(int bits, int stride, String most) {
        // 10.5.1: a stride of 4 if SIZE <= 31, of 8 otherwise; the bits above the size are RES0.
        try (GroupBench b = new GroupBench(CounterGroupFeatures.of(3, bits))) {
            for (int n = 0; n < 3; n++) {
                b.group.writeRegister((long) stride * n, stride, -1L - n);
            }
            long mask = Long.parseUnsignedLong(hex(most), 16);
            for (int n = 0; n < 3; n++) {
                assertThat(b.group.readRegister((long) stride * n, stride)).isEqualTo(-1L - n & mask);
            }
            assertThat(b.read32(3L * stride)).isZero();
        }
    }

    @Test
    void shouldHaveSixtyFourCounters() {
        try (GroupBench b = new GroupBench(CounterGroupFeatures.of(64, 64))) {
            b.write64(GroupBench.CNTENSET, -1L);
            b.write64(63 * 8, 77);

            assertThat(b.read64(GroupBench.CNTENCLR)).isEqualTo(-1L);
            assertThat(b.read64(63 * 8)).isEqualTo(77);
            assertThat(b.read32(0xE00) & 0x3F).isEqualTo(63);
        }
    }

    @Test
    void shouldMoveToPageOneWhatAGuestMayTouch() {
        // 10.5.1: with RELOC_CTRS, counters, shadows, overflow status and CAPR are in page 1, and RES0 in page 0.
        try (GroupBench b = new GroupBench(new CounterGroupFeatures(CFGR | 1 << 20))) {
            for (long offset : new long[] {0x8, 0xCC0}) {
                b.write64(offset, 0x55);
                assertThat(b.read64(offset)).isZero();
                b.write64(0x10000 + offset, 0x55);
                assertThat(b.read64(0x10000 + offset)).isEqualTo(0x55);
            }
            b.write32(0x10000 + 0xD88, 1);
            assertThat(b.read64(0x10000 + 0x608)).isEqualTo(0x55);
            assertThat(b.read64(0x608)).isZero();
        }
    }

    @Test
    void shouldSetAndClearByOnes() {
        try (GroupBench b = standard()) {
            for (long pair : new long[] {GroupBench.CNTENSET, GroupBench.INTENSET}) {
                b.write64(pair, 0x0F);
                b.write64(pair, 0x30);
                assertThat(b.read64(pair)).isEqualTo(0x3F);
                b.write64(pair + 0x20, 0x05);
                assertThat(b.read64(pair)).isEqualTo(0x3A);
                assertThat(b.read64(pair + 0x20)).isEqualTo(0x3A);
            }
        }
    }

    @Test
    void shouldKeepTheFilterOfCounterZeroOnlyWhereItIsThatOfAll() {
        // 10.5.2.2, 10.5.2.4: SID_FILTER_TYPE=1 leaves only SMR0 and EVTYPER0.FILTER_SID_SPAN.
        try (GroupBench b = new GroupBench(new CounterGroupFeatures(CFGR | 1 << 23))) {
            for (int n = 0; n < 2; n++) {
                b.write32(GroupBench.EVTYPER + 4L * n, 0xFFFF_FFFFL);
                b.write32(GroupBench.SMR + 4L * n, 0xFFFF_FFFFL);
            }
            assertThat(b.read32(GroupBench.EVTYPER)).isEqualTo(0xA000_FFFFL);
            assertThat(b.read32(GroupBench.EVTYPER + 4)).isEqualTo(0x8000_FFFFL);
            assertThat(b.read32(GroupBench.SMR)).isEqualTo(0xFFFF_FFFFL);
            assertThat(b.read32(GroupBench.SMR + 4)).isZero();
        }
    }

    @Test
    void shouldImplementAsManyFilterBitsAsStreamIdsHave() {
        try (GroupBench b = new GroupBench(CounterGroupFeatures.standard(), 16, 2)) {
            b.write32(GroupBench.SMR, 0xFFFF_FFFFL);
            assertThat(b.read32(GroupBench.SMR)).isEqualTo(0xFFFF);
        }
    }

    @Test
    void shouldHaveNeitherShadowsNorOvfcapWithoutCapture() {
        try (GroupBench b = new GroupBench(new CounterGroupFeatures(CFGR & ~(1 << 22)))) {
            b.write64(0, 9);
            b.write32(GroupBench.CAPR, 1);
            b.write32(GroupBench.EVTYPER, 0xFFFF_FFFFL);

            assertThat(b.read64(GroupBench.SVR)).isZero();
            assertThat(b.read32(GroupBench.EVTYPER)).isEqualTo(0x2000_FFFFL);
        }
    }

    @Test
    void shouldHaveNoMessageRegistersWithoutMessages() {
        try (GroupBench b = new GroupBench(new CounterGroupFeatures(CFGR & ~(1 << 21)))) {
            b.write64(GroupBench.IRQ_CFG0, -1L);
            b.write64(GroupBench.IRQ_CFG1, -1L);

            assertThat(b.read64(GroupBench.IRQ_CFG0)).isZero();
            assertThat(b.read64(GroupBench.IRQ_CFG1)).isZero();
        }
    }

    @Test
    void shouldGuardMessagesWhileInterruptsAreOn() {
        try (GroupBench b = standard()) {
            b.write64(GroupBench.IRQ_CFG0, 0x1000);
            b.write32(GroupBench.IRQ_CTRL, 1);
            assertThat(b.read32(GroupBench.IRQ_CTRLACK)).isEqualTo(1);
            b.write64(GroupBench.IRQ_CFG0, 0x2000);
            assertThat(b.read64(GroupBench.IRQ_CFG0)).isEqualTo(0x1000);
            b.write32(GroupBench.IRQ_CTRL, 0);
            b.write64(GroupBench.IRQ_CFG0, 0x3000);
            assertThat(b.read64(GroupBench.IRQ_CFG0)).isEqualTo(0x3000);
        }
    }

    @Test
    void shouldShowNoEventsOfAtsWithoutAts() {
        try (GroupBench b = standard()) {
            CounterGroup without =
                    new CounterGroup(CounterGroupFeatures.standard(), b.memory, b.pulses::add, 0, 2, 32, 48, false);
            assertThat(without.readRegister(0xE20, 8)).isEqualTo(0x3F);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 30, 32, 62})
    void shouldRefuseCounterSizesThatAreReserved(int size) {
        assertThatThrownBy(() -> new CounterGroupFeatures((long) size << 8))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("SIZE is 0x" + Integer.toHexString(size));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 65})
    void shouldRefuseANumberOfCountersThatNoGroupHas(int counters) {
        assertThatThrownBy(() -> CounterGroupFeatures.of(counters, 32)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldTakeAwayWhatIsNotModelled() {
        assertThat(new CounterGroupFeatures(0xFF60_3F07L).cfgr() & ~0x00F0_3F3FL)
                .isZero();
    }

    @Test
    void shouldForgetEverythingAtReset() {
        try (GroupBench b = standard()) {
            b.counter(1, 1, 5);
            b.group.reset();

            assertThat(b.counter(1)).isZero();
            assertThat(b.group.isCounting()).isFalse();
            assertThat(b.read32(0xE00)).isEqualTo(CFGR);
        }
    }
}
