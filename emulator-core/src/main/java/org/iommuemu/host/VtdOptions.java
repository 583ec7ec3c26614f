// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/**
 * How a {@link VtdDriver} is to bring its unit up.
 *
 * @param stages which stages devices get; in legacy mode the second alone
 * @param scalable whether in scalable mode, else in legacy mode
 * @param release whose habits it has
 * @param compatibleInterrupts whether messages pass that are not in remappable format (GCMD.CFI), which Linux never lets them
 */
public record VtdOptions(StageLayout stages, boolean scalable, LinuxRelease release, boolean compatibleInterrupts) {
    /**
     * Checks them.
     *
     * @throws IllegalArgumentException in legacy mode with a first stage
     */
    public VtdOptions {
        if (!scalable && stages != StageLayout.STAGE_2) {
            throw new IllegalArgumentException(
                    "stages are '" + stages.label() + "' in legacy mode, expected 2, or scalable mode");
        }
    }

    /** As Linux 6.12, but for devices that write plain messages. */
    public static VtdOptions of(StageLayout stages, boolean scalable) {
        return new VtdOptions(stages, scalable, LinuxRelease.LINUX_6_12, true);
    }

    /** As a release of Linux does: devices' interrupts are in remappable format. */
    public static VtdOptions linux(LinuxRelease release, StageLayout stages, boolean scalable) {
        return new VtdOptions(stages, scalable, release, false);
    }
}
