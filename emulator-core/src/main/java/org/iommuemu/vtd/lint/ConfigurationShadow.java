// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.lint;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.iommuemu.bits.Layout;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.lint.CachedStructure;
import org.iommuemu.iommu.lint.FollowedStructures;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.PasidDirectoryEntry;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.RootEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;
import org.jspecify.annotations.Nullable;

/**
 * What context and PASID caches without limits would hold (VT-d architecture 6.1): tells when software changes an entry without
 * invalidating it, or word by word while it is in use, or does not invalidate what an entry has filled.
 */
final class ConfigurationShadow {
    private static final int UPPER_DEVICES = 0x80;
    private static final int[] FUNCTIONS_IGNORED = {0, 4, 6, 7};
    /** Any PASID, or none. */
    private static final int ANY = -1;

    private static final int PASID_CACHE_DOMAIN = 0;
    private static final int PASID_CACHE_PASID = 1;
    /** What changes nothing of what the IOTLB was filled with. */
    private static final long NOT_TRANSLATING = ContextEntry.FPD.mask();

    private final boolean scalable;
    private final LintLog log;
    private final FollowedStructures followed;
    private final Map<Integer, CachedStructure> roots = new HashMap<>();
    private final Map<Integer, Source> sources = new HashMap<>();
    private final IotlbDebts debts;

    /**
     * A shadow.
     *
     * @param scalable whether it is of scalable mode; one is followed at a time
     */
    ConfigurationShadow(boolean scalable, boolean cachingMode, PhysicalMemory memory, LintLog log) {
        this.scalable = scalable;
        this.log = log;
        followed = new FollowedStructures(memory, new EntryBits(cachingMode), this::torn);
        debts = new IotlbDebts(log);
    }

    private void torn(CachedStructure s) {
        boolean pasid = s.layout().equals(PasidEntry.LAYOUT);
        VtdLintRule rule = pasid ? VtdLintRule.PASID_UPDATE_ORDER : VtdLintRule.CONTEXT_UPDATE_ORDER;
        log.add(rule, s.place(), s.words()[0]);
    }

    void written(long address, int bytes) {
        followed.written(address, bytes);
    }

    /** The domain that a source and PASID belong to, as far as has been seen, or −1. */
    int domain(int source, int substream) {
        Source s = sources.get(source);
        CachedStructure pasid = s == null ? null : s.pasids.get(substream);
        if (pasid != null) {
            return PasidEntry.DID.getInt(pasid.words());
        }
        return s == null || s.context == null || !s.context.layout().equals(ContextEntry.LAYOUT)
                ? -1
                : ContextEntry.DID.getInt(s.context.words());
    }

    /** A transaction is about to use the configuration of its source. */
    void use(int source, int substream, boolean usesPasid) {
        Source s = sources.get(source);
        if (s == null) {
            return;
        }
        CachedStructure root = roots.get(source >>> 8);
        boolean upper = scalable && (source & UPPER_DEVICES) != 0;
        if (root != null && root.isStale(upper ? 1 : 0, -1L)) {
            report(VtdLintRule.ROOT_NOT_INVALIDATED, root);
        }
        check(VtdLintRule.CONTEXT_NOT_INVALIDATED, s.context);
        debts.use(s.context);
        if (usesPasid) {
            check(VtdLintRule.DIRECTORY_NOT_INVALIDATED, s.directories.get(substream));
            check(VtdLintRule.PASID_NOT_INVALIDATED, s.pasids.get(substream));
            debts.use(s.pasids.get(substream));
        }
    }

    private void check(VtdLintRule rule, @Nullable CachedStructure s) {
        if (s != null && s.isStale()) {
            report(rule, s);
        }
    }

    private void report(VtdLintRule rule, CachedStructure s) {
        log.add(s.isPending() ? VtdLintRule.INVALIDATION_NOT_WAITED : rule, s.place(), s.words()[0]);
    }

    /** An entry was fetched for a transaction. */
    void fetched(Layout layout, long address, long[] words, int source, int substream) {
        Source s = sources.get(source);
        if (s == null) {
            if (sources.size() >= FollowedStructures.MOST) {
                return;
            }
            s = new Source();
            sources.put(source, s);
        }
        String place = "source 0x" + Integer.toHexString(source) + " ";
        if (layout.equals(RootEntry.LAYOUT)) {
            put(roots, source >>> 8, layout, "bus 0x" + Integer.toHexString(source >>> 8) + " ", address, words);
        } else if (layout.equals(PasidDirectoryEntry.LAYOUT) || layout.equals(PasidEntry.LAYOUT)) {
            place += substream == Transaction.NO_SUBSTREAM ? "" : "PASID 0x" + Integer.toHexString(substream) + " ";
            boolean directory = layout.equals(PasidDirectoryEntry.LAYOUT);
            put(directory ? s.directories : s.pasids, substream, layout, place, address, words);
        } else {
            s.context = followed.take(s.context, layout, place + layout.name(), address, words);
        }
    }

