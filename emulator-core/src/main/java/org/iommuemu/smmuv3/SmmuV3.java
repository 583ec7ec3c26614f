// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.ConfigurationCache;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.Iotlb;
import org.iommuemu.iommu.MemoryQueue;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.RegisterObserver;
import org.iommuemu.iommu.StageTwo;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.WalkCaches;
import org.iommuemu.paging.WalkObserver;
import org.iommuemu.paging.Walker;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Registers;
import org.jspecify.annotations.Nullable;

/**
 * An SMMUv3, Non-secure interface: what software sees through its registers and memory, and what devices see of their
 * transactions.
 *
 * <p>Not thread-safe. Nothing that software or a device does makes it throw.
 */
public final class SmmuV3 implements Iommu {
    private final SmmuFeatures features;
    private final RegisterFile file = new RegisterFile(Registers.map());
    private final StructureReader structures;
    private final EventQueue events;
    private final EventRecorder recorder;
    private final CommandQueue commands;
    private final TranslationUnit unit;
    private final SmmuRegisters registers;

    /**
     * A machine after reset, with empty caches.
     *
     * @param memory what it reads its tables and queues from
     * @param requested features; those that are not modelled read as absent, see {@link SmmuFeatures#modelled()}
     * @param caches geometry of its caches
     * @param interrupts where its wired interrupts go: {@code eventq}, {@code gerror}, {@code cmdq-sync}
     */
    public SmmuV3(PhysicalMemory memory, SmmuFeatures requested, CacheConfiguration caches, InterruptSink interrupts) {
        features = requested.modelled();
        structures = new StructureReader(memory, features.outputBits());
        Interrupts lines = new Interrupts(memory, file, interrupts, features);
        GlobalErrors errors = new GlobalErrors(file, lines);
        events = new EventQueue(memory, file, errors, lines);
        recorder = new EventRecorder(events, file);
        SmmuLeafRules rules = new SmmuLeafRules();
        StageTwo stageTwo = new StageTwo(
                new Walker(memory, new WalkCaches("stage 2 walk cache", caches.stage2Walk())),
                new Iotlb("IPA cache", caches.ipa(), caches.contiguousHonoured()),
                rules,
                memory,
                ContextBuilder.NO_TABLES);
        unit = new TranslationUnit(
                new SmmuArchitecture(features, file, structures, recorder, stageTwo),
                rules,
                new ConfigurationCache(caches.configuration()),
                new Iotlb("IOTLB", caches.iotlb(), caches.contiguousHonoured()),
                new Walker(memory, new WalkCaches("walk cache", caches.walk())),
                stageTwo,
                memory);
        commands = new CommandQueue(memory, file, errors, lines, features, new Invalidations(unit, features, file));
        registers = new SmmuRegisters(file, features, unit, commands, events.queue());
        registers.reset();
    }

    @Override
    public void translate(Transaction transaction, Verdict verdict) {
        unit.translate(transaction, verdict);
    }

    @Override
    public long readRegister(long offset, int size) {
        return file.read(unalias(offset), size);
    }

    @Override
    public void writeRegister(long offset, int size, long value) {
        file.write(unalias(offset), size, value);
    }

    /** The output queues' indexes are in page 1; their old place in page 0 is an alias (§6.1). */
    private static long unalias(long offset) {
        return offset >= 0xA8 && offset <= 0xAC ? offset + Registers.PAGE_1 : offset;
    }

    /** Resets the registers; caches keep what they hold, as the architecture leaves them. */
    public void reset() {
        registers.reset();
    }

    /** What the machine can do: the features asked for, less those that are not modelled. */
    public SmmuFeatures features() {
        return features;
    }

    /** The translation pipeline with its caches and counters. */
    public TranslationUnit unit() {
        return unit;
    }

    /** Indexes and fill of the command queue. */
    public MemoryQueue commandQueue() {
        return commands.queue();
    }

    /** Indexes and fill of the event queue. */
    public MemoryQueue eventQueue() {
        return events.queue();
    }

    /** Commands of a kind consumed so far. */
    public long consumed(Command command) {
        return commands.consumed(command);
    }

    /** Wake-up events (SEV) sent by SYNC so far. */
    public long wakeUpEvents() {
        return commands.wakeUpEvents();
    }

    /** Event records of a kind made so far, lost ones included. */
    public long recorded(Event event) {
        return recorder.count(event);
    }

    /** Event records lost because the queue was full. */
    public long eventsOverflowed() {
        return events.overflowed();
    }

    /** Event records lost because the queue was off, in error, or got no answer. */
    public long eventsDiscarded() {
        return events.discarded();
    }

    /** Configuration structures read so far. */
    public long structureReads() {
        return structures.reads();
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
        commands.observe(onCommand);
    }
}
