// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

/**
 * What came of translations that were fetched before anybody asked.
 *
 * @param issued fetched ahead
 * @param useful of those, used before they were replaced or invalidated
 * @param late of the useful ones, not yet there when they were needed
 */
public record PrefetchFigures(long issued, long useful, long late) {}
