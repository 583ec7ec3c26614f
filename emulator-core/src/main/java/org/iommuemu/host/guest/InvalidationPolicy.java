// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import org.iommuemu.host.GuestInvalidation.Cache;
import org.iommuemu.host.GuestInvalidation.Scope;

/** Which caches may be invalidated by which granularity: what was under discussion in 2020, so a table to choose. Others give EINVAL. */
public enum InvalidationPolicy {
    /** What include/uapi/linux/iommu.h says that there may be. */
    UAPI("111", "011", "110"),
    /** A VT-d driver's of the same time: IOTLBs by PASID at least. */
    VTD("011", "011", "110"),
    /** That of Linux 5.10's VT-d driver: ATCs by addresses alone, and of PASID entries only the host knows when they change. */
    LINUX_5_10("011", "001", "000");

    private static final char SUPPORTED = '1';

    /** By cache, then by granularity: domain, PASID, addresses. */
    private final String[] supported;

    InvalidationPolicy(String... supported) {
        this.supported = supported;
    }

    /** Whether one goes with the other. */
    public boolean supports(Cache cache, Scope scope) {
        return supported[cache.ordinal()].charAt(scope.ordinal()) == SUPPORTED;
    }
}
