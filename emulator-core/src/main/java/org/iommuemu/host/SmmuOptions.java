// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/**
 * What a driver of an SMMUv3 is told by the kernel that it belongs to.
 *
 * @param version of the kernel
 * @param pageShift log2 of the kernel's page size, which is the granule of its tables: 12, 14 or 16
 */
public record SmmuOptions(LinuxRelease version, int pageShift) {
    /** Checks the page size. */
    public SmmuOptions {
        if (pageShift != 12 && pageShift != 14 && pageShift != 16) {
            throw new IllegalArgumentException("a kernel's page has 2^" + pageShift + " bytes, expected 12, 14 or 16");
        }
    }

    /** Linux 6.1 with pages of 4 KiB. */
    public static SmmuOptions standard() {
        return new SmmuOptions(LinuxRelease.LINUX_6_1, 12);
    }
}
