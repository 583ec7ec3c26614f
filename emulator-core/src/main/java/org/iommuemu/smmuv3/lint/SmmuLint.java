// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import org.iommuemu.bits.Layout;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.Rule;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.TableRoot;
import org.iommuemu.smmuv3.SmmuRule;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.L1Cd;
import org.iommuemu.smmuv3.spec.L1Std;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/**
 * Stands in front of an SMMUv3 and notes what its software does wrong. Devices must send their transactions through it and
 * software its register reads, so that it knows whose structures are fetched and which updates are waited for; register writes,
 * commands, fetches and memory writes it sees through the machine's observers, whoever makes them.
 *
 * <p>Findings do not depend on the machine's caches: a structure counts as cached from its first fetch to its invalidation, as
 * the architecture allows. Memory is bounded: what is beyond the bounds is not followed, and gives no finding.
 */
public final class SmmuLint implements Iommu {
    private static final String NOT_FETCHED = "";

    private final SmmuV3 smmu;
    private final LintLog log = new LintLog();
    private final RegisterLint registers;
    private final CommandLint commands;
    private final StructureLint structures;
    private final ConfigurationShadow shadow;
    private final AddressSpaces spaces;
    private final DescriptorLint descriptors;
    private final TlbShadow tlb;
    private int stream;
    private int substream;
    private boolean watching;
    private final long[] ste = new long[Ste.WORDS];
    private final long[] cd = new long[Cd.WORDS];
    private String stePlace = NOT_FETCHED;
    private String cdPlace = NOT_FETCHED;

    /**
     * Watches a machine from now on, best from reset.
     *
     * @param smmu the machine; its observers are taken
     * @param memory its memory
     */
    public SmmuLint(SmmuV3 smmu, PhysicalMemory memory) {
        this.smmu = smmu;
        registers = new RegisterLint(smmu, log);
        commands = new CommandLint(smmu.features(), log);
        structures = new StructureLint(smmu.features(), log);
        shadow = new ConfigurationShadow(smmu, memory, log);
        spaces = new AddressSpaces(smmu, log);
        descriptors = new DescriptorLint(memory, log);
        tlb = new TlbShadow(smmu, log);
        smmu.observe(this::fetched, this::descriptor);
        smmu.observeSoftware(registers::writing, this::consuming);
        memory.watchWrites(shadow::written);
    }

    /** What has been found. */
    public LintLog log() {
        return log;
    }

    /** Resets the machine; what had to be done since reset is to be done again. Caches keep what they hold. */
    public void reset() {
        smmu.reset();
        registers.reset();
    }

    @Override
    public void translate(Transaction t, Verdict v) {
        begin(t, true);
        smmu.translate(t, v);
        end(v.rule());
    }

    @Override
    public void forwardTranslated(Transaction t, Verdict v) {
        begin(t, false);
        smmu.forwardTranslated(t, v);
        end(v.rule());
    }

    @Override
    public void requestTranslation(Transaction t, TranslationCompletion completion) {
        begin(t, true);
        smmu.requestTranslation(t, completion);
        end(completion.rule());
    }

    @Override
    public void requestPage(PageRequest request) {
        smmu.requestPage(request);
    }

    @Override
    public void invalidationEnded(long ticket, boolean answered) {
        smmu.invalidationEnded(ticket, answered);
    }

    @Override
    public void connect(DevicePort port) {
        smmu.connect(port);
    }

    /** A transaction comes; what is fetched until {@link #end} is fetched for it. */
    private void begin(Transaction t, boolean usesCd) {
        stream = t.streamId();
        substream = t.substreamId();
        watching = Registers.SMMUEN.isSet(smmu.readRegister(Registers.CR0.offset(), 4));
        if (watching) {
            shadow.use(stream, substream, usesCd);
        }
        stePlace = NOT_FETCHED;
        cdPlace = NOT_FETCHED;
        tlb.begin(t.address());
    }

    private void end(@Nullable Rule refusal) {
        Event event = refusal instanceof SmmuRule rule ? rule.event() : null;
        // What is refused as a whole is reported by its event; nothing in it is used.
        if (!stePlace.equals(NOT_FETCHED) && event != Event.C_BAD_STE) {
            structures.ste(stePlace, ste);
            spaces.ste(stePlace, ste);
        }
        if (!cdPlace.equals(NOT_FETCHED) && event != Event.C_BAD_CD) {
            structures.cd(cdPlace, cd);
            spaces.cd(cdPlace, cd, ste);
        }
        tlb.end(stream, shadow.cd(stream, substream), shadow.ste(stream));
        watching = false;
    }

    @Override
    public long readRegister(long offset, int size) {
        registers.reading(offset, size);
        return smmu.readRegister(offset, size);
    }

    @Override
    public void writeRegister(long offset, int size, long value) {
        smmu.writeRegister(offset, size, value);
    }

    // Layouts are constants: one that is not the same is another structure.
    @SuppressWarnings("ReferenceEquality")
    private void fetched(Layout layout, long address, long[] words) {
        if (!watching) {
            return;
        }
        String place = "stream 0x" + Integer.toHexString(stream);
        if (layout == L1Std.LAYOUT) {
            structures.l1std(place + " L1STD at 0x" + Long.toHexString(address), words[0]);
        } else if (layout == Ste.LAYOUT) {
            System.arraycopy(words, 0, ste, 0, Ste.WORDS);
            stePlace = place + " STE at 0x" + Long.toHexString(address);
        } else {
            if (substream != Transaction.NO_SUBSTREAM) {
                place += " substream 0x" + Integer.toHexString(substream);
            }
            place += " " + layout.name() + " at 0x" + Long.toHexString(address);
            if (layout == L1Cd.LAYOUT) {
                structures.l1cd(place, words[0], ste);
            } else if (layout == Cd.LAYOUT) {
                System.arraycopy(words, 0, cd, 0, Cd.WORDS);
                cdPlace = place;
            }
        }
        shadow.fetched(layout, address, words, stream, substream);
    }

    private void descriptor(TableRoot root, int height, long address, long descriptor) {
        descriptors.check(root, height, address, descriptor);
        tlb.descriptor(root, height, descriptor);
    }

    private void consuming(Command command, long word0, long word1) {
        commands.check(command, word0, word1);
        registers.consuming(command, word1);
        shadow.consuming(command, word0, word1);
        spaces.consuming(command, word0);
        tlb.consuming(command, word0, word1);
    }
}
