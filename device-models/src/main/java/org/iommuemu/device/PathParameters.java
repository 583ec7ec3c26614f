// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import org.iommuemu.pcie.FlowControl;
import org.iommuemu.pcie.LinkParameters;
import org.iommuemu.pcie.LinkSharing;

/**
 * The way between devices and the root complex. All times in ps.
 *
 * @param device each device
 * @param link each link
 * @param credits of each link
 * @param propagation of each link, one way
 * @param completionBytes how much data the root complex puts into one completion at most
 * @param sharing which streams share a link, and are one device
 * @param ats of each device
 */
public record PathParameters(
        Device device,
        LinkParameters link,
        FlowControl credits,
        long propagation,
        int completionBytes,
        LinkSharing sharing,
        AtsParameters ats) {
    /** Checks the range. */
    public PathParameters {
        notNegative(propagation);
    }

    /**
     * A device's own part.
     *
     * @param before from its decision to the link
     * @param interval after how long it can send another write, or take the data of another read
     * @param after from the link to its next decision
     * @param tags requests outstanding that want a completion
     */
    public record Device(long before, long interval, long after, int tags) {
        /** Checks the ranges. */
        public Device {
            notNegative(before);
            notNegative(interval);
            notNegative(after);
            if (tags < 1) {
                throw new IllegalArgumentException("tags are " + tags + ", expected at least 1");
            }
        }
    }

    private static void notNegative(long time) {
        if (time < 0) {
            throw new IllegalArgumentException("times of a device and its link must not be negative");
        }
    }
}
