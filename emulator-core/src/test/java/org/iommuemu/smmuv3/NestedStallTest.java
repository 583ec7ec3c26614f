// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Verdict.Status;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Stalls of two stages: each fault goes by the controls of the stage that it occurs at: fact sheet 2.7, 3.5, 4.9 (case 75, and the
 * table of IHI 0070 §3.12.5).
 */
class NestedStallTest {
    private static final long IPA = 0x4000_0000L;
    /** Stage 2 leaf: AF, SH, S2AP read and write, write-back. */
    private static final long READ_WRITE = 0x7FC;

    private static final long READ_ONLY = 0x77C;
    private static final int CLASS_CD = 0;
    private static final int CLASS_TT = 1;
    private static final int CLASS_IN = 2;

    private final SmmuBench b = new SmmuBench(SmmuBench.withStalls(0, 4, 1), CacheConfiguration.standard()).start();
    private final StallingPort port = StallingPort.on(b);
    private final TestCd cd = b.stage1(0x42).map(0x5000, IPA);
    private final TestSte ste = b.ste(0x42);
    private final TableBuilder second = new TableBuilder(b.memory, b.allocator, Aarch64Stage2.format(12, false), 48);

    NestedStallTest() {
        ste.set(165, 160, 16).set(167, 166, 2).set(178, 176, 5).set(179, 179, 1).set(186, 186, 1);
        ste.set(243, 196, second.root() >>> 4).config(7);
        // The structures of stage 1 are where they are, page by page.
        for (long page = 0x100_0000L; page < 0x102_0000L; page += 0x1000) {
            second.map(page, page, READ_WRITE);
        }
    }

    @AfterEach
    void close() {
        b.close();
    }

    private void stage1Stalls(int s) {
        cd.set(44, 44, s);
    }

    private void stage2Stalls(int s) {
        ste.set(185, 185, s);
    }

    /** A read's F_TRANSLATION at stage 2. */
    private static String stage2Record(int faultClass, boolean stall, long address, long ipa) {
        long word1 = 0x88_0000_0000L | (long) faultClass << 40 | (stall ? 0x8000_0000L : 0);
        return String.format("0000004200000010 %016x %016x %016x", word1, address, ipa);
    }

    private void retry() {
        b.command(0x42_0000_1044L, 0);
    }

    // Who stalls.

    @ParameterizedTest(name = "CD.S {0}, S2S {1}")
    @CsvSource({"0, 0", "0, 1", "1, 0", "1, 1"})
    void shouldGoByTheCdAtStage1(int s1, int s2) {
        stage1Stalls(s1);
        stage2Stalls(s2);
        assertThat(b.read(0x42, 0x7000).status()).isEqualTo(s1 == 1 ? Status.STALLED : Status.ABORT);
        assertThat(b.events())
                .containsExactly(String.format(
                        "0000004200000010 %016x 0000000000007000 0000000000000000",
                        s1 == 1 ? 0x0000_0208_8000_0000L : 0x0000_0208_0000_0000L));
    }

    @ParameterizedTest(name = "CD.S {0}, S2S {1}")
    @CsvSource({"0, 0", "0, 1", "1, 0", "1, 1"})
    void shouldGoByTheSteForTheOutputOfStage1(int s1, int s2) {
        stage1Stalls(s1);
        stage2Stalls(s2);
        assertThat(b.read(0x42, 0x5678).status()).isEqualTo(s2 == 1 ? Status.STALLED : Status.ABORT);
        assertThat(b.events()).containsExactly(stage2Record(CLASS_IN, s2 == 1, 0x5678, IPA));
    }

    @ParameterizedTest(name = "CD.S {0}, S2S {1}")
    @CsvSource({"0, 0", "0, 1", "1, 0", "1, 1"})
    void shouldGoByTheSteForTheCd(int s1, int s2) {
        stage1Stalls(s1);
        stage2Stalls(s2);
        long page = cd.address() & -0x1000L;
        second.unmap(page, 0);
        assertThat(b.read(0x42, 0x5678).status()).isEqualTo(s2 == 1 ? Status.STALLED : Status.ABORT);
        assertThat(b.events()).containsExactly(stage2Record(CLASS_CD, s2 == 1, 0x5678, page));
    }

    @ParameterizedTest(name = "CD.S {0}, S2S {1}")
    @CsvSource({"0, 0", "0, 1", "1, 0", "1, 1"})
    void shouldGoByTheSteForTheTablesOfStage1(int s1, int s2) {
        stage1Stalls(s1);
        stage2Stalls(s2);
        long page = cd.tables(0x5000).descriptorAddress(0x5000, 0) & -0x1000L;
        second.unmap(page, 0);
        assertThat(b.read(0x42, 0x5678).status()).isEqualTo(s2 == 1 ? Status.STALLED : Status.ABORT);
        assertThat(b.events()).containsExactly(stage2Record(CLASS_TT, s2 == 1, 0x5678, page));
    }

