// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.TimedFront;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.vtd.lint.VtdLint;
import org.iommuemu.vtd.perfmon.MonitorFeatures;

/**
 * A test bench: a unit, its memory, and the software that sets it up - by register writes and by structures written to memory as
 * numbers, never through the model's own classes. The unit is the full one: 8 fault records at 0x400, IVA at 0x500.
 */
final class VtdBench implements AutoCloseable, DevicePort {
    static final long ROOT = 0x10_0000;
    static final long QUEUE = 0x20_0000;
    static final long PAGE_REQUESTS = 0x21_0000;
    static final long INTERRUPTS = 0x30_0000;
    static final long STATUS = 0x40_0000;
    /** Where pages are mapped to, well away from structures and tables. */
    static final long DATA = 0x8000_0000L;

    /** In the second word of a PASID entry: walks are snooped. */
    static final long PWSNP = 1 << 23;

    static final long TE = 1L << 31;
    static final long SRTP = 1 << 30;
    static final long QIE = 1 << 26;
    static final long IRE = 1 << 25;
    static final long SIRTP = 1 << 24;

    final PhysicalMemory memory = new PhysicalMemory();
    final PageAllocator allocator = new PageAllocator(0x100_0000L);
    final List<String> pulses = new ArrayList<>();
    final List<PageResponse> responses = new ArrayList<>();
    final List<AtcInvalidation> requests = new ArrayList<>();
    final Vtd unit;
    Invalidation answer = Invalidation.ENDED;
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private Iommu front;
    private boolean wide;

    VtdBench(VtdFeatures features, CacheConfiguration caches) {
        this(features, caches, MonitorFeatures.standard());
    }

    VtdBench(VtdFeatures features, CacheConfiguration caches, MonitorFeatures counters) {
        unit = new Vtd(memory, features, caches, pulses::add, counters);
        unit.connect(this);
        front = unit;
    }

    /** Puts a lint in front of the unit, for everything that the bench does from now on. */
    VtdLint lint() {
        VtdLint lint = new VtdLint(unit, memory);
        front = lint;
        return lint;
    }

    /** Lets everything go through in time from now on, with parameters by seed and so many pages walked ahead. */
    void time(long seed, int prefetch) {
        TimedFront timed = new TimedFront(unit, unit.unit(), unit::observe, seed, prefetch);
        unit.time(timed.commands());
        front = timed;
    }

    /** A unit after reset. */
    static VtdBench reset() {
        return new VtdBench(VtdFeatures.full(), CacheConfiguration.standard());
    }

    /** Legacy mode, translating, with an invalidation queue of 256 short descriptors. */
    static VtdBench legacy() {
        return reset().start(0);
    }

    /** Scalable mode, translating, with an invalidation queue of 128 long descriptors. */
    static VtdBench scalable() {
        return reset().start(1);
    }

    /** Root table, queues and interrupt table of 256 entries are set; translation and queue are on. */
    VtdBench start(int mode) {
        wide = mode != 0;
        write64(0x20, ROOT | (long) mode << 10);
        write64(0x90, QUEUE | (wide ? 1 << 11 : 0));
        write64(0xB8, INTERRUPTS | 7);
        write64(0xD0, PAGE_REQUESTS);
        command(SRTP);
        command(SIRTP);
        command(QIE);
        command(QIE | TE);
        return this;
    }

    /** Legacy or scalable mode, set up, invalidated and switched on in the order that the architecture asks for. */
    VtdBench startProperly(int mode) {
        wide = mode != 0;
        write64(0x90, QUEUE | (wide ? 1 << 11 : 0));
        switchOn(QIE);
        write64(0x20, ROOT | (long) mode << 10);
        switchOn(QIE | SRTP);
        descriptor(1 | 1 << 4, 0);
        if (wide) {
            descriptor(7 | 3 << 4, 0);
        }
        descriptor(2 | 1 << 4, 0);
        write64(0xB8, INTERRUPTS | 7);
        switchOn(QIE | SIRTP);
        descriptor(4, 0).await();
        switchOn(QIE | IRE);
        switchOn(QIE | IRE | TE);
        return this;
    }

    /** Writes GCMD, and reads GSTS. */
    void switchOn(long bits) {
        command(bits).read32(0x1C);
    }

    /** A wait descriptor that writes its status. */
    VtdBench await() {
        return descriptor(5 | 1 << 5 | 1L << 32, STATUS);
    }

    /** Writes GCMD. */
    VtdBench command(long bits) {
        write32(0x18, bits);
        return this;
    }

    /** Where a source's context entry is in legacy mode; makes the context table. */
    long legacyContext(int source) {
        long root = ROOT + (source >>> 8) * 16L;
        if (memory.readLong(root) == 0) {
            memory.writeLong(root, page() | 1);
        }
        return (memory.readLong(root) & -0x1000L) + (source & 0xFF) * 16L;
    }

    /** A source with empty second-stage tables of 4 levels; the root of those. */
    long second(int source, int domain) {
        long tables = page();
        words(legacyContext(source), tables | 1, 2 | (long) domain << 8);
        return tables;
    }

