// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import org.iommuemu.device.ClosedLoopParameters;
import org.iommuemu.device.PathParameters;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.PathSettings;
import org.iommuemu.preset.Settings;

/** The measurements of pcie-bench, on the machine of a preset. */
final class PcieBench {
    private static final int WARM_UP = 20_000;
    private static final int COUNT = 60_000;
    private static final int BYTES_OF_COMMANDS = 64;
    private static final long SEED = 1;

    private final Settings settings;
    private final RandomWindow window;

    PcieBench(Settings settings) {
        this.settings = settings;
        window = new RandomWindow(settings);
    }

    /** Single reads by command, data in memory. */
    RandomWindow.Result commandReads(long bytes, boolean large, boolean remote) {
        long path = settings.picoseconds(Parameter.DATA_CACHED)
                + settings.picoseconds(Parameter.DATA_MEMORY_EXTRA)
                + (remote ? settings.picoseconds(Parameter.DATA_REMOTE_EXTRA) : 0);
        long faster = settings.picoseconds(Parameter.DEVICE_COMMAND_LESS);
        PathParameters.Device usual = PathSettings.device(settings);
        PathParameters.Device device =
                new PathParameters.Device(usual.before(), 0, Math.max(0, usual.after() - faster), usual.tags());
        ClosedLoopParameters requests = new ClosedLoopParameters(false, BYTES_OF_COMMANDS, 1);
        return window.run(requests, device, path, bytes, large, WARM_UP, COUNT, SEED);
    }

    /**
     * As many requests as the device can have outstanding, data in the cache.
     *
     * @param interval the device's own limit: ps for each request
     */
    RandomWindow.Result saturating(boolean write, int size, long interval, long bytes) {
        PathParameters.Device usual = PathSettings.device(settings);
        PathParameters.Device device = new PathParameters.Device(usual.before(), interval, usual.after(), usual.tags());
        ClosedLoopParameters requests = new ClosedLoopParameters(
                write, size, settings.integer(write ? Parameter.DEVICE_WRITES : Parameter.DEVICE_READS));
        long data = settings.picoseconds(Parameter.DATA_CACHED);
        return window.run(requests, device, data, bytes, false, WARM_UP, COUNT, SEED);
    }
}
