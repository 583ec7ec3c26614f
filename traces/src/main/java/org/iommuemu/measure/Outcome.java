// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

/** How a transaction found its translation. Each is of exactly one kind. */
public enum Outcome {
    /** Nothing was read from memory, nothing was waited for: a hit, or bypass. */
    HIT("hit", "hits"),
    /** Its entry was there, but the fill still under way: it waited for somebody else's walk or fetch. */
    MERGED("merged", "merged misses"),
    /** Tables or configuration were read for it. */
    MISS("miss", "misses");

    private final String key;
    private final String plural;

    Outcome(String key, String plural) {
        this.key = key;
        this.plural = plural;
    }

    /** One of them, in a word. */
    public String key() {
        return key;
    }

    /** Several. */
    public String plural() {
        return plural;
    }
}
