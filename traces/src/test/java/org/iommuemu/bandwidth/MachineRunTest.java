// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.iommuemu.ats.AtcParameters;
import org.iommuemu.host.StageLayout;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.Picoseconds;
import org.junit.jupiter.api.Test;

/** How long a device is waited for. */
class MachineRunTest {
    private static MachineRun run() {
        return new MachineRun(
                PlatformParameters.standard(), AtcParameters.standard(), false, StageLayout.STAGE_1, Translation.OFF);
    }

    private static void every(EventLoop loop, long interval, int left, AtomicLong units) {
        if (left > 0) {
            loop.schedule(
                    loop.now() + interval,
                    (time, data) -> {
                        units.incrementAndGet();
                        every(loop, interval, left - 1, units);
                    },
                    0);
        }
    }

    @Test
    void shouldWaitForASlowDeviceAsLongAsItGoesOn() {
        try (MachineRun run = run()) {
            AtomicLong units = new AtomicLong();
            every(run.machine().loop(), 6 * Picoseconds.PER_SECOND, 5, units);

            assertThat(run.until(units::get, 5)).isTrue();
            assertThat(run.machine().loop().now()).isEqualTo(30 * Picoseconds.PER_SECOND);
        }
    }

    @Test
    void shouldNotWaitForOneThatHasStopped() {
        try (MachineRun run = run()) {
            AtomicLong units = new AtomicLong();
            every(run.machine().loop(), 6 * Picoseconds.PER_SECOND, 3, units);

            assertThat(run.until(units::get, 5)).isFalse();
        }
    }
}
