// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The EL2 and EL2-E2H StreamWorlds: fact sheet 2.6, 3.2, 3.4, 4.1, 4.5, 4.10. */
class StreamWorldTest {
    /** S2P and Hyp. */
    private static final long EL2 = 0x201;

    private static final long RW = TableBuilder.READ_WRITE;
    private static final long AF = 1 << 10;
    private static final long AP1 = 1 << 6;
    private static final long AP2 = 1 << 7;
    private static final long PXN = 1L << 53;
    private static final long XN = 1L << 54;
    private static final String BAD_STE = "0000000500000004 0000000000000000 0000000000000000 0000000000000000";
    private static final String BAD_CD = "000000050000000a 0000000000000000 0000000000000000 0000000000000000";

    private SmmuBench b = SmmuBench.started(SmmuBench.withIdr0(0, EL2));

    @AfterEach
    void close() {
        b.close();
    }

    private void useE2h() {
        b.close();
        b = new SmmuBench(SmmuBench.withIdr0(0, EL2), CacheConfiguration.standard())
                .e2h()
                .start();
    }

    /** A stream of EL2, or of EL2-E2H if the machine is set to that. */
    private TestCd el2(int stream) {
        TestCd cd = b.stage1(stream);
        b.ste(stream).set(95, 94, 2);
        return cd;
    }

    private static long physical(Verdict v) {
        assertThat(v.isOk()).as("%s", v.rule()).isTrue();
        return v.address();
    }

