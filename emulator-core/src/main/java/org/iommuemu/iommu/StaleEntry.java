// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/**
 * A translation that a cache holds and that the tables do not give.
 *
 * @param addressSpace the address space, as the architecture names it
 * @param tag its tag
 * @param address first address
 * @param pageShift log2 of its size
 * @param output where it leads
 */
public record StaleEntry(String addressSpace, long tag, long address, int pageShift, long output) {}
