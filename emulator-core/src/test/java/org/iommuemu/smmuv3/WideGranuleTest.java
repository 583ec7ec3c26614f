// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The 64K granule on a machine of 52 bits, used by a CD and an STE that limit their output to 48: fact sheet 4.2, 4.4. The
 * format of descriptors follows from OAS, only the check of addresses from IPS and S2PS.
 */
class WideGranuleTest {
    private static final long VA = 0x1_0000;
    private static final long BIT_48 = 1 << 12;
    private static final long OAS_52 = 6;

    private final SmmuBench b = SmmuBench.started(
            new SmmuFeatures(full().idr0(), full().idr1(), full().idr3(), full().idr5() & ~7L | OAS_52, 0, 2));

    private static SmmuFeatures full() {
        return SmmuFeatures.full();
    }

    @AfterEach
    void close() {
        b.close();
    }

    /** Stage 2 of 64K from S2T0SZ and S2SL0 on, S2PS 48 bits. */
    private TableBuilder stage2(int inputBits, int startCode) {
        TableBuilder t = new TableBuilder(b.memory, b.allocator, Aarch64Stage2.format(16, false), inputBits);
        b.ste(5)
                .config(6)
                .set(165, 160, 64 - inputBits)
                .set(167, 166, startCode)
                .set(175, 174, 1)
                .set(178, 176, 5);
        b.ste(5).set(179, 179, 1).set(186, 186, 1).set(243, 196, t.root() >>> 4).valid(1);
        return t;
    }

    @Test
    void shouldRefuseAStage1OutputAbove48BitsByIps() {
        TestCd cd = b.stage1(5).lowerTables(16, 48).ips(5).map(VA, SmmuBench.DATA);
        long leaf = cd.tables(VA).descriptorAddress(VA, 0);
        b.memory.writeLong(leaf, b.memory.readLong(leaf) | BIT_48);

        assertThat(b.read(5, VA).rule()).isEqualTo(SmmuRule.OUTPUT_ADDRESS_SIZE);
        // F_ADDR_SIZE, read, CLASS=IN.
        assertThat(b.events()).containsExactly("0000000500000011 0000020800000000 0000000000010000 0000000000000000");
    }

    @Test
    void shouldRefuseAStage1TableAbove48BitsByIps() {
        TestCd cd = b.stage1(5).lowerTables(16, 48).ips(5).map(VA, SmmuBench.DATA);
        long table = cd.tables(VA).descriptorAddress(VA, 1);
        b.memory.writeLong(table, b.memory.readLong(table) | BIT_48);

        assertThat(b.read(5, VA).rule()).isEqualTo(SmmuRule.OUTPUT_ADDRESS_SIZE);
    }

    @Test
    void shouldFollowAStage1BlockOf4T() {
        TestCd cd = b.stage1(5).lowerTables(16, 48).ips(5);
        // Level 1 block to 0x400_0000_0000, AF, AP[1].
        cd.descriptor(0, 2, 0x400_0000_0000L | 0x441);

        assertThat(b.read(5, VA).address()).isEqualTo(0x400_0001_0000L);
    }

    @Test
    void shouldRefuseAStage2OutputAbove48BitsByS2ps() {
        TableBuilder t = stage2(42, 1).map(VA, SmmuBench.DATA, TestStage2.WRITE_BACK);
        long leaf = t.descriptorAddress(VA, 0);
        b.memory.writeLong(leaf, b.memory.readLong(leaf) | BIT_48);

        assertThat(b.read(5, VA).status()).isEqualTo(Status.ABORT);
        // S2, CLASS=IN, the page's IPA.
        assertThat(b.events()).containsExactly("0000000500000011 0000028800000000 0000000000010000 0000000000010000");
    }

    @Test
    void shouldFollowAStage2BlockOf4T() {
        TableBuilder t = stage2(48, 2);
        b.memory.writeLong(t.descriptorAddress(0, 2), 0x400_0000_0000L | TestStage2.WRITE_BACK | 1);

        assertThat(b.read(5, VA).address()).isEqualTo(0x400_0001_0000L);
    }

    @Test
    void shouldUseNoMoreOfABlockThanIpsAllows() {
        // IHI 0070 §3.4: the address that comes out is checked, not only the block's own.
        TestCd cd = b.stage1(5).lowerTables(16, 48).ips(0);
        cd.descriptor(0, 2, 0x441);

        assertThat(b.read(5, VA).pageShift()).isEqualTo(32);
        assertThat(b.read(5, VA | 1L << 32).rule()).isEqualTo(SmmuRule.OUTPUT_ADDRESS_SIZE);
        assertThat(b.events()).containsExactly("0000000500000011 0000020800000000 0000000100010000 0000000000000000");
    }

    @Test
    void shouldUseNoMoreOfABlockThanS2psAllows() {
        TableBuilder t = stage2(48, 2);
        b.ste(5).set(178, 176, 0);
        b.memory.writeLong(t.descriptorAddress(0, 2), TestStage2.WRITE_BACK | 1);

        assertThat(b.read(5, VA).pageShift()).isEqualTo(32);
        assertThat(b.read(5, VA | 1L << 32).rule()).isEqualTo(SmmuRule.OUTPUT_ADDRESS_SIZE);
    }

    @Test
    void shouldReachAbove48BitsWhereIpsAllowsIt() {
        TestCd cd = b.stage1(5).lowerTables(16, 48).ips(6).map(VA, SmmuBench.DATA);
        long leaf = cd.tables(VA).descriptorAddress(VA, 0);
        b.memory.writeLong(leaf, b.memory.readLong(leaf) | BIT_48);

        assertThat(b.read(5, VA).address()).isEqualTo(1L << 48 | SmmuBench.DATA);
    }

    @Test
    void shouldIgnoreBits15To12OnAMachineOf48Bits() {
        try (SmmuBench narrow = SmmuBench.started(SmmuFeatures.full())) {
            TestCd cd = narrow.stage1(5).lowerTables(16, 48).map(VA, SmmuBench.DATA);
            long leaf = cd.tables(VA).descriptorAddress(VA, 0);
            narrow.memory.writeLong(leaf, narrow.memory.readLong(leaf) | BIT_48);
            assertThat(narrow.read(5, VA).address()).isEqualTo(SmmuBench.DATA);
            // Nor is there a block of level 1.
            cd.descriptor(0, 2, 0x400_0000_0000L | 0x441);
            narrow.invalidateAll();
            assertThat(narrow.read(5, VA).rule()).isEqualTo(SmmuRule.DESCRIPTOR_INVALID);
        }
    }
}
