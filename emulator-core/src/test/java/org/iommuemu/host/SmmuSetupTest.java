// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SMMUs that no capture has: what Linux does by what they say of themselves. */
class SmmuSetupTest {
    private static final int NONE = IommuDriver.NO_PASID;
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    private static final long PAGE = 0x1000;

    private final PhysicalMemory memory = new PhysicalMemory();
    private final List<String> consumed = new ArrayList<>();
    private final List<String> written = new ArrayList<>();
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();

    @AfterEach
    void close() {
        memory.close();
    }

    private SmmuV3 smmu(SmmuFeatures features) {
        SmmuV3 made = new SmmuV3(memory, features, CacheConfiguration.standard(), InterruptSink.NONE);
        made.observeSoftware(
                (register, old, value, writable) -> written.add(register.name() + "=" + Long.toHexString(value)),
                (command, word0, word1) -> consumed.add(command.name()));
        return made;
    }

    private static SmmuFeatures with(BitField field, long value) {
        SmmuFeatures f = SmmuFeatures.full();
        boolean in0 = Idr.IDR0.fields().contains(field);
        boolean in1 = Idr.IDR1.fields().contains(field);
        boolean in3 = Idr.IDR3.fields().contains(field);
        boolean in5 = Idr.IDR5.fields().contains(field);
        return new SmmuFeatures(
                in0 ? field.set(f.idr0(), value) : f.idr0(),
                in1 ? field.set(f.idr1(), value) : f.idr1(),
                in3 ? field.set(f.idr3(), value) : f.idr3(),
                in5 ? field.set(f.idr5(), value) : f.idr5(),
                0,
                2);
    }

    private long read(SmmuV3 smmu, int stream, int pasid, long iova) {
        smmu.translate(transaction.set(stream, pasid, iova, Access.READ), verdict);
        return verdict.isOk() ? verdict.address() : -1;
    }

    @Test
    void shouldEnableQueuesOneByOneAndDevicesLast() {
        new SmmuDriver(smmu(SmmuFeatures.full()), memory, StageLayout.STAGE_1);

        assertThat(written.stream().filter(w -> w.startsWith("SMMU_CR0") || w.startsWith("SMMU_IRQ")))
                .containsExactly(
                        "SMMU_CR0=0",
                        "SMMU_CR0=8",
                        "SMMU_CR0=c",
                        "SMMU_CR0=e",
                        "SMMU_CR0=1e",
                        "SMMU_IRQ_CTRL=0",
                        "SMMU_IRQ_CTRL=7",
                        "SMMU_CR0=1f");
        assertThat(consumed).containsExactly("CFGI_STE_RANGE", "SYNC", "TLBI_EL2_ALL", "SYNC", "TLBI_NSNH_ALL", "SYNC");
    }

    @Test
    void shouldNotTouchThePageRequestQueueOfAnSmmuWithoutOne() {
        SmmuDriver driver = new SmmuDriver(smmu(with(Idr.PRI, 0)), memory, StageLayout.STAGE_1);

        assertThat(written).noneMatch(w -> w.startsWith("SMMU_PRIQ"));
        assertThat(driver.features().pageRequests()).isFalse();
        driver.takePageRequests();
    }

    /** Somebody has left an SMMU switched on: devices are stopped before anything else is changed. */
    @Test
    void shouldAbortDevicesBeforeAnSmmuThatIsOnIsSwitchedOff() {
        SmmuV3 smmu = smmu(SmmuFeatures.full());
        SmmuDriver.write(smmu, Registers.CR0, Registers.SMMUEN.of(1));
        written.clear();

        new SmmuDriver(smmu, memory, StageLayout.STAGE_1);

        assertThat(written.subList(0, 2)).containsExactly("SMMU_GBPA=80101000", "SMMU_CR0=0");
    }

    /** 70 pages without ranges: 64 commands are submitted, then the rest with the SYNC. */
    @Test
    void shouldInvalidatePageByPageWithoutRanges() {
        SmmuDriver driver = new SmmuDriver(smmu(with(Idr.RIL, 0)), memory, StageLayout.STAGE_1);
        driver.map(1, NONE, 0, 0x100_0000, 70 * PAGE, 12, READ_WRITE);
        driver.map(1, NONE, 0x40_0000, 0x100_0000, 0x40_0000, 21, READ_WRITE);
        consumed.clear();
        written.clear();

        driver.unmap(1, NONE, 0, 70 * PAGE, 12);

        List<String> expected = new ArrayList<>(Collections.nCopies(70, "TLBI_NH_VA"));
        expected.add("SYNC");
        assertThat(consumed).isEqualTo(expected);
        assertThat(written).hasSize(2).allMatch(w -> w.startsWith("SMMU_CMDQ_PROD"));
        consumed.clear();
        driver.unmap(1, NONE, 0x40_0000, 0x40_0000, 21);
        assertThat(consumed).containsExactly("TLBI_NH_VA", "TLBI_NH_VA", "SYNC");
    }

