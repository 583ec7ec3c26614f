// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Verdict.Status;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The direct permission scheme and F_PERMISSION: fact sheet 4.5 and 6.2. */
class PermissionFaultTest {
    private static final long VA = 0x1000;
    private static final int U = 0;
    private static final int P = Access.PRIVILEGED;
    private static final int ATOMIC = Access.ATOMIC;
    private static final long AF = 1 << 10;
    private static final long AP1 = 1 << 6;
    private static final long AP2 = 1 << 7;
    private static final long NG = 1 << 11;
    private static final long PXN = 1L << 53;
    private static final long UXN = 1L << 54;

    private final SmmuBench b = SmmuBench.started();
    private final TestCd cd = b.stage1(5);

    @AfterEach
    void close() {
        b.close();
    }

    private void map(long attributes) {
        cd.map(VA, SmmuBench.DATA, attributes | AF | NG);
        b.invalidateAll();
    }

    /** What the leaf allows, in the order of: read, write and execute, unprivileged then privileged. */
    private String allowed() {
        StringBuilder s = new StringBuilder();
        for (int who : new int[] {U, P}) {
            s.append(may(who) ? 'r' : '-');
            s.append(may(who | Access.WRITE) ? 'w' : '-');
            s.append(may(who | Access.INSTRUCTION) ? 'x' : '-');
        }
        return s.toString();
    }

    private boolean may(int code) {
        return b.access(5, -1, VA, code).isOk();
    }

