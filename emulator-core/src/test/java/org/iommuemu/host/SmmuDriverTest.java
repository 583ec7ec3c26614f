// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuRule;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Event;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is peculiar to the driver of an SMMUv3; what it has in common with others is in {@link IommuDriverTest}. */
class SmmuDriverTest {
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    private static final long PAGE = 0x1000;
    private static final long LARGE = 0x20_0000;
    private static final int NONE = IommuDriver.NO_PASID;

    private final PhysicalMemory memory = new PhysicalMemory();
    private final SmmuV3 smmu =
            new SmmuV3(memory, SmmuFeatures.full(), CacheConfiguration.standard(), InterruptSink.NONE);
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();

    @AfterEach
    void close() {
        memory.close();
    }

    private Verdict access(int stream, int pasid, long iova, int access) {
        smmu.translate(transaction.set(stream, pasid, iova, access), verdict);
        return verdict;
    }

    private long read(int stream, long iova) {
        Verdict v = access(stream, NONE, iova, Access.READ);
        return v.isOk() ? v.address() : -1;
    }

    @ParameterizedTest
    @EnumSource(StageLayout.class)
    void shouldTranslateWhatIsMappedForEachStream(StageLayout stages) {
        SmmuDriver driver = new SmmuDriver(smmu, memory, stages);

        driver.map(1, NONE, 0x1000, 0x800_0000_0000L, 2 * PAGE, 12, READ_WRITE);
        driver.map(0x1FF_FFFF, NONE, 0x1000, 0x900_0000_0000L, PAGE, 12, READ_WRITE);
        driver.map(1, NONE, LARGE, 0x800_0020_0000L, LARGE, 21, READ_WRITE);
        driver.map(1, NONE, 1L << 30, 0x40_0000_0000L, 1L << 30, 30, READ_WRITE);

        assertThat(read(1, 0x1234)).isEqualTo(0x800_0000_0234L);
        assertThat(read(1, 0x2FFF)).isEqualTo(0x800_0000_1FFFL);
        assertThat(read(0x1FF_FFFF, 0x1234)).isEqualTo(0x900_0000_0234L);
        assertThat(read(1, LARGE + 0x12_3456)).isEqualTo(0x800_0032_3456L);
        assertThat(verdict.pageShift()).isEqualTo(21);
        assertThat(read(1, (1L << 30) + 0x1234_5678)).isEqualTo(0x40_1234_5678L);
        assertThat(read(1, 0x3000)).isEqualTo(-1);
        assertThat(read(0x1FF_FFFF, 0x2000)).isEqualTo(-1);
        assertThat(smmu.statistics().recorded(Event.F_TRANSLATION)).isEqualTo(2);
        assertThat(read(2, 0x1000)).isEqualTo(-1);
        assertThat(driver.addressSpaces()).isEqualTo(2);
    }

    /** Seven pages are three units of range: 1, 2 and 4 would do, Linux sends one of 7. */
    @Test
    void shouldInvalidateByRangeAsLinuxDoes() {
        SmmuDriver driver = new SmmuDriver(smmu, memory, StageLayout.STAGE_1);
        driver.map(1, NONE, 0, 0x100_0000, 64 * PAGE, 12, READ_WRITE);
        long before = smmu.statistics().consumed(Command.TLBI_NH_VA);

        driver.unmap(1, NONE, 0, 7 * PAGE, 12);
        assertThat(smmu.statistics().consumed(Command.TLBI_NH_VA) - before).isEqualTo(1);
        // 57 = 25 + 32: a count has five bits.
        driver.unmap(1, NONE, 7 * PAGE, 57 * PAGE, 12);
        assertThat(smmu.statistics().consumed(Command.TLBI_NH_VA) - before).isEqualTo(3);
    }

    @Test
    void shouldMapWithPermissions() {
        SmmuDriver driver = new SmmuDriver(smmu, memory, StageLayout.STAGE_1);
        driver.map(1, NONE, 0, 0x1000, PAGE, 12, IommuDriver.READ);
        driver.map(1, NONE, PAGE, 0x2000, PAGE, 12, READ_WRITE | IommuDriver.PRIVILEGED);

        assertThat(access(1, NONE, 0, Access.READ).isOk()).isTrue();
        assertThat(access(1, NONE, 0, Access.WRITE).rule()).isEqualTo(SmmuRule.PERMISSION_READ_ONLY);
        assertThat(access(1, NONE, 0, Access.INSTRUCTION).isOk()).isFalse();
        assertThat(access(1, NONE, PAGE, Access.READ).isOk()).isFalse();
        assertThat(access(1, NONE, PAGE, Access.WRITE | Access.PRIVILEGED).isOk())
                .isTrue();
    }

    @Test
    void shouldKeepFaultsFlowing() {
        SmmuDriver driver = new SmmuDriver(smmu, memory, StageLayout.STAGE_1);
        driver.map(1, NONE, 0, 0x1000, PAGE, 12, READ_WRITE);

        for (int i = 0; i < 5000; i++) {
            assertThat(read(1, 0x10_0000)).isEqualTo(-1);
            driver.takeFaults();
        }

        assertThat(smmu.statistics().recorded(Event.F_TRANSLATION)).isEqualTo(5000);
        assertThat(smmu.statistics().eventsOverflowed()).isZero();
    }
}
