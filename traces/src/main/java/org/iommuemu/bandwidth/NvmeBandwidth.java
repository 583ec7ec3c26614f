// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

import java.util.List;
import org.HdrHistogram.Histogram;
import org.iommuemu.ats.AtcParameters;
import org.iommuemu.device.nvme.Namespace;
import org.iommuemu.device.nvme.NvmeController;
import org.iommuemu.device.nvme.NvmeDriver;
import org.iommuemu.device.nvme.SparseBlocks;
import org.iommuemu.host.StageLayout;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.RandomStream;

/** A drive that reads, or writes, as many blocks as it can, behind an IOMMU that is off or on. */
public final class NvmeBandwidth {
    private static final int BLOCK_SHIFT = 12;
    /** Places are chosen among these; what is written stays in the emulator's memory. */
    private static final long NAMESPACE_BYTES = 1L << 26;

    private static final long LARGE_PAGE = 1L << 21;
    private static final int DIGITS = 3;
    private static final double PERCENTILE = 99;

    private final PlatformParameters parameters;
    private final AtcParameters atc;
    private final boolean vtd;
    private final StageLayout stages;

    /**
     * An experiment.
     *
     * @param atc of the drive, where it asks for translations
     * @param vtd whether the IOMMU is a VT-d unit, instead of an SMMUv3
     * @param stages which stages translate
     */
    public NvmeBandwidth(PlatformParameters parameters, AtcParameters atc, boolean vtd, StageLayout stages) {
        this.parameters = parameters;
        this.atc = atc;
        this.vtd = vtd;
        this.stages = stages;
    }

    /**
     * Runs it.
     *
     * @throws IllegalStateException if the drive gets stuck, or a request fails
     */
    public DeviceFigures run(NvmeLoad load, Translation translation, Mapping mapping) {
        try (MachineRun run = new MachineRun(parameters, atc, vtd, stages, translation)) {
            NvmeController drive = new NvmeController(
                    run.machine().loop(),
                    run.function(),
                    run.channel(),
                    load.drive(),
                    List.of(new Namespace(new SparseBlocks(NAMESPACE_BYTES), BLOCK_SHIFT)));
            run.deviceResources(drive.resources());
            NvmeDriver.Setup setup = new NvmeDriver.Setup(
                    load.queues(), load.depth(), load.bytes(), BLOCK_SHIFT, run.iova(), MachineRun.PHYSICAL);
            long buffers = setup.regionBytes() + LARGE_PAGE - 1 & -LARGE_PAGE;
            boolean once = mapping == Mapping.ONCE;
            run.map(once ? buffers + (long) setup.slots() * load.bytes() : setup.regionBytes(), load.pageShift());
            long doorbell = run.doorbell();
            for (int q = 0; q <= load.queues(); q++) {
                run.function().vector(q, doorbell, q);
            }
            return new Measurement(run, load, mapping, new RequestBuffers(run, mapping, buffers, load.bytes()))
                    .of(drive, setup);
        }
    }

    /** One run of a drive. */
    private static final class Measurement {
        private final MachineRun run;
        private final EventLoop loop;
        private final NvmeLoad load;
        private final Mapping mapping;
        private final RequestBuffers buffers;
        private final Histogram latencies = new Histogram(DIGITS);
        private final RandomStream places;
        private long ended;

        Measurement(MachineRun run, NvmeLoad load, Mapping mapping, RequestBuffers buffers) {
            this.run = run;
            loop = run.machine().loop();
            this.load = load;
            this.mapping = mapping;
            this.buffers = buffers;
            places = new RandomStream(load.seed());
        }

        DeviceFigures of(NvmeController drive, NvmeDriver.Setup setup) {
            long[] begun = new long[setup.slots()];
            NvmeDriver[] driver = new NvmeDriver[1];
            driver[0] = new NvmeDriver(
                    drive, run.machine().memory(), setup, buffers, run.patience(), (queue, slot, status) -> {
                        if (status != 0) {
                            throw new IllegalStateException(
                                    "a request has ended with status 0x" + Integer.toHexString(status));
                        }
                        ended++;
                        latencies.recordValue(loop.now() - begun[slot]);
                        submit(driver[0], queue, begun);
                    });
            run.machine().onInterrupt((requester, address, data) -> driver[0].interrupt());
            driver[0].start();
            for (int i = 0; i < load.depth(); i++) {
                for (int q = 1; q <= load.queues(); q++) {
                    submit(driver[0], q, begun);
                }
            }
            return measure();
        }

        private void submit(NvmeDriver driver, int queue, long... begun) {
            long now = loop.now();
            long place = places.nextBelow(NAMESPACE_BYTES / load.bytes());
            int slot = driver.submit(queue, load.write(), place * load.bytes() >> BLOCK_SHIFT, load.bytes());
            begun[slot] = now;
        }

        private DeviceFigures measure() {
            boolean flows = run.until(() -> ended, load.requests() / 4);
            run.begin();
            latencies.reset();
            long first = ended;
            long software = buffers.time();
            if (!flows || !run.until(() -> ended, first + load.requests())) {
                throw new IllegalStateException("the drive has stopped after " + ended + " requests");
            }
            return run.figures(
                    new MachineRun.Device(
                            (load.write() ? "write " : "read ") + (load.bytes() >> 10) + " KiB",
                            "I/Os",
                            mapping,
                            new UnitLatency(latencies.getMean(), latencies.getValueAtPercentile(PERCENTILE)),
                            -1,
                            software < 0 ? -1 : buffers.time() - software),
                    ended - first,
                    (ended - first) * load.bytes(),
                    0);
        }
    }
}
