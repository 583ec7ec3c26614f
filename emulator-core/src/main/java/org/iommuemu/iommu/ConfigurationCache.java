// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.function.Consumer;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.EntryFilter;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.paging.TableRoot;
import org.jspecify.annotations.Nullable;

/**
 * The configuration cache: resolved {@link TranslationContext}s by StreamID and SubstreamID. What was refused is fetched
 * again, unless the architecture makes a context of the refusal.
 */
public final class ConfigurationCache {
    /** {@link #invalidate(int, int, int)}: every substream, and requests without one. */
    public static final int ANY_SUBSTREAM = -2;

    private final SetAssociativeCache cache;
    private final @Nullable TranslationContext[] contexts;
    private final Scope scope = new Scope();
    private @Nullable TranslationContext lastFill;
    private int last = SetAssociativeCache.MISS;
    private @Nullable Consumer<ConfigurationScope> log;

    /** An empty cache. */
    public ConfigurationCache(CacheGeometry geometry) {
        cache = new SetAssociativeCache("configuration cache", geometry);
        contexts = new TranslationContext[geometry.entries()];
    }

    /** Looks a stream and substream up, and counts the lookup. */
    @Nullable
    TranslationContext lookup(int streamId, int substreamId) {
        long tag0 = streamTag(streamId);
        long tag1 = substreamTag(substreamId);
        int entry = cache.findAgain(tag0, tag1);
        if (entry < 0) {
            entry = cache.find(tag0, tag1, index(streamId, substreamId));
        }
        cache.countLookup(entry >= 0);
        last = entry;
        return entry < 0 ? null : contexts[entry];
    }

    /**
     * The entry that the last lookup found or the last fill filled.
     *
     * @return its number, or {@link SetAssociativeCache#MISS} if there was none
     */
    public int lastEntry() {
        return last;
    }

    /** Lets {@link #lastEntry} answer that there was none. */
    public void forgetLastEntry() {
        last = SetAssociativeCache.MISS;
    }

    /** Counts a lookup that has found an entry, and takes it for a use. */
    void use(int entry) {
        cache.use(entry);
        last = entry;
    }

    /** What the cache has of a stream and substream, or null; changes nothing. */
    public @Nullable TranslationContext peek(int streamId, int substreamId) {
        int entry = cache.probe(streamTag(streamId), substreamTag(substreamId), index(streamId, substreamId));
        return entry < 0 ? null : contexts[entry];
    }

    void fill(int streamId, int substreamId, TranslationContext context) {
        int entry = cache.fill(
                streamTag(streamId), substreamTag(substreamId), index(streamId, substreamId), context.group(), 0);
        last = entry;
        if (entry >= 0) {
            contexts[entry] = context;
        }
        lastFill = context;
    }

    /** The context of the last fill since {@link #forgetLastFill}, kept or not, or null; a cache without entries keeps none. */
    @Nullable
    TranslationContext lastFill() {
        return lastFill;
    }

    /** Forgets what {@link #lastFill} would answer. */
    void forgetLastFill() {
        lastFill = null;
    }

    /**
     * Drops the contexts of the streams that agree with {@code streamId} in all but the bits of {@code ignored}.
     *
     * @param substreamId one substream, {@link Transaction#NO_SUBSTREAM}, or {@link #ANY_SUBSTREAM}
     * @return how many
     */
    public int invalidate(int streamId, int ignored, int substreamId) {
        if (log != null) {
            log.accept(new ConfigurationScope(streamId, ignored, substreamId, 0, 0));
        }
        scope.stream = streamTag(streamId & ~ignored);
        scope.mask = ~streamTag(ignored);
        scope.substream = substreamId;
        return cache.size() == 0 ? 0 : cache.invalidateIf(scope);
    }

    /**
     * Drops the contexts whose {@link TranslationContext#group()} is {@code value} under {@code mask}.
     *
     * @return how many
     */
    public int invalidateGroup(long mask, long value) {
        if (log != null) {
            log.accept(ConfigurationScope.ofGroup(mask, value));
        }
        return cache.size() == 0 ? 0 : cache.invalidateIf((tag0, tag1, group, unused) -> (group & mask) == value);
    }

    /** Drops everything. */
    public int invalidateAll() {
        if (log != null) {
            log.accept(ConfigurationScope.EVERYTHING);
        }
        return cache.invalidateAll();
    }

    /** Shows every invalidation from now on. */
    void logInvalidations(Consumer<ConfigurationScope> to) {
        log = to;
    }

    /** The structure itself, for its counters and for inspection. */
    public SetAssociativeCache cache() {
        return cache;
    }

    private static long streamTag(int streamId) {
        return streamId & 0xFFFF_FFFFL;
    }

    /** A SubstreamID of 20 bits or {@link Transaction#NO_SUBSTREAM}, moved clear of the cache's reserved tag. */
    private static long substreamTag(int substreamId) {
        return substreamId + 1L;
    }

    private static long index(int streamId, int substreamId) {
        return streamTag(streamId) ^ TableRoot.mix(substreamTag(substreamId));
    }

    /** Streams under a mask, and one or any substream. */
    private static final class Scope implements EntryFilter {
        private long stream;
        private long mask;
        private int substream;

        @Override
        public boolean matches(long tag0, long tag1, long value0, long value1) {
            return (tag0 & mask) == stream && (substream == ANY_SUBSTREAM || tag1 == substreamTag(substream));
        }
    }
}
