// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Hardware update of the access flag of table descriptors: fact sheet 1.3, 2.8, 3.4, 4.4, 4.8. */
class TableFlagUpdateTest {
    private static final long VA = 0x1000;
    private static final long AF = 1 << 10;
    private static final int HA = 43;
    private static final int HAFT = 67;
    private static final int S2HA = 184;
    private static final int S2HAFT = 187;

    private SmmuBench b = SmmuBench.started(SmmuFeatures.full());
    private TestCd cd = b.stage1(5).map(VA, SmmuBench.DATA);

    @AfterEach
    void close() {
        b.close();
    }

    private void restart(long httu) {
        b.close();
        b = SmmuBench.started(SmmuBench.withIdr0(0xC0, httu << 6 | 1));
        cd = b.stage1(5).map(VA, SmmuBench.DATA);
    }

    /** AF of the descriptors of an address, from level 0 to level 3. */
    private static String flags(SmmuBench b, TableBuilder tables, long address) {
        StringBuilder s = new StringBuilder();
        for (int height = 3; height >= 0; height--) {
            s.append((b.memory.readLong(tables.descriptorAddress(address, height)) & AF) != 0 ? '1' : '0');
        }
        return s.toString();
    }

    @Test
    void shouldMarkEveryTableOnTheWay() {
        cd.set(HA, HA, 1).set(HAFT, HAFT, 1);
        long table = b.memory.readLong(cd.tables(VA).descriptorAddress(VA, 2));
        assertThat(b.read(5, VA).isOk()).isTrue();
        assertThat(flags(b, cd.tables(VA), VA)).isEqualTo("1111");
        assertThat(b.memory.readLong(cd.tables(VA).descriptorAddress(VA, 2))).isEqualTo(table | AF);
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "0, 0"})
    void shouldLeaveTablesAloneWithoutHaft(int ha, int haft) {
        cd.set(HA, HA, ha).set(HAFT, HAFT, haft);
        b.read(5, VA);
        assertThat(flags(b, cd.tables(VA), VA)).isEqualTo("0001");
    }

    @Test
    void shouldMarkTablesOfAWalkThatFaults() {
        // 4.8: the tables that were read are marked, as walks may mark them ahead of the access.
        cd.set(HA, HA, 1).set(HAFT, HAFT, 1).unmap(VA);
        assertThat(b.read(5, VA).isOk()).isFalse();
        assertThat(flags(b, cd.tables(VA), VA)).isEqualTo("1110");
    }

    @Test
    void shouldMarkBigEndianTables() {
        cd.set(HA, HA, 1).set(HAFT, HAFT, 1).set(15, 15, 1);
        long[] at = new long[4];
        for (int height = 3; height >= 0; height--) {
            at[height] = cd.tables(VA).descriptorAddress(VA, height);
        }
        for (long place : at) {
            b.memory.writeLong(place, Long.reverseBytes(b.memory.readLong(place)));
        }
        assertThat(b.read(5, VA).address()).isEqualTo(SmmuBench.DATA);
        for (long place : at) {
            assertThat(Long.reverseBytes(b.memory.readLong(place)) & AF).isEqualTo(AF);
        }
    }

    @Test
    void shouldWalkThroughAMarkedTableOnce() {
        // A table that is marked already, or cached, is not written again.
        cd.set(HA, HA, 1).set(HAFT, HAFT, 1).map(VA + 0x1000, SmmuBench.DATA);
        b.read(5, VA);
        b.read(5, VA + 0x1000);
        assertThat(b.smmu.unit().walker().tableUpdates()).isEqualTo(3);
        b.invalidateAll();
        b.read(5, VA);
        assertThat(b.smmu.unit().walker().tableUpdates()).isEqualTo(3);
    }

    @Test
    void shouldMarkTablesOfStage2() {
        // Those that translate the CD and stage 1's tables included.
        TableBuilder second = TestStage2.identity(b, 5, 3);
        second.map(0x1_4000_0000L, SmmuBench.DATA, TestStage2.WRITE_BACK);
        cd.map(VA, 0x1_4000_0000L);
        b.ste(5).config(7).set(S2HA, S2HA, 1).set(S2HAFT, S2HAFT, 1);
        assertThat(b.read(5, VA).address()).isEqualTo(SmmuBench.DATA);
        long level1 = second.root() + 5 * 8;
        assertThat(b.memory.readLong(level1) & AF).isEqualTo(AF);
        assertThat(flags(b, cd.tables(VA), VA)).as("stage 1 has no HAFT").isEqualTo("0001");
    }

    @Test
    void shouldWriteTablesOfStage1ThroughStage2() {
        // 4.8: an update is a write through stage 2; without permission F_PERMISSION, S2, CLASS=TT, TTRnW=0.
        TableBuilder second = TestStage2.empty(b, 5, 3);
        for (long ipa = 0; ipa < 0x1_0000_0000L; ipa += 0x4000_0000L) {
            second.map(ipa, ipa, 2, TestStage2.WRITE_BACK & ~0x80L);
        }
        cd.set(HA, HA, 1).set(HAFT, HAFT, 1);
        b.ste(5).config(7);
        long table = cd.tables(VA).root();

        assertThat(b.read(5, VA).status()).isEqualTo(Status.ABORT);
        assertThat(b.events())
                .containsExactly(String.format("0000000500000013 0000018800000000 0000000000001000 %016x", table));
        assertThat(flags(b, cd.tables(VA), VA)).isEqualTo("0001");
    }

    @Test
    void shouldRecordBadCdWhenTablesAloneAreUpdated() {
        // 3.4, 4: HAFT=1 and HA=0.
        cd.set(HAFT, HAFT, 1);
        b.read(5, VA);
        assertThat(b.events()).containsExactly("000000050000000a 0000000000000000 0000000000000000 0000000000000000");
    }

    @Test
    void shouldRecordBadSteWhenTablesAloneAreUpdated() {
        // 2.8, 5: S2HAFT=1 and S2HA=0.
        TestStage2.identity(b, 5, 3);
        b.ste(5).config(7).set(S2HAFT, S2HAFT, 1);
        b.read(5, VA);
        assertThat(b.events()).containsExactly("0000000500000004 0000000000000000 0000000000000000 0000000000000000");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void shouldIgnoreHaftWhereItIsAbsent(long httu) {
        // 1.3: HTTU below 3: HAFT is RES0.
        restart(httu);
        cd.set(HA, HA, 1).set(HAFT, HAFT, 1);
        assertThat(b.read(5, VA).isOk()).isTrue();
        assertThat(flags(b, cd.tables(VA), VA)).isEqualTo("0001");
        TestStage2.identity(b, 5, 0);
        b.ste(5).config(7).set(S2HAFT, S2HAFT, 1);
        b.invalidateAll();
        assertThat(b.read(5, VA).isOk()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 7})
    void shouldLeaveTablesAloneWhereUpdatesAreInhibited(int config) {
        // 1.13: HTTUI=1: no update; nor may a table without its flag be cached (4.8).
        cd.set(HA, HA, 1).set(HAFT, HAFT, 1);
        TableBuilder second = TestStage2.empty(b, 5, 3);
        for (long ipa = 0; ipa < 0x1_0000_0000L; ipa += 0x20_0000L) {
            second.map(ipa, ipa, 1, TestStage2.WRITE_BACK);
        }
        long level1 = second.root() + (cd.tables(VA).root() >>> 30) * 8;
        b.ste(5).config(config).set(S2HA, S2HA, 1).set(S2HAFT, S2HAFT, 1);
        assertThat(b.translateFor(5, VA | 0x540) & 1).isZero();
        assertThat(flags(b, cd.tables(VA), VA)).isEqualTo("0001");
        assertThat(b.memory.readLong(level1) & AF).isZero();

        assertThat(b.read(5, VA).isOk()).isTrue();
        assertThat(flags(b, cd.tables(VA), VA)).isEqualTo("1111");
        assertThat(b.memory.readLong(level1) & AF).isEqualTo(config == 7 ? AF : 0);
    }

    @Test
    void shouldMarkTablesForSoftware() {
        // 1.13: HTTUI=0.
        cd.set(HA, HA, 1).set(HAFT, HAFT, 1);
        assertThat(b.translateFor(5, VA | 0x500) & 1).isZero();
        assertThat(flags(b, cd.tables(VA), VA)).isEqualTo("1111");
    }

    @Test
    void shouldMarkTablesWithoutAnyCache() {
        try (SmmuBench n = new SmmuBench(SmmuFeatures.full(), CacheConfiguration.none()).start()) {
            TestCd c = n.stage1(5).map(VA, SmmuBench.DATA).set(HA, HA, 1).set(HAFT, HAFT, 1);
            assertThat(n.read(5, VA).isOk()).isTrue();
            assertThat(flags(n, c.tables(VA), VA)).isEqualTo("1111");
        }
    }
}
