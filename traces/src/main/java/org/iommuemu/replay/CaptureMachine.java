// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongUnaryOperator;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.MemoryPages;
import org.iommuemu.capture.RegisterValues;
import org.iommuemu.capture.Snapshot;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.measure.TimedMachine;
import org.iommuemu.memory.MemoryImage;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.WalkObserver;
import org.jspecify.annotations.Nullable;

/** A machine with the features of a capture over the memory of one of its snapshots. */
public final class CaptureMachine implements AutoCloseable, Explainable {
    private final PhysicalMemory memory = new PhysicalMemory();
    private final RegisterValues recorded;
    private final Identification id;
    private final CapturedMachine captured;
    private final Map<String, Long> pulses = new HashMap<>();

    private CaptureMachine(Capture capture, Snapshot snapshot, CacheConfiguration caches) {
        recorded = snapshot.registers();
        id = new Identification(snapshot, recorded, capture.features());
        InterruptSink interrupts = line -> pulses.merge(line, 1L, Long::sum);
        captured = capture.isSmmuV3()
                ? new SmmuCapture(id, memory, caches, interrupts)
                : new VtdCapture(id, memory, caches, interrupts);
    }

    /**
     * A machine after reset.
     *
     * @throws InputException if the capture's files are wrong
     */
    public static CaptureMachine afterReset(Capture capture, Snapshot snapshot, CacheConfiguration caches) {
        CaptureMachine machine = new CaptureMachine(capture, snapshot, caches);
        machine.load(snapshot.memory());
        return machine;
    }

    /** A machine programmed through its registers to the state that the snapshot has. */
    public static CaptureMachine atStop(Capture capture, Snapshot snapshot, CacheConfiguration caches) {
        CaptureMachine machine = afterReset(capture, snapshot, caches);
        machine.captured.program(machine.recorded);
        return machine;
    }

    /** A machine after reset, over the memory that the capture's trace is replayed from. */
    static CaptureMachine beforeReplay(Capture capture, CacheConfiguration caches) {
        return afterReset(capture, CapturedMachine.replayed(capture), caches);
    }

    private void load(MemoryPages pages) {
        int frames = pages.pageSize() / PhysicalMemory.PAGE_BYTES;
        long[] addresses = new long[pages.addresses().length * frames];
        for (int i = 0; i < addresses.length; i++) {
            addresses[i] = pages.addresses()[i / frames] + (long) (i % frames) * PhysicalMemory.PAGE_BYTES;
        }
        try {
            memory.addImage(MemoryImage.map(pages.file(), addresses));
        } catch (IOException e) {
            throw new InputException(pages.file(), 0, "cannot be read", "a readable file");
        }
    }

    /** What is particular to the machine's architecture. */
    CapturedMachine captured() {
        return captured;
    }

    /** The machine. */
    @Override
    public Iommu iommu() {
        return captured.iommu();
    }

    /** Its pipeline. */
    public TranslationUnit unit() {
        return captured.unit();
    }

    /** Its memory. */
    public PhysicalMemory memory() {
        return memory;
    }

    /** The same for somebody who times it. */
    TimedMachine timed() {
        return new TimedMachine(iommu(), unit(), this::observe, captured::time, counts()::level);
    }

    /** What the machine counts, by its architecture's names. */
    MachineCounts counts() {
        return captured.counts();
    }

    /** Takes the machine's fault records. */
    @Override
    public RecordReader records() {
        return captured.records();
    }

    /** Shows every structure and descriptor read from now on; nulls end it. */
    @Override
    public void observe(@Nullable StructureObserver onStructure, @Nullable WalkObserver onDescriptor) {
        captured.observe(onStructure, onDescriptor);
    }

    @Override
    public Terms terms() {
        return captured.terms();
    }

    /** Compares every translation from now on with what the tables say. */
    public StaleDetector detectStale() {
        return captured.detectStale();
    }

    /** Features of the recorded machine that this one lacks. */
    public List<String> unmodelled() {
        return captured.unmodelled();
    }

    /** Compares what a register was read as with what was recorded. */
    Comparison compareRead(long offset, int size, long found, long recordedValue) {
        if (found == recordedValue) {
            return Comparison.SAME;
        }
        long differing = found ^ recordedValue;
        long lacking = fields(captured::unmodelledFields, offset, size);
        if ((differing & ~lacking) == 0) {
            return Comparison.by(AgreementRule.FEATURE_NOT_MODELLED);
        }
        return (differing & ~(lacking | fields(id::replacedFields, offset, size))) == 0
                ? Comparison.by(AgreementRule.FEATURE_REPLACED)
                : Comparison.differs(String.format("is 0x%x, expected 0x%x", found, recordedValue));
    }

    private static long fields(LongUnaryOperator ofWord, long offset, int size) {
        return ofWord.applyAsLong(offset)
                | (size == Long.BYTES ? ofWord.applyAsLong(offset + Integer.BYTES) << Integer.SIZE : 0);
    }

    /** Interrupts so far that tell of fault records. */
    public long eventInterrupts() {
        return pulses.getOrDefault(counts().eventLine(), 0L);
    }

    @Override
    public void close() {
        memory.close();
    }
}
