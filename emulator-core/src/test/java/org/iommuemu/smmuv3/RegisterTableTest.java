// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.iommuemu.iommu.CacheConfiguration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The register table of fact sheet 1.1-1.10, written down once more: resets, write masks, and what is not there. */
class RegisterTableTest {
    /** Name, offset, bytes, reset, bits that stick when all ones are written: a machine of stage 1 alone. */
    private static final String TABLE = """
            IDR0,            0x000,   4, 0x0908501A, 0
            IDR1,            0x004,   4, 0x06730510, 0
            IDR2,            0x008,   4, 0,          0
            IDR3,            0x00C,   4, 0x1604,     0
            IDR4,            0x010,   4, 0,          0
            IDR5,            0x014,   4, 0x75,       0
            IIDR,            0x018,   4, 0x43B,      0
            AIDR,            0x01C,   4, 2,          0
            CR0,             0x020,   4, 0,          0xD
            CR0ACK,          0x024,   4, 0,          0
            CR1,             0x028,   4, 0,          0xFFF
            CR2,             0x02C,   4, 0,          0x6
            S2PII,           0x030,   8, 0,          0
            STATUSR,         0x040,   4, 0,          0
            GBPA,            0x044,   4, 0x1000,     0x001F3F1F
            IRQ_CTRL,        0x050,   4, 0,          0x5
            IRQ_CTRLACK,     0x054,   4, 0,          0
            GERROR,          0x060,   4, 0,          0
            GERROR_IRQ_CFG0, 0x068,   8, 0,          0
            GERROR_IRQ_CFG1, 0x070,   4, 0,          0
            GERROR_IRQ_CFG2, 0x074,   4, 0,          0
            STRTAB_BASE,     0x080,   8, 0,          0x40FFFFFFFFFFFFC0
            STRTAB_BASE_CFG, 0x088,   4, 0,          0x307FF
            CMDQ_BASE,       0x090,   8, 0,          0x40FFFFFFFFFFFFFF
            EVENTQ_BASE,     0x0A0,   8, 0,          0x40FFFFFFFFFFFFFF
            EVENTQ_IRQ_CFG0, 0x0B0,   8, 0,          0
            EVENTQ_IRQ_CFG1, 0x0B8,   4, 0,          0
            EVENTQ_IRQ_CFG2, 0x0BC,   4, 0,          0
            PRIQ_BASE,       0x0C0,   8, 0,          0
            PRIQ_PROD alias, 0x0C8,   4, 0,          0
            PRIQ_CONS alias, 0x0CC,   4, 0,          0
            PRIQ_IRQ_CFG0,   0x0D0,   8, 0,          0
            PRIQ_IRQ_CFG1,   0x0D8,   4, 0,          0
            PRIQ_IRQ_CFG2,   0x0DC,   4, 0,          0
            GATOS_CTRL,      0x100,   4, 0,          0
            GATOS_SID,       0x108,   8, 0,          0
            GATOS_ADDR,      0x110,   8, 0,          0
            GATOS_PAR,       0x118,   8, 0,          0
            MPAMIDR,         0x130,   4, 0,          0
            GMPAM,           0x138,   4, 0,          0
            GBPMPAM,         0x13C,   4, 0,          0
            VATOS_SEL,       0x180,   4, 0,          0
            IDR6,            0x190,   4, 0,          0
            DPT_BASE,        0x200,   8, 0,          0
            DPT_BASE_CFG,    0x208,   4, 0,          0
            DPT_CFG_FAR,     0x210,   8, 0,          0
            CIDR0,           0xFF0,   4, 0x0D,       0x0
            CIDR1,           0xFF4,   4, 0xF0,       0x0
            CIDR2,           0xFF8,   4, 0x05,       0x0
            CIDR3,           0xFFC,   4, 0xB1,       0x0
            ECMDQ pages,     0x4000,  8, 0,          0
            S_IDR0,          0x8000,  4, 0,          0
            S_CR0,           0x8020,  4, 0,          0
            PRIQ_PROD,       0x100C8, 4, 0,          0
            PRIQ_CONS,       0x100CC, 4, 0,          0
            """;

    private final SmmuBench b = SmmuBench.reset();

