// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

/** One user of a {@link Resource}, by name: what it waited is counted apart from what others waited. */
public final class Waiter {
    private final String name;
    private final String resource;
    private long uses;
    private long waits;
    private long total;
    private long longest;

    Waiter(String name, String resource) {
        this.name = name;
        this.resource = resource;
    }

    String name() {
        return name;
    }

    /** Counts one use that had to wait, or not. */
    void count(long wait) {
        uses++;
        if (wait > 0) {
            waits++;
            total += wait;
            longest = Math.max(longest, wait);
        }
    }

    long uses() {
        return uses;
    }

    void reset() {
        uses = 0;
        waits = 0;
        total = 0;
        longest = 0;
    }

    /** What was counted since the beginning or the last reset. */
    public Waits waits() {
        return new Waits(name, resource, uses, waits, total, longest);
    }
}