    /** {@code w1} with RnW, InD, PnU, CLASS=IN: everything that F_PERMISSION of stage 1 says. */
    private void refuses(int code, String w1) {
        assertThat(b.access(5, -1, VA, code).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly("0000000500000013 " + w1 + " 0000000000001000 0000000000000000");
    }

    @ParameterizedTest(name = "AP {0}, UXN {1}, PXN {2}, WXN {3}")
    @CsvSource({
        // AP[2:1]: 00 privileged only, 01 all, 10 read-only privileged, 11 read-only all. Unprivileged write forbids
        // privileged execute.
        "0, 0, 0, 0, --xrwx", "1, 0, 0, 0, rwxrw-", "2, 0, 0, 0, --xr-x", "3, 0, 0, 0, r-xr-x",
        "0, 1, 0, 0, ---rwx", "1, 1, 0, 0, rw-rw-", "2, 1, 0, 0, ---r-x", "3, 1, 0, 0, r--r-x",
        "0, 0, 1, 0, --xrw-", "1, 0, 1, 0, rwxrw-", "2, 0, 1, 0, --xr--", "3, 0, 1, 0, r-xr--",
        "0, 0, 0, 1, --xrw-", "1, 0, 0, 1, rw-rw-", "2, 0, 0, 1, --xr-x", "3, 0, 0, 1, r-xr-x",
        "0, 1, 1, 0, ---rw-", "3, 1, 1, 1, r--r--",
    })
    void shouldAllowWhatTheLeafSays(int ap, long uxn, long pxn, int wxn, String expected) {
        cd.set(36, 36, wxn);
        map((long) ap << 6 | uxn << 54 | pxn << 53);
        assertThat(allowed()).isEqualTo(expected);
        // The IOTLB gives the same answers as the walk.
        assertThat(allowed()).isEqualTo(expected);
    }

    @ParameterizedTest(name = "APTable {0}, UXNTable {1}, PXNTable {2}, HAD {3}")
    @CsvSource({
        "0, 0, 0, 0, rwxrw-", "1, 0, 0, 0, --xrwx", "2, 0, 0, 0, r-xr-x", "3, 0, 0, 0, --xr-x",
        "0, 1, 0, 0, rw-rw-", "2, 0, 1, 0, r-xr--", "3, 1, 1, 0, ---r--", "3, 1, 1, 1, rwxrw-",
    })
    void shouldRestrictByTablesUnlessTheyAreIgnored(int apTable, long uxn, long pxn, int had, String expected) {
        // 4.5: effects accumulate over all levels; each restriction stands at another level here.
        cd.set(65, 65, had);
        map(AP1);
        restrict(3, (long) (apTable & 1) << 61);
        restrict(2, (long) (apTable & 2) << 61 | uxn << 60);
        restrict(1, pxn << 59);
        b.invalidateAll();

        assertThat(allowed()).isEqualTo(expected);
        b.command(0x0005_0000_0000_0012L, VA | 1).sync();
        assertThat(allowed()).as("from the walk cache").isEqualTo(expected);
    }

    private void restrict(int height, long bits) {
        long at = cd.tables(VA).descriptorAddress(VA, height);
        b.memory.writeLong(at, b.memory.readLong(at) | bits);
    }

    @ParameterizedTest(name = "AP {0}, UXN {1}")
    @CsvSource({"0, 0, --xrwx", "1, 0, rwx---", "2, 0, --xr-x", "3, 0, r-x--x", "1, 1, rw----", "3, 1, r----x"})
    void shouldDenyPrivilegedDataWithPan(int ap, long uxn, String expected) {
        // 4.5: PAN=1 denies where unprivileged has data access; executes are not data.
        cd.set(40, 40, 1);
        map((long) ap << 6 | uxn << 54);
        assertThat(allowed()).isEqualTo(expected);
    }

    @ParameterizedTest(name = "IDR3.EPAN {0}, AP {1}, UXN {2}")
    @CsvSource({"1, 0, 0, --x--x", "1, 0, 1, ---rwx", "0, 0, 0, --xrwx"})
    void shouldCountUnprivilegedExecuteWithEpan(long epan, int ap, long uxn, String expected) {
        try (SmmuBench e = SmmuBench.started(SmmuBench.withIdr3(0, epan << 17))) {
            e.stage1(5).set(40, 40, 1).set(123, 123, 1).map(VA, SmmuBench.DATA, (long) ap << 6 | uxn << 54 | AF | NG);
            StringBuilder s = new StringBuilder();
            String[] names = {"r", "w", "x"};
            int[] codes = {0, Access.WRITE, Access.INSTRUCTION};
            for (int i = 0; i < 6; i++) {
                boolean ok = e.access(5, -1, VA, (i < 3 ? U : P) | codes[i % 3]).isOk();
                s.append(ok ? names[i % 3] : "-");
            }
            assertThat(s.toString()).isEqualTo(expected);
        }
    }

    @Test
    void shouldRecordWritesToReadOnlyPages() {
        map(AP1 | AP2);
        refuses(Access.WRITE, "0000020000000000");
        refuses(Access.WRITE | P, "0000020200000000");
        assertThat(b.read(5, VA).isOk()).isTrue();
        refuses(Access.WRITE, "0000020000000000");
    }

    @Test
    void shouldRecordUnprivilegedAccessToPrivilegedPages() {
        map(UXN);
        refuses(U, "0000020800000000");
        refuses(Access.WRITE, "0000020000000000");
        refuses(Access.INSTRUCTION, "0000020c00000000");
        assertThat(may(P)).isTrue();
    }

    @Test
    void shouldRecordExecution() {
        map(AP1 | AP2 | UXN | PXN);
        refuses(Access.INSTRUCTION, "0000020c00000000");
        refuses(Access.INSTRUCTION | P, "0000020e00000000");
    }

    @Test
    void shouldTakeInstructionWritesAsData() {
        // 4.5: writes are always data.
        map(AP1 | AP2);
        refuses(Access.WRITE | Access.INSTRUCTION, "0000020000000000");
        map(AP1 | UXN);
        assertThat(may(Access.WRITE | Access.INSTRUCTION)).isTrue();
    }

    @Test
    void shouldRecordPrivilegedAccessUnderPan() {
        cd.set(40, 40, 1);
        map(AP1);
        refuses(P, "0000020a00000000");
        refuses(P | Access.WRITE, "0000020200000000");
    }

    @Test
    void shouldRecordAtomicsAsWritesUnlessReadIsMissing() {
        // 4.5: RnW is 0; there is no write-only page in stage 1, so read is never missing alone.
        map(AP1 | AP2);
        refuses(ATOMIC, "0000020000000000");
        map(0);
        refuses(ATOMIC, "0000020000000000");
        map(AP1);
        assertThat(may(ATOMIC)).isTrue();
    }

    @Test
    void shouldRecordAtomicsOfOtherFaultsAsWrites() {
        assertThat(b.access(5, -1, 0x9000, ATOMIC | P).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly("0000000500000010 0000020200000000 0000000000009000 0000000000000000");
    }

    @ParameterizedTest(name = "PRIVCFG {0}")
    @CsvSource({"0, false, true", "1, false, true", "2, false, false", "3, true, true"})
    void shouldOverridePrivilege(int privCfg, boolean unprivileged, boolean privileged) {
        // 2.2: 10 unprivileged, 11 privileged; a page for the privileged.
        map(0);
        b.ste(5).privCfg(privCfg);
        b.invalidateAll();
        assertThat(may(Access.WRITE)).isEqualTo(unprivileged);
        assertThat(may(Access.WRITE | P)).isEqualTo(privileged);
    }

    @ParameterizedTest(name = "INSTCFG {0}")
    @CsvSource({"0, true, false", "1, true, false", "2, true, true", "3, false, false"})
    void shouldOverrideInstructionOfReads(int instCfg, boolean read, boolean fetch) {
        // 2.2: 10 data, 11 instruction (reads only); a page without execute.
        map(AP1 | UXN);
        b.ste(5).instCfg(instCfg);
        b.invalidateAll();
        assertThat(may(U)).isEqualTo(read);
        assertThat(may(Access.INSTRUCTION)).isEqualTo(fetch);
        assertThat(may(Access.WRITE)).isTrue();
    }

    @Test
    void shouldRecordTheAccessAfterOverrides() {
        // 6.2: InD and PnU are post-override.
        map(AP1 | AP2 | UXN | PXN);
        b.ste(5).privCfg(3).instCfg(3);
        b.invalidateAll();
        refuses(U, "0000020e00000000");
        refuses(Access.WRITE, "0000020200000000");
        b.ste(5).privCfg(2).instCfg(2);
        map(0);
        refuses(P | Access.INSTRUCTION, "0000020800000000");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void shouldIgnoreSecurityAndSoftwareBits(int ones) {
        // 4.4: NS 5, GP 50, software 58:55, 63 and PBHA 62:59 mean nothing here; DBM without HD neither.
        long ignored = ones == 0 ? 0 : 1L << 5 | 1L << 50 | 1L << 51 | 0x1FFL << 55;
        map(AP1 | AP2 | UXN | PXN | ignored);
        assertThat(allowed()).isEqualTo("r--r--");
    }
}
