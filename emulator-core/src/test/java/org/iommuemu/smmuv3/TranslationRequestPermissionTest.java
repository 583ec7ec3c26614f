// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.iommu.Access.INSTRUCTION;
import static org.iommuemu.iommu.Access.PRIVILEGED;
import static org.iommuemu.iommu.Access.READ;
import static org.iommuemu.iommu.Access.WRITE;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What ATS Translation Requests grant: the table of fact sheet 7.3 and IHI 0070 §13.7. */
class TranslationRequestPermissionTest {
    private static final int PASID = 3;
    private static final long UXN = 1L << 54;
    private static final long PXN = 1L << 53;

    private final AtsBench a = new AtsBench();

    @AfterEach
    void close() {
        a.close();
    }

    /** A stage 1 page's attributes by name: RW, RO for both privileges, PRW, PRO for the privileged alone; then XN bits. */
    private static long page(String name) {
        String[] parts = name.split("-");
        long attributes = switch (parts[0]) {
            case "RW" -> 0xF40;
            case "RO" -> 0xFC0;
            case "PRW" -> 0xF00;
            default -> 0xF80;
        };
        for (int i = 1; i < parts.length; i++) {
            attributes |= parts[i].equals("UXN") ? UXN : PXN;
        }
        return attributes;
    }

    /** A request's code by letters: W for NW=0, X for ER, P for PMR. */
    private static int code(String letters) {
        return (letters.contains("W") ? WRITE : READ)
                | (letters.contains("X") ? INSTRUCTION : 0)
                | (letters.contains("P") ? PRIVILEGED : 0);
    }

    private static String granted(String bits) {
        return bits.replace("P", "").isEmpty() ? ("0/12 " + bits).strip() : "80005000/12 " + bits;
    }

    private TestCd substream() {
        a.bench.substreams(1, 0, 4, 0).set(93, 92, 1);
        return a.bench.cd(1, PASID, 9);
    }

    // With a PASID, no overrides.

    @ParameterizedTest(name = "{0} asked {1}")
    @CsvSource({
        "RW, W, RW",
        "RW, WX, RWX",
        "RW-UXN, WX, RW",
        "RW, WP, RWP",
        "RW, WXP, RWP",
        "RO, W, R",
        "RO, X, RX",
        "RO, WX, RX",
        "RO, P, RP",
        "RO, XP, RXP",
        "RO-UXN, X, R",
        "RO-UXN, XP, RXP",
        "RO-PXN, X, RX",
        "RO-PXN, XP, RP",
        "PRW, W, ''",
        "PRW, WP, RWP",
        "PRW, WXP, RWXP",
        "PRW-PXN, WXP, RWP",
        "PRO, WX, ''",
        "PRO, X, ''",
        "PRO, WXP, RXP",
        "PRO-UXN, XP, RXP",
        "PRO, WP, RP"
    })
    void shouldGrantWhatThePageAllowsOfWhatIsAsked(String page, String asked, String granted) {
        substream().map(0x5000, 0x8000_5000L, page(page));
        assertThat(a.ask(1, PASID, 0x5000, code(asked))).isEqualTo(granted(granted));
        assertThat(a.bench.events()).isEmpty();
    }

    @Test
    void shouldNotGrantExecuteUnasked() {
        substream().map(0x5000, 0x8000_5000L, page("RO"));
        assertThat(a.ask(1, PASID, 0x5000, READ)).isEqualTo("80005000/12 R");
    }

    @Test
    void shouldNotGrantWriteToAReadOnlyPageByPermissionsCachedForAnother() {
        // The answers to both privileges come from one translation.
        substream().map(0x5000, 0x8000_5000L, page("PRW"));
        assertThat(a.ask(1, PASID, 0x5000, WRITE | PRIVILEGED)).isEqualTo("80005000/12 RWP");
        assertThat(a.ask(1, PASID, 0x5000, WRITE)).isEqualTo("0/12");
        assertThat(a.ask(1, PASID, 0x5000, WRITE | PRIVILEGED)).isEqualTo("80005000/12 RWP");
    }

    @ParameterizedTest(name = "{0} asked {1} with PAN")
    @CsvSource({"RW, WP, P", "RO, XP, P", "PRW, WP, RWP", "RW, W, RW"})
    void shouldHeedPan(String page, String asked, String granted) {
        substream().set(40, 40, 1).map(0x5000, 0x8000_5000L, page(page));
        assertThat(a.ask(1, PASID, 0x5000, code(asked))).isEqualTo(granted(granted));
    }

    @ParameterizedTest(name = "{0} asked {1} with WXN")
    @CsvSource({"RW, WX, RW", "RO, X, RX", "PRW, WXP, RWP"})
    void shouldHeedWxn(String page, String asked, String granted) {
        substream().set(36, 36, 1).map(0x5000, 0x8000_5000L, page(page));
        assertThat(a.ask(1, PASID, 0x5000, code(asked))).isEqualTo(granted(granted));
    }

    @ParameterizedTest(name = "APTable {0} asked {1}")
    @CsvSource({"1, W, ''", "1, WP, RWP", "2, W, R", "2, WP, RP", "3, W, ''", "3, WP, RP"})
    void shouldHeedTableRestrictions(long apTable, String asked, String granted) {
        TestCd cd = substream().map(0x5000, 0x8000_5000L, page("RW"));
        long table = cd.tables(0x5000).descriptorAddress(0x5000, 2);
        a.memory.writeLong(table, a.memory.readLong(table) | apTable << 61);
        assertThat(a.ask(1, PASID, 0x5000, code(asked))).isEqualTo(granted(granted));
    }

    // Overrides.

