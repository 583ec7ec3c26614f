// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import org.iommuemu.bits.Register;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.paging.WalkObserver;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.ContextEntry;
import org.iommuemu.vtd.spec.FaultRecord;
import org.iommuemu.vtd.spec.PasidDirectoryEntry;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.RootEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;
import org.iommuemu.vtd.spec.VtdRegisters;

/**
 * The full VT-d unit: a root table, context tables, in scalable mode a PASID directory and PASID tables of each source, four
 * levels of tables for each address space, and then the enables. Source {@code s} has domain {@code s}.
 */
final class VtdMachine extends BenchmarkMachine {
    private static final int PAGE = 1 << 12;
    private static final int SCALABLE = 1;
    /** 48 bits: 4 levels. */
    private static final int AW_48 = 2;

    private static final int DEVFN_BITS = 8;
    private static final int HALF_OF_BUS = 1 << 7;
    private static final int UPPER = Long.BYTES;
    private static final int PASIDS_OF_A_TABLE = 64;

    private final VtdFeatures features = VtdFeatures.full();
    private final Vtd vtd;
    private final Workload workload;
    private final long rootTable;
    private final long queue;
    private final VtdDescriptors descriptors;

    private VtdMachine(Workload workload, boolean scalable) {
        super(workload);
        this.workload = workload;
        vtd = new Vtd(memory(), features, workload.caches(), line -> {});
        rootTable = page();
        queue = page();
        descriptors = new VtdDescriptors(memory(), vtd, scalable, queue, page());
    }

    /** A unit in legacy mode; there is no nesting. */
    static VtdMachine legacy(Workload workload) {
        VtdMachine machine = new VtdMachine(workload, false);
        for (int source = 0; source < workload.streams(); source++) {
            machine.writeContext(
                    source, machine.mapPages(VtdTables.secondStage(machine.memory(), machine.allocator())));
        }
        machine.bringUp(0);
        return machine;
    }

    /** A unit in scalable mode. */
    static VtdMachine scalable(Workload workload) {
        VtdMachine machine = new VtdMachine(workload, true);
        int count = workload.spaces();
        long[] directories = new long[workload.streams()];
        long[] tables = new long[workload.streams() * count];
        for (int source = 0; source < workload.streams(); source++) {
            directories[source] = machine.makeDirectory(source);
            for (int pasid = 0; pasid < count; pasid++) {
                tables[source * count + pasid] =
                        machine.mapPages(VtdTables.firstStage(machine.memory(), machine.allocator()));
            }
        }
        long second = workload.isNested()
                ? machine.mapToItself(VtdTables.secondStage(machine.memory(), machine.allocator()))
                : 0;
        for (int i = 0; i < tables.length; i++) {
            long at = machine.pasidEntry(directories[i / count], i % count);
            machine.writePasidEntry(at, i / count, tables[i], second);
        }
        machine.bringUp(SCALABLE);
        return machine;
    }

    private long page() {
        return allocator().allocate(PAGE, PAGE);
    }

    /** The table that a root entry, or half of one, leads to. */
    private long contextTable(long rootEntry) {
        if (memory().readLong(rootEntry) == 0) {
            memory().writeLong(rootEntry, page() | RootEntry.P.of(1));
        }
        return RootEntry.CTP.inPlace(memory().readLong(rootEntry));
    }

    private void writeContext(int source, long table) {
        int devfn = source & (1 << DEVFN_BITS) - 1;
        long[] entry = new long[ContextEntry.WORDS];
        ContextEntry.P.set(entry, 1);
        ContextEntry.FPD.set(entry, workload.isRecorded() ? 0 : 1);
        ContextEntry.TT.set(entry, workload.isAts() ? ContextEntry.TT_ATS : ContextEntry.TT_UNTRANSLATED);
        ContextEntry.SSPTPTR.setInPlace(entry, table);
        ContextEntry.AW.set(entry, AW_48);
        ContextEntry.DID.set(entry, source);
        long rootEntry = rootTable + (long) (source >>> DEVFN_BITS) * RootEntry.BYTES;
        write(contextTable(rootEntry) + (long) devfn * ContextEntry.BYTES, entry);
    }

