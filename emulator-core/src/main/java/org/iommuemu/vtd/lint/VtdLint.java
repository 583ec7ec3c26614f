// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.lint;

import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.Rule;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.FaultReason;
import org.iommuemu.vtd.InterruptMessage;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.Irte;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/**
 * Stands in front of a VT-d unit and notes what its software does wrong. Devices must send their transactions and interrupts
 * through it and software its register reads, so that it knows whose entries are fetched and which commands are waited for;
 * register writes, descriptors, fetches and memory writes it sees through the unit's observers, whoever makes them.
 *
 * <p>Findings do not depend on the unit's caches: an entry counts as cached from its first fetch to its invalidation, as the
 * architecture allows. Memory is bounded: what is beyond the bounds is not followed, and gives no finding.
 */
public final class VtdLint implements Iommu {
    private static final String NOT_FETCHED = "";

    private final Vtd vtd;
    private final PhysicalMemory memory;
    private final LintLog log = new LintLog();
    private final RegisterLint registers;
    private final InvalidationLint invalidations;
    private final EntryLint entries;
    private final DeviceTlbShadow devices;
    private final InterruptShadow interrupts;
    private ConfigurationShadow shadow;
    private boolean scalable;
    private boolean watching;
    private int source;
    private int substream;
    private final long[] context = new long[ScalableContextEntry.WORDS];
    private final long[] pasid = new long[PasidEntry.WORDS];
    private long irteAddress;
    private final long[] irte = new long[Irte.WORDS];
    private String contextPlace = NOT_FETCHED;
    private String pasidPlace = NOT_FETCHED;

    /**
     * Watches a unit from now on, best from reset.
     *
     * @param vtd the unit; its observers are taken
     * @param memory its memory
     */
    public VtdLint(Vtd vtd, PhysicalMemory memory) {
        this.vtd = vtd;
        this.memory = memory;
        registers = new RegisterLint(vtd, log, this::consuming);
        invalidations = new InvalidationLint(vtd.features(), memory, log);
        entries = new EntryLint(vtd.features(), log);
        devices = new DeviceTlbShadow(log);
        interrupts = new InterruptShadow(vtd.features().has(Capability.CM), memory, log);
        shadow = newShadow();
        vtd.observe(this::fetched, null);
        vtd.observeSoftware(this::writing, this::consumingDescriptor);
        memory.watchWrites(this::written);
    }

    private ConfigurationShadow newShadow() {
        return new ConfigurationShadow(scalable, vtd.features().has(Capability.CM), memory, log);
    }

    /** What has been found. */
    public LintLog log() {
        return log;
    }

    /** Resets the unit; what had to be done since reset is to be done again. Caches keep what they hold. */
    public void reset() {
        vtd.reset();
        registers.reset();
    }

    @Override
    public void translate(Transaction t, Verdict v) {
        begin(t.streamId(), t.substreamId(), true);
        vtd.translate(t, v);
        end(v.rule());
    }

    @Override
    public void forwardTranslated(Transaction t, Verdict v) {
        begin(t.streamId(), t.substreamId(), false);
        devices.use(t);
        vtd.forwardTranslated(t, v);
        end(v.rule());
    }

    @Override
    public void requestTranslation(Transaction t, TranslationCompletion completion) {
        begin(t.streamId(), t.substreamId(), true);
        vtd.requestTranslation(t, completion);
        end(completion.rule());
        devices.answered(t, completion, shadow.domain(t.streamId(), t.substreamId()));
    }

    @Override
    public void requestPage(PageRequest request) {
        vtd.requestPage(request);
    }

    /** Answers a write of four bytes to the interrupt window, as {@link Vtd#remapInterrupt} does. */
    public @Nullable InterruptMessage remapInterrupt(int requester, long address, int data) {
        irteAddress = -1;
        InterruptMessage message = vtd.remapInterrupt(requester, address, data);
        if (irteAddress >= 0) {
            interrupts.fetched(vtd.interruptIndex(), irteAddress, irte);
        }
        interrupts.used(vtd.interruptIndex());
        return message;
    }

    @Override
    public void invalidationEnded(long ticket, boolean answered) {
        vtd.invalidationEnded(ticket, answered);
    }

    @Override
    public void connect(DevicePort port) {
        vtd.connect(port);
    }

