// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.ConfigurationCache;
import org.iommuemu.iommu.InvalidationScope;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;

/**
 * What the invalidation commands do to the caches (IHI 0070 §4.3-4.4). Everything is done when a command is consumed, so that a
 * SYNC has nothing to wait for. Prefetches are hints and do nothing.
 */
final class Invalidations {
    private static final int MOST_VMW = 4;

    private final TranslationUnit unit;
    private final SmmuFeatures features;
    private final RegisterFile registers;
    private final IncomingAttributes incoming;
    private final InvalidationScope scope = new InvalidationScope();

    Invalidations(TranslationUnit unit, SmmuFeatures features, RegisterFile registers, IncomingAttributes incoming) {
        this.incoming = incoming;
        this.registers = registers;
        this.unit = unit;
        this.features = features;
    }

    /** Executes a legal command; those that invalidate nothing have no effect here. */
    void execute(Command command, long word0, long word1) {
        int stream = Command.SID.getInt(word0);
        ConfigurationCache configurations = unit.configurations();
        switch (command) {
            case CFGI_STE, CFGI_CD_ALL -> configurations.invalidate(stream, 0, ConfigurationCache.ANY_SUBSTREAM);
            case CFGI_STE_RANGE -> {
                int range = Command.RANGE.getInt(word1);
                int ignored = range == Command.RANGE_ALL ? -1 : (2 << range) - 1;
                configurations.invalidate(stream, ignored, ConfigurationCache.ANY_SUBSTREAM);
            }
            case CFGI_CD -> invalidateCd(stream, Command.SSID.getInt(word0));
            case TLBI_NH_ALL -> unit.invalidate(byVmid(word0));
            case TLBI_EL2_ALL -> unit.invalidate(byWorld(SmmuTags.EL2_ONLY, SmmuTags.EL2_ONLY));
            // Translations of the world without ASIDs need not be dropped, whatever E2H says.
            case TLBI_EL2_ASID -> unit.invalidate(byEl2Asid(word0).exceptGlobal());
            case TLBI_EL2_VA -> unit.invalidate(byAddress(isE2h() ? byEl2Asid(word0) : byEl2(), word0, word1));
            case TLBI_EL2_VAA -> unit.invalidate(byAddress(isE2h() ? byAnyEl2Asid() : byEl2(), word0, word1));
            case TLBI_S12_VMALL ->
                unit.invalidate(byVmid(word0).tag(SmmuTags.ANY_ASID_OR_STAGE & wildcard(), context(word0, 0)));
            case TLBI_S2_IPA ->
                unit.invalidate(byAddress(
                        scope.everything()
                                .tag(wildcard(), SmmuTags.stage2(vmid(word0)))
                                .exceptGlobal(),
                        word0,
                        word1));
            case TLBI_NH_ASID -> unit.invalidate(byAsid(word0).exceptGlobal());
            case TLBI_NH_VA -> unit.invalidate(byAddress(byAsid(word0), word0, word1));
            case TLBI_NH_VAA -> unit.invalidate(byAddress(byVmid(word0), word0, word1));
            case TLBI_NSNH_ALL -> unit.invalidate(byWorld(SmmuTags.WORLD_ONLY, 0));
            default -> {}
        }
    }

    /** CD 0 serves requests with SubstreamID 0 and, under S1DSS=0b10 or without substreams, those with none. */
    private void invalidateCd(int stream, int substream) {
        unit.configurations().invalidate(stream, 0, substream);
        if (substream == 0) {
            unit.configurations().invalidate(stream, 0, Transaction.NO_SUBSTREAM);
        }
    }

    private int vmid(long word0) {
        return features.hasStage2() ? Command.VMID.getInt(word0) : 0;
    }

    /** CR2.E2H, as it is when a command is processed (§4.4.2.8). */
    private boolean isE2h() {
        return Registers.E2H.isSet(registers.get(Registers.CR2));
    }

