// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stage 1 tables that stage 2 moves, or does not let be written: fact sheet 4.8, 4.10, 5.5. */
class TableBehindStage2Test {
    private static final long VA = 0x1000;
    private static final long NEXT = 0x2000;
    private static final long OTHER_TABLE = 0x20_0000;
    private static final long PAGES = 0x100_0000;
    private static final long MOVED = 0x800_0000;
    private static final long AF = 1 << 10;
    private static final long READ_ONLY = 1 << 7;
    private static final long DBM = 1L << 51;
    private static final int HD = 42;
    private static final int HA = 43;
    private static final int HAFT = 67;
    private static final long VMID = 3L << 32;

    private SmmuBench b = SmmuBench.started(SmmuFeatures.full());
    private TestCd cd = b.stage1(5);
    private TableBuilder second = nested();

    /** Structures in one block, tables in pages, each where its IPA says; data too. */
    private TableBuilder nested() {
        TableBuilder t = TestStage2.empty(b, 5, 3);
        for (long ipa = 0; ipa < PAGES; ipa += 0x20_0000) {
            t.map(ipa, ipa, 1, TestStage2.WRITE_BACK);
        }
        for (long ipa = PAGES; ipa < PAGES + 0x20_0000; ipa += 0x1000) {
            t.map(ipa, ipa, TestStage2.WRITE_BACK);
        }
        t.map(SmmuBench.DATA, SmmuBench.DATA, 2, TestStage2.WRITE_BACK);
        b.ste(5).config(7);
        return t;
    }

    @AfterEach
    void close() {
        b.close();
    }

    /** The hypervisor copies the table that holds a descriptor elsewhere and says so by TLBI_S2_IPA; returns the descriptor's new place. */
    private long move(long descriptor) {
        long page = descriptor & -0x1000L;
        for (int i = 0; i < 0x1000; i += 8) {
            b.memory.writeLong(MOVED + i, b.memory.readLong(page + i));
        }
        second.map(page, MOVED, TestStage2.WRITE_BACK);
        b.command(0x2A | VMID, page).sync();
        return MOVED | descriptor & 0xFFF;
    }

    private long leaf(long address) {
        return cd.tables(address).descriptorAddress(address, 0);
    }

    @Test
    void shouldStillReadTheOldTableAfterAnInvalidationByIpa() {
        // 5.5: combined entries need not be affected by TLBI_S2_IPA; a walk cache entry with a physical address is one.
        cd.map(VA, SmmuBench.DATA).map(NEXT, SmmuBench.DATA);
        b.read(5, VA);
        long moved = move(leaf(NEXT));
        b.memory.writeLong(moved, b.memory.readLong(moved) + 0x1000);

        assertThat(b.read(5, NEXT).address()).isEqualTo(SmmuBench.DATA);
    }

    @ParameterizedTest
    @ValueSource(longs = {0x28 | VMID, 0x10 | VMID, 0x30, 0x11 | VMID | 5L << 48, 0x12 | VMID | 5L << 48})
    void shouldReadTheMovedTableAfterAnInvalidationOfStage1(long command) {
        // 4.10: they count as stage 1 entries for NH_*; S12_VMALL and NSNH_ALL drop every kind.
        cd.map(VA, SmmuBench.DATA).map(NEXT, SmmuBench.DATA);
        b.read(5, VA);
        long moved = move(leaf(NEXT));
        b.memory.writeLong(moved, b.memory.readLong(moved) + 0x1000);

        b.command(command, NEXT).sync();

        assertThat(b.read(5, NEXT).address()).isEqualTo(SmmuBench.DATA + 0x1000);
    }

    @Test
    void shouldMarkALeafInTheTableThatStage2AllowsToBeWritten() {
        // 4.8: an update is a write through stage 2, to where stage 2 puts it; what is written is what is used.
        cd.set(HA, HA, 1).map(VA, SmmuBench.DATA).map(NEXT, SmmuBench.DATA, TableBuilder.READ_WRITE & ~AF);
        b.read(5, VA);
        long old = b.memory.readLong(leaf(NEXT));
        long moved = move(leaf(NEXT));
        b.memory.writeLong(moved, old + 0x1000);

        assertThat(b.read(5, NEXT).address()).isEqualTo(SmmuBench.DATA + 0x1000);
        assertThat(b.memory.readLong(leaf(NEXT))).isEqualTo(old);
        assertThat(b.memory.readLong(moved)).isEqualTo(old + 0x1000 | AF);
    }

