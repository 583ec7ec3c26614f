// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.iommu.Access.INSTRUCTION;
import static org.iommuemu.iommu.Access.PRIVILEGED;
import static org.iommuemu.iommu.Access.READ;
import static org.iommuemu.iommu.Access.WRITE;

import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Access and dirty marks that ATS Translation Requests set: fact sheet 4.8 and 7.3, IHI 0070 §3.13.7. */
class TranslationRequestUpdateTest {
    private static final long PAGE = 0x8000_5000L;
    private static final long AF = 0x400;
    private static final long AP2 = 0x80;
    private static final long DBM = 1L << 51;
    /** A page of stage 1 that is read-write, and one that is writable-clean. */
    private static final long DIRTY = 0xF40;

    private static final long CLEAN = 0xFC0 | DBM;
    /** The same of stage 2. */
    private static final long DIRTY_2 = 0x7FC;

    private static final long CLEAN_2 = 0x77C | DBM;

    private final AtsBench a = new AtsBench();

    @AfterEach
    void close() {
        a.close();
    }

    /** CD.{HD,HA}. */
    private static TestCd updates(TestCd cd, int hdHa) {
        return cd.set(43, 43, hdHa & 1).set(42, 42, hdHa >> 1);
    }

    /** STE.{S2HD,S2HA} of stream 1. */
    private void updates2(int hdHa) {
        a.bench.ste(1).set(184, 184, hdHa & 1).set(183, 183, hdHa >> 1);
    }

    /** The attributes of the leaf of a page now. */
    private long leaf(TableBuilder tables, long address) {
        return a.memory.readLong(tables.descriptorAddress(address, 0)) & ~0xFFFF_FFFF_F003L;
    }

    // Access flag of stage 1.

    @Test
    void shouldDenyWithoutAccessFlagUpdates() {
        TestCd cd = a.stage1(1).map(0x5000, PAGE, DIRTY & ~AF);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("0/12");
        assertThat(leaf(cd.tables(0), 0x5000)).isEqualTo(DIRTY & ~AF);
    }

    @Test
    void shouldTakeAccessFlagAsSetWithAffd() {
        TestCd cd = a.stage1(1).map(0x5000, PAGE, DIRTY & ~AF).set(35, 35, 1);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 RW");
        assertThat(leaf(cd.tables(0), 0x5000)).isEqualTo(DIRTY & ~AF);
    }

    @ParameterizedTest(name = "code {0}")
    @ValueSource(ints = {READ, WRITE})
    void shouldSetTheAccessFlag(int code) {
        TestCd cd = updates(a.stage1(1), 1).map(0x5000, PAGE, DIRTY & ~AF);
        assertThat(a.ask(1, 0x5000, code)).startsWith("80005000/12 R");
        assertThat(leaf(cd.tables(0), 0x5000)).isEqualTo(DIRTY);
    }

    // Dirty state of stage 1.

    @Test
    void shouldMakeACleanPageDirtyAndGrantWrite() {
        TestCd cd = updates(a.stage1(1), 3).map(0x5000, PAGE, CLEAN);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 RW");
        assertThat(leaf(cd.tables(0), 0x5000)).isEqualTo(CLEAN & ~AP2);
    }

    @Test
    void shouldNeitherDirtyNorGrantWriteWithNw() {
        TestCd cd = updates(a.stage1(1), 3).map(0x5000, PAGE, CLEAN & ~AF);
        assertThat(a.ask(1, 0x5000, READ)).isEqualTo("80005000/12 R");
        assertThat(leaf(cd.tables(0), 0x5000)).isEqualTo(CLEAN);
    }

    @Test
    void shouldDirtyAPageThatWasAskedForWithNwBefore() {
        TestCd cd = updates(a.stage1(1), 3).map(0x5000, PAGE, CLEAN);
        a.ask(1, 0x5000, READ);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 RW");
        assertThat(leaf(cd.tables(0), 0x5000)).isEqualTo(CLEAN & ~AP2);
    }

    @Test
    void shouldSetBothMarksAtOnce() {
        TestCd cd = updates(a.stage1(1), 3).map(0x5000, PAGE, CLEAN & ~AF);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 RW");
        assertThat(leaf(cd.tables(0), 0x5000)).isEqualTo(CLEAN & ~AP2);
    }

    @ParameterizedTest(name = "HD, HA: {0}")
    @ValueSource(ints = {0, 1, 2})
    void shouldNotGrantWriteToACleanPageWithoutDirtyUpdates(int hdHa) {
        TestCd cd = updates(a.stage1(1), hdHa).map(0x5000, PAGE, CLEAN);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 R");
        assertThat(leaf(cd.tables(0), 0x5000)).isEqualTo(CLEAN);
    }

    @Test
    void shouldNotDirtyAReadOnlyPage() {
        TestCd cd = updates(a.stage1(1), 3).map(0x5000, PAGE, 0xFC0);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 R");
        assertThat(leaf(cd.tables(0), 0x5000)).isEqualTo(0xFC0);
    }

    @Test
    void shouldNotDirtyAPageThatThePrivilegeCannotReach() {
        TestCd cd = updates(a.stage1(1), 3).map(0x5000, PAGE, CLEAN & ~0x40);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("0/12");
        assertThat(leaf(cd.tables(0), 0x5000)).isEqualTo(CLEAN & ~0x40);
    }

    @Test
    void shouldDirtyByTheOverriddenPrivilege() {
        TestCd cd = updates(a.stage1(1), 3).map(0x5000, PAGE, CLEAN & ~0x40);
        a.bench.ste(1).privCfg(3);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 RW");
        assertThat(leaf(cd.tables(0), 0x5000)).isEqualTo(CLEAN & ~0x40 & ~AP2);
    }

