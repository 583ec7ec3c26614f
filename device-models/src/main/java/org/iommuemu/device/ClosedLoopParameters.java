// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

/**
 * A device that has a fixed number of requests outstanding, of one kind and size.
 *
 * @param write whether they are writes
 * @param bytes size of a request
 * @param outstanding how many are under way
 */
public record ClosedLoopParameters(boolean write, int bytes, int outstanding) {
    /** Checks the ranges. */
    public ClosedLoopParameters {
        if (bytes < 1) {
            throw new IllegalArgumentException("size of requests is " + bytes + ", expected at least 1");
        }
        if (outstanding < 1) {
            throw new IllegalArgumentException("outstanding requests are " + outstanding + ", expected at least 1");
        }
    }
}
