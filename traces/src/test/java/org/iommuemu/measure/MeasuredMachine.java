// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import org.iommuemu.cache.CacheCounters;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.VtdSecondStage;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/**
 * A VT-d unit in legacy mode whose devices 0 to 255 share a second stage of four levels, in which pages 0 to 4095 are mapped. A lookup
 * takes 2 ns, a walk 10 ns, 100 ns for each read, and 5 ns.
 */
final class MeasuredMachine implements AutoCloseable {
    static final long PHYSICAL = 0x4000_0000L;
    static final int PAGES = 4096;

    private static final long TABLES = 0x100_0000L;
    private static final long PAGE = 0x1000;
    private static final int DEVICES = 256;
    private static final int CONTEXT_BYTES = 16;
    private static final long FOUR_LEVELS = 2;
    private static final long DOMAIN = 1;
    private static final long READ_WRITE = 3;
    private static final int DESCRIPTOR_BYTES = 16;
    /** IOTLB invalidation of all domains, VT-d 6.5.2.3. */
    private static final long DROP_ALL = 0x12;
    /** IOTLB invalidation of pages of a domain. */
    private static final long DROP_PAGE = 0x32;
    /** A wait descriptor that writes its status, VT-d 6.5.2.8. */
    private static final long WAIT = 0x25;

    final Transaction transaction = new Transaction();
    final Verdict verdict = new Verdict();
    final Settings settings;
    private final PhysicalMemory memory = new PhysicalMemory();
    private final Vtd unit;
    private final long queue;
    private int queued;

    MeasuredMachine(Settings settings) {
        this.settings = settings;
        unit = new Vtd(memory, VtdFeatures.full(), MachineParameters.caches(settings), InterruptSink.NONE);
        PageAllocator pages = new PageAllocator(TABLES);
        TableBuilder tables = new TableBuilder(memory, pages, VtdSecondStage.format(52, 1, false, false, false), 48);
        long root = pages.allocate(PAGE, PAGE);
        long contexts = pages.allocate(PAGE, PAGE);
        memory.writeLong(root, contexts | 1);
        for (int device = 0; device < DEVICES; device++) {
            memory.writeLong(contexts + (long) device * CONTEXT_BYTES, tables.root() | 1);
            memory.writeLong(contexts + (long) device * CONTEXT_BYTES + Long.BYTES, FOUR_LEVELS | DOMAIN << 8);
        }
        for (long page = 0; page < PAGES; page++) {
            tables.map(page * PAGE, PHYSICAL + page * PAGE, 0, READ_WRITE);
        }
        queue = pages.allocate(PAGE, PAGE);
        unit.writeRegister(VtdRegisters.IQA.offset(), Long.BYTES, queue);
        unit.writeRegister(VtdRegisters.GCMD.offset(), Integer.BYTES, VtdRegisters.QIE.mask());
        unit.writeRegister(VtdRegisters.RTADDR.offset(), Long.BYTES, root);
        unit.writeRegister(
                VtdRegisters.GCMD.offset(), Integer.BYTES, VtdRegisters.QIE.mask() | VtdRegisters.SRTP.mask());
        unit.writeRegister(VtdRegisters.GCMD.offset(), Integer.BYTES, VtdRegisters.QIE.mask() | VtdRegisters.TE.mask());
    }

    /** Everything usual but the times. */
    static Settings settings() {
        return Presets.NOTHING
                .with(Parameter.REPLAY_FROM, "iommu")
                .with(Parameter.LOOKUP_INTERVAL, "0")
                .with(Parameter.LOOKUP_LATENCY, "2")
                .with(Parameter.WALK_BEFORE, "10")
                .with(Parameter.WALK_AFTER, "5")
                .with(Parameter.TABLE_LATENCY, "100");
    }

    ReplayTimer timer(int outstanding, MeasureWindow window, @Nullable TransactionListener listener) {
        TimedMachine timed = new TimedMachine(unit, unit.unit(), unit::observe, unit::time, height -> 1 + height);
        return new ReplayTimer(timed, settings, outstanding, window, listener);
    }

    /** Presents an access at a time in ns. */
    void read(ReplayTimer timer, long at, int device, int page, int bytes) {
        transaction.set(device, Transaction.NO_SUBSTREAM, page * PAGE, Access.READ);
        timer.present(transaction, bytes, 1000 * at, verdict);
    }

    /** The same of a write. */
    void write(ReplayTimer timer, long at, int device, int page, int bytes) {
        transaction.set(device, Transaction.NO_SUBSTREAM, page * PAGE, Access.WRITE);
        timer.present(transaction, bytes, 1000 * at, verdict);
    }

    /** Software tells, at a time in ns, of two descriptors: drop all translations, and wait. */
    void invalidate(ReplayTimer timer, long at) {
        timer.commandsAt(1000 * at);
        queue(DROP_ALL, 0);
        queue(WAIT, queue + PAGE - Long.BYTES);
        unit.writeRegister(VtdRegisters.IQT.offset(), Long.BYTES, (long) queued * DESCRIPTOR_BYTES);
    }

    /** The same of one page of the domain, and the tables on the way to it. */
    void invalidatePage(ReplayTimer timer, long at, int page) {
        timer.commandsAt(1000 * at);
        queue(DROP_PAGE | DOMAIN << 16, page * PAGE);
        unit.writeRegister(VtdRegisters.IQT.offset(), Long.BYTES, (long) queued * DESCRIPTOR_BYTES);
    }

    private void queue(long low, long high) {
        memory.writeLong(queue + (long) queued * DESCRIPTOR_BYTES, low);
        memory.writeLong(queue + (long) queued * DESCRIPTOR_BYTES + Long.BYTES, high);
        queued++;
    }

    /** Counters of the IOTLB. */
    CacheCounters iotlb() {
        return unit.unit().iotlb().cache().counters();
    }

    @Override
    public void close() {
        memory.close();
    }
}
