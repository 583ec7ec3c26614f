// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

import java.util.List;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.iommu.Iotlb;
import org.iommuemu.paging.EntryTag;
import org.iommuemu.time.Pipeline;
import org.iommuemu.time.Resource;
import org.iommuemu.time.Waiter;

/**
 * A level of TLBs in front of the IOTLB, which includes it: what the IOTLB loses, by replacement or invalidation, is lost here at the
 * same moment. So it never answers by itself; it only says that the IOTLB's answer came sooner.
 *
 * <p>An entry stands for one of the IOTLB, by its number and by how often that was filled.
 */
final class TlbLevel {
    private final SetAssociativeCache[] caches;
    private final Pipeline[] lookups;
    private final Waiter[] looking;
    private final SetAssociativeCache iotlb;

    TlbLevel(String name, LookupParameters.Level level, Iotlb iotlb) {
        this.iotlb = iotlb.cache();
        int instances = level.geometry().entries() == 0 ? 0 : level.instances();
        caches = new SetAssociativeCache[instances];
        lookups = new Pipeline[instances];
        looking = new Waiter[instances];
        for (int i = 0; i < instances; i++) {
            String own = instances == 1 ? name : name + " " + i;
            caches[i] = new SetAssociativeCache(own, level.geometry());
            lookups[i] = new Pipeline(
                    own + " lookup",
                    level.lookup().ports(),
                    level.lookup().interval(),
                    level.lookup().latency());
            looking[i] = lookups[i].waiter("transactions");
        }
    }

    boolean isPresent() {
        return caches.length > 0;
    }

    /** Which one a stream goes to. */
    int instance(int streamId) {
        return Integer.remainderUnsigned(streamId, caches.length);
    }

    /** Goes through the lookup; returns when the answer is there. */
    long pass(int instance, long at) {
        return lookups[instance].pass(looking[instance], at);
    }

    long latency(int instance) {
        return lookups[instance].latency();
    }

    /** Whether an entry of the IOTLB is here too; if not, it is from now on. */
    boolean find(int instance, int entry, long fills) {
        SetAssociativeCache cache = caches[instance];
        long index = index(entry);
        boolean hit = cache.lookup(entry, fills, index) >= 0;
        if (!hit) {
            cache.fill(entry, fills, index, 0, 0);
        }
        return hit;
    }

    /** The IOTLB had nothing: nor has this. */
    void miss(int instance) {
        caches[instance].countLookup(false);
    }

    /** An entry of the IOTLB has been filled anew: what stood for it is gone, and for {@code instance} there is the new one. */
    void replaced(int instance, int entry, long oldTag, long fillsBefore, long fills) {
        for (int i = 0; i < caches.length; i++) {
            caches[i].invalidate(entry, fillsBefore, EntryTag.first(oldTag) >>> EntryTag.shift(oldTag));
        }
        caches[instance].fill(entry, fills, index(entry), 0, 0);
    }

    private long index(int entry) {
        long tag = iotlb.tag0(entry);
        return EntryTag.first(tag) >>> EntryTag.shift(tag);
    }

    /** The caches. */
    List<SetAssociativeCache> caches() {
        return List.of(caches);
    }

    List<Resource> resources() {
        return List.of(lookups);
    }
}
