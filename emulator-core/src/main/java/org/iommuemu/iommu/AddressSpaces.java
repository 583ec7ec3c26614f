// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.paging.TableRoot;
import org.jspecify.annotations.Nullable;

/**
 * The tables that each address space is translated by, as the configuration in use has them, and when they became others. A tag
 * has two address spaces, one for either half of the addresses.
 */
final class AddressSpaces {
    /** Address spaces known at most; those that were not used longest are forgotten first. */
    static final int MOST = 1 << 14;

    private record Key(long tag, boolean upper) {}

    /** One address space. */
    static final class Space {
        private TableRoot root;
        private @Nullable TableRoot second;
        private WriteStamps.@Nullable Stamp used;
        private WriteStamps.@Nullable Stamp change;

        private Space(TableRoot root, @Nullable TableRoot second) {
            this.root = root;
            this.second = second;
        }

        /** The tables in use. */
        TableRoot root() {
            return root;
        }

        /** The tables of the second stage behind them, or null. */
        @Nullable
        TableRoot second() {
            return second;
        }

        /** Since when these are the tables, or null if there were no others. */
        WriteStamps.@Nullable Stamp change() {
            return change;
        }

        /** Notes the end of a use. */
        void used(WriteStamps.Stamp now) {
            used = now;
        }
    }

    private final Map<Key, Space> spaces = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Space> eldest) {
            return size() > MOST;
        }
    };

    /**
     * The address space of a root that is in use now. If it had other tables until now, the change is dated: when the
     * structures that name the tables changed, but not before the last use of the old tables.
     *
     * @param structures when the structures last changed that were fetched for this use, or null
     */
    Space use(TableRoot root, @Nullable TableRoot second, WriteStamps.@Nullable Stamp structures) {
        Space space = spaces.computeIfAbsent(new Key(root.tag(), root.isUpper()), key -> new Space(root, second));
        if (!isSame(space.root, root) || !isSame(space.second, second)) {
            space.change = WriteStamps.Stamp.later(space.used, structures);
        }
        space.root = root;
        space.second = second;
        return space;
    }

    /** The address space of a cached translation; none if no transaction has used it lately. */
    List<Space> findOwn(long tag, long address) {
        Space space = spaces.get(new Key(tag, isUpper(address)));
        if (space == null) {
            // A second stage of 57 bits has one half.
            space = spaces.get(new Key(tag, false));
        }
        return space == null || !space.root.covers(address) ? List.of() : List.of(space);
    }

    private static boolean isUpper(long address) {
        return (address & 1L << 55) != 0;
    }

    /** The address spaces of the half of an address that share their global translations under a tag. */
    List<Space> findSharing(long globalTag, long address) {
        boolean upper = isUpper(address);
        return spaces.values().stream()
                .filter(s -> s.root.globalTag() == globalTag && s.root.isUpper() == upper)
                .toList();
    }

    /** Whether two roots translate alike. */
    static boolean isSame(@Nullable TableRoot a, @Nullable TableRoot b) {
        if (a == null || b == null || a == b) {
            return a == b;
        }
        return a.tag() == b.tag()
                && a.base() == b.base()
                && a.format() == b.format()
                && a.startHeight() == b.startHeight()
                && a.inputBits() == b.inputBits()
                && a.outputBits() == b.outputBits()
                && a.stage() == b.stage()
                && a.permissionControls() == b.permissionControls()
                && a.attributes() == b.attributes()
                && a.shareability() == b.shareability()
                && a.incoming() == b.incoming()
                && flags(a) == flags(b);
    }

    private static int flags(TableRoot r) {
        return (r.isDisabled() ? 1 : 0)
                | (r.isBigEndian() ? 1 << 1 : 0)
                | (r.isAccessFlagIgnored() ? 1 << 2 : 0)
                | (r.isHierarchyIgnored() ? 1 << 3 : 0)
                | (r.updatesAccessFlag() ? 1 << 4 : 0)
                | (r.updatesDirtyState() ? 1 << 5 : 0)
                | (r.updatesTableFlag() ? 1 << 6 : 0)
                | (r.isPrivilegedOnly() ? 1 << 7 : 0)
                | (r.refusesUpdates() ? 1 << 8 : 0)
                | (r.refusesFirst() ? 1 << 9 : 0);
    }
}
