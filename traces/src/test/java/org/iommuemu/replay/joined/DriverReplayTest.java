// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.iommuemu.capture.InputException;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.replay.AgreementRule;
import org.iommuemu.replay.ProgressListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Traces that are made up, each with something that may be wrong. */
class DriverReplayTest {
    private static final int PAGE = 4096;
    /** Behind the attachment's commands, which are not what these tests are about. */
    private static final long IOVA = 0x10_0000;

    @TempDir
    private Path temp;

    private DriverReplaySummary replay(Rows rows) {
        try (DriverReplay replay = new DriverReplay(rows.write(temp), CacheConfiguration.standard())) {
            return replay.run(ProgressListener.NONE);
        }
    }

    private static Rows strict(long commandIova, int commandBytes, long pa) {
        return new Rows()
                .map(10, 8, 1, IOVA, 33 * PAGE, 0x800_0000, "f1")
                .dma(20, 8, 1, IOVA + 0x1040, pa, "f1", "ok")
                .unmap(30, 8, 1, IOVA, 33 * PAGE, "f2", "q10+q11")
                .range(31, "TLBI_NH_VA", 1, commandIova, commandBytes, "q10", "f2")
                .range(31, "TLBI_NH_VA", 1, IOVA + PAGE, 32 * PAGE, "q11", "f2")
                .plain(32, "SYNC", "q12");
    }

    /** 33 pages are no n * 2^k with n up to 31: one page, and 32. */
    @Test
    void shouldSendTheBatchOfAnUnmap() {
        DriverReplaySummary s = replay(strict(IOVA, PAGE, 0x800_1040));

        assertThat(s.machine()).isEqualTo("SMMUv3, first stage; Linux 6.1");
        assertThat(s.exactUnmaps()).isEqualTo(1);
        assertThat(s.unmaps()).isEqualTo(1);
        assertThat(s.addresses()).hasToString("1 of 1");
        assertThat(s.calls()).hasToString("2 of 2");
        assertThat(s.fieldsKnown()).isFalse();
    }

    @Test
    void shouldFindAnotherAddressInTheBatch() {
        DriverReplaySummary s = replay(strict(IOVA + 2 * PAGE, PAGE, 0x800_1040));

        assertThat(s.exactUnmaps()).isZero();
        assertThat(s.causes()).containsEntry("TLBI_NH_VA with other operands", 1L);
        assertThat(s.agrees()).isFalse();
    }

    @Test
    void shouldFindAnotherSizeInTheBatch() {
        DriverReplaySummary s = replay(strict(IOVA, 2 * PAGE, 0x800_1040));

        assertThat(s.exactUnmaps()).isZero();
    }

    @Test
    void shouldFindAnotherTranslation() {
        DriverReplaySummary s = replay(strict(IOVA, PAGE, 0x800_1048));

        assertThat(s.addresses()).hasToString("0 of 1");
        assertThat(s.addresses().differences())
                .containsExactly("line 3: stream 0x8 0x101040: pa 0x8001040, expected pa 0x8001048; recorded as ok");
    }

    @Test
    void shouldShareADomainAmongStreams() {
        Rows rows = new Rows()
                .map(10, 8, 1, IOVA, PAGE, 0x800_0000, "f1")
                .dma(11, 9, 1, IOVA, 0x800_0000, "f1", "ok")
                .dma(12, 10, 2, IOVA, 0x800_0000, "f1", "no_map")
                .unmap(13, 9, 1, IOVA, PAGE, "f2", "q10")
                .range(14, "TLBI_NH_VA", 1, IOVA, PAGE, "q10", "f2")
                .plain(15, "SYNC", "q12");

        DriverReplaySummary s = replay(rows);

        assertThat(s.streams()).containsEntry(8, 1).containsEntry(9, 1).containsEntry(10, 2);
        assertThat(s.addresses()).hasToString("1 of 2");
        assertThat(s.exactUnmaps()).isEqualTo(1);
    }

    @Test
    void shouldTellAVtdUnitByItsCommands() {
        Rows rows = new Rows()
                .map(10, 8, 7, IOVA, 3 * PAGE, 0x800_0000, "f1")
                .unmap(13, 8, 7, IOVA, 3 * PAGE, "f2", "q10")
                .range(14, "iotlb", 7, IOVA, 4 * PAGE, "q10", "f2")
                .plain(15, "wait", "q12");

        DriverReplaySummary s = replay(rows);

        assertThat(s.machine()).isEqualTo("VT-d, legacy mode, second stage; Linux 6.12");
        assertThat(s.exactUnmaps()).isEqualTo(1);
        assertThat(s.domains()).containsKey(7);
    }

    /** Linux 6.1 leaves the address as it is, and the hint out. */
    @Test
    void shouldTellTheReleaseByRangesThatAreNotAligned() {
        Rows rows = new Rows()
                .map(10, 8, 7, IOVA + PAGE, 3 * PAGE, 0x800_0000, "f1")
                .unmap(13, 8, 7, IOVA + PAGE, 3 * PAGE, "f2", "q10")
                .range(14, "iotlb", 7, IOVA + PAGE, 4 * PAGE, "q10", "f2")
                .plain(15, "wait", "q12");

        DriverReplaySummary s = replay(rows);

        assertThat(s.machine()).isEqualTo("VT-d, legacy mode, second stage; Linux 6.1");
        assertThat(s.exactUnmaps()).isEqualTo(1);
    }

    @Test
    void shouldRefuseAFileThatDoesNotTellItsMachine() {
        Rows rows = new Rows().map(10, 8, 1, IOVA, PAGE, 0x800_0000, "f1");

        assertThatThrownBy(() -> replay(rows))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("has no commands, and no registers.json beside it; expected one of them");
    }

    @Test
    void shouldCountCallsThatTheDriverRefuses() {
        Rows rows = strict(IOVA, PAGE, 0x800_1040)
                .map(40, 8, 1, 0x2000, PAGE, 0x1000, "f3")
                .map(41, 8, 1, 0x2000, PAGE, 0x1000, "f4");

        DriverReplaySummary s = replay(rows);

        assertThat(s.calls()).hasToString("3 of 4");
        assertThat(s.calls().differences().get(0))
                .startsWith("line 9: the driver refuses the call: 0x2000 is mapped already");
        assertThat(s.agrees()).isFalse();
    }

    @Test
    void shouldAgreeByARuleWithAccessesBetweenAnUnmapAndItsCommand() {
        Rows rows = new Rows()
                .map(10, 8, 1, IOVA, PAGE, 0x800_0000, "f1")
                .unmap(30, 8, 1, IOVA, PAGE, "f2", "q10")
                .dma(60, 8, 1, IOVA, 0x800_0000, "f2", "after_unmap")
                .range(61, "TLBI_NH_VA", 1, IOVA, PAGE, "q10", "f2")
                .plain(62, "SYNC", "q12");

        DriverReplaySummary s = replay(rows);

        assertThat(s.addresses().differences()).isEmpty();
        assertThat(s.addresses()).hasToString("1 of 1");
        assertThat(s.addresses().byRule()).containsEntry(AgreementRule.AFTER_UNMAP, 1);
    }
}
