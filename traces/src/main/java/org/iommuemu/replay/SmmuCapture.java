// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.List;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.DecodedContext;
import org.iommuemu.capture.RegisterValues;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.timing.TimedCommands;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.WalkObserver;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.lint.SmmuLint;
import org.iommuemu.smmuv3.spec.Registers;
import org.jspecify.annotations.Nullable;

/** Captures of an SMMUv3. */
final class SmmuCapture implements CapturedMachine {
    private final PhysicalMemory memory;
    private final SmmuFeatures recordedFeatures;
    private final SmmuV3 smmu;

    SmmuCapture(Identification id, PhysicalMemory memory, CacheConfiguration caches, InterruptSink interrupts) {
        this.memory = memory;
        recordedFeatures = features(id);
        smmu = new SmmuV3(memory, recordedFeatures, caches, interrupts);
    }

    private static SmmuFeatures features(Identification id) {
        try {
            return new SmmuFeatures(
                    id.word("IDR0", 0x0),
                    id.word("IDR1", 0x4),
                    id.word("IDR3", 0xC),
                    id.word("IDR5", 0x14),
                    id.word("IIDR", 0x18),
                    id.word("AIDR", 0x1C));
        } catch (IllegalArgumentException e) {
            throw id.wrong(String.valueOf(e.getMessage()), "a possible SMMU");
        }
    }

    @Override
    public Iommu iommu() {
        return smmu;
    }

    @Override
    public TranslationUnit unit() {
        return smmu.unit();
    }

    @Override
    public List<String> unmodelled() {
        return recordedFeatures.unmodelled();
    }

    @Override
    public long unmodelledFields(long offset) {
        return recordedFeatures.unmodelledFields(offset);
    }

    /** The sequence by which software brings an SMMU up (IHI 0070 §6.3, §3.21), with the recorded values. */
    @Override
    public void program(RegisterValues recorded) {
        // GBPA takes a value only together with Update.
        recorded.get32(Registers.GBPA.offset())
                .ifPresent(v -> smmu.writeRegister(Registers.GBPA.offset(), 4, Registers.GBPA_UPDATE.set(v, 1)));
        write32(recorded, Registers.CR1.offset());
        write32(recorded, Registers.CR2.offset());
        write64(recorded, Registers.STRTAB_BASE.offset());
        write32(recorded, Registers.STRTAB_BASE_CFG.offset());
        write64(recorded, Registers.CMDQ_BASE.offset());
        write32(recorded, Registers.CMDQ_PROD.offset());
        write32(recorded, Registers.CMDQ_CONS.offset());
        write64(recorded, Registers.EVENTQ_BASE.offset());
        write32(recorded, Registers.EVENTQ_PROD.offset());
        // Records that were waiting at the stop are taken as read.
        recorded.get32(Registers.EVENTQ_PROD.offset())
                .ifPresent(v -> smmu.writeRegister(Registers.EVENTQ_CONS.offset(), 4, v));
        write32(recorded, Registers.IRQ_CTRL.offset());
        write32(recorded, Registers.CR0.offset());
    }

    private void write32(RegisterValues recorded, long offset) {
        recorded.get32(offset).ifPresent(v -> smmu.writeRegister(offset, 4, v));
    }

    private void write64(RegisterValues recorded, long offset) {
        recorded.get64(offset).ifPresent(v -> smmu.writeRegister(offset, 8, v));
    }

    @Override
    public int substream(int recorded) {
        return recorded;
    }

    @Override
    public TableFeed tables(Capture capture) {
        return new PageTableFeed(capture.pageTableWrites().orElse(null), memory);
    }

    @Override
    public void observe(@Nullable StructureObserver onStructure, @Nullable WalkObserver onDescriptor) {
        smmu.observe(onStructure, onDescriptor);
    }

    @Override
    public StaleDetector detectStale() {
        return smmu.detectStale();
    }

    @Override
    public Linted lint() {
        SmmuLint lint = new SmmuLint(smmu, memory);
        return new Linted(lint, lint.log());
    }

    @Override
    public Comparison context(DecodedContext recorded) {
        return Comparison.differs("an SMMUv3 has no context entries");
    }

    @Override
    public Comparison faultRecord(TraceRecord r) {
        return Comparison.differs("an SMMUv3 has no fault recording registers");
    }

    @Override
    public Comparison interrupt(TraceRecord r) {
        return Comparison.differs("an SMMUv3 remaps no interrupts");
    }

    @Override
    public RecordReader records() {
        return new EventReader(smmu, memory);
    }

    @Override
    public Terms terms() {
        return new SmmuTerms();
    }

    @Override
    public RecordedFaults faults() {
        return new SmmuFaults();
    }

    @Override
    public void time(TimedCommands timed) {
        smmu.time(timed);
    }

    @Override
    public CommandFeed commands() {
        return new SmmuCommands(smmu, memory);
    }

    @Override
    public MachineCounts counts() {
        return new SmmuCounts(smmu);
    }
}
