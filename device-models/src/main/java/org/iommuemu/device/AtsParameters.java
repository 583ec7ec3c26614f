// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import org.iommuemu.cache.CacheGeometry;

/**
 * What a device has of ATS and PRI. All times in ps.
 *
 * @param atc its address translation cache
 * @param latency of a lookup in it
 * @param service from a Page Request's arrival at the IOMMU until software has answered it; 0 for a device that sends none
 */
public record AtsParameters(CacheGeometry atc, long latency, long service) {
    /** Neither. */
    public static final AtsParameters NONE = new AtsParameters(CacheGeometry.none(), 0, 0);

    /** Checks the ranges. */
    public AtsParameters {
        if (latency < 0 || service < 0) {
            throw new IllegalArgumentException("times of an ATC must not be negative");
        }
    }

    /** Whether there is an ATC. */
    public boolean isOn() {
        return atc.entries() > 0;
    }
}
