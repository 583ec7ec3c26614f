// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.KnownContexts;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.StageTwo;
import org.iommuemu.iommu.StructureReader;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationWalk;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/**
 * Finds a stream's configuration in memory: STE, then CD, with the checks in the order of IHI 0070 §7.3.22. Records nothing;
 * what was found, or why not, is left here until the next fetch.
 */
final class ConfigurationFetch {
    private final StreamTable streams;
    private final ContextTable contexts;
    private final ContextBuilder builder;
    private final SmmuFeatures features;
    private final StageTwo stageTwo;
    private final long[] ste = new long[Ste.WORDS];
    private final long[] cd = new long[Cd.WORDS];
    private final RegisterFile registers;
    private final KnownContexts<SmmuContext> known = new KnownContexts<>(Ste.WORDS + Cd.WORDS);
    private int place;
    /** Whether the STE is what the context at {@link #place} was made of. */
    private boolean steKnown;

    private long knownWith;
    private SmmuRule refusal = SmmuRule.STE_NOT_VALID;
    private long address;
    private boolean streamFound;

    ConfigurationFetch(
            SmmuFeatures features,
            RegisterFile registers,
            StructureReader structures,
            StageTwo stageTwo,
            IncomingAttributes incoming) {
        this.features = features;
        this.registers = registers;
        this.stageTwo = stageTwo;
        streams = new StreamTable(registers, features, structures);
        contexts = new ContextTable(features, structures, stageTwo);
        builder = new ContextBuilder(features, registers, incoming);
    }

    /** The context of a stream and substream, or null: {@link #refusal()} tells why. */
    @Nullable
    SmmuContext fetch(int streamId, int substreamId) {
        return findStream(streamId, substreamId) ? findContext(substreamId, TranslationWalk.ACCESS) : null;
    }

    /**
     * The context of a substream of the stream that was {@link #findStream found} last, or null: {@link #refusal()} tells why.
     *
     * @param walkMode for stage 2's walks, see {@link TranslationWalk}
     */
    @Nullable
    SmmuContext findContext(int substreamId, int walkMode) {
        int config = config();
        if ((config & Ste.CONFIG_STAGE_1) == 0) {
            return substreamId != Transaction.NO_SUBSTREAM
                    ? refuse(SmmuRule.SUBSTREAM_WITHOUT_STAGE_1, 0)
                    : withoutStage1();
        }
        SmmuRule broken = contexts.select(substreamId, ste);
        if (broken != null) {
            return refuse(broken, 0);
        }
        if (contexts.index() == ContextTable.BYPASS_STAGE_1) {
            return builder.withoutStage1(ste, true);
        }
        SmmuContext before = steKnown ? known.context(place) : null;
        TableRoot second =
                (config & Ste.CONFIG_STAGE_2) == 0 ? null : before != null ? before.second() : builder.second(ste);
        broken = contexts.fetch(ste, cd, second, walkMode);
        if (broken == null && before != null && known.isMadeOf(place, Ste.WORDS, cd)) {
            return before;
        }
        if (broken == null) {
            broken = CdRules.check(cd, ste, builder.world(ste), features);
        }
        if (broken != null) {
            return refuse(broken, contexts.address());
        }
        known.note(place, 0, ste);
        known.note(place, Ste.WORDS, cd);
        return known.keep(place, builder.stage1(ste, cd));
    }

    private SmmuContext withoutStage1() {
        SmmuContext before = steKnown ? known.context(place) : null;
        if (before != null) {
            return before;
        }
        known.note(place, 0, ste);
        return known.keep(place, builder.withoutStage1(ste, false));
    }

    /** The context of a stream for addresses that are past stage 1, or null: {@link #refusal()} tells why. */
    @Nullable
    SmmuContext fetchStream(int streamId) {
        return findStream(streamId) ? builder.pastStage1(ste) : null;
    }

    /** Finds the STE of a stream that does not abort everything; false leaves a {@link #refusal()}. */
    boolean findStream(int streamId) {
        return findStream(streamId, Transaction.NO_SUBSTREAM);
    }

    private boolean findStream(int streamId, int substreamId) {
        SmmuRule broken = streams.fetch(streamId, ste);
        streamFound = broken == null;
        if (knownWith != registers.get(Registers.CR2)) {
            // What is made of a structure depends on CR2.E2H too.
            known.clear();
            knownWith = registers.get(Registers.CR2);
        }
        place = known.place(streamId, substreamId);
        steKnown = broken == null && known.isMadeOf(place, 0, ste);
        if (broken == null && !steKnown) {
            broken = SteRules.check(ste, features);
            streamFound = broken == null || broken == SmmuRule.STE_ABORT;
        }
        if (broken != null) {
            refuse(broken, streams.address());
        }
        return broken == null;
    }

    private @Nullable SmmuContext refuse(SmmuRule rule, long fetchAddress) {
        refusal = rule;
        address = fetchAddress;
        return null;
    }

    /** The rule by which the last fetch failed; {@link SmmuRule#CD_NOT_LOCATED} stands for the fault left in stage 2. */
    SmmuRule refusal() {
        return refusal;
    }

    /** Where the structure is that got no answer, for the event of a fetch. */
    long fetchAddress() {
        return address;
    }

    /** The stream as far as its STE tells, once {@link #isStreamFound()}: for faults before there is a whole context. */
    SmmuContext stream() {
        return builder.withoutStage1(ste, false);
    }

    /** Whether the last fetch found a valid STE. */
    boolean isStreamFound() {
        return streamFound;
    }

    /** STE.Config. */
    int config() {
        return Ste.CONFIG.getInt(ste);
    }

    /** STE.EATS. */
    int ats() {
        return config() == Ste.CONFIG_ENABLE ? 0 : Ste.EATS.getInt(ste);
    }

    /** The StreamWorld of the last STE. */
    StreamWorld world() {
        return builder.world(ste);
    }

    /** STE.PPAR. */
    boolean answersWithPasid() {
        return Ste.PPAR.isSet(ste);
    }

    /** STE.MEV. */
    boolean merges() {
        return streamFound && Ste.MEV.isSet(ste);
    }

    /** The VMID of the stream's translations: STE.S2VMID. */
    int vmid() {
        return Ste.S2VMID.getInt(ste);
    }

    /** The stage 2 tables of the last STE, which must enable stage 2. */
    TableRoot second() {
        return builder.second(ste);
    }

    /** Stage 2, with the fault of the last fetch. */
    StageTwo stageTwo() {
        return stageTwo;
    }
}
