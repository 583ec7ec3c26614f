// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

/**
 * A device that has a fixed number of requests outstanding, of one kind and size.
 *
 * @param write whether they are writes
 * @param bytes size of a request, which does not cross a 4 KiB page
 * @param outstanding how many are under way
 * @param interval after how long the device can take another completion, in ps
 * @param before from the device's decision to the link, in ps
 * @param memory from the IOMMU to the data and back to the root complex, in ps
 * @param after from the link to the device's next decision, in ps
 */
public record ClosedLoopParameters(
        boolean write, int bytes, int outstanding, long interval, long before, long memory, long after) {
    /** Checks the ranges. */
    public ClosedLoopParameters {
        if (bytes < 1 || bytes > 4096) {
            throw new IllegalArgumentException("size of requests is " + bytes + ", expected 1 to 4096");
        }
        if (outstanding < 1) {
            throw new IllegalArgumentException("outstanding requests are " + outstanding + ", expected at least 1");
        }
        if (interval < 0 || before < 0 || memory < 0 || after < 0) {
            throw new IllegalArgumentException("times of a device must not be negative");
        }
    }
}
