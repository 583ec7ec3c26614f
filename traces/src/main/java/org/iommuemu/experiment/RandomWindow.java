// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.Arrays;
import org.iommuemu.device.ClosedLoop;
import org.iommuemu.device.ClosedLoopParameters;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.iommu.timing.TimingParameters;
import org.iommuemu.pcie.LinkParameters;
import org.iommuemu.pcie.PcieLink;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.RandomStream;

/** Requests to addresses spread evenly over a window, as pcie-bench sends them; latencies and throughput. */
final class RandomWindow {
    private static final long DATA = 1L << 36;
    private static final long PROPAGATION = 0;

    private final CacheConfiguration caches;
    private final TimingParameters timing;
    private final LinkParameters link;

    RandomWindow(CacheConfiguration caches, TimingParameters timing, LinkParameters link) {
        this.caches = caches;
        this.timing = timing;
        this.link = link;
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
     * @param window bytes, a multiple of the page size
     * @param large whether it is mapped in pages of 2 MiB
     * @param warmUp requests that are not counted
     * @param count requests that are
     */
    Result run(ClosedLoopParameters device, long window, boolean large, int warmUp, int count, long seed) {
        try (VtdMachine machine = new VtdMachine(caches)) {
            machine.map(window, large, DATA);
            TimedTranslation iommu =
                    new TimedTranslation(machine.unit(), machine.unit().unit(), machine.unit()::observe, timing);
            RandomStream random = new RandomStream(seed);
            long places = window / device.bytes();
            long[] latencies = new long[warmUp + count];
            int[] taken = new int[1];
            EventLoop loop = new EventLoop();
            ClosedLoop requests = new ClosedLoop(
                    loop,
                    new PcieLink(link, PROPAGATION, link.maxPayload()),
                    iommu,
                    device,
                    VtdMachine.DEVICE,
                    () -> random.nextBelow(places) * device.bytes(),
                    ps -> latencies[taken[0]++] = ps);
            long start = requests.run(warmUp);
            long end = requests.run(count);
            if (requests.refused() != 0) {
                throw new IllegalStateException(requests.refused() + " requests were refused");
            }
            long[] counted = Arrays.copyOfRange(latencies, warmUp, latencies.length);
            Arrays.sort(counted);
            return new Result(
                    Arrays.stream(counted).average().orElse(0), counted[count / 2], count / ((end - start) / 1e6));
        }
    }
}
