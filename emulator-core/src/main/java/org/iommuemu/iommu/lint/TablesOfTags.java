// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.lint;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The tables that were last used under each tag of cached translations: others under the same tag need an invalidation first.
 *
 * @param <T> a tag
 */
public final class TablesOfTags<T> {
    private static final int MOST = 1 << 16;

    /** Tables: their base and what gives them their shape. */
    private record Tables(long base, long shape) {}

    private final Map<T, Tables> known = new HashMap<>();

    /**
     * Notes tables under a tag.
     *
     * @param shape what gives them their shape
     * @return whether the tag had others until now
     */
    public boolean replaces(T tag, long base, long shape) {
        Tables tables = new Tables(base, shape);
        Tables before = known.get(tag);
        if (before == null ? known.size() < MOST : !before.equals(tables)) {
            known.put(tag, tables);
        }
        return before != null && !before.equals(tables);
    }

    /** Lets tags be used for other tables. */
    public void forget(Predicate<T> which) {
        known.keySet().removeIf(which);
    }
}
