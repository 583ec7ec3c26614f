// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Runs of leaves marked contiguous, cached as one, in tables that are smaller than a run: fact sheet 4.1, 4.4. */
class ContiguousRunTest {
    private static final long CONTIGUOUS = 1L << 52;

    private final SmmuBench b =
            new SmmuBench(SmmuFeatures.full(), CacheConfiguration.standard().withContiguousHonoured(true)).start();

    @AfterEach
    void close() {
        b.close();
    }

    @Test
    void shouldRefuseAnAddressBeyondT0szThoughTheRunReachesIt() {
        // 16K, T0SZ 48: four pages; a run of level 3 would be 128 pages, 2 MiB.
        TestCd cd = b.stage1(5).lowerTables(14, 16);
        for (long page = 0; page < 0x1_0000; page += 0x4000) {
            cd.map(page, SmmuBench.DATA + page, TableBuilder.READ_WRITE | CONTIGUOUS);
        }
        assertThat(b.read(5, 0xFFFF).address()).isEqualTo(SmmuBench.DATA + 0xFFFF);
        assertThat(b.read(5, 0).address()).isEqualTo(SmmuBench.DATA);
        assertThat(b.smmu.unit().walker().walks()).as("the run is one entry").isEqualTo(1);

        assertThat(b.read(5, 0x1_0000).rule()).isEqualTo(SmmuRule.INPUT_RANGE);
    }

    @Test
    void shouldRefuseAnAddressBelowT1szThoughTheRunReachesIt() {
        TestCd cd = b.stage1(5).upperTables(14, 16);
        for (long page = -0x1_0000; page < 0; page += 0x4000) {
            cd.map(page, SmmuBench.DATA + 0x20_0000 + page, TableBuilder.READ_WRITE | CONTIGUOUS);
        }
        assertThat(b.read(5, -1).address()).isEqualTo(SmmuBench.DATA + 0x1F_FFFF);

        assertThat(b.read(5, -0x1_0001).rule()).isEqualTo(SmmuRule.INPUT_RANGE);
    }

    @Test
    void shouldRefuseAnAddressBeyondS2t0szThoughTheRunReachesIt() {
        // 64K, S2T0SZ 47: two pages; a run of level 3 would be 32 pages, 2 MiB.
        TableBuilder t = new TableBuilder(b.memory, b.allocator, Aarch64Stage2.format(16, false), 17);
        b.ste(5).config(6).set(165, 160, 47).set(167, 166, 0).set(175, 174, 1).set(178, 176, 5);
        b.ste(5).set(179, 179, 1).set(186, 186, 1).set(243, 196, t.root() >>> 4).valid(1);
        t.map(0, SmmuBench.DATA, TestStage2.WRITE_BACK | CONTIGUOUS);
        t.map(0x1_0000, SmmuBench.DATA + 0x1_0000, TestStage2.WRITE_BACK | CONTIGUOUS);
        assertThat(b.read(5, 0x1_0000).address()).isEqualTo(SmmuBench.DATA + 0x1_0000);

        assertThat(b.read(5, 0x2_0000).rule()).isEqualTo(SmmuRule.STAGE_2_INPUT_RANGE);
    }
}