    /** OAS codes: 40, 42, 44 and 48 bits. Tables of up to 16 at the start of a second stage are put together, as Linux does. */
    @ParameterizedTest
    @CsvSource({"2, 12, 1", "3, 12, 1", "4, 12, 2", "5, 12, 2", "5, 14, 2", "4, 14, 2", "5, 16, 2"})
    void shouldTranslateByASecondStageOfAnyWidth(int oas, int granule, int start) {
        SmmuV3 smmu = smmu(with(Idr.OAS, oas));
        SmmuDriver driver = new SmmuDriver(
                smmu, memory, StageLayout.STAGE_2, new SmmuOptions(LinuxRelease.LINUX_6_12, granule), Patience.NONE);
        long page = 1L << granule;
        long top = (1L << driver.setup().hardware().addressBits()) - page;

        driver.map(1, NONE, top, page, page, granule, READ_WRITE);
        driver.map(1, NONE, 0, top, page, granule, READ_WRITE);

        assertThat(driver.setup().tables().secondStart()).isEqualTo(start);
        assertThat(read(smmu, 1, NONE, top + 8)).isEqualTo(page + 8);
        assertThat(read(smmu, 1, NONE, 8)).isEqualTo(top + 8);
        assertThatThrownBy(() -> driver.map(1, NONE, top + page, 0, page, granule, READ_WRITE))
                .hasMessageContaining("expected addresses below");
    }

    @ParameterizedTest
    @CsvSource({"5, 0x1f", "8, 0xff", "16, 0xffff", "32, 0x1ffffff"})
    void shouldCoverTheStreamsThatLinuxCovers(int bits, String last) {
        SmmuV3 smmu = smmu(with(Idr.SIDSIZE, bits));
        SmmuDriver driver = new SmmuDriver(smmu, memory, StageLayout.STAGE_1);
        int stream = Integer.decode(last);

        driver.map(stream, NONE, 0, 0x5000, PAGE, 12, READ_WRITE);

        assertThat(read(smmu, stream, NONE, 1)).isEqualTo(0x5001);
        assertThat(read(smmu, 3, NONE, 1)).isEqualTo(-1);
        assertThatThrownBy(() -> driver.bind(stream + 1, NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("which the stream table covers");
    }

    /** Up to 1,024 contexts the table is linear. */
    @ParameterizedTest
    @CsvSource({"1", "8", "10", "11", "20"})
    void shouldHaveContextsForAllPasids(int bits) {
        SmmuV3 smmu = smmu(with(Idr.SSIDSIZE, bits));
        SmmuDriver driver = new SmmuDriver(smmu, memory, StageLayout.STAGE_1);
        int last = (1 << bits) - 1;

        driver.map(1, NONE, 0, 0x5000, PAGE, 12, READ_WRITE);
        driver.map(1, last, 0, 0x6000, PAGE, 12, READ_WRITE);

        assertThat(driver.features().pasids()).isEqualTo(last + 1);
        assertThat(read(smmu, 1, NONE, 0)).isEqualTo(0x5000);
        assertThat(read(smmu, 1, last, 0)).isEqualTo(0x6000);
        assertThatThrownBy(() -> driver.bind(1, last + 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldRefuseWhatTheSmmuDoesNotHave() {
        SmmuV3 first = smmu(with(Idr.S2P, 0));
        SmmuV3 coarse = smmu(with(Idr.GRAN16K, 0));
        SmmuOptions large = new SmmuOptions(LinuxRelease.LINUX_6_1, 14);

        assertThatThrownBy(() -> new SmmuDriver(first, memory, StageLayout.NESTED))
                .hasMessage("stages are 'nested', expected what the SMMU has: 1 alone");
        assertThatThrownBy(() -> new SmmuDriver(coarse, memory, StageLayout.STAGE_1, large, Patience.NONE))
                .hasMessageContaining("GRAN16K is clear");
        SmmuDriver driver = new SmmuDriver(smmu(with(Idr.SSIDSIZE, 0)), memory, StageLayout.STAGE_1);
        assertThatThrownBy(() -> driver.bind(1, 1))
                .hasMessage("PASID 1 is mapped, expected no PASID: the SMMU has none");
    }

    @Test
    void shouldGiveNoDeviceAtsWhereTheSmmuHasNone() {
        SmmuDriver driver = new SmmuDriver(smmu(with(Idr.ATS, 0)), memory, StageLayout.STAGE_1);

        driver.enableAts(1);
        driver.map(1, NONE, 0, 0x5000, PAGE, 12, READ_WRITE);
        consumed.clear();
        driver.unmap(1, NONE, 0, PAGE, 12);

        assertThat(driver.features().ats()).isFalse();
        assertThat(consumed).containsExactly("TLBI_NH_VA", "SYNC");
    }
}