    private void put(
            Map<Integer, CachedStructure> map, int key, Layout layout, String place, long address, long[] words) {
        CachedStructure now = followed.take(map.get(key), layout, place + layout.name(), address, words);
        if (now != null) {
            map.put(key, now);
        }
    }

    /** A descriptor is consumed; its effect is certain only when a wait descriptor tells. */
    void consuming(Descriptor d, long word0) {
        int domain = Descriptor.DID.getInt(word0);
        int granularity = Descriptor.G.getInt(word0);
        switch (d) {
            case CONTEXT_CACHE -> contexts(word0, granularity, domain);
            case PASID_CACHE -> {
                boolean all = granularity != PASID_CACHE_DOMAIN && granularity != PASID_CACHE_PASID;
                pasids(all, domain, granularity == PASID_CACHE_PASID ? Descriptor.PASID.getInt(word0) : ANY);
            }
            case IOTLB -> {
                if (granularity != Descriptor.SELECTIVE) {
                    boolean all = granularity == Descriptor.GLOBAL;
                    everyStale(s -> debts.translationsBefore(s, all, domain));
                    debts.translations(all, domain, ANY);
                }
            }
            case PASID_IOTLB -> {
                if (granularity == Descriptor.DOMAIN) {
                    int pasid = Descriptor.PASID.getInt(word0);
                    everyStale(s -> debts.translationsBefore(s, false, domain));
                    debts.translations(false, domain, pasid);
                }
            }
            case WAIT -> {
                if (Descriptor.SW.isSet(word0) || Descriptor.IF.isSet(word0)) {
                    followed.complete();
                }
            }
            default -> {}
        }
    }

    /** The PASID that a request of a source uses. */
    private static int pasid(Source s, int substream) {
        CachedStructure context = s.context;
        return substream != Transaction.NO_SUBSTREAM || context == null
                ? substream
                : ScalableContextEntry.RID_PASID.getInt(context.words());
    }

    private void contexts(long word0, int granularity, int domain) {
        if (granularity == Descriptor.SELECTIVE) {
            int source = Descriptor.SID.getInt(word0);
            int ignored = FUNCTIONS_IGNORED[Descriptor.FM.getInt(word0)];
            sources.forEach((id, s) -> {
                if (((id ^ source) & ~ignored) == 0) {
                    invalidate(s.context);
                }
            });
            return;
        }
        boolean all = granularity == Descriptor.GLOBAL || scalable;
        for (Source s : sources.values()) {
            if (all || s.context != null && ContextEntry.DID.getInt(s.context.cachedWords()) == domain) {
                invalidate(s.context);
            }
        }
        if (granularity == Descriptor.GLOBAL) {
            roots.values().forEach(followed::invalidate);
        }
    }

    private void pasids(boolean all, int domain, int pasid) {
        for (Source s : sources.values()) {
            s.pasids.forEach((substream, entry) -> {
                boolean named = PasidEntry.DID.getInt(entry.cachedWords()) == domain
                        && (pasid == ANY || pasid(s, substream) == pasid);
                if (all || named) {
                    debts.entryInvalidated(entry, pasid(s, substream), translatesOtherwise(entry));
                    followed.invalidate(entry);
                    CachedStructure directory = s.directories.get(substream);
                    if (directory != null) {
                        followed.invalidate(directory);
                    }
                }
            });
        }
    }

    private void invalidate(@Nullable CachedStructure context) {
        if (context != null) {
            if (!scalable) {
                debts.entryInvalidated(context, ANY, translatesOtherwise(context));
            }
            followed.invalidate(context);
        }
    }

    private static boolean translatesOtherwise(CachedStructure s) {
        boolean changed = s.isStale(0, ~NOT_TRANSLATING);
        for (int word = 1; word < s.words().length; word++) {
            changed |= s.isStale(word, -1L);
        }
        return changed;
    }

    private void everyStale(Consumer<CachedStructure> what) {
        for (Source s : sources.values()) {
            if (!scalable && s.context != null && s.context.isStale()) {
                what.accept(s.context);
            }
            s.pasids.values().stream().filter(CachedStructure::isStale).forEach(what);
        }
    }

    /** The unit has forgotten everything, or the tables are others. */
    void forgetAll() {
        for (Source s : sources.values()) {
            if (s.context != null) {
                followed.invalidate(s.context);
            }
            s.directories.values().forEach(followed::invalidate);
            s.pasids.values().forEach(followed::invalidate);
        }
        roots.values().forEach(followed::invalidate);
        followed.complete();
        debts.forgetAll();
    }

    /** What is known of one source. */
    private static final class Source {
        private final Map<Integer, CachedStructure> directories = new HashMap<>();
        private final Map<Integer, CachedStructure> pasids = new HashMap<>();
        private @Nullable CachedStructure context;
    }
}
