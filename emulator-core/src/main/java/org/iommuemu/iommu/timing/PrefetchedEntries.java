// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

/** Which entries of the IOTLB were fetched before anybody asked for them, and what came of that. */
public final class PrefetchedEntries {
    private final boolean[] unused;
    private long issued;
    private long useful;
    private long late;

    PrefetchedEntries(TimingParameters.Prefetch parameters, int entries) {
        unused = new boolean[parameters.depth() > 0 ? entries : 0];
    }

    void filledAhead(int entry) {
        unused[entry] = true;
        issued++;
    }

    void filledOnDemand(int entry) {
        if (unused.length > 0) {
            unused[entry] = false;
        }
    }

    /** Somebody needs an entry; returns whether it is the first use of one that was fetched ahead. */
    boolean use(int entry, boolean underWay) {
        boolean firstUse = unused[entry];
        if (firstUse) {
            unused[entry] = false;
            useful++;
            late += underWay ? 1 : 0;
        }
        return firstUse;
    }

    /** Translations that were fetched ahead. */
    public long issued() {
        return issued;
    }

    /** Of those, the ones that were used before they were replaced or invalidated. */
    public long useful() {
        return useful;
    }

    /** Of the useful ones, those that were not yet there when they were needed. */
    public long late() {
        return late;
    }
}