    /** Writes the context entry of a source, and makes the first PASID table; returns the directory. */
    private long makeDirectory(int source) {
        long directory = page();
        pasidEntry(directory, 0);
        long[] entry = new long[ScalableContextEntry.WORDS];
        ScalableContextEntry.P.set(entry, 1);
        ScalableContextEntry.FPD.set(entry, workload.isRecorded() ? 0 : 1);
        ScalableContextEntry.PASIDE.set(entry, workload.pasids() == 0 ? 0 : 1);
        ScalableContextEntry.DTE.set(entry, workload.isAts() ? 1 : 0);
        ScalableContextEntry.PASIDDIRPTR.setInPlace(entry, directory);
        // Without PASIDs it is 0; with them, one that has no entry, as nobody else may use it.
        ScalableContextEntry.RID_PASID.set(entry, workload.pasids());
        int half = (source & HALF_OF_BUS) == 0 ? 0 : UPPER;
        long rootEntry = rootTable + (long) (source >>> DEVFN_BITS) * RootEntry.BYTES + half;
        int index = source & HALF_OF_BUS - 1;
        write(contextTable(rootEntry) + (long) index * ScalableContextEntry.BYTES, entry);
        return directory;
    }

    /** Where the entry of a PASID is; makes its table if there is none. The smallest directory is of 8,192 PASIDs. */
    private long pasidEntry(long directory, int pasid) {
        long at = directory + (long) (pasid / PASIDS_OF_A_TABLE) * Long.BYTES;
        if (memory().readLong(at) == 0) {
            memory().writeLong(at, page() | PasidDirectoryEntry.P.of(1));
        }
        long table = PasidDirectoryEntry.SMPTBLPTR.inPlace(memory().readLong(at));
        return table + (long) (pasid % PASIDS_OF_A_TABLE) * PasidEntry.BYTES;
    }

    private void writePasidEntry(long at, int source, long first, long second) {
        long[] entry = new long[PasidEntry.WORDS];
        PasidEntry.P.set(entry, 1);
        PasidEntry.PGTT.set(entry, second == 0 ? PasidEntry.FIRST_STAGE : PasidEntry.NESTED);
        PasidEntry.DID.set(entry, source);
        PasidEntry.PWSNP.set(entry, 1);
        PasidEntry.FSPTPTR.setInPlace(entry, first);
        if (second != 0) {
            PasidEntry.AW.set(entry, AW_48);
            PasidEntry.SSPTPTR.setInPlace(entry, second);
        }
        write(at, entry);
    }

    /** Root table first, enable last; SRTP invalidates every cache of this unit (CAP.ESRTPS). Long descriptors in scalable mode. */
    private void bringUp(int mode) {
        write(VtdRegisters.RTADDR, VtdRegisters.RTA.inPlace(rootTable) | VtdRegisters.TTM.of(mode));
        write(VtdRegisters.GCMD, VtdRegisters.SRTP.of(1));
        write(VtdRegisters.IQA, VtdRegisters.IQ_ADDRESS.inPlace(queue) | VtdRegisters.DW.of(mode));
        write(VtdRegisters.GCMD, VtdRegisters.QIE.of(1));
        write(VtdRegisters.GCMD, VtdRegisters.QIE.of(1) | VtdRegisters.TE.of(1));
    }

    private void write(Register register, long value) {
        vtd.writeRegister(register.offset(), register.bytes(), value);
    }

    @Override
    Iommu iommu() {
        return vtd;
    }

    @Override
    Invalidation invalidation() {
        return descriptors;
    }

    @Override
    void observe(StructureObserver onStructure, WalkObserver onDescriptor) {
        vtd.observe(onStructure, onDescriptor);
    }

    @Override
    TranslationUnit unit() {
        return vtd.unit();
    }

    @Override
    int recordRoom() {
        return features.faultRecords();
    }

    /** Looks at one record after another from FSTS.FRI on, clears F, until there is none, and then FSTS.PFO. */
    @Override
    void takeRecords() {
        int records = features.faultRecords();
        int i = VtdRegisters.FRI.getInt(vtd.readRegister(VtdRegisters.FSTS.offset(), VtdRegisters.FSTS.bytes()));
        int taken = 0;
        while (taken < records && take(i)) {
            taken++;
            i = i + 1 == records ? 0 : i + 1;
        }
        write(VtdRegisters.FSTS, VtdRegisters.PFO.mask());
    }

    private boolean take(int record) {
        long at = features.faultRecordOffset() + (long) record * FaultRecord.BYTES + Long.BYTES;
        boolean pending = FaultRecord.F.isSet(vtd.readRegister(at, Long.BYTES));
        if (pending) {
            vtd.writeRegister(at, Long.BYTES, FaultRecord.F.mask());
        }
        return pending;
    }

    @Override
    long recorded() {
        return vtd.faultsRecorded();
    }

    @Override
    long lost() {
        return vtd.faultsLost();
    }
}
