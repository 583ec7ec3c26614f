// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.memory.RangeState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Substreams and the tables of their CDs: fact sheet 2.4 and 3.1. */
class SubstreamTest {
    private static final int NONE = Transaction.NO_SUBSTREAM;
    private static final long VA = 0x1000;

    private SmmuBench b = SmmuBench.started();

    @AfterEach
    void close() {
        b.close();
    }

    private void translates(int ssid, long physical) {
        Verdict v = b.access(5, ssid, VA, 0);
        assertThat(v.isOk()).as("SSID %d: %s", ssid, v.rule()).isTrue();
        assertThat(v.address()).as("SSID %d", ssid).isEqualTo(physical);
        assertThat(b.events()).isEmpty();
    }

    private void refuses(int ssid, long word0, long word3) {
        assertThat(b.access(5, ssid, VA, 0).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly(String.format("%016x %016x %016x %016x", word0, 0, 0, word3));
    }

    /** C_BAD_SUBSTREAMID: SubstreamID always valid, no SSV (6.1). */
    private void hasBadSubstream(int ssid) {
        refuses(ssid, 0x5_0000_0008L | (long) Math.max(0, ssid) << 12, 0);
    }

    /** F_STREAM_DISABLED: StreamID only (6.1, U-23). */
    private void isDisabled(int ssid) {
        refuses(ssid, 0x5_0000_0006L, 0);
    }

    private void map(int ssid, long physical) {
        b.cd(5, ssid, 0x100 + ssid).map(VA, physical);
    }

    @Test
    void shouldUseTheSingleCdWithoutSubstreams() {
        // 2.4, rows 1 and 2; S1DSS does not matter.
        b.stage1(5).map(VA, SmmuBench.DATA);
        for (int dss = 0; dss < 4; dss++) {
            b.ste(5).s1Dss(dss);
            b.invalidateAll();
            translates(NONE, SmmuBench.DATA);
            hasBadSubstream(0);
            hasBadSubstream(7);
        }
    }

    @Test
    void shouldRecordBadSubstreamIdWhereThereAreNoSubstreams() {
        // 2.4: SSIDSIZE=0.
        b.close();
        b = SmmuBench.started(SmmuBench.withIdr1(0x7C0, 0));
        b.stage1(5).map(VA, SmmuBench.DATA);
        translates(NONE, SmmuBench.DATA);
        hasBadSubstream(0);
    }

    @ParameterizedTest(name = "S1Fmt {0}, S1CDMax {1}")
    @CsvSource({"0, 1", "0, 4", "0, 8", "3, 4", "1, 1", "1, 6", "1, 7", "1, 12", "2, 3", "2, 10", "2, 11", "2, 14"})
    void shouldFindSubstreamsAtTheBordersOfEveryTable(int fmt, int cdMax) {
        b.substreams(5, fmt, cdMax, 0);
        int last = (1 << cdMax) - 1;
        int[] ssids = {0, 1, last / 2, last / 2 + 1, Math.min(63, last), Math.min(64, last), last};
        for (int ssid : ssids) {
            map(ssid, SmmuBench.DATA + ((long) ssid << 12));
        }
        for (int ssid : ssids) {
            translates(ssid, SmmuBench.DATA + ((long) ssid << 12));
        }
        hasBadSubstream(last + 1);
        hasBadSubstream(0xFFFFF);
    }

    @Test
    void shouldReachTheLargestSubstream() {
        b.substreams(5, 2, 20, 0);
        map(0xFFFFF, SmmuBench.DATA);
        translates(0xFFFFF, SmmuBench.DATA);
    }

    @ParameterizedTest(name = "S1DSS {0}")
    @ValueSource(ints = {0, 3})
    void shouldDisableRequestsWithoutSubstream(int dss) {
        b.substreams(5, 0, 4, dss);
        map(0, SmmuBench.DATA);
        map(1, SmmuBench.DATA + 0x1000);

        isDisabled(NONE);
        translates(0, SmmuBench.DATA);
        translates(1, SmmuBench.DATA + 0x1000);
        hasBadSubstream(16);
    }

    @Test
    void shouldBypassStage1WithoutSubstream() {
        // 2.4: S1DSS=01, no CD fetch.
        TestSte ste = b.substreams(5, 0, 4, 1);
        map(1, SmmuBench.DATA);
        map(0, SmmuBench.DATA + 0x1000);
        b.memory.mark(ste.get(55, 6) << 6, 64, RangeState.ABSENT);

        translates(NONE, VA);
        translates(1, SmmuBench.DATA);
        refuses(0, 0x5_0000_0809L, ste.get(55, 6) << 6);
    }

    @Test
    void shouldRecordAddressSizeWhenBypassIsAboveIas() {
        // 4.1: S1DSS=01 tests against IAS; S2=0, CLASS=IN, aborts and records.
        b.substreams(5, 0, 4, 1);
        assertThat(b.read(5, 1L << 48).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly("0000000500000011 0000020800000000 0001000000000000 0000000000000000");
        assertThat(b.read(5, (1L << 48) - 8).isOk()).isTrue();
    }

    @Test
    void shouldUseCd0WithoutSubstream() {
        // 2.4: S1DSS=10; SubstreamID 0 is then taken.
        b.substreams(5, 0, 4, 2);
        map(0, SmmuBench.DATA);
        map(15, SmmuBench.DATA + 0x1000);

        translates(NONE, SmmuBench.DATA);
        isDisabled(0);
        translates(15, SmmuBench.DATA + 0x1000);
        hasBadSubstream(16);
    }

    @Test
    void shouldRecordTheSubstreamOfATranslationFault() {
        b.substreams(5, 0, 4, 2);
        map(0, SmmuBench.DATA);
        map(3, SmmuBench.DATA);
        b.readSubstream(5, 3, 0x7000);
        b.read(5, 0x7000);

        assertThat(b.events())
                .containsExactly(
                        "0000000500003810 0000020800000000 0000000000007000 0000000000000000",
                        "0000000500000010 0000020800000000 0000000000007000 0000000000000000");
    }

    @Test
    void shouldRecordBadSubstreamIdWhenL1CdIsNotValid() {
        b.substreams(5, 1, 12, 2);
        map(0x40, SmmuBench.DATA);
        b.l1cd(5, 0x80).word(0, 0x123_4000);

        translates(0x40, SmmuBench.DATA);
        hasBadSubstream(0x80);
        hasBadSubstream(0xFC0);
        // The index being fetched: 0 for the default of S1DSS=10 (3.1).
        hasBadSubstream(NONE);
    }

    @Test
    void shouldRecordBadSubstreamIdWhenL2PointerIsAboveOas() {
        b.substreams(5, 1, 12, 0);
        b.l1cd(5, 0x80).word(0, 1L << 48 | 1);
        hasBadSubstream(0x81);
    }

    @Test
    void shouldRecordCdFetchOfL1CdAndCd() {
        b.substreams(5, 1, 12, 2);
        TestCd cd = b.cd(5, 0x43, 9);
        b.memory.mark(cd.address(), 64, RangeState.POISONED);
        refuses(0x43, 0x5_0004_3809L, cd.address());

        TestStructure l1 = b.l1cd(5, 0x43);
        b.memory.mark(l1.address(), 8, RangeState.ABSENT);
        refuses(0x43, 0x5_0004_3809L, l1.address());

        b.memory.mark(b.l1cd(5, 0).address(), 8, RangeState.ABSENT);
        refuses(NONE, 0x5_0000_0009L, b.l1cd(5, 0).address());
    }

    @Test
    void shouldRecordBadCdOfASubstream() {
        b.substreams(5, 0, 4, 2);
        b.cd(5, 3, 9).set(31, 31, 0);
        refuses(3, 0x5_0000_380AL, 0);
        // CD 0 is all zeroes.
        refuses(NONE, 0x5_0000_000AL, 0);
    }

    @ParameterizedTest
    @CsvSource({"0, 4, 0x40000, 0x403C0", "1, 12, 0x40000, 0x401C0", "1, 4, 0x40040, 0x40040", "2, 14, 0x40000, 0x40040"
    })
    void shouldAlignCdTablesToTheirSize(int fmt, int cdMax, String aligned, String pointer) {
        // 3.1: linear 2^(S1CDMax+6); L1 tables max(size, 64).
        b.substreams(5, fmt, cdMax, 0).s1ContextPtr(Long.decode(aligned));
        map(1, SmmuBench.DATA);
        b.ste(5).s1ContextPtr(Long.decode(pointer));
        b.invalidateAll();

        translates(1, SmmuBench.DATA);
    }

    @Test
    void shouldAlignLeafTablesOfCds() {
        // 3.1: 64 KiB leaves are aligned to 64 KiB, whatever bits 15:12 of L2Ptr say.
        b.substreams(5, 2, 12, 0);
        map(0x401, SmmuBench.DATA);
        b.l1cd(5, 0x401).put(15, 12, 0xF);
        b.invalidateAll();

        translates(0x401, SmmuBench.DATA);
    }

    @Test
    void shouldKeepSubstreamsApart() {
        b.substreams(5, 0, 8, 0);
        for (int ssid = 0; ssid < 256; ssid++) {
            map(ssid, SmmuBench.DATA + ((long) ssid << 12));
        }
        for (int round = 0; round < 2; round++) {
            for (int ssid = 0; ssid < 256; ssid++) {
                translates(ssid, SmmuBench.DATA + ((long) ssid << 12));
            }
        }
    }
}
