// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.timing.LookupParameters;
import org.iommuemu.iommu.timing.TableMemoryParameters;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.iommu.timing.TimingParameters;
import org.iommuemu.iommu.timing.WalkParameters;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.pcie.DataMemory;
import org.iommuemu.pcie.FlowControl;
import org.iommuemu.pcie.LinkGeneration;
import org.iommuemu.pcie.LinkParameters;
import org.iommuemu.pcie.LinkSharing;
import org.iommuemu.pcie.PcieLink;
import org.iommuemu.pcie.RootComplex;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.time.EventLoop;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A device on an SMMU after reset, which lets everything through: a way of 1,000 + 2,000 + 50,000 + 3,000 ps and the link's. */
class ClosedLoopTest {
    private static final long BEFORE = 1_000;
    private static final long LOOKUP = 2_000;
    private static final long MEMORY = 50_000;
    private static final long AFTER = 3_000;

    private static final LinkParameters LINK = LinkParameters.of(LinkGeneration.GEN3, 8, 256, 512);

    private final PhysicalMemory memory = new PhysicalMemory();
    private final SmmuV3 smmu =
            new SmmuV3(memory, SmmuFeatures.full(), CacheConfiguration.standard(), InterruptSink.NONE);
    private final List<Long> latencies = new ArrayList<>();

    @AfterEach
    void close() {
        memory.close();
    }

    private ClosedLoop device(boolean write, int outstanding, long interval, long address) {
        TimedTranslation timed = new TimedTranslation(
                smmu,
                smmu.unit(),
                smmu::observe,
                new TimingParameters(
                        new LookupParameters(1, 0, LOOKUP),
                        new WalkParameters(1, 1, 0, 0, WalkParameters.Recovery.NONE, false),
                        new TableMemoryParameters(0, 0, 0, 1),
                        1000,
                        1000));
        return new ClosedLoop(
                new EventLoop(),
                new DmaPath(
                        new PathParameters(
                                new PathParameters.Device(BEFORE, interval, AFTER, 64),
                                LINK,
                                FlowControl.INFINITE,
                                0,
                                256,
                                LinkSharing.ALL,
                                AtsParameters.NONE),
                        new RootComplex(0, null),
                        smmu,
                        timed,
                        new DataMemory(MEMORY, null),
                        PageService.NOBODY),
                new ClosedLoopParameters(write, 64, outstanding),
                1,
                () -> address,
                latencies::add);
    }

    private static PcieLink link() {
        return new PcieLink(LINK, 0, 256);
    }

    @Test
    void shouldTakeTheWholeWayForASingleRead() {
        long there = link().requestRead(BEFORE, 64) + LOOKUP + MEMORY;
        long expected = link().complete(there, 64) + AFTER;

        assertThat(device(false, 1, 0, 0).run(3)).isEqualTo(3 * expected);
        assertThat(latencies).containsExactly(expected, expected, expected);
    }

    @Test
    void shouldGoAsFastAsRequestsAreOutstandingUntilTheDeviceIsTheLimit() {
        long alone = device(false, 1, 0, 0).run(400);
        assertThat(device(false, 4, 0, 0).run(400)).isBetween(alone / 4, alone * 27 / 100);
        // One completion in 40,000 ps, whatever is outstanding.
        assertThat(device(false, 64, 40_000, 0).run(400)).isBetween(400 * 40_000L - 40_000, 400 * 40_000L + 100_000);
    }

    @Test
    void shouldHaveWritesOverOnceTheyAreTaken() {
        long expected = link().write(BEFORE, 64) + LOOKUP + MEMORY + AFTER;

        assertThat(device(true, 1, 0, 0).run(2)).isEqualTo(2 * expected);
    }

    @Test
    void shouldCountWhatIsRefused() {
        // Beyond the 48 bits of the output.
        ClosedLoop device = device(false, 2, 0, 1L << 50);
        device.run(5);

        assertThat(device.refused()).isEqualTo(5);
        assertThat(latencies).hasSize(5);
    }

    @Test
    void shouldRejectParametersOutOfRange() {
        assertThatThrownBy(() -> new ClosedLoopParameters(false, 0, 1))
                .hasMessage("size of requests is 0, expected at least 1");
        assertThatThrownBy(() -> new ClosedLoopParameters(false, 64, 0))
                .hasMessage("outstanding requests are 0, expected at least 1");
        assertThatThrownBy(() -> new PathParameters.Device(0, -1, 0, 1))
                .hasMessage("times of a device and its link must not be negative");
        assertThatThrownBy(() -> new PathParameters.Device(0, 0, 0, 0)).hasMessage("tags are 0, expected at least 1");
    }
}
