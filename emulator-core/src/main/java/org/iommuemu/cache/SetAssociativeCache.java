// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cache;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The one cache of the emulator: IOTLB levels, walk caches, configuration caches and ATCs are all made of it. An entry
 * is two 64-bit tags and two 64-bit values whose meaning is the owner's; it is found by its tags among the ways of one
 * set.
 *
 * <p><b>Set.</b> {@code set = index mod sets}, unsigned. The owner chooses the index (usually a page number mixed with
 * a context) and gives the same index for the same tags every time.
 *
 * <p><b>Fill.</b> An entry with the same tags is overwritten in place, which counts as a use; otherwise the
 * lowest-numbered invalid way is taken; otherwise the {@link ReplacementPolicy} names a victim.
 *
 * <p><b>Entry numbers</b>, {@code set * ways + way}, stay good until the next fill or invalidation.
 *
 * <p><b>Reserved tag.</b> An invalid entry is one whose tag1 is {@link #RESERVED_TAG1}, so that the comparison of the
 * tags alone decides a lookup. Owners never use that tag1: {@link #fill} rejects it, and a lookup with it has no
 * meaningful answer.
 *
 * <p><b>Cost.</b> Nothing is allocated after construction. A lookup is expected O(1) whatever the number of ways
 * ({@link TagIndex}). Footprint in bytes, roughly: {@code 32.125 * entries}; index: 0 for 1 way, {@code 8 * sets} to 8
 * ways, twice that to 16, 11 to 22 per entry above; replacement: at most 8 per entry ({@link Replacement}).
 *
 * <p>Single-threaded; the same calls give the same contents, entry numbers and counters on every machine.
 */
public final class SetAssociativeCache {

    /** The answer of a lookup that found nothing. */
    public static final int MISS = -1;

    /** The one value of tag1 that owners must not use. */
    public static final long RESERVED_TAG1 = -1L;

    /** Longs before entry 0: with the 16-byte array header they put it on a 64-byte line of a line-aligned array. */
    private static final int PADDING = 6;

    /** Places within an entry. */
    private static final int TAG0 = 0;

    private static final int TAG1 = 1;
    private static final int VALUE0 = 2;
    private static final int VALUE1 = 3;

    private final String name;
    private final CacheGeometry geometry;
    private final CacheCounters counters = new CacheCounters();

    private final int ways;
    private final int capacity;
    private final SetSelector sets;
    /** Per entry, from {@link #offset}: tag0, tag1, value0, value1. */
    private final long[] data;

    private final TagIndex tags;
    private final Occupancy occupancy;
    private final Replacement replacement;
    /** What to keep as {@link #recent} of a find that may be repeated: all of it, or nothing if the policy counts repeats. */
    private final int forgotten;

    private @Nullable UseLog recording;
    private @Nullable FarthestNextUse foresight;

    /** What the last {@link #find} found, if nothing was filled or touched since; the words of {@link #MISS} hold no tags. */
    private int recent = MISS;

    /** The tags of a find that found nothing, if nothing was filled since: they are not here. Else tag1 is reserved. */
    private long missedTag0;

    private long missedTag1 = RESERVED_TAG1;
    private @Nullable EntryListener listener;
    private boolean evicted;
    private long evictedTag0;

    /**
     * An empty cache.
     *
     * @param name what reports call it
     * @param geometry size and policy; {@link CacheGeometry#none()} for a cache that never holds anything
     */
    public SetAssociativeCache(final String name, final CacheGeometry geometry) {
        this.name = Objects.requireNonNull(name, "name");
        this.geometry = Objects.requireNonNull(geometry, "geometry");
        ways = geometry.ways();
        capacity = geometry.entries();
        sets = new SetSelector(Math.max(1, geometry.sets()));
        data = new long[offset(capacity)];
        Arrays.fill(data, RESERVED_TAG1);
        tags = new TagIndex(data, geometry.sets(), ways);
        occupancy = new Occupancy(geometry.sets(), ways);
        replacement = new Replacement(geometry);
        forgotten = replacement.countsRepeats() ? MISS : 0;
    }

    /**
     * Lets a cache that holds nothing, {@link CacheGeometry#none()}, log what is filled and invalidated from now on. To those
     * who invalidate, and ask for what there is, it then seems to hold everything.
     *
     * @throws IllegalStateException if the cache can hold something
     */
    public void record(final UseLog log) {
        if (capacity != 0) {
            throw new IllegalStateException(name + " holds entries: what it is asked for depends on them");
        }
        recording = log;
    }

    /**
     * Tells a cache of the policy {@link ReplacementPolicy#ORACLE} what is going to happen; without that it cannot be used.
     *
     * @param log of the same cache in an earlier run of the same program
     * @throws IllegalStateException if the policy is another
     */
    public void foresee(final UseLog log) {
        if (geometry.policy() != ReplacementPolicy.ORACLE) {
            throw new IllegalStateException(
                    name + ": policy " + geometry.policy().label() + " has no use for the future");
        }
        foresight = new FarthestNextUse(geometry, log, counters, data);
        replacement.foresee(foresight);
    }

    /** Whether this has been the run of the {@link UseLog} that was foreseen, use by use. */
    public boolean isAsForeseen() {
        return foresight == null || ways <= 1 || foresight.isMet();
    }

    /** Position of an entry in the data array. */
    static int offset(final int entry) {
        return PADDING + (entry << 2);
    }

    /**
     * {@link #find} and {@link #countLookup}: the lookup of an owner whose entries have one index each.
     *
     * @return entry number or {@link #MISS}
     */
    public int lookup(final long tag0, final long tag1, final long index) {
        final int entry = find(tag0, tag1, index);
        countLookup(entry >= 0);
        return entry;
    }

    /**
     * Finds an entry and, when there, updates the replacement state as a hit; counts nothing. For lookups that try
     * several tags or indices (page sizes) and are one lookup to the counters.
     *
     * @return entry number or {@link #MISS}
     */
    public int find(final long tag0, final long tag1, final long index) {
        final int set = sets.setOf(index);
        final int entry = tags.find(set, tag0, tag1);
        if (entry >= 0) {
            replacement.touch(set, entry);
        }
        recent = entry | forgotten;
        if (entry < 0) {
            missedTag0 = tag0;
            missedTag1 = tag1;
        }
        return entry;
    }

    /**
     * {@link #find} for tags that are likely those of the last find. If they are, and the entry is still there, there is
     * nothing to search and nothing to update: the second of two uses in a row changes nothing. (Under the policies where it
     * does, this always answers {@link #MISS}.)
     *
     * @return entry number, or {@link #MISS}, which only says that it takes a {@link #find} to know
     */
    public int findAgain(final long tag0, final long tag1) {
        final int at = offset(recent);
        return data[at + TAG0] == tag0 && data[at + TAG1] == tag1 ? recent : MISS;
    }

    /** Counts a lookup that found an entry known to be valid, and updates the replacement state as a hit does. */
    public void use(final int entry) {
        if (entry != recent) {
            replacement.touch(entry);
            recent = entry | forgotten;
        }
        counters.countHit();
    }

    /** Tells somebody from now on which entries change, other than from invalid to valid. */
    public void listen(final EntryListener to) {
        listener = to;
    }

    private void change(final int entry) {
        if (listener != null) {
            listener.changed(entry);
        }
    }

    /** Counts one lookup as a hit or a miss. */
    public void countLookup(final boolean hit) {
        if (hit) {
            counters.countHit();
        } else {
            counters.countMiss();
        }
    }

    /**
     * Finds an entry and changes nothing: neither counters nor replacement state.
     *
     * @return entry number or {@link #MISS}
     */
    public int probe(final long tag0, final long tag1, final long index) {
        return tags.find(sets.setOf(index), tag0, tag1);
    }

    /**
     * Puts an entry in; afterwards {@link #evicted()} and {@link #evictedTag0()} tell what it pushed out.
     *
     * @return entry number, or {@link #MISS} when the geometry is {@link CacheGeometry#none()}
     * @throws IllegalArgumentException if {@code tag1} is {@link #RESERVED_TAG1}
     */
    public int fill(final long tag0, final long tag1, final long index, final long value0, final long value1) {
        if (tag1 == RESERVED_TAG1) {
            throw new IllegalArgumentException("tag1: -1 is reserved for invalid entries (cache " + name + ")");
        }
        evicted = false;
        if (capacity == 0) {
            if (recording != null) {
                recording.used(counters.lookups() - 1, tag0, tag1, value0, value1);
            }
            return MISS;
        }
        recent = MISS;
        final int set = sets.setOf(index);
        int entry = tag1 == missedTag1 && tag0 == missedTag0 ? MISS : tags.find(set, tag0, tag1);
        if (entry >= 0) {
            change(entry);
            replacement.renew(set, entry);
        } else {
            missedTag1 = RESERVED_TAG1;
            entry = claim(set);
            data[offset(entry) + TAG0] = tag0;
            data[offset(entry) + TAG1] = tag1;
            replacement.insert(set, entry);
            tags.insert(set, entry);
        }
        data[offset(entry) + VALUE0] = value0;
        data[offset(entry) + VALUE1] = value1;
        counters.countFill();
        return entry;
    }

    /** Whether the last {@link #fill} evicted a valid entry. */
    public boolean evicted() {
        return evicted;
    }

    /** Tag0 of the entry the last {@link #fill} evicted; only meaningful if it {@link #evicted()} one. */
    public long evictedTag0() {
        return evictedTag0;
    }

    /**
     * First tag of an entry.
     *
     * @throws IndexOutOfBoundsException if there is no entry of that number, as in every method that takes one
     */
    public long tag0(final int entry) {
        return data[checkedOffset(entry) + TAG0];
    }

    /** Second tag of an entry; {@link #RESERVED_TAG1} if the entry is invalid. */
    public long tag1(final int entry) {
        return data[checkedOffset(entry) + TAG1];
    }

    /** First value of a valid entry. */
    public long value0(final int entry) {
        return data[checkedOffset(entry) + VALUE0];
    }

    /** Second value of a valid entry. */
    public long value1(final int entry) {
        return data[checkedOffset(entry) + VALUE1];
    }

    /** Replaces both values of a valid entry; neither a fill nor a use. */
    public void setValues(final int entry, final long value0, final long value1) {
        final int at = checkedOffset(entry);
        change(entry);
        data[at + VALUE0] = value0;
        data[at + VALUE1] = value1;
    }

    /** Whether an entry is valid. */
    public boolean isValid(final int entry) {
        return tag1(entry) != RESERVED_TAG1;
    }

    /** Updates the replacement state of a valid entry as a hit does. */
    public void touch(final int entry) {
        Objects.checkIndex(entry, capacity);
        recent = MISS;
        replacement.touch(entry / ways, entry);
    }

    /**
     * Drops the entry with these tags.
     *
     * @return whether there was one
     */
    public boolean invalidate(final long tag0, final long tag1, final long index) {
        if (recording != null) {
            return recording.drop(tag0, tag1);
        }
        final int set = sets.setOf(index);
        final int entry = tag1 == RESERVED_TAG1 ? MISS : tags.find(set, tag0, tag1);
        if (entry >= 0) {
            drop(entry);
        }
        return entry >= 0;
    }

    /**
     * Drops every entry; O(entries / 64 + valid entries), and O(1) when there is none.
     *
     * @return number of entries dropped
     */
    public int invalidateAll() {
        if (recording != null) {
            return recording.dropIf((tag0, tag1, value0, value1) -> true);
        }
        final int dropped = occupancy.size();
        if (dropped != 0) {
            if (listener != null) {
                listener.cleared();
            }
            for (int entry = occupancy.nextValid(0); entry >= 0; entry = occupancy.nextValid(entry + 1)) {
                data[offset(entry) + TAG1] = RESERVED_TAG1;
            }
            occupancy.clear();
            tags.clear();
            counters.countInvalidations(dropped);
        }
        return dropped;
    }

    /**
     * Drops every entry the filter selects; O(entries / 64 + valid entries).
     *
     * @return number of entries dropped
     */
    public int invalidateIf(final EntryFilter filter) {
        if (recording != null) {
            return recording.dropIf(filter);
        }
        final int before = occupancy.size();
        for (int entry = occupancy.nextValid(0); entry >= 0; entry = occupancy.nextValid(entry + 1)) {
            final int at = offset(entry);
            if (filter.matches(data[at + TAG0], data[at + TAG1], data[at + VALUE0], data[at + VALUE1])) {
                drop(entry);
            }
        }
        return before - occupancy.size();
    }

    /** Shows every valid entry to the visitor, in entry order; O(entries / 64 + valid entries). */
    public void forEach(final EntryVisitor visitor) {
        if (recording != null) {
            recording.forEach(visitor);
            return;
        }
        for (int entry = occupancy.nextValid(0); entry >= 0; entry = occupancy.nextValid(entry + 1)) {
            final int at = offset(entry);
            visitor.visit(entry, data[at + TAG0], data[at + TAG1], data[at + VALUE0], data[at + VALUE1]);
        }
    }

    /** Number of valid entries. */
    public int size() {
        return recording == null ? occupancy.size() : recording.size();
    }

    /** Number of entries there can be. */
    public int capacity() {
        return recording == null ? capacity : Integer.MAX_VALUE;
    }

    /** What reports call this cache. */
    public String name() {
        return name;
    }

    /** Size and policy. */
    public CacheGeometry geometry() {
        return geometry;
    }

    /** The live counters. */
    public CacheCounters counters() {
        return counters;
    }

    /** A way for new tags: an invalid one, now marked valid, or the victim, taken out of the hash index. */
    private int claim(final int set) {
        final int invalid = occupancy.firstInvalid(set);
        if (invalid >= 0) {
            occupancy.add(invalid);
            return invalid;
        }
        final int victim = replacement.victim(set);
        evicted = true;
        change(victim);
        evictedTag0 = data[offset(victim) + TAG0];
        counters.countEviction();
        tags.remove(set, victim);
        return victim;
    }

    private void drop(final int entry) {
        change(entry);
        tags.remove(entry / ways, entry);
        data[offset(entry) + TAG1] = RESERVED_TAG1;
        occupancy.remove(entry);
        counters.countInvalidations(1);
    }

    private int checkedOffset(final int entry) {
        return offset(Objects.checkIndex(entry, capacity));
    }
}
