// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.lint;

import java.util.HashMap;
import java.util.Map;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.lint.CachedStructure;
import org.iommuemu.iommu.lint.FollowedStructures;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.Irte;

/** What an interrupt entry cache without limits would hold (VT-d architecture 6.1). */
final class InterruptShadow {
    private final LintLog log;
    private final FollowedStructures followed;
    private final Map<Integer, CachedStructure> entries = new HashMap<>();

    InterruptShadow(boolean cachingMode, PhysicalMemory memory, LintLog log) {
        this.log = log;
        followed = new FollowedStructures(
                memory,
                new EntryBits(cachingMode),
                s -> log.add(VtdLintRule.IRTE_UPDATE_ORDER, s.place(), s.words()[0]));
    }

    void written(long address, int bytes) {
        followed.written(address, bytes);
    }

    void fetched(int index, long address, long[] words) {
        CachedStructure now =
                followed.take(entries.get(index), Irte.LAYOUT, "IRTE 0x" + Integer.toHexString(index), address, words);
        if (now != null) {
            entries.put(index, now);
        }
    }

    /** An interrupt came to an entry. */
    void used(int index) {
        CachedStructure s = entries.get(index);
        if (s != null && s.isStale()) {
            VtdLintRule rule = s.isPending() ? VtdLintRule.INVALIDATION_NOT_WAITED : VtdLintRule.IRTE_NOT_INVALIDATED;
            log.add(rule, s.place(), s.words()[0]);
        }
    }

    void consuming(Descriptor d, long word0) {
        if (d == Descriptor.INTERRUPT_ENTRY_CACHE) {
            boolean all = !Descriptor.INDEX_SELECTIVE.isSet(word0);
            int ignored = (1 << Descriptor.IM.getInt(word0)) - 1;
            int first = Descriptor.IIDX.getInt(word0);
            entries.forEach((index, entry) -> {
                if (all || ((index ^ first) & ~ignored) == 0) {
                    followed.invalidate(entry);
                }
            });
        } else if (d == Descriptor.WAIT && (Descriptor.SW.isSet(word0) || Descriptor.IF.isSet(word0))) {
            followed.complete();
        }
    }

    /** The unit has forgotten every entry. */
    void forgetAll() {
        entries.values().forEach(followed::invalidate);
        followed.complete();
    }
}
