// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Changes of the size of a translation without break-before-make: fact sheet 1.5 (BBML), 4.4. */
class BlockChangeTest {
    private static final long BLOCK = 0x20_0000;
    private static final long RW = TableBuilder.READ_WRITE;

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "2, 2", "3, 2"})
    void shouldShowTheLevelAskedFor(long asked, long shown) {
        // The code 3 is reserved.
        try (SmmuBench b = SmmuBench.started(SmmuBench.withIdr3(0x1800, asked << 11))) {
            assertThat(b.read32(0xC) >>> 11 & 3).isEqualTo(shown);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2})
    void shouldTranslateBlocksMarkedNt(long level) {
        // 4.4: nT (bit 16) is ignored or a caching hint, never a fault or part of the address.
        try (SmmuBench b = SmmuBench.started(SmmuBench.withIdr3(0x1800, level << 11))) {
            TestCd cd = b.stage1(5);
            cd.descriptor(BLOCK, 1, SmmuBench.DATA | RW | 1 << 16 | 1);
            for (int i = 0; i < 2; i++) {
                assertThat(b.read(5, BLOCK + 0x1_2345).address()).isEqualTo(SmmuBench.DATA + 0x1_2345);
            }
            assertThat(b.events()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2})
    void shouldNeverReportAConflict(long level) {
        // 4.4: entries of both sizes at once; each access uses one of them.
        try (SmmuBench b = SmmuBench.started(SmmuBench.withIdr3(0x1800, level << 11))) {
            TestCd cd = b.stage1(5).map(BLOCK, SmmuBench.DATA, 1, RW);
            long block = b.memory.readLong(cd.tables(BLOCK).descriptorAddress(BLOCK, 1));
            b.read(5, BLOCK);
            long table = b.allocator.allocate(0x1000, 0x1000);
            for (long i = 0; i < 512; i++) {
                b.memory.writeLong(table + i * 8, SmmuBench.DATA + (i << 12) | RW | 3);
            }
            for (int i = 0; i < 64; i++) {
                cd.descriptor(BLOCK, 1, (i & 1) == 0 ? table | 3 : block);
                // Of some pages nothing else is cached, as the block is dropped by any address in it.
                b.command(0x0005_0000_0000_0012L, BLOCK + (i * 7L << 12)).sync();
                for (long page = 0; page < 8; page++) {
                    long at = BLOCK + (i * 5L + page << 12);
                    Verdict v = b.read(5, at);
                    assertThat(v.address()).as("%s", v.rule()).isEqualTo(at - BLOCK + SmmuBench.DATA);
                }
            }
            assertThat(b.events()).isEmpty();
        }
    }
}
