// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

/**
 * How one user waited for one resource.
 *
 * @param waiter who waited
 * @param resource for what
 * @param uses how often it used the resource
 * @param waits how many of these uses had to wait
 * @param total all waiting together, in ps
 * @param longest the longest wait, in ps
 */
public record Waits(String waiter, String resource, long uses, long waits, long total, long longest) {}
