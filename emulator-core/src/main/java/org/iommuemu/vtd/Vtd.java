// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.AtcInvalidations;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.ConfigurationCache;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.Iotlb;
import org.iommuemu.iommu.MemoryQueue;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.StageTwo;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.WalkCaches;
import org.iommuemu.paging.WalkObserver;
import org.iommuemu.paging.Walker;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/**
 * A VT-d remapping unit: what software sees through its registers and memory, and what devices see of their transactions. A
 * StreamID is a requester id, a SubstreamID a PASID.
 *
 * <p>Not thread-safe. Nothing that software or a device does makes it throw.
 */
public final class Vtd implements Iommu {
    private static final int MOST_ADDRESS_BITS = 52;
    /** Major version from which protected ranges are closed to translated DMA too. */
    private static final int PROTECTS_ALL = 2;

    private final VtdFeatures features;
    private final RegisterFile file;
    private final EntryReader entries;
    private final FaultRecords faults;
    private final FaultRecorder recorder;
    private final TranslationUnit unit;
    private final InvalidationQueue queue;
    private final InterruptRemapper interrupts;
    private final PageRequests pages;
    private final AtsRequests ats;
    private final ExecuteRequests execution;
    private final AtcInvalidations atcs = new AtcInvalidations();
    private final ProtectedMemory protectedMemory;
    private final VtdControls controls;
    private final boolean protectsAll;

    /**
     * A unit after reset, with empty caches.
     *
     * @param memory what it reads its tables and queues from
     * @param requested features; those that are not modelled read as absent, see {@link VtdFeatures#modelled()}
     * @param caches geometry of its caches
     * @param sink where its own interrupts go: {@code fault}, {@code invalidation}, {@code page-request}
     */
    public Vtd(PhysicalMemory memory, VtdFeatures requested, CacheConfiguration caches, InterruptSink sink) {
        features = requested.modelled();
        protectsAll = features.major() >= PROTECTS_ALL;
        // The host is as wide as its guests, as far as memory goes.
        int addressBits = Math.min(MOST_ADDRESS_BITS, features.guestBits());
        Register iva = new Register("IVA", features.invalidateAddressOffset(), 8, 0, -1L, 0, VtdRegisters.IVA_LAYOUT);
        Register iotlb = new Register(
                "IOTLB",
                features.invalidateAddressOffset() + Long.BYTES,
                8,
                0,
                ~VtdRegisters.IAIG.mask(),
                0,
                VtdRegisters.IOTLB_LAYOUT);
        List<Register> records = FaultRecords.registers(features.faultRecordOffset(), features.faultRecords());
        List<Register> map = new ArrayList<>(VtdRegisters.map());
        map.add(iva);
        map.add(iotlb);
        map.addAll(records);
        file = new RegisterFile(map);
        EventInterrupt faultEvent = new EventInterrupt(file, VtdRegisters.FAULT_EVENT, sink, "fault");
        EventInterrupt invalidationEvent =
                new EventInterrupt(file, VtdRegisters.INVALIDATION_EVENT, sink, "invalidation");
        EventInterrupt pageEvent = new EventInterrupt(file, VtdRegisters.PAGE_REQUEST_EVENT, sink, "page-request");
        faults = new FaultRecords(file, records, faultEvent);
        recorder = new FaultRecorder(faults, features);
        entries = new EntryReader(memory, addressBits);
        ContextLookup lookup = new ContextLookup(features, entries, new ContextBuilder(features, entries, addressBits));
        VtdLeafRules rules = new VtdLeafRules();
        StageTwo stageTwo = new StageTwo(
                new Walker(memory, new WalkCaches("second-stage walk cache", caches.stage2Walk())),
                new Iotlb("nested cache", caches.ipa(), false),
                rules,
                memory,
                ContextBuilder.NO_TABLES);
        unit = new TranslationUnit(
                new VtdArchitecture(lookup, recorder, addressBits),
                rules,
                new ConfigurationCache(caches.configuration()),
                new Iotlb("IOTLB", caches.iotlb(), false),
                new Walker(memory, new WalkCaches("walk cache", caches.walk())),
                stageTwo,
                memory);
        Invalidations invalidations = new Invalidations(unit);
        interrupts = new InterruptRemapper(memory, file, features, faults, caches.configuration());
        pages = new PageRequests(memory, file, features, lookup, faults, invalidations, pageEvent);
        execution = new ExecuteRequests(features, unit, lookup, recorder);
        ats = new AtsRequests(features, unit, lookup, recorder, execution, addressBits);
        queue = new InvalidationQueue(
                memory,
                file,
                features,
                lookup,
                faults,
                new DescriptorExecution(
                        memory, file, lookup, invalidations, atcs, interrupts, pages, invalidationEvent));
        protectedMemory = new ProtectedMemory(file, features);
        controls = new VtdControls(file, features, unit, lookup, invalidations, queue, interrupts, pages, faults, ats);
        controls.bind(iva, iotlb);
        new VtdStatus(file, faults, queue, faultEvent, invalidationEvent, pageEvent).bind();
        controls.reset();
    }