    @ParameterizedTest(name = "S2S {0}, S2R {1}")
    @CsvSource({"0, 0, 0", "0, 1, 1", "1, 0, 1", "1, 1, 1"})
    void shouldRecordAStage2StallWhateverS2rSays(int s2, int r2, int records) {
        stage2Stalls(s2);
        ste.set(186, 186, r2);
        assertThat(b.read(0x42, 0x5678).status()).isEqualTo(s2 == 1 ? Status.STALLED : Status.ABORT);
        assertThat(b.events()).hasSize(records);
    }

    @Test
    void shouldStallAtStage2Permission() {
        stage2Stalls(1);
        second.map(IPA, SmmuBench.DATA, READ_ONLY);
        assertThat(b.write(0x42, 0x5000).status()).isEqualTo(Status.STALLED);
        assertThat(b.events()).containsExactly("0000004200000013 0000028080000000 0000000000005000 0000000040000000");
    }

    @Test
    void shouldStallAtStage2Alone() {
        stage2Stalls(1);
        ste.config(6);
        assertThat(b.read(0x42, 0x5678).status()).isEqualTo(Status.STALLED);
        assertThat(b.events()).containsExactly(stage2Record(CLASS_IN, true, 0x5678, 0x5000));
    }

    @Test
    void shouldAbortAnIntermediateAddressTooWideForABypassedStage1() {
        // 3.5: an F_ADDR_SIZE of a bypassed stage 1 always aborts, also in a stream of stage 2 that stalls.
        stage2Stalls(1);
        ste.config(6);
        assertThat(b.read(0x42, 1L << 48).status()).isEqualTo(Status.ABORT);
        assertThat(b.events()).containsExactly("0000004200000011 0000020800000000 0001000000000000 0000000000000000");
    }

    // How it goes on.

    @Test
    void shouldCompleteOnceStage2MapsTheOutput() {
        stage2Stalls(1);
        b.read(0x42, 0x5678);
        second.map(IPA, SmmuBench.DATA, READ_WRITE);
        retry();
        assertThat(port.ended).containsExactly("0: 42 5678 OK 80000678");
    }

    @Test
    void shouldFetchTheCdAgainOnceStage2MapsIt() {
        stage2Stalls(1);
        long page = cd.address() & -0x1000L;
        second.unmap(page, 0);
        b.read(0x42, 0x5678);
        second.map(page, page, READ_WRITE).map(IPA, SmmuBench.DATA, READ_WRITE);
        retry();
        assertThat(port.ended).containsExactly("0: 42 5678 OK 80000678");
    }

    @Test
    void shouldMeetFaultAfterFaultOnItsWay() {
        // CD, then tables of stage 1, then the output: each is a stall of its own, with the same STAG.
        stage1Stalls(1);
        stage2Stalls(1);
        long cdPage = cd.address() & -0x1000L;
        long leafPage = cd.tables(0x5000).descriptorAddress(0x5000, 0) & -0x1000L;
        second.unmap(cdPage, 0).unmap(leafPage, 0);
        cd.unmap(0x5000);
        b.read(0x42, 0x5678);
        assertThat(b.events()).containsExactly(stage2Record(CLASS_CD, true, 0x5678, cdPage));
        second.map(cdPage, cdPage, READ_WRITE);
        retry();
        assertThat(b.events()).containsExactly(stage2Record(CLASS_TT, true, 0x5678, leafPage));
        second.map(leafPage, leafPage, READ_WRITE);
        retry();
        assertThat(b.events()).containsExactly("0000004200000010 0000020880000000 0000000000005678 0000000000000000");
        cd.map(0x5000, IPA);
        retry();
        assertThat(b.events()).containsExactly(stage2Record(CLASS_IN, true, 0x5678, IPA));
        second.map(IPA, SmmuBench.DATA, READ_WRITE);
        retry();
        assertThat(port.ended).containsExactly("0: 42 5678 OK 80000678");
        assertThat(b.smmu.statistics().mostStallRetries()).isEqualTo(4);
    }

    @Test
    void shouldLetResumeEndAStage2FaultAsReadZeroWriteIgnored() {
        // 5.8: although the STE itself can only abort.
        stage2Stalls(1);
        b.read(0x42, 0x5000);
        b.command(0x42_0000_0044L, 0);
        assertThat(port.ended).containsExactly("0: 42 5000 READ_ZERO_WRITE_IGNORED 0");
    }

    @Test
    void shouldAbortARetryWhenStage2TerminatesByThen() {
        stage2Stalls(1);
        b.read(0x42, 0x5000);
        b.events();
        stage2Stalls(0);
        b.invalidateAll();
        retry();
        assertThat(port.ended).containsExactly("0: 42 5000 ABORT 0");
        assertThat(b.events()).containsExactly(stage2Record(CLASS_IN, false, 0x5000, IPA));
    }
}