    /** CR0.VMW leaves out up to four low bits of the VMID; other values act as 0 (§6.3.9). */
    private long wildcard() {
        int bits = Registers.VMW.getInt(registers.get(Registers.CR0));
        return SmmuTags.vmidWildcard(bits <= MOST_VMW ? bits : 0) & anyIncoming();
    }

    /** Leaves out the overrides of attributes; nothing, while there are none, so that entries can be looked up by tag. */
    private long anyIncoming() {
        return incoming.everOverridden() ? SmmuTags.ANY_INCOMING : SmmuTags.EXACT;
    }

    private long context(long word0, int asid) {
        return SmmuTags.context(StreamWorld.NS_EL1, vmid(word0), asid);
    }

    private InvalidationScope byWorld(long mask, long world) {
        return scope.everything().tag(mask, world).globalTag(mask, world);
    }

    private InvalidationScope byVmid(long word0) {
        long global = SmmuTags.global(StreamWorld.NS_EL1, vmid(word0), false);
        return scope.everything()
                .tag(SmmuTags.ANY_ASID & wildcard(), context(word0, 0))
                .globalTag(SmmuTags.ANY_ASET & wildcard(), global);
    }

    private InvalidationScope byAsid(long word0) {
        return byVmid(word0).tag(SmmuTags.EXACT & wildcard(), context(word0, Command.ASID.getInt(word0)));
    }

    /** The world of one table, which has neither ASIDs nor global translations. */
    private InvalidationScope byEl2() {
        return scope.everything()
                .tag(SmmuTags.EXACT & anyIncoming(), SmmuTags.context(StreamWorld.NS_EL2, 0, 0))
                .exceptGlobal();
    }

    private InvalidationScope byAnyEl2Asid() {
        return scope.everything()
                .tag(SmmuTags.ANY_ASID & anyIncoming(), SmmuTags.context(StreamWorld.NS_EL2_E2H, 0, 0))
                .globalTag(SmmuTags.ANY_ASET & anyIncoming(), SmmuTags.global(StreamWorld.NS_EL2_E2H, 0, false));
    }

    private InvalidationScope byEl2Asid(long word0) {
        long own = SmmuTags.context(StreamWorld.NS_EL2_E2H, 0, Command.ASID.getInt(word0));
        return byAnyEl2Asid().tag(SmmuTags.EXACT & anyIncoming(), own);
    }

    private InvalidationScope byAddress(InvalidationScope context, long word0, long word1) {
        // Translations are kept under canonical addresses; the top byte may be a tag.
        long address = Command.ADDRESS.inPlace(word1) << 8 >> 8;
        long first = address;
        long last = address;
        int granule = features.has3(Idr.RIL) ? Command.TG.getInt(word1) : 0;
        if (granule != 0) {
            int granuleShift = 10 + 2 * granule;
            int scale = CommandRules.scale(word0, features);
            // A misaligned start is rounded down to what the level hint says an entry covers, at least the granule.
            int entryShift = granuleShift + entryLevels(granuleShift, Command.TTL.getInt(word1));
            first = address & -(1L << entryShift);
            last = end(address, Command.NUM.getInt(word0) + 1L, scale + granuleShift);
        }
        return context.addresses(first, last).leafOnly(Command.LEAF.isSet(word1));
    }

    /** Address bits between a granule and an entry of level {@code ttl}; none if no level is given. */
    private static int entryLevels(int granuleShift, int ttl) {
        return ttl == 0 ? 0 : (3 - ttl) * (granuleShift - 3);
    }

    /** Last address of a range of {@code count} units, which does not wrap past the end of the address space. */
    private static long end(long first, long count, int unitShift) {
        if (unitShift >= 64 || Long.numberOfLeadingZeros(count) <= unitShift) {
            return -1L;
        }
        long last = first + (count << unitShift) - 1;
        return Long.compareUnsigned(last, first) < 0 ? -1L : last;
    }
}
