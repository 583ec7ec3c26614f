// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.iommu.Access.ATOMIC;
import static org.iommuemu.iommu.Access.INSTRUCTION;
import static org.iommuemu.iommu.Access.PRIVILEGED;
import static org.iommuemu.iommu.Access.READ;
import static org.iommuemu.iommu.Access.WRITE;
import static org.iommuemu.smmuv3.AtsBench.ATSCHK;
import static org.iommuemu.smmuv3.AtsBench.ON;

import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.RangeState;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Transactions with intermediate addresses (AT=10 under split-stage ATS): fact sheet 7.4, step 7. */
class SplitStageTransactionTest {
    private final AtsBench a = new AtsBench();

    @AfterEach
    void close() {
        a.close();
    }

    private void assertAborts(int stream, long address, int code, String... events) {
        assertThat(a.translated(stream, address, code).status()).isEqualTo(Verdict.Status.ABORT);
        assertThat(a.bench.events()).containsExactly(events);
    }

    /** A stream of split-stage ATS; its stage 2 tables. */
    private TableBuilder split() {
        a.controls(ON | ATSCHK, 0);
        TableBuilder second = a.nested(1).second();
        a.bench.ste(1).set(93, 92, 2);
        return second;
    }

    @Test
    void shouldTranslateByStage2InSplitStage() {
        split().map(0x6000, 0x8000_5000L, AtsBench.STAGE_2_READ_WRITE);
        Verdict v = a.translated(1, 0x6123, WRITE);
        assertThat(v.isOk()).isTrue();
        assertThat(v.address()).isEqualTo(0x8000_5123L);
    }

    @Test
    void shouldRecordStage2FaultsAsOfTheInput() {
        // S2 103, CLASS IN 105:104, RnW 99; InputAddr and IPA are the given address.
        split().map(0x6000, 0x8000_5000L, AtsBench.STAGE_2_READ_ONLY).map(0x8000, 0x8000_8000L, 0x3FC);
        assertAborts(1, 0x7123, READ, "0000000100000010 0000028800000000 0000000000007123 0000000000007000");
        assertAborts(1, 0x8123, READ, "0000000100000012 0000028800000000 0000000000008123 0000000000008000");
        assertAborts(1, 0x6123, WRITE, "0000000100000013 0000028000000000 0000000000006123 0000000000006000");
    }

    @Test
    void shouldRecordStage2AddressSizeFaults() {
        split().map(0x6000, 1L << 40, AtsBench.STAGE_2_READ_WRITE);
        a.bench.ste(1).set(178, 176, 1);
        assertAborts(1, 0x6000, READ, "0000000100000011 0000028800000000 0000000000006000 0000000000006000");
    }

    @Test
    void shouldRecordAWalkWithoutAnswer() {
        TableBuilder second = split();
        a.memory.writeLong(second.descriptorAddress(0x40_0000_0000L, 2), 0x60_0000_0003L);
        a.memory.mark(0x60_0000_0000L, 0x1000, RangeState.ABSENT);
        assertAborts(1, 0x40_0000_0000L, READ, "000000010000000b 0000028800000000 0000004000000000 0000006000000000");
    }

    @Test
    void shouldNotRecordStage2FaultsWithoutS2r() {
        split();
        a.bench.ste(1).set(186, 186, 0);
        assertAborts(1, 0x7000, READ);
    }

    @Test
    void shouldRecordAnAddressBeyondIasAsOfStage1() {
        // Whatever S2R says: there is no CD.
        split();
        a.bench.ste(1).set(186, 186, 0);
        assertAborts(1, 1L << 48, READ, "0000000100000011 0000020800000000 0001000000000000 0000000000000000");
    }

    @Test
    void shouldNotRecordThePasidOfAFault() {
        split();
        a.translated(1, 3, 0x7000, READ);
        assertThat(a.bench.events())
                .containsExactly("0000000100000010 0000028800000000 0000000000007000 0000000000007000");
    }

    @Test
    void shouldBeUnprivilegedDataWhateverThePasidSays() {
        // XN 01 allows only unprivileged fetches, S2AP 01 reads.
        split().map(0x6000, 0x8000_5000L, AtsBench.STAGE_2_READ_ONLY | 2L << 53);
        assertThat(a.translated(1, 3, 0x6000, INSTRUCTION | PRIVILEGED).isOk()).isTrue();
        a.translated(1, 3, 0x7000, INSTRUCTION | PRIVILEGED);
        assertThat(a.bench.events())
                .containsExactly("0000000100000010 0000028800000000 0000000000007000 0000000000007000");
    }

    @ParameterizedTest(name = "PRIVCFG {0}, XN {1}")
    @CsvSource({"0, 1, true", "0, 3, false", "3, 3, true", "3, 1, false", "2, 1, true"})
    void shouldApplyOverridesBeforeStage2(int privCfg, long xn, boolean ok) {
        split().map(0x6000, 0x8000_5000L, AtsBench.STAGE_2_READ_ONLY | xn << 53);
        a.bench.ste(1).instCfg(3).privCfg(privCfg);
        assertThat(a.translated(1, 0x6000, READ).isOk()).isEqualTo(ok);
        assertThat(a.bench.events()).hasSize(ok ? 0 : 1);
    }

    @Test
    void shouldRecordOverriddenAttributes() {
        // PnU 97, InD 98, RnW 99.
        split();
        a.bench.ste(1).instCfg(3).privCfg(3);
        assertAborts(1, 0x7000, READ, "0000000100000010 0000028e00000000 0000000000007000 0000000000007000");
        assertAborts(1, 0x7000, WRITE, "0000000100000010 0000028200000000 0000000000007000 0000000000007000");
    }

    @Test
    void shouldNeedBothPermissionsForAtomics() {
        split().map(0x6000, 0x8000_5000L, 0x7BC);
        // Missing read permission alone is reported as a read.
        assertAborts(1, 0x6000, ATOMIC, "0000000100000013 0000028800000000 0000000000006000 0000000000006000");
    }

    @ParameterizedTest(name = "S2HD {0}")
    @CsvSource({"1, 0000028800000000", "0, 0000028000000000"})
    void shouldTakeACleanPageAsWritableForAtomics(int s2hd, String word1) {
        // IHI 0070 §13.1.1: RnW=1 where read permission alone is missing, and a page that may become dirty is writable.
        split().map(0x6000, 0x8000_5000L, 0x73C | 1L << 51);
        a.bench.ste(1).set(183, 183, s2hd).set(184, 184, 1);
        assertAborts(1, 0x6000, ATOMIC, "0000000100000013 " + word1 + " 0000000000006000 0000000000006000");
    }

    @Test
    void shouldTranslateAnewAfterInvalidation() {
        TableBuilder second = split().map(0x6000, 0x8000_5000L, AtsBench.STAGE_2_READ_WRITE);
        a.translated(1, 0x6000, READ);
        second.map(0x6000, 0x8000_7000L, AtsBench.STAGE_2_READ_WRITE);
        // TLBI_S2_IPA of VMID 1.
        a.bench.command(0x1_0000_002AL, 0x6001).sync();
        assertThat(a.translated(1, 0x6000, READ).address()).isEqualTo(0x8000_7000L);
    }
}