    /** A request comes; what is fetched until {@link #end} is fetched for it. */
    private void begin(int requester, int pasidOfRequest, boolean usesPasid) {
        source = requester;
        substream = pasidOfRequest;
        watching = VtdRegisters.TE.isSet(status());
        if (watching) {
            shadow.use(source, substream, usesPasid);
        }
        contextPlace = NOT_FETCHED;
        pasidPlace = NOT_FETCHED;
    }

    private void end(@Nullable Rule refusal) {
        // Nothing is used of an entry that is refused, which its fault reports.
        boolean refused = refusal instanceof FaultReason why && why.isOfConfiguration();
        if (!refused && !contextPlace.equals(NOT_FETCHED)) {
            if (scalable) {
                entries.scalable(contextPlace, context);
            } else {
                entries.legacy(contextPlace, context);
            }
        }
        if (!refused && !pasidPlace.equals(NOT_FETCHED)) {
            boolean own = substream != Transaction.NO_SUBSTREAM;
            entries.pasid(pasidPlace, pasid, own ? substream : ScalableContextEntry.RID_PASID.getInt(context));
        }
        watching = false;
    }

    private long status() {
        return vtd.readRegister(VtdRegisters.GSTS.offset(), VtdRegisters.GSTS.bytes());
    }

    @Override
    public long readRegister(long offset, int size) {
        registers.reading(offset, size);
        return vtd.readRegister(offset, size);
    }

    @Override
    public void writeRegister(long offset, int size, long value) {
        vtd.writeRegister(offset, size, value);
    }

    // Layouts are constants: one that is not the same is another structure.
    @SuppressWarnings("ReferenceEquality")
    private void fetched(Layout layout, long address, long[] words) {
        if (layout == Irte.LAYOUT) {
            irteAddress = address;
            System.arraycopy(words, 0, irte, 0, Irte.WORDS);
            return;
        }
        if (!watching) {
            return;
        }
        String place = "source 0x" + Integer.toHexString(source) + " ";
        if (layout == ContextEntry.LAYOUT || layout == ScalableContextEntry.LAYOUT) {
            System.arraycopy(words, 0, context, 0, layout.words());
            contextPlace = place + layout.name() + " at 0x" + Long.toHexString(address);
        } else if (layout == PasidEntry.LAYOUT) {
            System.arraycopy(words, 0, pasid, 0, PasidEntry.WORDS);
            place += substream == Transaction.NO_SUBSTREAM ? "" : "PASID 0x" + Integer.toHexString(substream) + " ";
            pasidPlace = place + layout.name() + " at 0x" + Long.toHexString(address);
        }
        shadow.fetched(layout, address, words, source, substream);
    }

    private void written(long address, int bytes) {
        shadow.written(address, bytes);
        interrupts.written(address, bytes);
    }

    private void writing(Register register, long old, long value, boolean writable) {
        registers.writing(register, old, value, writable);
        if (!register.equals(VtdRegisters.GCMD)) {
            return;
        }
        if (VtdRegisters.SRTP.isSet(value)) {
            boolean before = scalable;
            scalable = VtdRegisters.TTM.getInt(vtd.readRegister(VtdRegisters.RTADDR.offset(), Long.BYTES)) == 1;
            if (scalable != before) {
                shadow = newShadow();
            }
            if (vtd.features().has(Capability.ESRTPS)) {
                forgetTranslations();
            }
        }
        if (VtdRegisters.SIRTP.isSet(value) && vtd.features().has(Capability.ESIRTPS)) {
            interrupts.forgetAll();
        }
        boolean off = VtdRegisters.TE.isSet(status()) && !VtdRegisters.TE.isSet(value);
        if (off && vtd.features().hasExtended(ExtendedCapability.SMTS)) {
            forgetTranslations();
        }
    }

    private void forgetTranslations() {
        shadow.forgetAll();
        entries.forgetAll();
    }

    private void consumingDescriptor(Descriptor d, long word0, long word1) {
        invalidations.check(d, word0, word1);
        consuming(d, word0, word1);
    }

    private void consuming(Descriptor d, long word0, long word1) {
        registers.consuming(d, word0);
        shadow.consuming(d, word0);
        entries.consuming(d, word0);
        devices.consuming(d, word0, word1);
        interrupts.consuming(d, word0);
    }
}
