// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import java.util.HashMap;
import java.util.Map;
import org.iommuemu.bits.Layout;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.lint.CachedStructure;
import org.iommuemu.iommu.lint.FollowedStructures;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.L1Cd;
import org.iommuemu.smmuv3.spec.L1Std;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/**
 * What a configuration cache without limits would hold, invalid structures included (IHI 0070 §3.21.3, §4.3): tells when software
 * changes a structure without invalidating it, or word by word while it is in use.
 */
final class ConfigurationShadow {
    private final SmmuV3 smmu;
    private final LintLog log;
    private final Map<Integer, Stream> streams = new HashMap<>();
    private final Map<Long, CachedStructure> l1stds = new HashMap<>();
    private final FollowedStructures followed;

    ConfigurationShadow(SmmuV3 smmu, PhysicalMemory memory, LintLog log) {
        this.smmu = smmu;
        this.log = log;
        followed = new FollowedStructures(memory, new UsedBits(), this::torn);
    }

    /** The words of a stream's STE, or null if it has not been fetched. */
    long @Nullable [] ste(int streamId) {
        Stream s = streams.get(streamId);
        return s == null || s.ste == null ? null : s.ste.words();
    }

    /** The words of a CD, or null if it has not been fetched. */
    long @Nullable [] cd(int streamId, int substreamId) {
        Stream s = streams.get(streamId);
        CachedStructure cd = s == null ? null : s.cds.get(substreamId);
        return cd == null ? null : cd.words();
    }

    /** A transaction is about to use the configuration of its stream; a Translated one has no use for a CD. */
    void use(int streamId, int substreamId, boolean usesCd) {
        Stream s = streams.get(streamId);
        if (s == null) {
            return;
        }
        CachedStructure l1std = l1stds.get(l1stdAddress(streamId));
        if (l1std != null && l1std.isStale() && (s.ste == null || isElsewhere(l1std, s.ste, streamId))) {
            report(SmmuLintRule.L1STD_NOT_INVALIDATED, l1std);
        }
        check(SmmuLintRule.STE_NOT_INVALIDATED, s.ste);
        if (usesCd) {
            check(SmmuLintRule.CD_NOT_INVALIDATED, s.cds.get(substreamId));
            check(SmmuLintRule.L1CD_NOT_INVALIDATED, s.l1cds.get(substreamId));
        }
    }

    /** Whether a changed L1STD puts a stream's STE elsewhere: one that only grows does not. */
    private boolean isElsewhere(CachedStructure l1std, CachedStructure ste, int streamId) {
        long word = l1std.words()[0];
        int span = L1Std.SPAN.getInt(word);
        long index = streamId & (1L << split()) - 1;
        return span == 0
                || index >>> span - 1 != 0
                || (L1Std.L2_PTR.inPlace(word) & -(1L << span + 5)) + index * Ste.BYTES != ste.address();
    }

    private void check(SmmuLintRule rule, @Nullable CachedStructure s) {
        if (s != null && s.isStale()) {
            report(rule, s);
        }
    }

    private void report(SmmuLintRule rule, CachedStructure s) {
        log.add(s.isPending() ? SmmuLintRule.CFGI_NOT_SYNCED : rule, s.place(), s.words()[0]);
    }

    /** A structure was fetched for a transaction. */
    void fetched(Layout layout, long address, long[] words, int streamId, int substreamId) {
        Stream s = streams.get(streamId);
        if (s == null) {
            if (streams.size() >= FollowedStructures.MOST) {
                return;
            }
            s = new Stream();
            streams.put(streamId, s);
        }
        if (layout.equals(L1Std.LAYOUT)) {
            CachedStructure now = take(l1stds.get(address), layout, address, words, streamId, substreamId);
            if (now != null) {
                l1stds.put(address, now);
            }
        } else if (layout.equals(Ste.LAYOUT)) {
            CachedStructure old = s.ste;
            if (old != null && old.address() != address && !old.isPending() && old.isStaleAgainst(words)) {
                report(SmmuLintRule.STE_NOT_INVALIDATED, old);
            }
            s.ste = take(old, layout, address, words, streamId, substreamId);
        } else {
            Map<Integer, CachedStructure> table = layout.equals(L1Cd.LAYOUT) ? s.l1cds : s.cds;
            CachedStructure now = take(table.get(substreamId), layout, address, words, streamId, substreamId);
            if (now != null) {
                table.put(substreamId, now);
            }
        }
    }

