// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/**
 * How a {@link FlushQueue} of a domain works.
 *
 * @param entries of the ring of each CPU, of which one is always free
 * @param timeout after which what is queued is flushed, in ps; rounded up to whole jiffies
 * @param jiffy time from tick to tick, in ps
 */
public record FlushQueueParameters(int entries, long timeout, long jiffy) {
    private static final int ENTRIES = 256;
    private static final long MILLISECOND = 1_000_000_000L;
    private static final long TIMEOUT = 10 * MILLISECOND;
    private static final long SECOND = 1000 * MILLISECOND;

    /** Checks them. */
    public FlushQueueParameters {
        if (entries < 2 || timeout <= 0 || jiffy <= 0) {
            throw new IllegalArgumentException("a flush queue of " + entries + " entries, " + timeout
                    + " ps, jiffies of " + jiffy + " ps, expected at least 2 entries and positive times");
        }
    }

    /**
     * Those of Linux (IOVA_DEFAULT_FQ_SIZE, IOVA_DEFAULT_FQ_TIMEOUT of dma-iommu.c): 256 entries, 10 ms.
     *
     * @param ticks each second: CONFIG_HZ
     */
    public static FlushQueueParameters linux(int ticks) {
        return new FlushQueueParameters(ENTRIES, TIMEOUT, SECOND / ticks);
    }

    /**
     * The tick by which a timer runs that is armed now: of Linux' timer wheel the one behind that at which it expires, so that it never runs
     * too early.
     *
     * @param now in ps
     * @return ps from now
     */
    long delay(long now) {
        long jiffies = now / jiffy + (timeout + jiffy - 1) / jiffy + 1;
        return jiffies * jiffy - now;
    }
}
