// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.agrona.collections.Long2ObjectHashMap;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.preset.TraceSettings;
import org.jspecify.annotations.Nullable;

/** Maps pages when they are first touched. What is mapped is known by a bit for each page, so that a touch of one that is costs little. */
final class TouchedPages {
    /** log2 of the pages whose bits are in one array. */
    private static final int REGION = 15;
    /** First-touch memory begins here: 8 TiB. */
    private static final long START = 1L << 43;

    private static final int PASID_BITS = 21;
    private static final int ALL = IommuDriver.READ | IommuDriver.WRITE | IommuDriver.EXECUTE;
    private static final long NOBODY = -1;

    /** An address space: bits by number of the region. */
    private static final class Space {
        private final Long2ObjectHashMap<long[]> regions = new Long2ObjectHashMap<>();
        private long lastRegion = NOBODY;
        private long[] last = {};

        private long[] region(long region) {
            if (region != lastRegion) {
                last = regions.computeIfAbsent(region, r -> new long[1 << REGION - 6]);
                lastRegion = region;
            }
            return last;
        }
    }

    private final TraceMachine machine;
    private final boolean identity;
    private final int pageShift;
    private final Long2ObjectHashMap<Space> spaces = new Long2ObjectHashMap<>();
    private long lastKey = NOBODY;
    private @Nullable Space lastSpace;
    private long next = START;
    private long mapped;

    TouchedPages(TraceMachine machine, TraceSettings settings) {
        this.machine = machine;
        identity = settings.mapping() == TraceSettings.Mapping.IDENTITY;
        pageShift = settings.pageShift();
    }

    /** Maps the page of an address, if it is not mapped yet. */
    void touch(int stream, int pasid, long iova) {
        long page = iova >>> pageShift;
        long[] bits = space(stream, pasid).region(page >>> REGION);
        int word = (int) page >>> 6 & (1 << REGION - 6) - 1;
        if ((bits[word] >>> page & 1) == 0) {
            map(stream, pasid, page << pageShift);
            bits[word] |= 1L << page;
        }
    }

    private Space space(int stream, int pasid) {
        long key = Integer.toUnsignedLong(stream) << PASID_BITS | pasid + 1;
        Space space = lastSpace;
        if (space == null || key != lastKey) {
            space = spaces.computeIfAbsent(key, k -> new Space());
            lastSpace = space;
            lastKey = key;
        }
        return space;
    }

    private void map(int stream, int pasid, long iova) {
        machine.meet(stream);
        long bytes = 1L << pageShift;
        machine.driver().map(stream, pasid, iova, identity ? iova : next, bytes, pageShift, ALL);
        next += identity ? 0 : bytes;
        mapped++;
    }

    /** How many pages were mapped. */
    long mapped() {
        return mapped;
    }
}