    /** Where a source's context entry is in scalable mode; makes table, entry (DTE, PASIDE, PRE) and PASID directory. */
    long scalableContext(int source) {
        boolean upper = (source & 0x80) != 0;
        long root = ROOT + (source >>> 8) * 16L + (upper ? 8 : 0);
        if (memory.readLong(root) == 0) {
            memory.writeLong(root, page() | 1);
        }
        long at = (memory.readLong(root) & -0x1000L) + (source & 0x7F) * 32L;
        if (memory.readLong(at) == 0) {
            memory.writeLong(at, page() | 0x1D);
        }
        return at;
    }

    /** Where the entry of a source's PASID is; makes the tables on the way. */
    long pasid(int source, int pasid) {
        long directory = (memory.readLong(scalableContext(source)) & -0x1000L) + (pasid >>> 6) * 8L;
        if (memory.readLong(directory) == 0) {
            memory.writeLong(directory, page() | 1);
        }
        return (memory.readLong(directory) & -0x1000L) + (pasid & 63) * 64L;
    }

    /** A PASID with empty second-stage tables of 4 levels; the root of those. */
    long scalableSecond(int source, int pasid, int domain) {
        long tables = page();
        words(pasid(source, pasid), tables | 2 << 6 | 2 << 2 | 1, domain | PWSNP);
        return tables;
    }

    /** A PASID with empty first-stage tables of 4 levels behind a second stage of 4 levels; the roots of both, that first. */
    long[] nested(int source, int pasid, int domain, int flags) {
        long[] tables = {page(), page()};
        words(pasid(source, pasid), tables[1] | 3 << 6 | 2 << 2 | flags | 1, domain | PWSNP, tables[0]);
        return tables;
    }

    /** A PASID with empty first-stage tables of 4 levels; the root of those. */
    long first(int source, int pasid, int domain) {
        long tables = page();
        words(pasid(source, pasid), 1 << 6 | 1, domain | PWSNP, tables);
        return tables;
    }

    /** Where the entry of a height for an address is, in tables of 4 levels; makes the tables on the way, all allowing. */
    long entry(long root, long address, int height) {
        long table = root;
        for (int h = 3; h > height; h--) {
            long at = table + (address >>> 12 + 9 * h & 511) * 8;
            if (memory.readLong(at) == 0) {
                memory.writeLong(at, page() | 7);
            }
            table = memory.readLong(at) & 0x000F_FFFF_FFFF_F000L;
        }
        return table + (address >>> 12 + 9 * height & 511) * 8;
    }

    /** Maps a page. */
    VtdBench map(long root, long address, long physical, int bits) {
        memory.writeLong(entry(root, address, 0), physical | bits);
        return this;
    }

    /** A page of zeros. */
    long page() {
        return allocator.allocate(0x1000, 0x1000);
    }

    void words(long at, long... words) {
        for (int i = 0; i < words.length; i++) {
            memory.writeLong(at + i * 8L, words[i]);
        }
    }

    /** Puts a descriptor into the queue and rings the bell. */
    VtdBench descriptor(long word0, long word1) {
        long tail = read64(0x88);
        words(QUEUE + tail, word0, word1);
        if (wide) {
            words(QUEUE + tail + 16, 0, 0);
        }
        write64(0x88, tail + (wide ? 32 : 16) & 0xFFF);
        return this;
    }

    /** Takes the records off: reason, source, page, and the flags of both words, in hexadecimal. */
    List<String> faults() {
        List<String> all = new ArrayList<>();
        long status = read32(0x34);
        int i = (int) (status >>> 8 & 0xFF);
        for (int n = 0; n < 8 && read32(0x40C + i * 16L) >>> 31 != 0; n++) {
            long low = read64(0x400 + i * 16L);
            long high = read64(0x408 + i * 16L);
            String kind = (high >>> 62 & 1) != 0 ? "read" : "write";
            all.add(String.format("%x %s %x at %x", high >>> 32 & 0xFF, kind, high & 0xFFFF, low));
            write32(0x40C + i * 16L, 1L << 31);
            i = i + 1 & 7;
        }
        return all;
    }

    Verdict read(int source, long address) {
        return access(source, Transaction.NO_SUBSTREAM, address, Access.READ);
    }

    Verdict write(int source, long address) {
        return access(source, Transaction.NO_SUBSTREAM, address, Access.WRITE);
    }

    Verdict access(int source, int pasid, long address, int code) {
        front.translate(transaction.set(source, pasid, address, code), verdict);
        return verdict;
    }

    /** A page request for reading, the last of its group 5. */
    void ask(int source, int pasid, long address) {
        front.requestPage(new PageRequest(source, pasid, address, true, false, false, false, true, 5));
    }

    long read32(long offset) {
        return front.readRegister(offset, 4);
    }

    long read64(long offset) {
        return front.readRegister(offset, 8);
    }

    void write32(long offset, long value) {
        front.writeRegister(offset, 4, value);
    }

    void write64(long offset, long value) {
        front.writeRegister(offset, 8, value);
    }

    @Override
    public Invalidation invalidate(AtcInvalidation request) {
        requests.add(request);
        return answer;
    }

    @Override
    public void respond(PageResponse response) {
        responses.add(response);
    }

    @Override
    public boolean canStall(int streamId) {
        return false;
    }

    @Override
    public void resumed(long ticket, Transaction request, Verdict how) {}

    @Override
    public void close() {
        memory.close();
    }
}
