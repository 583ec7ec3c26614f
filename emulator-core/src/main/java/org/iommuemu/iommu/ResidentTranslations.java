// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.iommuemu.paging.EntryTag;
import org.iommuemu.paging.Permission;

/** Compares what an IOTLB holds with the tables that its address spaces used last. */
final class ResidentTranslations {
    private static final int PERMISSIONS = 0x3F;

    private final Iotlb iotlb;
    private final AddressSpaces spaces;
    private final TagNames names;

    ResidentTranslations(Iotlb iotlb, AddressSpaces spaces, TagNames names) {
        this.iotlb = iotlb;
        this.spaces = spaces;
        this.names = names;
    }

    /** Those that a walk does not give, by address space and address. */
    List<StaleEntry> stale(TranslationWalk walk) {
        List<StaleEntry> stale = new ArrayList<>();
        iotlb.cache().forEach((entry, tag0, tag1, value0, value1) -> {
            long first = EntryTag.first(tag0);
            List<AddressSpaces.Space> users =
                    EntryTag.isGlobal(tag0) ? spaces.findSharing(tag1, first) : spaces.findOwn(tag1, first);
            // What all share is good as long as one of them has it.
            if (!users.isEmpty() && users.stream().noneMatch(s -> isGiven(walk, s, tag0, value0, value1))) {
                long output = value0 & ~(long) PERMISSIONS;
                stale.add(new StaleEntry(names.addressSpace(tag1), tag1, first, EntryTag.shift(tag0), output));
            }
        });
        stale.sort(Comparator.comparingLong(StaleEntry::tag).thenComparing(StaleEntry::address, Long::compareUnsigned));
        return stale;
    }

    /** Whether the tables give all of an entry, which may be a block that they map by smaller pages now. */
    private static boolean isGiven(
            TranslationWalk walk, AddressSpaces.Space space, long tag0, long value0, long value1) {
        long first = EntryTag.first(tag0);
        long bytes = 1L << EntryTag.shift(tag0);
        int mode = TranslationWalk.REPORT | TranslationWalk.NO_UPDATE;
        for (long done = 0; done < bytes; done = (done | (1L << walk.shift()) - 1) + 1) {
            boolean goes = walk.run(space.root(), space.second(), first + done, 0, Permission.ALL, mode);
            if (value1 < 0) {
                // It stands for a fault of one page.
                return !goes;
            }
            boolean same = goes
                    && walk.attributes() == value1
                    && walk.output() == (value0 & ~(long) PERMISSIONS) + done
                    && (value0 & PERMISSIONS & ~walk.permissions()) == 0;
            if (!same) {
                return false;
            }
        }
        return true;
    }
}
