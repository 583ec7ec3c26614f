// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.io.IOException;
import java.util.List;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.FeatureOverrides;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.MemoryPages;
import org.iommuemu.capture.RegisterValues;
import org.iommuemu.capture.Snapshot;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.memory.MemoryImage;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Registers;

/** A machine with the features of a capture over the memory of one of its snapshots. */
public final class CaptureMachine implements AutoCloseable {
    private final PhysicalMemory memory = new PhysicalMemory();
    private final RegisterValues recorded;
    private final SmmuFeatures recordedFeatures;
    private final SmmuV3 smmu;
    private long eventInterrupts;

    private CaptureMachine(Capture capture, Snapshot snapshot, CacheConfiguration caches) {
        recorded = snapshot.registers();
        recordedFeatures = features(capture, snapshot, recorded);
        InterruptSink interrupts = line -> {
            if (line.equals("eventq")) {
                eventInterrupts++;
            }
        };
        smmu = new SmmuV3(memory, recordedFeatures, caches, interrupts);
    }

    /**
     * A machine after reset.
     *
     * @throws InputException if the capture is not one of an SMMUv3, or its files are wrong
     */
    public static CaptureMachine afterReset(Capture capture, Snapshot snapshot, CacheConfiguration caches) {
        if (!capture.isSmmuV3()) {
            throw new InputException(
                    snapshot.folder().resolve("registers.json"), 0, "is of another IOMMU", "an SMMUv3 capture");
        }
        CaptureMachine machine = new CaptureMachine(capture, snapshot, caches);
        machine.load(snapshot.memory());
        return machine;
    }

    /** A machine programmed through its registers to the state that the snapshot has. */
    public static CaptureMachine atStop(Capture capture, Snapshot snapshot, CacheConfiguration caches) {
        CaptureMachine machine = afterReset(capture, snapshot, caches);
        machine.program();
        return machine;
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

    private static SmmuFeatures features(Capture capture, Snapshot snapshot, RegisterValues values) {
        FeatureOverrides overrides = capture.features();
        try {
            return new SmmuFeatures(
                    identification(snapshot, values, overrides, "IDR0", 0x0),
                    identification(snapshot, values, overrides, "IDR1", 0x4),
                    identification(snapshot, values, overrides, "IDR3", 0xC),
                    identification(snapshot, values, overrides, "IDR5", 0x14),
                    identification(snapshot, values, overrides, "IIDR", 0x18),
                    identification(snapshot, values, overrides, "AIDR", 0x1C));
        } catch (IllegalArgumentException e) {
            throw new InputException(
                    snapshot.folder().resolve("registers.json"), 0, String.valueOf(e.getMessage()), "a possible SMMU");
        }
    }

    private static long identification(
            Snapshot snapshot, RegisterValues values, FeatureOverrides overrides, String name, long offset) {
        return overrides
                .value(name, offset)
                .orElseGet(() -> values.get32(offset)
                        .orElseThrow(() -> new InputException(
                                snapshot.folder().resolve("registers.json"), 0, "lacks " + name, "every ID register")));
    }

    /** The sequence by which software brings an SMMU up (IHI 0070 §6.3, §3.21), with the recorded values. */
    private void program() {
        // GBPA takes a value only together with Update.
        recorded.get32(Registers.GBPA.offset())
                .ifPresent(v -> smmu.writeRegister(Registers.GBPA.offset(), 4, Registers.GBPA_UPDATE.set(v, 1)));
        write32(Registers.CR1.offset());
        write32(Registers.CR2.offset());
        write64(Registers.STRTAB_BASE.offset());
        write32(Registers.STRTAB_BASE_CFG.offset());
        write64(Registers.CMDQ_BASE.offset());
        write32(Registers.CMDQ_PROD.offset());
        write32(Registers.CMDQ_CONS.offset());
        write64(Registers.EVENTQ_BASE.offset());
        write32(Registers.EVENTQ_PROD.offset());
        // Records that were waiting at the stop are taken as read.
        recorded.get32(Registers.EVENTQ_PROD.offset())
                .ifPresent(v -> smmu.writeRegister(Registers.EVENTQ_CONS.offset(), 4, v));
        write32(Registers.IRQ_CTRL.offset());
        write32(Registers.CR0.offset());
    }

    private void write32(long offset) {
        recorded.get32(offset).ifPresent(v -> smmu.writeRegister(offset, 4, v));
    }

    private void write64(long offset) {
        recorded.get64(offset).ifPresent(v -> smmu.writeRegister(offset, 8, v));
    }

    /** The machine. */
    public SmmuV3 smmu() {
        return smmu;
    }

    /** Its memory. */
    public PhysicalMemory memory() {
        return memory;
    }

    /** Features of the recorded machine that this one lacks. */
    public List<String> unmodelled() {
        return recordedFeatures.unmodelled();
    }

    /** Whether a register read differs from the recorded one in nothing but fields of features that this machine lacks. */
    boolean isUnmodelled(long offset, int size, long found, long recordedValue) {
        long fields = recordedFeatures.unmodelledFields(offset)
                | (size == Long.BYTES ? recordedFeatures.unmodelledFields(offset + 4) << 32 : 0);
        return ((found ^ recordedValue) & ~fields) == 0;
    }

    /** Event queue interrupts so far. */
    public long eventInterrupts() {
        return eventInterrupts;
    }

    @Override
    public void close() {
        memory.close();
    }
}
