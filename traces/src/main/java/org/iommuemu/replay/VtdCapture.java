// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Register;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.DecodedContext;
import org.iommuemu.capture.RegisterValues;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.timing.TimedCommands;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.WalkObserver;
import org.iommuemu.vtd.InterruptMessage;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.lint.VtdLint;
import org.iommuemu.vtd.spec.EventRegisters;
import org.iommuemu.vtd.spec.FaultRecord;
import org.iommuemu.vtd.spec.Irte;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/** Captures of a VT-d unit. */
final class VtdCapture implements CapturedMachine {
    private static final int LAST_INTERRUPT = 0xFFFF;

    private final PhysicalMemory memory;
    private final VtdFeatures recordedFeatures;
    private final Vtd vtd;

    VtdCapture(Identification id, PhysicalMemory memory, CacheConfiguration caches, InterruptSink interrupts) {
        this.memory = memory;
        recordedFeatures = features(id);
        vtd = new Vtd(memory, recordedFeatures, caches, interrupts);
    }

    private static VtdFeatures features(Identification id) {
        try {
            return new VtdFeatures(id.word("VER", 0x0), id.doubleWord("CAP", 0x8), id.doubleWord("ECAP", 0x10));
        } catch (IllegalArgumentException e) {
            throw id.wrong(String.valueOf(e.getMessage()), "a possible VT-d unit");
        }
    }

    @Override
    public Iommu iommu() {
        return vtd;
    }

    @Override
    public TranslationUnit unit() {
        return vtd.unit();
    }

    @Override
    public List<String> unmodelled() {
        return recordedFeatures.unmodelled();
    }

    @Override
    public long unmodelledFields(long offset) {
        VtdFeatures modelled = recordedFeatures.modelled();
        long cap = recordedFeatures.cap() ^ modelled.cap();
        long ecap = recordedFeatures.ecap() ^ modelled.ecap();
        long word = offset == VtdRegisters.CAP.offset() || offset == VtdRegisters.CAP.offset() + 4
                ? cap
                : offset == VtdRegisters.ECAP.offset() || offset == VtdRegisters.ECAP.offset() + 4 ? ecap : 0;
        return (offset & 4) == 0 ? word & 0xFFFF_FFFFL : word >>> 32;
    }

    /** The sequence by which software brings a unit up (VT-d 11.4.4.1), with the recorded values and an empty queue. */
    @Override
    public void program(RegisterValues recorded) {
        EventRegisters event = VtdRegisters.FAULT_EVENT;
        write(recorded, event.data());
        write(recorded, event.address());
        write(recorded, event.upperAddress());
        write(recorded, event.control());
        write(recorded, VtdRegisters.IQA);
        write(recorded, VtdRegisters.IRTA);
        write(recorded, VtdRegisters.RTADDR);
        long status = recorded.get32(VtdRegisters.GSTS.offset()).orElse(0);
        // Root and interrupt table pointers are set once; the others stay on.
        long on = command(0, VtdRegisters.QIE, status);
        command(on, VtdRegisters.SIRTP, status);
        on = command(on, VtdRegisters.CFI, status);
        on = command(on, VtdRegisters.IRE, status);
        command(on, VtdRegisters.SRTP, status);
        command(on, VtdRegisters.TE, status);
    }

    private long command(long on, BitField bit, long status) {
        long command = on | bit.mask() & status;
        vtd.writeRegister(VtdRegisters.GCMD.offset(), 4, command);
        return command;
    }

    private void write(RegisterValues recorded, Register register) {
        long offset = register.offset();
        if (register.bytes() == Long.BYTES) {
            recorded.get64(offset).ifPresent(v -> vtd.writeRegister(offset, 8, v));
        } else {
            recorded.get32(offset).ifPresent(v -> vtd.writeRegister(offset, 4, v));
        }
    }

    /** Recorders give the PASID whose entry served a request without one: 0, RID_PASID. */
    @Override
    public int substream(int recorded) {
        return recorded == 0 ? Transaction.NO_SUBSTREAM : recorded;
    }

    @Override
    public TableFeed tables(Capture capture) {
        long[] pages = CapturedMachine.replayed(capture).memory().addresses();
        return new LeafFeed(new VtdTables(vtd, memory), memory, pages);
    }

    @Override
    public void observe(@Nullable StructureObserver onStructure, @Nullable WalkObserver onDescriptor) {
        vtd.observe(onStructure, onDescriptor);
    }

    @Override
    public StaleDetector detectStale() {
        return vtd.detectStale();
    }

    @Override
    public Linted lint() {
        VtdLint lint = new VtdLint(vtd, memory);
        return new Linted(lint, lint.log());
    }

    @Override
    public Comparison context(DecodedContext recorded) {
        return new VtdContextCheck(vtd).compare(recorded);
    }

    @Override
    public Comparison faultRecord(TraceRecord r) {
        long index = r.underscoredDetail("index");
        if (index < 0 || index >= vtd.features().faultRecords()) {
            return Comparison.differs("there is no fault recording register " + index);
        }
        long at = vtd.features().faultRecordOffset() + index * FaultRecord.BYTES;
        long[] found = {vtd.readRegister(at, 8), vtd.readRegister(at + Long.BYTES, 8)};
        // The recorder logs a record before F is set.
        long[] recorded = {r.underscoredDetail("low"), FaultRecord.F.set(r.underscoredDetail("high"), 1)};
        RecordedFaults faults = faults();
        return faults.kind(faults.name(recorded), faults.name(found)).and(faults.record(recorded, found));
    }

    /** The entry is written before it is used; its two words are recorded the wrong way round. */
    @Override
    public Comparison interrupt(TraceRecord r) {
        int source = 0;
        if (r.hasDetail("irte_index")) {
            long word0 = r.detail("irte_hi");
            long word1 = r.detail("irte_lo");
            long table = vtd.readRegister(VtdRegisters.IRTA.offset(), 8);
            long index = r.detail("irte_index");
            if (index < 0 || index > LAST_INTERRUPT) {
                throw r.wrong("an irte_index of 16 bits");
            }
            long at = VtdRegisters.IRT_ADDRESS.inPlace(table) + index * Irte.BYTES;
            memory.writeLong(at, word0);
            memory.writeLong(at + Long.BYTES, word1);
            // The source is not recorded: it is the one that the entry allows.
            source = Irte.SID.getInt(word1);
        }
        InterruptMessage found = vtd.remapInterrupt(source, r.iova(), (int) r.detail("data"));
        if (found == null) {
            return Comparison.differs("blocked, expected " + text(r.pa(), r.detail("data_out")));
        }
        boolean same = found.address() == r.pa() && (found.data() & 0xFFFF_FFFFL) == r.detail("data_out");
        return same
                ? Comparison.SAME
                : Comparison.differs("message " + text(found.address(), found.data()) + ", expected "
                        + text(r.pa(), r.detail("data_out")));
    }

    private static String text(long address, long data) {
        return String.format("0x%x data 0x%x", address, data);
    }

    @Override
    public RecordReader records() {
        return new FaultRecordReader(vtd);
    }

    @Override
    public Terms terms() {
        return new VtdTerms();
    }

    @Override
    public RecordedFaults faults() {
        return new VtdFaults(vtd);
    }

    @Override
    public void time(TimedCommands timed) {
        vtd.time(timed);
    }

    @Override
    public CommandFeed commands() {
        return new VtdCommands(vtd, memory);
    }

    @Override
    public MachineCounts counts() {
        return new VtdCounts(vtd);
    }
}
