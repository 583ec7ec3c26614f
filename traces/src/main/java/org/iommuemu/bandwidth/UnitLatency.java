// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

/**
 * From when software begins a request until it has taken its completion and unmapped its buffer, in ps.
 *
 * @param mean of all
 * @param most of 99 %
 */
public record UnitLatency(double mean, long most) {}
