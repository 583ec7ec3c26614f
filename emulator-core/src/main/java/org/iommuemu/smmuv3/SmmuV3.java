// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.AtcInvalidations;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.ConfigurationCache;
import org.iommuemu.iommu.ConfigurationSource;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.Iotlb;
import org.iommuemu.iommu.MemoryQueue;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.RegisterObserver;
import org.iommuemu.iommu.StageTwo;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.StructureReader;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.TranslationWalk;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.TimedCommands;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.WalkCaches;
import org.iommuemu.paging.WalkObserver;
import org.iommuemu.paging.Walker;
import org.iommuemu.smmuv3.pmcg.CounterGroup;
import org.iommuemu.smmuv3.pmcg.CounterGroupFeatures;
import org.iommuemu.smmuv3.spec.AtosRegisters;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.smmuv3.spec.Registers;
import org.jspecify.annotations.Nullable;

/**
 * An SMMUv3, Non-secure interface: what software sees through its registers and memory, and what devices see of their
 * transactions.
 *
 * <p>Not thread-safe. Nothing that software or a device does makes it throw.
 */
public final class SmmuV3 implements Iommu {
    private final PhysicalMemory memory;
    private final SmmuFeatures features;
    private final RegisterFile file = new RegisterFile(Registers.map());
    private final StructureReader structures;
    private final Interrupts lines;
    private final EventQueue events;
    private final EventRecorder recorder;
    private final CommandQueue commands;
    private @Nullable TimedCommands timed;
    private @Nullable CommandObserver observer;
    private final StalledTransactions stalls;
    private final AtcInvalidations atcs = new AtcInvalidations();
    private final PageRequests pages;
    private final TranslationRequests requests;
    private final TranslatedTransactions translated;
    private final TranslationUnit unit;
    private @Nullable StaleDetector stale;
    private final SmmuRegisters registers;
    private final CounterGroup counters;
    private final ActivityMeter meter;
    private final SmmuStatistics statistics;
    /** Whether somebody counts or compares: the one thing that the way of a transaction asks about either. */
    private boolean watched;

    /**
     * A machine after reset, with empty caches.
     *
     * @param memory what it reads its tables and queues from
     * @param requested features; those that are not modelled read as absent, see {@link SmmuFeatures#modelled()}
     * @param caches geometry of its caches
     * @param interrupts where its wired interrupts go: {@code eventq}, {@code priq}, {@code gerror}, {@code cmdq-sync},
     *     {@code pmcg}
     */
    public SmmuV3(PhysicalMemory memory, SmmuFeatures requested, CacheConfiguration caches, InterruptSink interrupts) {
        this(memory, requested, caches, interrupts, CounterGroupFeatures.standard());
    }

