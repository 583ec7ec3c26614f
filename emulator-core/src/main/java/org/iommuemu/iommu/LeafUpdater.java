// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Permission;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.paging.Walker;

/** Writes access and dirty marks into leaf descriptors, as hardware does: atomically, and only over what was read. */
final class LeafUpdater {
    private final PhysicalMemory memory;
    private final LeafRules rules;
    private int permissions;
    private int obtainable;
    private long updated;
    private long updates;

    LeafUpdater(PhysicalMemory memory, LeafRules rules) {
        this.memory = memory;
        this.rules = rules;
    }

    /**
     * Works out what the leaf that a walk ended at becomes by an access: marked as accessed, and as dirty if that is all that
     * the access lacks. {@link #permissions()} and {@link #isUpdate} tell the result; memory is not touched.
     */
    void prepare(TableRoot root, Walker walker, int need) {
        long leaf = walker.descriptor();
        permissions = rules.permissions(root, leaf, walker.restrictions());
        obtainable = permissions;
        updated = leaf;
        if (root.updatesAccessFlag() && !root.format().isAccessed(leaf)) {
            updated = rules.accessed(root, leaf);
        }
        if (root.updatesDirtyState()) {
            long dirty = rules.dirty(root, updated);
            int then = rules.permissions(root, dirty, walker.restrictions());
            obtainable = then;
            // Where writing forbids executing, a page that may become dirty counts as writable.
            permissions &= then | ~Permission.EXECUTES;
            if ((permissions & need) != need && (then & need) == need) {
                permissions = then;
                updated = dirty;
            }
        }
    }

    /** What the leaf allows once it is updated. */
    int permissions() {
        return permissions;
    }

    /** What the leaf would allow if it were dirty, where hardware may make it so; else what it allows. */
    int obtainable() {
        return obtainable;
    }

    /** Whether the access changes the leaf. */
    boolean isUpdate(Walker walker) {
        return updated != walker.descriptor();
    }

    /**
     * Writes the update.
     *
     * @return false if the descriptor is not what it was when the walk read it
     */
    boolean write(TableRoot root, Walker walker) {
        long was = walker.descriptor();
        boolean written = root.isBigEndian()
                ? memory.compareAndSetLong(
                        walker.descriptorAddress(), Long.reverseBytes(was), Long.reverseBytes(updated))
                : memory.compareAndSetLong(walker.descriptorAddress(), was, updated);
        updates += written ? 1 : 0;
        return written;
    }

    /** Leaves updated so far. */
    long updates() {
        return updates;
    }
}