    @AfterEach
    void close() {
        b.close();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(textBlock = TABLE)
    void shouldResetAndKeepOnlyWritableBits(String name, long offset, int bytes, String reset, String writable) {
        long before = b.smmu.readRegister(offset, bytes);
        b.smmu.writeRegister(offset, bytes, -1L);

        assertThat(before).isEqualTo(Long.decode(reset));
        long expected = Long.decode(writable);
        assertThat(b.smmu.readRegister(offset, bytes)).isEqualTo(expected == 0 ? before : expected);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(textBlock = TABLE)
    void shouldTakeEachHalfOfA64BitRegister(String name, long offset, int bytes, String reset, String writable) {
        long expected = Long.decode(writable);
        if (bytes == 8) {
            b.write32(offset + 4, 0xFFFF_FFFFL);
            assertThat(b.read64(offset)).isEqualTo(expected & 0xFFFF_FFFF_0000_0000L);
            b.write32(offset + 4, 0);
            b.write32(offset, 0xFFFF_FFFFL);
            assertThat(b.read64(offset)).isEqualTo(expected & 0xFFFF_FFFFL);
            assertThat(b.read32(offset)).isEqualTo(expected & 0xFFFF_FFFFL);
        }
    }

    @Test
    void shouldReadZeroWhereTheTableHasNothing() {
        // 1.1: undefined offsets of page 0 are RES0; the model takes those of page 1 likewise.
        Set<Long> defined = new HashSet<>();
        for (String line : TABLE.split("\n")) {
            String[] row = line.split(",");
            long offset = Long.decode(row[1].trim());
            defined.add(offset);
            defined.add(row[2].trim().equals("8") ? offset + 4 : offset);
        }
        Set<Long> elsewhere = Set.of(0x64L, 0x98L, 0x9CL, 0xA8L, 0xACL, 0x100A8L, 0x100ACL);
        for (long offset = 0; offset < 0x30000; offset += 4) {
            boolean identification = offset >= 0xFD0 && offset <= 0xFFC;
            if (!defined.contains(offset) && !elsewhere.contains(offset) && !identification) {
                b.write32(offset, 0xFFFF_FFFFL);
                assertThat(b.read32(offset)).as("0x%x", offset).isZero();
            }
        }
    }

    @Test
    void shouldCarryTheIdentificationBytes() {
        // 1.2: the bytes of FD0..FFC.
        int[] bytes = {0x04, 0, 0, 0, 0x84, 0xB4, 0xF0, 0x10, 0x0D, 0xF0, 0x05, 0xB1};
        for (int i = 0; i < bytes.length; i++) {
            assertThat(b.read32(0xFD0 + 4 * i)).isEqualTo(bytes[i]);
        }
    }

    @Test
    void shouldIgnoreSmallAndUnalignedAccesses() {
        // 0.4: RAZ/WI.
        for (int size : new int[] {1, 2, 3, 16}) {
            b.smmu.writeRegister(0x80, size, 0xFFC0);
            assertThat(b.smmu.readRegister(0x00, size)).isZero();
        }
        b.smmu.writeRegister(0x82, 4, -1L);
        b.smmu.writeRegister(0x84, 8, -1L);

        assertThat(b.read64(0x80)).isZero();
        assertThat(b.smmu.readRegister(0x02, 4)).isZero();
        assertThat(b.smmu.readRegister(0x04, 8)).isZero();
    }

    @Test
    void shouldTakeA64BitAccessToAPairAsTwo() {
        // 0.4: IRQ_CTRL has a neighbour that is read-only; GERROR has GERRORN.
        b.write64(0x60, 0x1FD_FFFF_FFFFL);

        assertThat(b.read64(0x60)).isEqualTo(0x1FD_0000_0000L);
        assertThat(b.read64(0x18)).isEqualTo(0x2_0000_043BL);
    }

    @Test
    void shouldKeepMessageRegistersWhereMessagesExist() {
        // 1.9: ADDR 55:2, DATA 31:0, MemAttr 3:0, SH 5:4.
        SmmuFeatures messages = SmmuBench.withIdr0(0, 1 << 13);
        try (SmmuBench m = new SmmuBench(messages, CacheConfiguration.standard())) {
            for (int set : new int[] {0x68, 0xB0}) {
                m.write64(set, -1L);
                m.write64(set + 8, -1L);
                assertThat(m.read64(set)).isEqualTo(0x00FF_FFFF_FFFF_FFFCL);
                assertThat(m.read32(set + 8)).isEqualTo(0xFFFF_FFFFL);
                assertThat(m.read32(set + 12)).isEqualTo(0x3F);
            }
        }
    }

    @Test
    void shouldReduceStreamTableConfigurationWhereOnlyLinearTablesExist() {
        // 1.11: FMT and SPLIT are RES0 if ST_LEVEL=0.
        SmmuFeatures linear = SmmuBench.features(0x0108_501A, 0x0673_0506, 0x1604, 0x75);
        try (SmmuBench m = new SmmuBench(linear, CacheConfiguration.standard())) {
            m.write32(0x88, 0xFFFF_FFFFL);
            assertThat(m.read32(0x88)).isEqualTo(0x3F);
        }
    }
}