    /**
     * The same with a choice of counters.
     *
     * @param monitor what its performance monitor counter group can do
     */
    public SmmuV3(
            PhysicalMemory memory,
            SmmuFeatures requested,
            CacheConfiguration caches,
            InterruptSink interrupts,
            CounterGroupFeatures monitor) {
        this.memory = memory;
        features = requested.modelled();
        structures = new StructureReader(memory, features.outputBits());
        lines = new Interrupts(memory, file, interrupts, features);
        GlobalErrors errors = new GlobalErrors(file, lines);
        events = new EventQueue(memory, file, errors, lines);
        recorder = new EventRecorder(events);
        SmmuLeafRules rules = new SmmuLeafRules();
        StageTwo stageTwo = new StageTwo(
                new Walker(memory, new WalkCaches("stage 2 walk cache", caches.stage2Walk())),
                new Iotlb("IPA cache", caches.ipa(), caches.contiguousHonoured()),
                rules,
                memory,
                ContextBuilder.NO_TABLES);
        IncomingAttributes incoming = IncomingAttributes.of(features);
        ConfigurationFetch configuration = new ConfigurationFetch(features, file, structures, stageTwo, incoming);
        stalls = new StalledTransactions(features.mostStalls());
        unit = new TranslationUnit(
                new SmmuArchitecture(features, file, recorder, configuration, stalls, incoming),
                rules,
                new ConfigurationCache(caches.configuration()),
                new Iotlb("IOTLB", caches.iotlb(), caches.contiguousHonoured()),
                new Walker(memory, new WalkCaches("walk cache", caches.walk())),
                stageTwo,
                memory);
        requests = new TranslationRequests(features, file, unit, configuration, recorder);
        translated = new TranslatedTransactions(features, file, unit, configuration, recorder);
        pages = new PageRequests(memory, file, features, errors, lines, configuration, recorder);
        Invalidations invalidations = new Invalidations(unit, features, file, incoming);
        commands = new CommandQueue(
                memory,
                file,
                errors,
                lines,
                features,
                new CommandExecution(file, features, invalidations, atcs, pages, stalls));
        registers = new SmmuRegisters(file, features, unit, commands, events, pages, stalls, atcs);
        // No override concerns what software asks for.
        ConfigurationFetch plain =
                new ConfigurationFetch(features, file, structures, stageTwo, IncomingAttributes.withoutOverrides());
        new AddressTranslation(features, file, unit, plain).bind();
        stalls.retryThrough(this::translateAgain);
        registers.reset();
        counters = new CounterGroup(
                monitor,
                memory,
                interrupts,
                features.iidr(),
                features.aidr(),
                features.streamIdBits(),
                features.outputBits(),
                features.has0(Idr.ATS));
        meter = new ActivityMeter(unit, structures, counters);
        statistics = new SmmuStatistics(
                commands, events, recorder, pages, requests, translated, atcs, stalls, structures, lines);
        counters.onCounting(on -> {
            watched = on || stale != null;
            meter.restart();
        });
    }

    @Override
    public void translate(Transaction transaction, Verdict verdict) {
        if (watched) {
            translateWatched(transaction, verdict);
        } else {
            unit.translate(transaction, verdict);
        }
    }

    private void translateWatched(Transaction transaction, Verdict verdict) {
        long interrupted = begin(transaction.streamId());
        translateAgain(transaction, verdict);
        meter.end(interrupted, 1, 0, 0);
    }

    /** Translates a transaction that has been counted, or is not to be. */
    private void translateAgain(Transaction transaction, Verdict verdict) {
        if (stale != null) {
            stale.translate(transaction, verdict);
        } else {
            unit.translate(transaction, verdict);
        }
    }

    /** Compares every translation from now on with what the tables say; slow. */
    public StaleDetector detectStale() {
        StaleDetector detector = new StaleDetector(
                unit,
                memory,
                new SmmuLeafRules(),
                ContextBuilder.NO_TABLES,
                commands::total,
                SmmuTags.NAMES,
                this::configurationSource);
        structures.detect(detector.structureObserver());
        stale = detector;
        watched = true;
        return detector;
    }

    private ConfigurationSource configurationSource(StructureObserver observer) {
        StructureReader reader = new StructureReader(memory, features.outputBits());
        reader.observe(observer);
        StageTwo stageTwo = StageTwo.withoutCaches(new SmmuLeafRules(), memory, ContextBuilder.NO_TABLES);
        ConfigurationFetch fetch =
                new ConfigurationFetch(features, file, reader, stageTwo, IncomingAttributes.of(features));
        return (stream, substream) ->
                fetch.findStream(stream) ? fetch.findContext(substream, TranslationWalk.NO_UPDATE) : null;
    }

    @Override
    public void forwardTranslated(Transaction transaction, Verdict verdict) {
        long interrupted = begin(transaction.streamId());
        translated.forward(transaction, verdict);
        meter.end(interrupted, 1, 0, 1);
    }

    @Override
    public void requestTranslation(Transaction request, TranslationCompletion completion) {
        long interrupted = begin(request.streamId());
        if (stale != null) {
            stale.begin(request.streamId(), request.substreamId());
            requests.answer(request, completion);
            stale.end(request);
        } else {
            requests.answer(request, completion);
        }
        meter.end(interrupted, 1, 1, 0);
    }

    @Override
    public void requestPage(PageRequest request) {
        long interrupted = begin(request.streamId());
        pages.request(request);
        meter.end(interrupted, 0, 0, 0);
    }

    private long begin(int streamId) {
        return meter.begin(Integer.toUnsignedLong(streamId));
    }

