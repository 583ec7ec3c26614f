// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.preset;

import org.iommuemu.pcie.FlowControl;
import org.iommuemu.platform.PlatformParameters;

/** What {@link Settings} come to for a machine of events. */
public final class PlatformSettings {
    private PlatformSettings() {}

    /**
     * The machine. What a device of the settings takes before and after the link, which measurements cannot tell from the link itself,
     * is half of it the propagation up, half of it down. Where posted headers are not limited by credits, they are by the writes that
     * the device has outstanding; interrupts and time-outs are those of {@link PlatformParameters#standard}.
     */
    public static PlatformParameters of(Settings s) {
        PlatformParameters usual = PlatformParameters.standard();
        long device = s.picoseconds(Parameter.DEVICE_BEFORE) + s.picoseconds(Parameter.DEVICE_AFTER);
        return new PlatformParameters(
                MachineParameters.caches(s),
                MachineParameters.timing(s),
                PathSettings.link(s),
                credits(s),
                s.picoseconds(Parameter.LINK_PROPAGATION) + device / 2,
                s.integer(Parameter.ROOT_COMPLEX_COMPLETION),
                s.picoseconds(Parameter.ROOT_COMPLEX_LATENCY),
                PathSettings.dataLatency(s),
                PathSettings.rate(s, Parameter.DATA_RATE),
                PathSettings.device(s).tags(),
                usual.completionTimeout(),
                usual.invalidationTimeout(),
                usual.interruptLatency());
    }

    private static FlowControl credits(Settings s) {
        FlowControl given = PathSettings.credits(s);
        if (given.postedUp().headers() != 0) {
            return given;
        }
        FlowControl.Pool posted = new FlowControl.Pool(
                s.integer(Parameter.DEVICE_WRITES), given.postedUp().data());
        return new FlowControl(
                posted, given.nonPostedUp(), given.postedDown(), given.completionsDown(), given.update());
    }
}
