// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

/** Selects entries for {@link SetAssociativeCache#invalidateIf}. */
@FunctionalInterface
public interface EntryFilter {

    /**
     * Whether the entry is selected. Called once per valid entry, in entry order; must not change the cache.
     *
     * @return {@code true} to select the entry
     */
    boolean matches(long tag0, long tag1, long value0, long value1);
}