    @Override
    public void invalidationEnded(long ticket, boolean answered) {
        if (atcs.ended(ticket, answered)) {
            commands.consume();
        }
    }

    @Override
    public void connect(DevicePort port) {
        atcs.connect(port);
        pages.connect(port);
        stalls.connect(port);
    }

    @Override
    public long readRegister(long offset, int size) {
        return file.read(unalias(offset), size);
    }

    @Override
    public void writeRegister(long offset, int size, long value) {
        long interrupted = meter.begin(operationStream(offset));
        if (stale != null) {
            stale.begin((int) operationStream(offset), Transaction.NO_SUBSTREAM);
        }
        file.write(unalias(offset), size, value);
        meter.end(interrupted, 0, 0, 0);
    }

    /** For whom the operation is that a write starts, if it is one of address translation. */
    private long operationStream(long offset) {
        boolean global = offset == Registers.GATOS.ctrl().offset();
        return global || offset == Registers.VATOS.ctrl().offset()
                ? AtosRegisters.STREAM_ID.get(file.get((global ? Registers.GATOS : Registers.VATOS).sid()))
                : ActivityMeter.NOBODY;
    }

    /** The output queues' indexes are in page 1; their old place in page 0 is an alias (§6.1). */
    private static long unalias(long offset) {
        boolean event = offset >= 0xA8 && offset <= 0xAC;
        boolean page = offset >= 0xC8 && offset <= 0xCC;
        return event || page ? offset + Registers.PAGE_1 : offset;
    }

    /** Resets the registers; caches keep what they hold, as the architecture leaves them. */
    public void reset() {
        registers.reset();
        counters.reset();
    }

    /** What the machine can do: the features asked for, less those that are not modelled. */
    public SmmuFeatures features() {
        return features;
    }

    /** The translation pipeline with its caches and counters. */
    public TranslationUnit unit() {
        return unit;
    }

    /** The performance monitor counter group, a register frame of its own. */
    public CounterGroup counterGroup() {
        return counters;
    }

    /** Indexes and fill of the command queue. */
    public MemoryQueue commandQueue() {
        return commands.queue();
    }

    /** Indexes and fill of the event queue. */
    public MemoryQueue eventQueue() {
        return events.queue();
    }

    /** Lets equal events be merged into one record where their stream allows it (§7.3.1); off unless asked for. */
    public void mergeEvents(boolean on) {
        recorder.merge(on);
    }

    /** What it has done so far. */
    public SmmuStatistics statistics() {
        return statistics;
    }

    /** Indexes and fill of the PRI queue. */
    public MemoryQueue pageRequestQueue() {
        return pages.queue();
    }

    /** Shows every configuration structure and descriptor read from now on; nulls end it. */
    public void observe(@Nullable StructureObserver onStructure, @Nullable WalkObserver onDescriptor) {
        structures.observe(onStructure);
        unit.walker().observe(onDescriptor);
        unit.stageTwo().walker().observe(onDescriptor);
    }

    /** Shows what software does from now on: every register write, every command consumed; nulls end it. */
    public void observeSoftware(@Nullable RegisterObserver onWrite, @Nullable CommandObserver onCommand) {
        file.observe(onWrite);
        observer = onCommand;
        commands.observe(this::consuming);
    }

    /** Lets commands take time from now on. */
    public void time(TimedCommands timed) {
        this.timed = timed;
        commands.observe(this::consuming);
    }

    private void consuming(Command command, long word0, long word1) {
        if (timed != null) {
            timed.consume(kind(command));
        }
        if (observer != null) {
            observer.consuming(command, word0, word1);
        }
    }

    private static TimedCommands.Kind kind(Command command) {
        return switch (command) {
            case SYNC -> TimedCommands.Kind.SYNC;
            case ATC_INV -> TimedCommands.Kind.DEVICE_INVALIDATION;
            case PREFETCH_CONFIG, PREFETCH_ADDR, PRI_RESP, RESUME, STALL_TERM -> TimedCommands.Kind.OTHER;
            default -> TimedCommands.Kind.INVALIDATION;
        };
    }
}
