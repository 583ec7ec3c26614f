// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Contexts that have been made of configuration structures, to be found again when the same words are read again: what it takes to
 * check and decode them is saved, and nothing is allocated. It is no cache of the machine. Memory is read all the same; a context is
 * found only if every word is what it was.
 *
 * <p>An open-addressing hash table of four probes, by source, that grows with the number of sources and forgets when it does.
 *
 * @param <C> an architecture's contexts
 */
public final class KnownContexts<C extends TranslationContext> {
    private static final int PROBES = 4;
    private static final int LEAST = 1 << 6;
    private static final int MOST = 1 << 16;

    private final int words;
    private long[] kept = new long[0];
    private long[] sources = new long[0];
    private @Nullable Object[] contexts = new Object[0];
    private int collisions;

    /**
     * Knows nothing yet.
     *
     * @param words of all the structures that a context is made of, with whatever else it depends on
     */
    public KnownContexts(int words) {
        this.words = words;
    }

    /** The place of a source, for the other methods; good until the next {@link #keep}. */
    public int place(int streamId, int substreamId) {
        if (contexts.length == 0) {
            resize(LEAST);
        }
        long source = (long) streamId << Integer.SIZE | substreamId & 0xFFFF_FFFFL;
        int mask = contexts.length - 1;
        int start = (int) ((source ^ source >>> Integer.SIZE) * 0x9E3779B97F4A7C15L >>> 40);
        for (int i = start; i < start + PROBES; i++) {
            if (contexts[i & mask] == null || sources[i & mask] == source) {
                sources[i & mask] = source;
                return i & mask;
            }
        }
        if (++collisions > contexts.length && contexts.length < MOST) {
            resize(contexts.length * 2);
        }
        int place = start & contexts.length - 1;
        sources[place] = source;
        contexts[place] = null;
        return place;
    }

    private void resize(int places) {
        kept = new long[places * words];
        sources = new long[places];
        contexts = new Object[places];
        collisions = 0;
    }

    /** Whether a structure of the context that is kept at a place, whose words are kept from {@code from} on, is this one. */
    public boolean isMadeOf(int place, int from, long[] structure) {
        int at = place * words + from;
        return contexts[place] != null
                && Arrays.equals(kept, at, at + structure.length, structure, 0, structure.length);
    }

    /** The context that is kept at a place, or null. */
    @SuppressWarnings("unchecked") // only keep() puts something there
    public @Nullable C context(int place) {
        return (C) contexts[place];
    }

    /** Keeps a structure that the context for {@link #keep} is made of. */
    public void note(int place, int from, long[] structure) {
        contexts[place] = null;
        System.arraycopy(structure, 0, kept, place * words + from, structure.length);
    }

    /** Keeps a context, whose structures have been noted. */
    public C keep(int place, C context) {
        contexts[place] = context;
        return context;
    }

    /** Forgets everything. */
    public void clear() {
        Arrays.fill(contexts, null);
    }
}
