// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import org.iommuemu.paging.TableRoot;
import org.jspecify.annotations.Nullable;

/** Compares contexts that the configuration cache answered with by what memory says, and tells why they differ. */
final class StaleConfiguration {
    /** Contexts and invalidations remembered at most; those that were not used longest are forgotten first. */
    private static final int MOST = 1 << 14;

    private static final long REFUSED = -1;

    private record Entry(long sequence, ConfigurationScope scope) {}

    private final ConfigurationSource source;
    private final TranslationWalk walk;
    private final TagNames names;
    private final ArrayDeque<Entry> invalidations = new ArrayDeque<>();
    private final Map<Long, WriteStamps.Stamp> agreements = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, WriteStamps.Stamp> eldest) {
            return size() > MOST;
        }
    };
    private WriteStamps.@Nullable Stamp changed;
    private @Nullable TranslationContext now;
    private long usedAddress;
    private long nowAddress;
    private long attributes;
    private String closest = "";

    /**
     * A comparison.
     *
     * @param walk walks tables without caches
     */
    StaleConfiguration(ConfigurationSource source, TranslationWalk walk, TagNames names) {
        this.source = source;
        this.walk = walk;
        this.names = names;
    }

    void invalidated(long sequence, ConfigurationScope scope) {
        if (invalidations.size() == MOST) {
            invalidations.removeFirst();
        }
        invalidations.addLast(new Entry(sequence, scope));
    }

    /** A structure on the way to what memory says was written at a moment, which may be missing. */
    void dated(WriteStamps.@Nullable Stamp written) {
        changed = WriteStamps.Stamp.later(changed, written);
    }

    /** A number for a stream and substream. */
    static long key(int streamId, int substreamId) {
        return (long) streamId << 32 | substreamId & 0xFFFF_FFFFL;
    }

    /**
     * Whether a transaction that was answered by a cached context would have been answered otherwise by memory.
     *
     * @param request whether it is a Translation Request, which ATS must be allowed for
     */
    boolean isStale(Transaction t, TranslationContext cached, boolean request, WriteStamps.Stamp moment) {
        changed = null;
        now = source.fetch(t.streamId(), t.substreamId());
        if (now != null && now.translatesLike(cached)) {
            agreements.put(key(t.streamId(), t.substreamId()), moment);
            return false;
        }
        // Memory may have changed long before another table was made the one in use, but not before the last agreement.
        dated(agreements.get(key(t.streamId(), t.substreamId())));
        nowAddress = output(t, now, request);
        long nowAttributes = attributes;
        usedAddress = output(t, cached, request);
        return usedAddress != nowAddress || usedAddress != REFUSED && attributes != nowAttributes;
    }

    private long output(Transaction t, @Nullable TranslationContext context, boolean request) {
        if (context == null || context.isRefusal() || request && context.ats() == 0) {
            return REFUSED;
        }
        TableRoot root = context.root(t.address());
        attributes = context.attributes();
        if (root == null) {
            return t.address();
        }
        int need = context.need(t.access());
        int mode = TranslationWalk.NO_UPDATE | (request ? TranslationWalk.REPORT : TranslationWalk.ACCESS);
        if (!walk.run(root, context.second(), root.canonical(t.address()), need, need, mode)) {
            return REFUSED;
        }
        attributes |= walk.attributes();
        return walk.output();
    }

    /** What was wrong with the invalidations since the change that was found last. */
    StaleCause cause(Transaction t, TranslationContext cached) {
        StaleCause cause = StaleCause.CONFIGURATION_MISSING;
        closest = "";
        for (Entry e : invalidations) {
            if (changed != null && e.sequence < changed.sequence()) {
                continue;
            }
            boolean named = e.scope.names(t.streamId(), t.substreamId(), cached.group());
            if (named || cause != StaleCause.CONFIGURATION_INVALIDATED) {
                cause = named ? StaleCause.CONFIGURATION_INVALIDATED : StaleCause.CONFIGURATION_OTHER;
                closest = e.scope.text(names);
            }
        }
        return cause;
    }

    /** The invalidation that came closest, or empty. */
    String closest() {
        return closest;
    }

    /** When the configuration became another, or null if that was not seen. */
    WriteStamps.@Nullable Stamp changed() {
        return changed;
    }

    /** Where the cached context leads, or −1. */
    long usedAddress() {
        return usedAddress;
    }

    /** Where memory's leads, or −1. */
    long nowAddress() {
        return nowAddress;
    }
}