    @Test
    void shouldTranslateByTheOnlyTableOfEl2() {
        el2(5).map(0x1000, SmmuBench.DATA);
        assertThat(physical(b.read(5, 0x1008))).isEqualTo(SmmuBench.DATA + 8);
        assertThat(physical(b.write(5, 0x1010))).as("from the IOTLB").isEqualTo(SmmuBench.DATA + 0x10);
        assertThat(b.events()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            longs = {0x0001_0000_0000_1000L, 0x0080_0000_0000_1000L, 0xFFFF_FFFF_FFFF_F000L, 0x0100_0000_0000_1000L})
    void shouldRefuseAddressesBeyondTheOnlyTable(long address) {
        // 4.1: bits above N-1 must be zero; TTB1 is unreachable even if the CD has one.
        el2(5).map(0x1000, SmmuBench.DATA).upperTables(12, 48).map(-0x1000, SmmuBench.DATA);
        assertThat(b.read(5, address).status()).isEqualTo(Status.ABORT);
        assertThat(b.events())
                .containsExactly(String.format("0000000500000010 0000020800000000 %016x 0000000000000000", address));
    }

    @ParameterizedTest
    @CsvSource({
        "0xFF00000000001000, true",
        "0x5A00000000001000, true",
        "0x0080000000001000, false",
        "0xFF80000000001000, false",
        "0x0001000000001000, false",
    })
    void shouldIgnoreOnlyTheTopByteUnderTbi0(String address, boolean good) {
        // 4.1: VA[63:56] are ignored with TBI0, VA[55] is not.
        el2(5).map(0x1000, SmmuBench.DATA).set(38, 38, 1);
        assertThat(b.read(5, Long.parseUnsignedLong(address.substring(2), 16)).isOk())
                .isEqualTo(good);
    }

    @ParameterizedTest(name = "AP {0}, controls {1}")
    @CsvSource({
        // Leaf bits, CD bits, and what both privileges may do alike.
        "0x000, 0, rwx",
        "0x040, 0, rwx",
        "0x080, 0, r-x",
        "0x0C0, 0, r-x",
        "0x20000000000000, 0, rwx",
        "0x40000000000000, 0, rw-",
        // PAN (bit 40) has no effect, WXN (bit 36) has.
        "0x040, 0x10000000000, rwx",
        "0x000, 0x1000000000, rw-",
        "0x080, 0x1000000000, r-x",
    })
    void shouldGiveBothPrivilegesTheSame(String leaf, String controls, String allowed) {
        // 4.5: one privilege: AP[1] and PXN are ignored, AP[2], XN and WXN count.
        TestCd cd = el2(5).map(0x1000, SmmuBench.DATA, AF | Long.decode(leaf));
        cd.word(0, cd.get(63, 0) | Long.decode(controls));
        for (int who : new int[] {0, Access.PRIVILEGED}) {
            assertThat(allowed(5, who)).isEqualTo(allowed);
        }
    }

    private String allowed(int stream, int who) {
        return (b.access(stream, -1, 0x1000, who).isOk() ? "r" : "-")
                + (b.access(stream, -1, 0x1000, who | Access.WRITE).isOk() ? "w" : "-")
                + (b.access(stream, -1, 0x1000, who | Access.INSTRUCTION).isOk() ? "x" : "-");
    }

    @ParameterizedTest
    @CsvSource({"61, rwx", "62, r-x", "59, rwx", "60, rw-"})
    void shouldUseTheHierarchyOfOnePrivilege(int bit, String allowed) {
        // 4.5: APTable[0] and PXNTable mean nothing; APTable[1] removes writes, XNTable removes execution.
        TestCd cd = el2(5).map(0x1000, SmmuBench.DATA, AF);
        long table = cd.tables(0x1000).descriptorAddress(0x1000, 1);
        b.memory.writeLong(table, b.memory.readLong(table) | 1L << bit);
        assertThat(allowed(5, 0)).isEqualTo(allowed);
    }

    @Test
    void shouldTellThePrivilegeOfTheRequestInEvents() {
        // 2.6: PRIV is ignored in the check; the record keeps it.
        el2(5).map(0x1000, SmmuBench.DATA, AF | AP2);
        b.access(5, -1, 0x1000, Access.WRITE);
        b.access(5, -1, 0x1000, Access.WRITE | Access.PRIVILEGED);
        assertThat(b.events())
                .containsExactly(
                        "0000000500000013 0000020000000000 0000000000001000 0000000000000000",
                        "0000000500000013 0000020200000000 0000000000001000 0000000000000000");
    }

    @Test
    void shouldIgnoreWalkDisablesInEl2() {
        // 3.2: EPD0 and EPD1 are ignored.
        el2(5).map(0x1000, SmmuBench.DATA).set(14, 14, 1).set(30, 30, 1);
        assertThat(physical(b.read(5, 0x1000))).isEqualTo(SmmuBench.DATA);
    }

    @Test
    void shouldNotCheckTheUnreachableTableOfEl2() {
        // 3.2: everything with index 1 is RES0.
        TestCd cd = el2(5).map(0x1000, SmmuBench.DATA);
        cd.set(30, 30, 0).set(21, 16, 0).set(23, 22, 0).set(179, 132, -1L);
        assertThat(b.read(5, 0x1000).isOk()).isTrue();
    }

    @Test
    void shouldCheckEndiannessEvenWithBothWalkDisablesInEl2() {
        // 3.4, 2: both EPDx are effectively 0.
        b.close();
        b = SmmuBench.started(SmmuBench.withIdr0(0, EL2 | 2L << 21));
        el2(5).set(14, 14, 1).set(30, 30, 1).set(15, 15, 1);
        b.read(5, 0x1000);
        assertThat(b.events()).containsExactly(BAD_CD);
    }

    @ParameterizedTest
    @CsvSource({"false, true", "true, false"})
    void shouldLimitAsidsOnlyInWorldsThatHaveThem(boolean e2h, boolean good) {
        // 3.4, 5: ASID16=0.
        b.close();
        SmmuBench small = new SmmuBench(SmmuBench.withIdr0(0x1000, EL2), CacheConfiguration.standard());
        b = e2h ? small.e2h().start() : small.start();
        el2(5).map(0x1000, SmmuBench.DATA).asid(0x100);
        assertThat(b.read(5, 0x1000).isOk()).isEqualTo(good);
        assertThat(b.events()).isEqualTo(good ? List.of() : List.of(BAD_CD));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldNotCheckTheVmidOutsideEl1(boolean e2h) {
        // 2.7 and 2.8, 6: S2VMID is ignored in other worlds, also where VMID16=0.
        if (e2h) {
            useE2h();
        }
        el2(5).map(0x1000, SmmuBench.DATA);
        b.ste(5).set(143, 128, 0x100);
        assertThat(b.read(5, 0x1000).isOk()).isTrue();
        b.ste(5).set(95, 94, 0);
        b.invalidateAll();
        b.read(5, 0x1000);
        assertThat(b.events()).containsExactly(BAD_STE);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void shouldRecordBadSteWhenTheWorldIsReserved(int strw) {
        // 2.8, 3.
        b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.ste(5).set(95, 94, strw);
        assertThat(b.read(5, 0x1000).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly(BAD_STE);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldIgnoreTheWorldOfABypass(int strw) {
        b.ste(5).config(4).set(95, 94, strw).valid(1);
        assertThat(b.read(5, -1L >>> 16).isOk()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldIgnoreTheWorldBehindStage2(int strw) {
        // 2.6: Config=11x: the world is EL1, with two tables.
        TestCd cd = b.stage1(5).upperTables(12, 48).map(-0x1000, SmmuBench.DATA);
        TestStage2.identity(b, 5, 1);
        b.ste(5).config(7).set(95, 94, strw);
        assertThat(cd.get(31, 31)).isOne();
        assertThat(physical(b.read(5, -8))).isEqualTo(SmmuBench.DATA + 0xFF8);
    }

    @Test
    void shouldUseBothTablesAndPrivilegesInE2h() {
        useE2h();
        el2(5).map(0x1000, SmmuBench.DATA, AF).upperTables(12, 48).map(-0x1000, SmmuBench.DATA, RW);
        assertThat(allowed(5, 0)).isEqualTo("--x");
        assertThat(allowed(5, Access.PRIVILEGED)).isEqualTo("rwx");
        assertThat(physical(b.read(5, -8))).isEqualTo(SmmuBench.DATA + 0xFF8);
    }

    @Test
    void shouldObeyWalkDisablesInE2h() {
        useE2h();
        el2(5).map(0x1000, SmmuBench.DATA).set(14, 14, 1);
        b.read(5, 0x1000);
        assertThat(b.events()).containsExactly("0000000500000010 0000020800000000 0000000000001000 0000000000000000");
    }

    @Test
    void shouldShareTranslationsOfAllEl2Streams() {
        // 4.10: no ASID tells CDs apart, and nG means nothing.
        TestCd cd = el2(5).map(0x1000, SmmuBench.DATA);
        TestCd other = el2(6).asid(77);
        other.ttb0(cd.get(115, 68) << 4);
        b.read(5, 0x1000);
        cd.unmap(0x1000);
        assertThat(physical(b.read(6, 0x1000))).as("from the IOTLB").isEqualTo(SmmuBench.DATA);
    }

    @Test
    void shouldTellAsidsApartInE2h() {
        useE2h();
        el2(5).map(0x1000, SmmuBench.DATA);
        el2(6).map(0x1000, SmmuBench.DATA + 0x1000);
        assertThat(physical(b.read(5, 0x1000))).isEqualTo(SmmuBench.DATA);
        assertThat(physical(b.read(6, 0x1000))).isEqualTo(SmmuBench.DATA + 0x1000);
    }

    @Test
    void shouldNotTellVmidsApartInE2h() {
        // 2.6: EL2-E2H has no VMID.
        useE2h();
        TestCd cd = el2(5).map(0x1000, SmmuBench.DATA);
        el2(6).asid(5).ttb0(cd.get(115, 68) << 4);
        b.ste(6).set(143, 128, 9);
        b.read(5, 0x1000);
        cd.unmap(0x1000);
        assertThat(physical(b.read(6, 0x1000))).as("from the IOTLB").isEqualTo(SmmuBench.DATA);
    }

    @ParameterizedTest
    @CsvSource({"false, 0x800", "true, 0x800", "true, 0"})
    void shouldTellWorldsApart(boolean e2h, String notGlobal) {
        // 4.10: equal addresses and ASIDs of EL1, also global ones, are not those of EL2.
        if (e2h) {
            useE2h();
        }
        long leaf = RW & ~0x800L | Long.decode(notGlobal);
        b.stage1(5, 0).map(0x1000, SmmuBench.DATA, leaf);
        TestCd cd = b.stage1(6, 0).map(0x1000, SmmuBench.DATA + 0x1000, leaf);
        b.ste(6).set(95, 94, 2);
        assertThat(cd.get(63, 48)).isZero();
        assertThat(physical(b.read(5, 0x1000))).isEqualTo(SmmuBench.DATA);
        assertThat(physical(b.read(6, 0x1000))).isEqualTo(SmmuBench.DATA + 0x1000);
        assertThat(physical(b.read(5, 0x1000))).isEqualTo(SmmuBench.DATA);
    }

    @ParameterizedTest
    @CsvSource({"0x000, 6", "0x001, 6", "0x201, 7", "0x200, 6"})
    void shouldKeepE2hOnlyWhereThereIsEl2(String idr0, long kept) {
        // 1.7: CR2.E2H; 1.3: Hyp is RES0 without both stages.
        try (SmmuBench m = new SmmuBench(SmmuBench.withIdr0(0, Long.decode(idr0)), CacheConfiguration.standard())) {
            m.write32(0x2C, 7);
            assertThat(m.read32(0x2C)).isEqualTo(kept);
            assertThat(m.read32(0) >>> 9 & 1).isEqualTo(kept & 1);
        }
    }

    @Test
    void shouldKeepE2hWhileEnabled() {
        // 1.7: CR2 is read-only while SMMUEN=1.
        b.write32(0x2C, 7);
        assertThat(b.read32(0x2C)).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"0, 0x300", "2, 0x041"})
    void shouldHideEl2FromVirtualOperations(int strw, String fault) {
        // 1.13: VATOS is for StreamWorld NS-EL1; success with SH 9:8, or FAULT and FAULTCODE C_BAD_STE.
        b.close();
        b = SmmuBench.started(SmmuFeatures.full());
        b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.ste(5).set(95, 94, strw);
        b.write32(0x180, 0);
        b.write64(0x20A08, 5);
        b.write64(0x20A10, 0x1500);
        b.write32(0x20A00, 1);
        assertThat(b.read64(0x20A18) & 0xFF1).isEqualTo(Long.decode(fault));
    }

    @Test
    void shouldLetSoftwareTranslateInEl2() {
        b.close();
        b = SmmuBench.started(SmmuFeatures.full());
        el2(5).map(0x1000, SmmuBench.DATA, AF);
        assertThat(b.translateFor(5, 0x1500) & 0xFFFF_FFFF_F001L).isEqualTo(SmmuBench.DATA);
    }

    @Test
    void shouldIgnoreUnusedBitsOfPermissionsInEl2() {
        // 4.5: AP[1], PXN and nG all set: still one privilege that may do everything.
        el2(5).map(0x1000, SmmuBench.DATA, AF | AP1 | PXN | 1 << 11);
        assertThat(allowed(5, Access.PRIVILEGED)).isEqualTo("rwx");
        assertThat(allowed(5, 0)).isEqualTo("rwx");
        el2(6).map(0x2000, SmmuBench.DATA, AF | XN);
        assertThat(b.fetch(6, 0x2000).isOk()).isFalse();
    }
}