    private @Nullable CachedStructure take(
            @Nullable CachedStructure known, Layout layout, long address, long[] words, int stream, int substream) {
        String of = "stream 0x" + Integer.toHexString(stream);
        if (substream != Transaction.NO_SUBSTREAM && !layout.equals(L1Std.LAYOUT) && !layout.equals(Ste.LAYOUT)) {
            of += " substream 0x" + Integer.toHexString(substream);
        }
        return followed.take(known, layout, of + " " + layout.name(), address, words);
    }

    /** Memory was written. */
    void written(long address, int bytes) {
        followed.written(address, bytes);
    }

    private void torn(CachedStructure s) {
        boolean cd = s.layout().equals(Cd.LAYOUT);
        log.add(cd ? SmmuLintRule.CD_UPDATE_ORDER : SmmuLintRule.STE_UPDATE_ORDER, s.place(), s.words()[0]);
    }

    /** A command is consumed; its effect is certain only after the next SYNC. */
    void consuming(Command command, long word0, long word1) {
        int streamId = Command.SID.getInt(word0);
        switch (command) {
            case CFGI_STE -> {
                invalidate(streamId, true);
                CachedStructure l1std = l1stds.get(l1stdAddress(streamId));
                if (!Command.LEAF.isSet(word1) && l1std != null) {
                    followed.invalidate(l1std);
                }
            }
            case CFGI_STE_RANGE -> {
                int range = Command.RANGE.getInt(word1);
                int ignored = range == Command.RANGE_ALL ? -1 : (2 << range) - 1;
                streams.keySet().stream()
                        .filter(s -> ((s ^ streamId) & ~ignored) == 0)
                        .forEach(s -> invalidate(s, true));
                // Which L1STDs the range touches would take more care than the rule is worth: all of them.
                l1stds.values().forEach(followed::invalidate);
            }
            case CFGI_CD_ALL -> invalidate(streamId, false);
            case CFGI_CD -> invalidateCd(streamId, Command.SSID.getInt(word0), !Command.LEAF.isSet(word1));
            case SYNC -> followed.complete();
            default -> {}
        }
    }

    private void invalidate(int streamId, boolean whole) {
        Stream s = streams.get(streamId);
        if (s != null) {
            if (whole && s.ste != null) {
                followed.invalidate(s.ste);
            }
            s.cds.values().forEach(followed::invalidate);
            s.l1cds.values().forEach(followed::invalidate);
        }
    }

    private void invalidateCd(int streamId, int substreamId, boolean level1) {
        Stream s = streams.get(streamId);
        if (s == null) {
            return;
        }
        CachedStructure cd = s.cds.get(substreamId);
        if (cd != null) {
            followed.invalidate(cd);
        }
        CachedStructure single = s.cds.get(Transaction.NO_SUBSTREAM);
        if (substreamId == 0 && single != null) {
            followed.invalidate(single);
        }
        if (level1) {
            s.l1cds.values().forEach(followed::invalidate);
        }
    }

    private long l1stdAddress(int streamId) {
        long cfg = smmu.readRegister(Registers.STRTAB_BASE_CFG.offset(), 4);
        long base = StreamTableShape.base(smmu.readRegister(Registers.STRTAB_BASE.offset(), 8), cfg);
        return StreamTableShape.isTwoLevel(cfg) ? base + ((streamId & 0xFFFF_FFFFL) >>> split()) * L1Std.BYTES : -1;
    }

    private int split() {
        return StreamTableShape.split(smmu.readRegister(Registers.STRTAB_BASE_CFG.offset(), 4));
    }

    /** The structures of one stream. */
    private static final class Stream {
        private final Map<Integer, CachedStructure> cds = new HashMap<>();
        private final Map<Integer, CachedStructure> l1cds = new HashMap<>();
        private @Nullable CachedStructure ste;
    }
}
