// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** IHI 0070 §6. */
class SmmuRegisterTest {
    /** Written values do not simply stay: protocols of their own. */
    private static final Set<String> PROTOCOLS = Set.of("SMMU_CR0", "SMMU_CR2", "SMMU_GBPA", "SMMU_IRQ_CTRL");

    private final SmmuFixture f = SmmuFixture.standard();

    static List<Register> registers() {
        return Registers.map();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("registers")
    void shouldKeepExactlyTheWritableBits(Register r) {
        long before = f.smmu.readRegister(r.offset(), r.bytes());
        f.smmu.writeRegister(r.offset(), r.bytes(), -1L);
        long after = f.smmu.readRegister(r.offset(), r.bytes());
        if (r.isReadOnly()) {
            assertThat(after).isEqualTo(before);
        } else if (PROTOCOLS.contains(r.name())) {
            assertThat(after & ~r.writable()).isZero();
        } else if (r.name().endsWith("_PROD") || r.name().endsWith("_CONS")) {
            // A queue of one entry: index bits above the wrap bit read as zero.
            assertThat(after).isEqualTo(r.writable() & ~0xFFFFEL);
        } else {
            assertThat(after).isEqualTo(r.writable());
        }
    }

    @Test
    void shouldReadZeroAndIgnoreWritesWhereNoRegisterIs() {
        for (long offset : new long[] {0x3C, 0x90 + 0x100, 0xFFC + 4, 0x10000, 0x100A0, 0x20000, -8}) {
            f.smmu.writeRegister(offset, 4, 0xFFFF_FFFFL);
            assertThat(f.smmu.readRegister(offset, 4)).isZero();
        }
    }

    @Test
    void shouldIgnoreAccessesOfOddSizes() {
        f.smmu.writeRegister(0x28, 2, 0x75);
        f.smmu.writeRegister(0x2A, 4, 0x75);

        assertThat(f.smmu.readRegister(0x28, 4)).isZero();
        assertThat(f.smmu.readRegister(0, 1)).isZero();
    }

    @Test
    void shouldWriteA64BitRegisterByHalves() {
        f.smmu.writeRegister(0x84, 4, 0x4000_0012L);
        f.smmu.writeRegister(0x80, 4, 0x3456_7FC0L);

        assertThat(f.smmu.readRegister(0x80, 8)).isEqualTo(0x4000_0012_3456_7FC0L);
    }

    @Test
    void shouldAcknowledgeOnlyWhatExists() {
        f.smmu.writeRegister(0x20, 4, 0xFFFF_FFFFL);

        // SMMUEN, EVENTQEN, CMDQEN, VMW; no PRIQEN, ATSCHK or DPT_WALK_EN.
        assertThat(f.smmu.readRegister(0x20, 4)).isEqualTo(0x1CD);
        assertThat(f.smmu.readRegister(0x24, 4)).isEqualTo(0x1CD);
    }

    @Test
    void shouldGuardTablesAndQueuesWhileTheyAreInUse() {
        f.enable();
        for (long offset : new long[] {0x80, 0x90, 0xA0}) {
            long before = f.smmu.readRegister(offset, 8);
            f.smmu.writeRegister(offset, 8, 0x5_0000);
            assertThat(f.smmu.readRegister(offset, 8)).isEqualTo(before);
        }
        for (long offset : new long[] {0x2C, 0x88, 0x9C, 0x100A8}) {
            long before = f.smmu.readRegister(offset, 4);
            f.smmu.writeRegister(offset, 4, 1);
            assertThat(f.smmu.readRegister(offset, 4)).isEqualTo(before);
        }
    }

    @Test
    void shouldGuardTheHalvesOfCr1Apart() {
        f.smmu.writeRegister(0x20, 4, 8);
        f.smmu.writeRegister(0x28, 4, 0xFFF);
        assertThat(f.smmu.readRegister(0x28, 4)).as("queues on").isEqualTo(0xFC0);

        f.smmu.writeRegister(0x20, 4, 1);
        f.smmu.writeRegister(0x28, 4, 0x015);
        assertThat(f.smmu.readRegister(0x28, 4)).as("translation on").isEqualTo(0xFD5);
    }

    @Test
    void shouldAliasTheEventQueueIndexesInPage0() {
        f.smmu.writeRegister(0xA0, 8, 8);
        f.smmu.writeRegister(0xA8, 4, 5);
        f.smmu.writeRegister(0xAC, 4, 3);

        assertThat(f.smmu.readRegister(0x100A8, 4)).isEqualTo(5);
        assertThat(f.smmu.readRegister(0x100AC, 4)).isEqualTo(3);
    }

    @Test
    void shouldKeepMessageRegistersZeroWithoutMessages() {
        SmmuFeatures full = SmmuFeatures.full();
        SmmuFeatures without =
                new SmmuFeatures(full.idr0() & ~Idr.MSI.mask(), full.idr1(), full.idr3(), full.idr5(), 0, 2);
        try (SmmuFixture g = new SmmuFixture(without, CacheConfiguration.standard())) {
            g.smmu.writeRegister(0x68, 8, -1L);
            g.smmu.writeRegister(0xB8, 4, -1L);
            assertThat(g.smmu.readRegister(0x68, 8)).isZero();
            assertThat(g.smmu.readRegister(0xB8, 4)).isZero();
        }
    }

    @Test
    void shouldReadUnmodelledFeaturesAsAbsent() {
        SmmuFeatures full = SmmuFeatures.full();
        SmmuFeatures wish = new SmmuFeatures(
                full.idr0() | Idr.ATS.mask() | Idr.PRI.mask() | Idr.HYP.mask(),
                full.idr1() | Idr.PRIQS.of(10),
                full.idr3() | Idr.MPAM.mask(),
                full.idr5() | Idr.STALL_MAX.of(8),
                0,
                2);

        assertThat(wish.unmodelled())
                .containsExactly("IDR0.Hyp", "IDR0.ATS", "IDR0.PRI", "IDR1.PRIQS", "IDR3.MPAM", "IDR5.STALL_MAX");
        try (SmmuFixture g = new SmmuFixture(wish, CacheConfiguration.standard())) {
            assertThat(g.smmu.readRegister(0, 4)).isEqualTo(full.idr0());
            assertThat(g.smmu.readRegister(4, 4)).isEqualTo(full.idr1());
        }
    }

    @Test
    void shouldRejectFeaturesThatContradictOneAnother() {
        SmmuFeatures f = SmmuFeatures.full();
        assertThatThrownBy(() -> new SmmuFeatures(f.idr0() & ~3L, f.idr1(), f.idr3(), f.idr5(), 0, 2))
                .hasMessageContaining("S1P is 0x0");
        assertThatThrownBy(() -> new SmmuFeatures(f.idr0(), 33, f.idr3(), f.idr5(), 0, 2))
                .hasMessageContaining("SIDSIZE is 0x21, expected at most 32");
        assertThatThrownBy(() -> new SmmuFeatures(f.idr0(), f.idr1(), f.idr3(), 5, 0, 2))
                .hasMessageContaining("granule");
        assertThatThrownBy(() -> new SmmuFeatures(f.idr0(), f.idr1(), f.idr3(), 6 | 1 << 4, 0, 2))
                .hasMessageContaining("OAS");
    }
}
