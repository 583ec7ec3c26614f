// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.time.Picoseconds;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Accesses by patterns behind an SMMUv3. */
class TrafficGeneratorTest {
    private static final int DEVICE = 0x200;
    private static final long PHYSICAL = 0x1_0000_0000L;
    private static final long NOTICE = 2 * Picoseconds.PER_MICROSECOND;
    private static final int ALL = IommuDriver.READ | IommuDriver.WRITE;

    private final Platform machine = Platform.smmuv3(PlatformParameters.standard());
    private final IommuDriver iommu = machine.startDriver(StageLayout.STAGE_1);
    private final PciFunction function = machine.addFunction(DEVICE);
    private final List<Long> ended = new ArrayList<>();
    private final List<Long> latencies = new ArrayList<>();
    private int maps;
    private int unmaps;

    private final Software software = new Software() {
        @Override
        public void map(int pasid, long iova, long physical, long bytes, int pageShift) {
            maps++;
            iommu.map(DEVICE, pasid, iova, physical, bytes, pageShift, ALL);
        }

        @Override
        public void unmap(int pasid, long iova, long bytes, int pageShift) {
            unmaps++;
            iommu.unmap(DEVICE, pasid, iova, bytes, pageShift);
        }
    };

    private TrafficGenerator generator(AccessPattern pattern, TrafficParameters parameters) {
        return new TrafficGenerator(
                machine.loop(),
                function,
                new DmaChannel(function),
                pattern,
                software,
                parameters,
                (a, status, latency) -> {
                    ended.add(machine.loop().now());
                    latencies.add(latency);
                });
    }

    @BeforeEach
    void on() {
        function.enableBusMaster();
    }

    @AfterEach
    void close() {
        machine.close();
    }

    @Test
    void shouldWriteEveryBufferOfARingWhileItIsMapped() {
        TrafficGenerator g = generator(new RingAccesses(PHYSICAL), TrafficParameters.open(3000, 61_680, NOTICE));

        g.start();
        machine.loop().run();

        assertThat(g.counts().of(DmaChannel.Status.OK)).isEqualTo(3000);
        assertThat(machine.bridge().refused()).isZero();
        assertThat(unmaps).isEqualTo(3000);
        assertThat(maps).isEqualTo(3000 + RingAccesses.BUFFERS);
        // Each page of memory holds the number of the last packet whose buffer it was: pages recur after 32,768.
        for (long packet = 0; packet < 3000; packet++) {
            assertThat(machine.memory().readLong(PHYSICAL + RingAccesses.offset(packet)))
                    .isEqualTo(packet);
        }
    }

    @Test
    void shouldBeRefusedWhenSoftwareTakesBuffersBackTooEarly() {
        TrafficGenerator g = generator(new RingAccesses(PHYSICAL), TrafficParameters.open(100, 61_680, 0));

        g.start();
        machine.loop().run();

        assertThat(machine.bridge().refused()).isPositive();
    }

    @Test
    void shouldGoRoundAllBuffersOfAGuest() {
        long packets = 2L * HyperTenantAccesses.PACKETS_OF_A_BUFFER + 10;
        TrafficGenerator g = generator(
                new HyperTenantAccesses(PHYSICAL),
                TrafficParameters.open(packets * HyperTenantAccesses.STEPS, 61_680 / 3, NOTICE));

        g.start();
        machine.loop().run();

        assertThat(g.counts().of(DmaChannel.Status.OK)).isEqualTo(packets * HyperTenantAccesses.STEPS);
        assertThat(machine.bridge().refused()).isZero();
        assertThat(maps).isEqualTo(2 + 3);
        assertThat(unmaps).isEqualTo(2);
    }

    @Test
    void shouldKeepSoManyAccessesUnderWayInAClosedLoop() {
        iommu.map(DEVICE, IommuDriver.NO_PASID, 0x10_0000, PHYSICAL, 1 << 20, 12, ALL);
        WindowAccesses.Shape shape = new WindowAccesses.Shape(0x10_0000, 64, 64, 64, 1, 0);
        TrafficGenerator g = generator(
                new WindowAccesses(shape, OffsetPattern.uniform(1 << 14), 1), TrafficParameters.closed(500, 4, NOTICE));

        g.start();
        machine.loop().run();

        assertThat(g.counts().total()).isEqualTo(500);
        // By Little's law, latencies sum up to four times the time that it took, but for the end of it.
        long sum = latencies.stream().mapToLong(Long::longValue).sum();
        long took = ended.get(ended.size() - 1);
        assertThat((double) sum / took).isBetween(3.9, 4.0);
    }

    @Test
    void shouldCountWhatIsRefusedAndGoOn() {
        WindowAccesses.Shape shape = new WindowAccesses.Shape(0x10_0000, 4096, 64, 64, 1, 0);
        iommu.map(DEVICE, IommuDriver.NO_PASID, 0x10_0000, PHYSICAL, 4096, 12, ALL);
        TrafficGenerator g = generator(
                new WindowAccesses(shape, OffsetPattern.sequential(4), 1), TrafficParameters.closed(40, 2, NOTICE));

        g.start();
        machine.loop().run();

        assertThat(g.counts().of(DmaChannel.Status.OK)).isEqualTo(10);
        assertThat(g.counts().of(DmaChannel.Status.REFUSED)).isEqualTo(30);
    }

    @Test
    void shouldEndAllAccessesAsOffWhenTheFunctionMustNotSend() {
        function.disableBusMaster();
        WindowAccesses.Shape shape = new WindowAccesses.Shape(0, 64, 1, 4096, 0.5, 0);
        TrafficGenerator g = generator(
                new WindowAccesses(shape, OffsetPattern.uniform(64), 1), TrafficParameters.closed(40, 2, NOTICE));

        g.start();
        machine.loop().run();

        assertThat(g.counts().of(DmaChannel.Status.OFF)).isEqualTo(40);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldLetTimePassInAnEndlessClosedLoopWhenNothingCanBeSent(boolean removed) {
        WindowAccesses.Shape shape = new WindowAccesses.Shape(0, 64, 64, 64, 0, 0);
        TrafficGenerator g =
                generator(new WindowAccesses(shape, OffsetPattern.uniform(64), 1), TrafficParameters.closed(-1, 2, 0));

        g.start();
        if (removed) {
            function.link().remove();
        } else {
            function.disableBusMaster();
        }
        for (int events = 0; events < 10_000; events++) {
            machine.loop().step();
        }

        assertThat(machine.loop().now()).isGreaterThan(100 * Picoseconds.PER_MICROSECOND);
    }
}