    @Test
    void shouldMarkATableInTheTableThatStage2AllowsToBeWritten() {
        cd.set(HA, HA, 1).set(HAFT, HAFT, 1).map(VA, SmmuBench.DATA).map(OTHER_TABLE, SmmuBench.DATA);
        b.read(5, VA);
        long place = cd.tables(OTHER_TABLE).descriptorAddress(OTHER_TABLE, 1);
        long old = b.memory.readLong(place);
        long moved = move(place);

        assertThat(b.read(5, OTHER_TABLE).address()).isEqualTo(SmmuBench.DATA);
        assertThat(b.memory.readLong(place)).isEqualTo(old);
        assertThat(b.memory.readLong(moved)).isEqualTo(old | AF);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldSayThatStage2RefusesAnUpdateOfALeaf(boolean cached) {
        // 4.8: stage 2 F_PERMISSION, CLASS=TT, TTRnW=0; no matter of protected table walks (2.7).
        restart(cached);
        cd.set(HA, HA, 1).map(VA, SmmuBench.DATA, TableBuilder.READ_WRITE & ~AF);
        second.map(leaf(VA) & -0x1000L, leaf(VA) & -0x1000L, TestStage2.WRITE_BACK & ~0x80L);
        b.invalidateAll();

        assertThat(b.read(5, VA).rule()).isEqualTo(SmmuRule.STAGE_2_PERMISSION);
        assertThat(b.events())
                .containsExactly(
                        String.format("0000000500000013 0000018800000000 0000000000001000 %016x", leaf(VA) & -0x1000L));
    }

    @Test
    void shouldReportAnAddressBeyondIpsBeforeTheMarkThatStage2Refuses() {
        // DDI 0487 §D8.15: an address size fault of a table has priority over stage 2 faults of updating it.
        cd.set(HA, HA, 1).set(HAFT, HAFT, 1).ips(1).map(VA, SmmuBench.DATA);
        long table = cd.descriptor(VA, 1, 1L << 40 | 3);
        second.map(table & -0x1000L, table & -0x1000L, TestStage2.WRITE_BACK & ~0x80L);

        assertThat(b.read(5, VA).rule()).isEqualTo(SmmuRule.OUTPUT_ADDRESS_SIZE);
        assertThat(b.memory.readLong(table)).isEqualTo(1L << 40 | 3);
    }

    @Test
    void shouldSayThatATableInDeviceMemoryIsProtected() {
        // 2.7: S2PTW=1.
        cd.map(VA, SmmuBench.DATA);
        second.map(leaf(VA) & -0x1000L, leaf(VA) & -0x1000L, TestStage2.LEAF);
        b.ste(5).set(182, 182, 1);
        b.invalidateAll();

        assertThat(b.read(5, VA).rule()).isEqualTo(SmmuRule.STAGE_2_PROTECTED_WALK);
    }

    @Test
    void shouldMakeALeafDirtyThoughStage2RefusesTheWrite() {
        // DDI 0487 D8.5.2.1, DYCFD: allowed for a fault of lower priority than that stage's permission fault.
        cd.set(HA, HA, 1).set(HD, HD, 1).map(VA, SmmuBench.DATA, TableBuilder.READ_ONLY | DBM);
        second.map(SmmuBench.DATA, SmmuBench.DATA, 2, TestStage2.WRITE_BACK & ~0x80L);

        assertThat(b.write(5, VA).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly("0000000500000013 0000028000000000 0000000000001000 0000000080000000");
        assertThat(b.memory.readLong(leaf(VA)) & READ_ONLY).isZero();
    }

    private void restart(boolean cached) {
        b.close();
        CacheConfiguration caches = cached ? CacheConfiguration.standard() : CacheConfiguration.none();
        b = new SmmuBench(SmmuFeatures.full(), caches).start();
        cd = b.stage1(5);
        second = nested();
    }
}