    @Override
    public void translate(Transaction transaction, Verdict verdict) {
        long address = transaction.address();
        boolean window = address >= VtdLeafRules.INTERRUPT_FIRST && address <= VtdLeafRules.INTERRUPT_LAST;
        if (window && !transaction.hasSubstream()) {
            interruptWindow(transaction, verdict);
            return;
        }
        if (ExecuteRequests.includes(transaction) && VtdRegisters.TE.isSet(file.get(VtdRegisters.GSTS))) {
            execution.refuse(transaction, verdict);
            return;
        }
        long before = unit.translated();
        unit.translate(transaction, verdict);
        // The first units let through what their own tables translate.
        if (protectsAll || unit.translated() == before) {
            protectedMemory.check(verdict);
        }
    }

    /** A write there is an interrupt, see {@link #remapInterrupt}; anything else is refused while remapping is on. */
    private void interruptWindow(Transaction t, Verdict v) {
        boolean on = (file.get(VtdRegisters.GSTS) & (VtdRegisters.TE.mask() | VtdRegisters.IRE.mask())) != 0;
        boolean atomic = (t.access() & Access.ATOMIC) != 0;
        if (on && (atomic || !Access.isWrite(t.access()))) {
            recorder.record(t, FaultReason.INTERRUPT_WINDOW, false, FaultRecorder.UNTRANSLATED);
            v.end(Verdict.Status.ABORT, FaultReason.INTERRUPT_WINDOW);
        } else {
            v.ok(t.address(), 12, 0);
        }
    }

    /**
     * Answers a write of four bytes to the interrupt window, 0xFEEx_xxxx.
     *
     * @param source requester id
     * @return the message that goes on, or null if it is blocked
     */
    public @Nullable InterruptMessage remapInterrupt(int source, long address, int data) {
        return interrupts.remap(source, address, data);
    }

    @Override
    public void forwardTranslated(Transaction transaction, Verdict verdict) {
        ats.forward(transaction, verdict);
        protectedMemory.check(verdict);
    }

    @Override
    public void requestTranslation(Transaction request, TranslationCompletion completion) {
        ats.answer(request, completion);
    }

    @Override
    public void requestPage(PageRequest request) {
        pages.request(request);
    }

    @Override
    public void invalidationEnded(long ticket, boolean answered) {
        if (atcs.ended(ticket, answered)) {
            if (!answered) {
                queue.timedOut();
            }
            queue.consume();
        } else if (answered && VtdRegisters.TE.isSet(file.get(VtdRegisters.GSTS))) {
            queue.unexpectedCompletion(AtcInvalidations.streamOf(ticket));
        }
    }

    @Override
    public void connect(DevicePort port) {
        atcs.connect(port);
        pages.connect(port);
    }

    @Override
    public long readRegister(long offset, int size) {
        return offset == VtdRegisters.GCMD.offset() && size == 4 ? 0 : file.read(offset, size);
    }

    @Override
    public void writeRegister(long offset, int size, long value) {
        file.write(offset, size, value);
    }

    /** Resets the registers; caches keep what they hold. */
    public void reset() {
        atcs.reset();
        controls.reset();
    }

    /** What the unit can do: the features asked for, less those that are not modelled. */
    public VtdFeatures features() {
        return features;
    }

    /** The translation pipeline with its caches and counters. */
    public TranslationUnit unit() {
        return unit;
    }

    /** Indexes and fill of the invalidation queue. */
    public MemoryQueue invalidationQueue() {
        return queue.queue();
    }

    /** Indexes and fill of the page request queue. */
    public MemoryQueue pageRequestQueue() {
        return pages.queue();
    }

    /** Invalidation descriptors of a type consumed so far. */
    public long consumed(Descriptor descriptor) {
        return queue.consumed(descriptor);
    }

    /** Faults of a reason so far, whether recorded or not. */
    public long faults(FaultReason reason) {
        return recorder.count(reason);
    }

    /** Faults recorded so far. */
    public long faultsRecorded() {
        return faults.recorded();
    }

    /** Faults that found no record. */
    public long faultsLost() {
        return faults.lost();
    }

    /** Root, context and PASID entries read so far. */
    public long structureReads() {
        return entries.reads();
    }

    /** Interrupts remapped so far. */
    public long interruptsRemapped() {
        return interrupts.remapped();
    }

    /** Interrupts blocked so far. */
    public long interruptsRefused() {
        return interrupts.refused();
    }

    /** Shows every configuration structure and descriptor read from now on; nulls end it. */
    public void observe(@Nullable StructureObserver onStructure, @Nullable WalkObserver onDescriptor) {
        entries.observe(onStructure);
        unit.walker().observe(onDescriptor);
        unit.stageTwo().walker().observe(onDescriptor);
    }
}
