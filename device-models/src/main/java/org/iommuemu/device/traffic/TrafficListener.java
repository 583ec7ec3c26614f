// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

import org.iommuemu.ats.DmaChannel;

/** Is told of every access that has ended. */
@FunctionalInterface
public interface TrafficListener {
    /** Nobody. */
    TrafficListener NOBODY = (access, status, latency) -> {};

    /**
     * An access has ended.
     *
     * @param latency from when it was to begin until its data are there, or, of a write, on the wire, in ps
     */
    void ended(DeviceAccess access, DmaChannel.Status status, long latency);
}
