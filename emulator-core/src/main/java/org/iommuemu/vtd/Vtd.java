// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.AtcInvalidations;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.ConfigurationSource;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.MemoryQueue;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.RegisterObserver;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.TimedCommands;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.WalkObserver;
import org.iommuemu.vtd.perfmon.MonitorFeatures;
import org.iommuemu.vtd.perfmon.PerformanceMonitor;
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

    private final PhysicalMemory memory;
    private final VtdFeatures features;
    private final int addressBits;
    private final RegisterFile file;
    private final EntryReader entries;
    private final ContextLookup lookup;
    private final FaultRecords faults;
    private final FaultRecorder recorder;
    private final InterruptWindow window;
    private final TranslationUnit unit;
    private final InvalidationQueue queue;
    private @Nullable TimedCommands timed;
    private @Nullable DescriptorObserver observer;
    private final InterruptRemapper interrupts;
    private final PageRequests pages;
    private final AtsRequests ats;
    private final ExecuteRequests execution;
    private final AtcInvalidations atcs = new AtcInvalidations();
    private final ProtectedMemory protectedMemory;
    private final VtdControls controls;
    private final VtdExtras extras;
    private @Nullable StaleDetector stale;
    private boolean watched;

    /**
     * A unit after reset, with empty caches.
     *
     * @param memory what it reads its tables and queues from
     * @param requested features; those that are not modelled read as absent, see {@link VtdFeatures#modelled()}
     * @param caches geometry of its caches
     * @param sink where its own interrupts go: {@code fault}, {@code invalidation}, {@code page-request}, {@code performance}
     */
    public Vtd(PhysicalMemory memory, VtdFeatures requested, CacheConfiguration caches, InterruptSink sink) {
        this(memory, requested, caches, sink, MonitorFeatures.standard());
    }

    /**
     * A unit after reset, with empty caches, and with performance counters of its own.
     *
     * @param counters what they can do, if ECAP.PMS says that they are there
     */
    public Vtd(
            PhysicalMemory memory,
            VtdFeatures requested,
            CacheConfiguration caches,
            InterruptSink sink,
            MonitorFeatures counters) {
        this.memory = memory;
        features = requested.modelled();
        // The host is as wide as its guests, as far as memory goes.
        addressBits = Math.min(MOST_ADDRESS_BITS, features.guestBits());
        Register iva = VtdRegisters.invalidateAddress(features.invalidateAddressOffset());
        Register iotlb = VtdRegisters.iotlb(features.invalidateAddressOffset() + Long.BYTES);
        List<Register> records = FaultRecords.registers(features.faultRecordOffset(), features.faultRecords());
        List<Register> map = new ArrayList<>(VtdRegisters.map());
        map.add(iva);
        map.add(iotlb);
        map.addAll(records);
        extras = new VtdExtras(features, counters);
        map.addAll(extras.registers());
        file = new RegisterFile(map);
        EventInterrupt faultEvent = new EventInterrupt(file, VtdRegisters.FAULT_EVENT, sink, "fault");
        EventInterrupt invalidationEvent =
                new EventInterrupt(file, VtdRegisters.INVALIDATION_EVENT, sink, "invalidation");
        EventInterrupt pageEvent = new EventInterrupt(file, VtdRegisters.PAGE_REQUEST_EVENT, sink, "page-request");
        faults = new FaultRecords(file, records, faultEvent);
        recorder = new FaultRecorder(faults, features);
        window = new InterruptWindow(file, recorder);
        entries = new EntryReader(memory, addressBits);
        lookup = new ContextLookup(features, entries, new ContextBuilder(features, entries, addressBits));
        unit = VtdPipeline.build(memory, features, caches, new VtdArchitecture(lookup, recorder, addressBits));
        Invalidations invalidations = new Invalidations(unit);
        interrupts = new InterruptRemapper(memory, file, features, faults, entries, caches.configuration());
        pages = new PageRequests(memory, file, features, lookup, faults, invalidations, pageEvent);
        execution = new ExecuteRequests(features, unit, lookup, recorder);
        ats = new AtsRequests(features, unit, lookup, recorder, entries, execution);
        queue = new InvalidationQueue(
                memory,
                file,
                features,
                lookup,
                faults,
                new DescriptorExecution(
                        features, memory, file, lookup, invalidations, atcs, interrupts, pages, invalidationEvent));
        protectedMemory = new ProtectedMemory(file, features);
        controls = new VtdControls(
                file, features, unit, lookup, invalidations, queue, interrupts, pages, faults, ats, extras);
        controls.bind(iva, iotlb);
        new VtdStatus(file, faults, queue, faultEvent, invalidationEvent, pageEvent).bind();
        extras.bind(file, sink, unit, entries, lookup, interrupts, pages);
        controls.reset();
        extras.onCounting(on -> watched = on);
    }

    @Override
    public void translate(Transaction transaction, Verdict verdict) {
        if (InterruptWindow.has(transaction)) {
            window.answer(transaction, verdict);
        } else if (watched) {
            long interrupted = extras.begin(transaction, FaultRecorder.UNTRANSLATED);
            remap(transaction, verdict);
            extras.end(interrupted, 1, 0, 0);
        } else {
            remap(transaction, verdict);
        }
    }

    private void remap(Transaction transaction, Verdict verdict) {
        if (ExecuteRequests.includes(transaction) && VtdRegisters.TE.isSet(file.get(VtdRegisters.GSTS))) {
            execution.refuse(transaction, verdict);
            return;
        }
        long before = unit.translated();
        if (stale != null) {
            stale.translate(transaction, verdict);
        } else {
            unit.translate(transaction, verdict);
        }
        if (protectedMemory.coversTranslated() || unit.translated() == before) {
            protectedMemory.check(verdict);
        }
    }

    /** Compares every translation from now on with what the tables say; slow. */
    public StaleDetector detectStale() {
        StaleDetector detector = new StaleDetector(
                unit,
                memory,
                new VtdLeafRules(),
                ContextBuilder.NO_TABLES,
                queue.queue()::consumed,
                VtdTags.NAMES,
                this::configurationSource);
        entries.detect(detector.structureObserver());
        stale = detector;
        return detector;
    }

    private ConfigurationSource configurationSource(StructureObserver observer) {
        EntryReader reader = new EntryReader(memory, addressBits);
        reader.observe(observer);
        ContextLookup fresh = new ContextLookup(features, reader, new ContextBuilder(features, reader, addressBits));
        return (source, pasid) -> {
            fresh.latch(lookup.latched());
            return fresh.fetch(source, pasid);
        };
    }

    /**
     * Answers a write of four bytes to the interrupt window, 0xFEEx_xxxx.
     *
     * @param source requester id
     * @return the message that goes on, or null if it is blocked, or posted without a notification
     */
    public @Nullable InterruptMessage remapInterrupt(int source, long address, int data) {
        return remapInterrupt(source, address, data, Integer.BYTES);
    }

    /**
     * Answers a write to the interrupt window, which is an interrupt only if it is of four bytes.
     *
     * @param source requester id
     * @param data the first four bytes
     * @param bytes how many are written
     * @return the message that goes on, or null if it is blocked, or posted without a notification
     */
    public @Nullable InterruptMessage remapInterrupt(int source, long address, int data, int bytes) {
        long interrupted = extras.begin(source, Transaction.NO_SUBSTREAM, VtdMeter.INTERRUPT);
        InterruptMessage message = interrupts.remap(source, address, data, bytes);
        extras.end(interrupted, 0, 0, 0);
        return message;
    }

    @Override
    public void forwardTranslated(Transaction transaction, Verdict verdict) {
        long interrupted = extras.begin(transaction, FaultRecorder.TRANSLATED);
        ats.forward(transaction, verdict);
        extras.end(interrupted, 1, 0, 1);
        protectedMemory.check(verdict);
    }

    @Override
    public void requestTranslation(Transaction request, TranslationCompletion completion) {
        long interrupted = extras.begin(request, FaultRecorder.TRANSLATION);
        if (stale != null) {
            stale.begin(request.streamId(), request.substreamId());
            ats.answer(request, completion);
            stale.end(request);
        } else {
            ats.answer(request, completion);
        }
        extras.end(interrupted, 1, 1, 0);
    }

    @Override
    public void requestPage(PageRequest request) {
        long interrupted = extras.begin(request.streamId(), request.substreamId(), VtdMeter.PAGE_REQUEST);
        pages.request(request);
        extras.end(interrupted, 0, 0, 0);
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

    /** The performance monitor, or null without ECAP.PMS. */
    public @Nullable PerformanceMonitor monitor() {
        return extras.monitor();
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

    /** Lets a source have one fault record at a time from now on, or as many as it makes; at first it is the latter (7.2). */
    public void compressFaults(boolean on) {
        faults.compress(on);
    }

    /** Faults not recorded because their source had a record that was still to be served. */
    public long faultsCompressed() {
        return faults.compressed();
    }

    /** Root, context and PASID entries read so far. */
    public long structureReads() {
        return entries.reads();
    }

    /** Interrupts remapped so far. */
    public long interruptsRemapped() {
        return interrupts.remapped();
    }

    /** Interrupts posted into descriptors in memory so far. */
    public long interruptsPosted() {
        return interrupts.posted().posted();
    }

    /** Notifications of posted interrupts sent so far. */
    public long notifications() {
        return interrupts.posted().notifications();
    }

    /** Interrupts blocked so far. */
    public long interruptsRefused() {
        return interrupts.refused();
    }

    /** Shows every configuration structure, interrupt remapping entry and table entry read from now on; nulls end it. */
    public void observe(@Nullable StructureObserver onStructure, @Nullable WalkObserver onDescriptor) {
        entries.observe(onStructure);
        interrupts.observe(onStructure);
        unit.walker().observe(onDescriptor);
        unit.stageTwo().walker().observe(onDescriptor);
    }

    /** Shows what software does from now on: every register write, every good descriptor consumed; nulls end it. */
    public void observeSoftware(@Nullable RegisterObserver onWrite, @Nullable DescriptorObserver onDescriptor) {
        file.observe(onWrite);
        observer = onDescriptor;
        queue.observe(this::consuming);
    }

    private void consuming(Descriptor descriptor, long word0, long word1) {
        if (timed != null) {
            timed.consume(kind(descriptor));
        }
        if (observer != null) {
            observer.consuming(descriptor, word0, word1);
        }
    }

    /** The interrupt remapping entry that the last interrupt came to, or −1. */
    public int interruptIndex() {
        return interrupts.index();
    }

    /** Lets invalidation descriptors take time from now on. */
    public void time(TimedCommands timed) {
        this.timed = timed;
        queue.observe(this::consuming);
    }

    private static TimedCommands.Kind kind(Descriptor descriptor) {
        return switch (descriptor) {
            case WAIT -> TimedCommands.Kind.SYNC;
            case DEVICE_TLB, PASID_DEVICE_TLB -> TimedCommands.Kind.DEVICE_INVALIDATION;
            case PAGE_GROUP_RESPONSE -> TimedCommands.Kind.OTHER;
            default -> TimedCommands.Kind.INVALIDATION;
        };
    }
}