    @ParameterizedTest(name = "{0} asked {1}")
    @CsvSource({
        "PRO, X, RX",
        "PRO, '', R",
        "PRO-UXN, X, ''",
        "RO-UXN, X, ''",
        "RO, X, RX",
        "RO-PXN, X, RX",
        "RO-PXN, XP, P",
        "RW, WX, RWX",
        "RW-UXN, W, W",
        "RW-UXN, WX, W",
        "RW, WP, WP"
    })
    void shouldTakeReadsAsFetchesWhereInstCfgIsInstruction(String page, String asked, String granted) {
        substream().map(0x5000, 0x8000_5000L, page(page));
        a.bench.ste(1).instCfg(3);
        assertThat(a.ask(1, PASID, 0x5000, code(asked))).isEqualTo(granted(granted));
    }

    @ParameterizedTest(name = "{0} asked {1}")
    @CsvSource({"RO-UXN, X, RX", "RO-UXN, '', R", "PRO, X, ''", "RW-UXN, WX, RWX", "RO-PXN, XP, RXP"})
    void shouldTakeFetchesAsReadsWhereInstCfgIsData(String page, String asked, String granted) {
        substream().map(0x5000, 0x8000_5000L, page(page));
        a.bench.ste(1).instCfg(2);
        assertThat(a.ask(1, PASID, 0x5000, code(asked))).isEqualTo(granted(granted));
    }

    @ParameterizedTest(name = "INSTCFG {0}")
    @CsvSource({"0", "1"})
    void shouldUseTheIncomingInstructionMark(int instCfg) {
        substream().map(0x5000, 0x8000_5000L, page("RO-UXN"));
        a.bench.ste(1).instCfg(instCfg);
        assertThat(a.ask(1, PASID, 0x5000, INSTRUCTION)).isEqualTo("80005000/12 R");
    }

    @ParameterizedTest(name = "PRIVCFG {0}, {1} asked {2}")
    @CsvSource({
        "3, PRW, W, RW",
        "3, PRW, WP, RWP",
        "3, PRO, X, RX",
        "2, PRW, WP, P",
        "2, RO, WP, RP",
        "2, RO-UXN, XP, RP",
        "1, PRW, WP, RWP",
        "1, PRW, W, ''"
    })
    void shouldOverridePrivilegeButEchoIt(int privCfg, String page, String asked, String granted) {
        substream().map(0x5000, 0x8000_5000L, page(page));
        a.bench.ste(1).privCfg(privCfg);
        assertThat(a.ask(1, PASID, 0x5000, code(asked))).isEqualTo(granted(granted));
    }

    @Test
    void shouldIgnoreOverridesWhereTheyAreAbsent() {
        try (AtsBench n = new AtsBench(AtsBench.IDR0, AtsBench.IDR1 & ~0x400_0000L, AtsBench.IDR3, AtsBench.IDR5)) {
            n.stage1(1).map(0x5000, 0x8000_5000L, page("PRW"));
            n.bench.ste(1).privCfg(3).instCfg(3);
            assertThat(n.ask(1, 0x5000, WRITE)).isEqualTo("0/12");
        }
    }

    // Without a PASID.

    @ParameterizedTest(name = "{0} asked {1}")
    @CsvSource({"RW, WXP, RW", "RO, XP, R", "PRW, WP, ''", "PRO, X, ''"})
    void shouldKnowNeitherExecuteNorPrivilegeWithoutAPasid(String page, String asked, String granted) {
        a.stage1(1).map(0x5000, 0x8000_5000L, page(page));
        assertThat(a.ask(1, 0x5000, code(asked))).isEqualTo(granted(granted));
    }

    @Test
    void shouldOverridePrivilegeWithoutAPasid() {
        a.stage1(1).map(0x5000, 0x8000_5000L, page("PRW"));
        a.bench.ste(1).privCfg(3);
        assertThat(a.ask(1, 0x5000, WRITE)).isEqualTo("80005000/12 RW");
    }

    @Test
    void shouldOverrideInstructionWithoutAPasid() {
        // R by execute permission, but no Exe, as it cannot have been asked for.
        a.stage1(1).map(0x5000, 0x8000_5000L, page("PRO"));
        a.bench.ste(1).instCfg(3);
        assertThat(a.ask(1, 0x5000, INSTRUCTION)).isEqualTo("80005000/12 R");
    }

    // Stage 2.

    @ParameterizedTest(name = "S2AP {0}, XN {1}, asked {2}")
    @CsvSource({
        "3, 0, WX, RWX",
        "1, 0, WX, RX",
        "2, 0, WX, W",
        "0, 0, WX, ''",
        "3, 2, WX, RW",
        "3, 1, WX, RWX",
        "3, 3, WX, RW"
    })
    void shouldGrantOnlyWhatStage2AllowsToo(long s2ap, long xn, String asked, String granted) {
        var second = a.stage2(1);
        for (long at = 0x100_0000; at < 0x200_0000; at += 0x20_0000) {
            second.map(at, at, 1, AtsBench.STAGE_2_READ_WRITE);
        }
        second.map(0x6000, 0x8000_5000L, 0x73C | s2ap << 6 | xn << 53);
        a.bench.substreams(1, 0, 4, 0).config(7);
        a.bench.cd(1, PASID, 9).map(0x5000, 0x6000);
        assertThat(a.ask(1, PASID, 0x5000, code(asked))).isEqualTo(granted(granted));
    }

    @ParameterizedTest(name = "S2AP {0} asked {1}")
    @CsvSource({"3, W, RW", "1, W, R", "2, W, W", "0, W, ''"})
    void shouldGrantWhatStage2AloneAllows(long s2ap, String asked, String granted) {
        a.stage2(1).map(0x5000, 0x8000_5000L, 0x73C | s2ap << 6);
        assertThat(a.ask(1, 0x5000, code(asked))).isEqualTo(granted(granted));
    }
}
