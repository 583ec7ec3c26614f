// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.lint;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.iommuemu.bits.Layout;
import org.iommuemu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/** The structures that have been fetched, by where they are in memory, and their invalidations that are not yet complete. */
public final class FollowedStructures {
    /** Structures followed at most; further ones are not. */
    public static final int MOST = 1 << 16;

    private final PhysicalMemory memory;
    private final StructureBits bits;
    private final Consumer<CachedStructure> onTornUpdate;
    private final Map<Long, List<CachedStructure>> byPage = new HashMap<>();
    private final Set<CachedStructure> pending = new LinkedHashSet<>();
    private int followed;

    /**
     * Nothing yet.
     *
     * @param onTornUpdate is told of structures of which software changed a second word while they were in use
     */
    public FollowedStructures(PhysicalMemory memory, StructureBits bits, Consumer<CachedStructure> onTornUpdate) {
        this.memory = memory;
        this.bits = bits;
        this.onTornUpdate = onTornUpdate;
    }

    /**
     * Follows a structure that was fetched.
     *
     * @param known what was fetched in its place before, or null
     * @param place what to call it
     * @return it, or null if there are too many
     */
    public @Nullable CachedStructure take(
            @Nullable CachedStructure known, Layout layout, String place, long address, long[] words) {
        if (known != null && known.address() == address) {
            known.fetched(words);
            return known;
        }
        if (known != null) {
            forget(known);
        }
        if (followed >= MOST) {
            return null;
        }
        followed++;
        CachedStructure fresh =
                new CachedStructure(bits, layout, place + " at 0x" + Long.toHexString(address), address, words);
        byPage.computeIfAbsent(address >>> PhysicalMemory.PAGE_SHIFT, k -> new ArrayList<>())
                .add(fresh);
        return fresh;
    }

    private void forget(CachedStructure s) {
        followed--;
        pending.remove(s);
        List<CachedStructure> page = byPage.get(s.address() >>> PhysicalMemory.PAGE_SHIFT);
        if (page != null) {
            page.remove(s);
        }
    }

    /** Memory was written. */
    public void written(long address, int bytes) {
        long last = address + bytes - 1 >>> PhysicalMemory.PAGE_SHIFT;
        for (long page = address >>> PhysicalMemory.PAGE_SHIFT; page <= last; page++) {
            for (CachedStructure s : byPage.getOrDefault(page, List.of())) {
                if (s.overlaps(address, address + bytes) && s.written(memory, bytes <= Long.BYTES)) {
                    onTornUpdate.accept(s);
                }
            }
        }
    }

    /** An invalidation names a structure; what completes invalidations makes it certain. */
    public void invalidate(CachedStructure s) {
        s.invalidate();
        if (s.isPending()) {
            pending.add(s);
        }
    }

    /** The invalidations so far are complete. */
    public void complete() {
        pending.forEach(CachedStructure::complete);
        pending.clear();
    }
}
