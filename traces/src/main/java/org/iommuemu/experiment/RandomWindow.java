// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.Arrays;
import org.iommuemu.device.ClosedLoop;
import org.iommuemu.device.ClosedLoopParameters;
import org.iommuemu.device.PathParameters;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.PathSettings;
import org.iommuemu.preset.Settings;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.RandomStream;

/** Requests to addresses spread evenly over a window, as pcie-bench sends them; latencies and throughput. */
final class RandomWindow {
    private static final long DATA = 1L << 36;

    private final Settings settings;

    RandomWindow(Settings settings) {
        this.settings = settings;
    }

    /**
     * What a run came to.
     *
     * @param meanLatency of the requests after the warm-up, in ps
     * @param medianLatency likewise
     * @param perMicrosecond requests that ended in a microsecond, after the warm-up
     */
    record Result(double meanLatency, double medianLatency, double perMicrosecond) {}

    /**
     * Runs.
     *
     * @param requests how they are issued
     * @param device who issues them
     * @param data from the IOMMU to the data and back, in ps
     * @param window bytes, a multiple of the page size
     * @param large whether it is mapped in pages of 2 MiB
     * @param warmUp requests that are not counted
     * @param count requests that are
     */
    Result run(
            ClosedLoopParameters requests,
            PathParameters.Device device,
            long data,
            long window,
            boolean large,
            int warmUp,
            int count,
            long seed) {
        try (VtdMachine machine = new VtdMachine(MachineParameters.caches(settings))) {
            machine.map(window, large, DATA);
            TimedTranslation iommu = new TimedTranslation(
                    machine.unit(), machine.unit().unit(), machine.unit()::observe, MachineParameters.timing(settings));
            RandomStream random = new RandomStream(seed);
            long places = window / requests.bytes();
            long[] latencies = new long[warmUp + count];
            int[] taken = new int[1];
            EventLoop loop = new EventLoop();
            ClosedLoop issuer = new ClosedLoop(
                    loop,
                    PathSettings.path(settings, device, data, machine.unit(), iommu),
                    requests,
                    VtdMachine.DEVICE,
                    () -> random.nextBelow(places) * requests.bytes(),
                    ps -> latencies[taken[0]++] = ps);
            long start = issuer.run(warmUp);
            long end = issuer.run(count);
            if (issuer.refused() != 0) {
                throw new IllegalStateException(issuer.refused() + " requests were refused");
            }
            long[] counted = Arrays.copyOfRange(latencies, warmUp, latencies.length);
            Arrays.sort(counted);
            return new Result(
                    Arrays.stream(counted).average().orElse(0), counted[count / 2], count / ((end - start) / 1e6));
        }
    }
}