    @Test
    void shouldNotDirtyAPageMadeReadOnlyByItsTable() {
        TestCd cd = updates(a.stage1(1), 3).map(0x5000, PAGE, CLEAN);
        long table = cd.tables(0).descriptorAddress(0x5000, 1);
        a.memory.writeLong(table, a.memory.readLong(table) | 1L << 62);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 R");
        assertThat(leaf(cd.tables(0), 0x5000)).isEqualTo(CLEAN);
    }

    @ParameterizedTest(name = "WXN {0}, code {1}")
    @CsvSource({"1, 2, R", "0, 2, RX", "0, 6, RP", "1, 6, RP"})
    void shouldTakeACleanPageAsWritableForExecute(int wxn, int code, String granted) {
        // Unprivileged write forbids privileged execute, and WXN the other; a clean page counts as writable (DDI 0487
        // §D8.5).
        a.bench.substreams(1, 0, 4, 0).set(93, 92, 1);
        updates(a.bench.cd(1, 3, 9), 3).map(0x5000, PAGE, CLEAN).set(36, 36, wxn);
        assertThat(code & (INSTRUCTION | PRIVILEGED)).isEqualTo(code);
        assertThat(a.ask(1, 3, 0x5000, code)).isEqualTo("80005000/12 " + granted);
    }

    // Stage 2.

    @Test
    void shouldSetTheAccessFlagOfStage2() {
        var n = a.nested(1);
        updates2(1);
        n.cd().map(0x5000, 0x6000);
        n.second().map(0x6000, PAGE, DIRTY_2 & ~AF);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 RW");
        assertThat(leaf(n.second(), 0x6000)).isEqualTo(DIRTY_2);
    }

    @Test
    void shouldDirtyACleanPageOfStage2() {
        var n = a.nested(1);
        updates2(3);
        n.cd().map(0x5000, 0x6000);
        n.second().map(0x6000, PAGE, CLEAN_2);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 RW");
        assertThat(leaf(n.second(), 0x6000)).isEqualTo(DIRTY_2 | DBM);
    }

    @Test
    void shouldNotDirtyStage2WithNw() {
        var n = a.nested(1);
        updates2(3);
        n.cd().map(0x5000, 0x6000);
        n.second().map(0x6000, PAGE, CLEAN_2);
        assertThat(a.ask(1, 0x5000, READ)).isEqualTo("80005000/12 R");
        assertThat(leaf(n.second(), 0x6000)).isEqualTo(CLEAN_2);
        assertThat(a.ask(1, 0x5000, WRITE)).as("then without NW").isEqualTo("80005000/12 RW");
        assertThat(leaf(n.second(), 0x6000)).isEqualTo(DIRTY_2 | DBM);
    }

    @Test
    void shouldNotDirtyStage2WhereStage1IsReadOnly() {
        var n = a.nested(1);
        updates2(3);
        n.cd().map(0x5000, 0x6000, 0xFC0);
        n.second().map(0x6000, PAGE, CLEAN_2);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 R");
        assertThat(leaf(n.second(), 0x6000)).isEqualTo(CLEAN_2);
    }

    @Test
    void shouldDirtyBothStages() {
        var n = a.nested(1);
        updates(n.cd(), 3);
        updates2(3);
        n.cd().map(0x5000, 0x6000, CLEAN);
        n.second().map(0x6000, PAGE, CLEAN_2);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 RW");
        assertThat(leaf(n.cd().tables(0), 0x5000)).isEqualTo(CLEAN & ~AP2);
        assertThat(leaf(n.second(), 0x6000)).isEqualTo(DIRTY_2 | DBM);
    }

    @Test
    void shouldDirtyACleanPageOfStage2Alone() {
        TableBuilder second = a.stage2(1).map(0x5000, PAGE, CLEAN_2 & ~AF);
        updates2(3);
        assertThat(a.ask(1, 0x5000, READ)).isEqualTo("80005000/12 R");
        assertThat(leaf(second, 0x5000)).isEqualTo(CLEAN_2);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 RW");
        assertThat(leaf(second, 0x5000)).isEqualTo(DIRTY_2 | DBM);
    }

    @Test
    void shouldGrantWriteBySplitStageToACleanPageOfStage2() {
        // Whether the request dirties it is free, but the permission counts as there (§3.13.7.1).
        a.controls(AtsBench.ON | AtsBench.ATSCHK, 0);
        var n = a.nested(1);
        a.bench.ste(1).set(93, 92, 2);
        updates2(3);
        n.cd().map(0x5000, 0x6000);
        n.second().map(0x6000, PAGE, CLEAN_2);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("6000/12 RW");
        assertThat(a.translated(1, 0x6000, WRITE).isOk()).isTrue();
        assertThat(leaf(n.second(), 0x6000)).isEqualTo(DIRTY_2 | DBM);
    }

    @Test
    void shouldGrantNothingWhereStage2KeepsStage1FromBeingUpdated() {
        // Updating a descriptor needs write permission of stage 2 for it; the fault is one of the walk.
        var n = a.nested(1);
        updates(n.cd(), 1);
        n.cd().map(0x5000, 0x6000, DIRTY & ~AF);
        n.second().map(0x6000, PAGE, DIRTY_2);
        for (long at = 0x100_0000; at < 0x200_0000; at += 0x20_0000) {
            n.second().map(at, at, 1, AtsBench.STAGE_2_READ_ONLY);
        }
        assertThat(a.ask(1, 0x5000, READ)).isEqualTo("0/12");
        assertThat(leaf(n.cd().tables(0), 0x5000)).isEqualTo(DIRTY & ~AF);
        assertThat(a.bench.events()).isEmpty();
    }
}
