// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

import org.iommuemu.device.nvme.NvmeDriver;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.iommu.timing.TimedCommands;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * A buffer for each slot of a drive's driver, one behind the other. Where they are mapped for each request, a slot always gets the same
 * addresses, as an allocator that gives out what was freed last does for a steady load.
 */
final class RequestBuffers implements NvmeDriver.Buffers {
    private static final int PAGE_SHIFT = 12;

    private final MachineRun run;
    private final EventLoop loop;
    private final TimedCommands commands;
    private final long offset;
    private final long stride;
    private final @Nullable IommuDriver driver;
    private long time;

    /**
     * Buffers.
     *
     * @param offset of the first from {@link MachineRun#iova}
     * @param bytes of each at most
     */
    RequestBuffers(MachineRun run, Mapping mapping, long offset, int bytes) {
        this.run = run;
        loop = run.machine().loop();
        commands = run.machine().timed().commands();
        this.offset = offset;
        stride = pages(bytes);
        driver = mapping == Mapping.STRICT ? run.driver() : null;
    }

    private static long pages(int bytes) {
        return bytes + PhysicalMemory.PAGE_BYTES - 1 & -(long) PhysicalMemory.PAGE_BYTES;
    }

    @Override
    public long map(int slot, int bytes, boolean write) {
        long at = offset + slot * stride;
        if (driver != null) {
            long begun = loop.now();
            driver.map(
                    MachineRun.DEVICE,
                    IommuDriver.NO_PASID,
                    run.iova() + at,
                    MachineRun.PHYSICAL + at,
                    pages(bytes),
                    PAGE_SHIFT,
                    write ? IommuDriver.READ : IommuDriver.WRITE);
            time += loop.now() - begun;
        }
        return run.iova() + at;
    }

    @Override
    public void unmap(int slot, long iova, int bytes) {
        if (driver != null) {
            long begun = loop.now();
            commands.toldAt(begun);
            driver.unmap(MachineRun.DEVICE, IommuDriver.NO_PASID, iova, pages(bytes), PAGE_SHIFT);
            waitUntil(commands.lastEnd());
            time += loop.now() - begun;
        }
    }

    /** The driver goes on when commands are consumed; when they have ended is known beside. */
    private void waitUntil(long end) {
        if (end > loop.now()) {
            loop.schedule(end, (now, data) -> {}, 0);
            run.patience().await(() -> loop.now() >= end, end - loop.now());
        }
    }

    /** How long software took for mapping and unmapping so far, in ps; negative if it does not. */
    long time() {
        return driver == null ? -1 : time;
    }
}
