// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import org.iommuemu.bits.Register;
import org.iommuemu.cache.CacheCounters;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;

/**
 * An SMMUv3 with every modelled feature, set up as software sets one up: a linear stream table, a CD and four levels of 4 KiB
 * tables for each stream, queues, and then the enables. Stream {@code s} has ASID {@code s + 1} and maps its pages from {@link
 * #FIRST_ADDRESS} on, one after the other or further apart. Behind a second stage, four levels of 4 KiB tables map all of this
 * to itself, page by page.
 */
final class BenchmarkMachine implements AutoCloseable {
    /** Where every stream's mapped pages start. */
    static final long FIRST_ADDRESS = 0x40_0000_0000L;

    /** Entries of the event queue. */
    static final int EVENT_QUEUE_ENTRIES = 1 << 12;

    private static final long FIRST_STRUCTURE = 0x8000_0000L;
    private static final long FIRST_OUTPUT = 0x100_0000_0000L;
    private static final int INPUT_BITS = 48;
    private static final int GRANULE_SHIFT = 12;
    private static final int S2_START_LEVEL_0 = 2;
    /** Normal write-back, readable and writable, inner shareable, accessed. */
    private static final long S2_LEAF = 0x7FC;

    private static final int QUEUE_LOG2 = 12;
    private static final int QUEUE_ENTRY_BYTES = 32;
    private static final int IPS_48 = 5;
    private static final long WRITE_BACK = 0xFF;

    private final PhysicalMemory memory = new PhysicalMemory();
    private final PageAllocator allocator = new PageAllocator(FIRST_STRUCTURE);
    private final SmmuV3 smmu;
    private final int stride;
    private final int pages;

    /**
     * A machine that translates by one stage, for streams whose pages follow one another.
     *
     * @param caches geometry of its caches
     * @param streams number of streams
     * @param pages number of pages that each of them maps
     * @param record whether faults are recorded (CD.R)
     */
    BenchmarkMachine(CacheConfiguration caches, int streams, int pages, boolean record) {
        this(caches, streams, pages, record, 1, false);
    }

    /**
     * A machine that translates.
     *
     * @param stride distance of a stream's pages, in pages
     * @param nested whether there is a second stage
     */
    BenchmarkMachine(CacheConfiguration caches, int streams, int pages, boolean record, int stride, boolean nested) {
        this.stride = stride;
        this.pages = pages;
        smmu = new SmmuV3(memory, SmmuFeatures.full(), caches, line -> {});
        int log2Streams = 32 - Integer.numberOfLeadingZeros(streams - 1);
        long streamTable = allocator.allocate((long) Ste.BYTES << log2Streams, (long) Ste.BYTES << log2Streams);
        long[] cds = new long[streams];
        for (int stream = 0; stream < streams; stream++) {
            cds[stream] = writeCd(stream + 1, mapPages(), record);
        }
        long second = nested ? mapToItself() : 0;
        for (int stream = 0; stream < streams; stream++) {
            writeSte(streamTable + (long) stream * Ste.BYTES, cds[stream], second);
        }
        bringUp(streamTable, log2Streams);
    }

    /** Input address of a mapped page. */
    static long address(int page) {
        return FIRST_ADDRESS + ((long) page << GRANULE_SHIFT);
    }

    /** Input address of a page of this machine's streams. */
    long addressOf(int page) {
        return FIRST_ADDRESS + ((long) page * stride << GRANULE_SHIFT);
    }

    private long mapPages() {
        TableBuilder tables =
                new TableBuilder(memory, allocator, Aarch64Stage1.format(GRANULE_SHIFT, false), INPUT_BITS);
        for (int page = 0; page < pages; page++) {
            tables.map(addressOf(page), FIRST_OUTPUT + ((long) page << GRANULE_SHIFT), TableBuilder.READ_WRITE);
        }
        return tables.root();
    }

    /** A second stage for everything that has been allocated, and for where pages are mapped to. */
    private long mapToItself() {
        long end = allocator.allocate(1 << GRANULE_SHIFT, 1 << GRANULE_SHIFT);
        TableBuilder tables =
                new TableBuilder(memory, allocator, Aarch64Stage2.format(GRANULE_SHIFT, false), INPUT_BITS);
        for (long at = FIRST_STRUCTURE; at < end; at += 1 << GRANULE_SHIFT) {
            tables.map(at, at, S2_LEAF);
        }
        for (int page = 0; page < pages; page++) {
            long at = FIRST_OUTPUT + ((long) page << GRANULE_SHIFT);
            tables.map(at, at, S2_LEAF);
        }
        return tables.root();
    }

    private long writeCd(int asid, long table, boolean record) {
        long[] cd = new long[Cd.WORDS];
        Cd.V.set(cd, 1);
        Cd.AA64.set(cd, 1);
        Cd.A.set(cd, 1);
        Cd.R.set(cd, record ? 1 : 0);
        Cd.ASID.set(cd, asid);
        Cd.T0SZ.set(cd, 64 - INPUT_BITS);
        Cd.EPD1.set(cd, 1);
        Cd.IPS.set(cd, IPS_48);
        Cd.TTB0.setInPlace(cd, table);
        Cd.MAIR.set(cd, WRITE_BACK);
        long at = allocator.allocate(Cd.BYTES, Cd.BYTES);
        write(at, cd);
        return at;
    }

    private void writeSte(long at, long cd, long second) {
        long[] ste = new long[Ste.WORDS];
        Ste.V.set(ste, 1);
        Ste.CONFIG.set(ste, Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_1 | (second == 0 ? 0 : Ste.CONFIG_STAGE_2));
        Ste.S1_CONTEXT_PTR.setInPlace(ste, cd);
        if (second != 0) {
            Ste.S2T0SZ.set(ste, 64 - INPUT_BITS);
            Ste.S2SL0.set(ste, S2_START_LEVEL_0);
            Ste.S2PS.set(ste, IPS_48);
            Ste.S2AA64.set(ste, 1);
            Ste.S2R.set(ste, 1);
            Ste.S2TTB.setInPlace(ste, second);
        }
        write(at, ste);
    }

    private void write(long at, long[] words) {
        for (int i = 0; i < words.length; i++) {
            memory.writeLong(at + (long) i * Long.BYTES, words[i]);
        }
    }

    /** The order of IHI 0070 §6.3.9: tables and queues first, enables last. */
    private void bringUp(long streamTable, int log2Streams) {
        write(Registers.STRTAB_BASE, Registers.STRTAB_ADDR.inPlace(streamTable));
        write(Registers.STRTAB_BASE_CFG, Registers.STRTAB_LOG2SIZE.of(log2Streams));
        write(Registers.CMDQ_BASE, queue());
        write(Registers.EVENTQ_BASE, queue());
        write(Registers.CR0, Registers.CMDQEN.of(1) | Registers.EVENTQEN.of(1));
        write(Registers.CR0, Registers.CMDQEN.of(1) | Registers.EVENTQEN.of(1) | Registers.SMMUEN.of(1));
    }

    private long queue() {
        long bytes = (long) QUEUE_ENTRY_BYTES << QUEUE_LOG2;
        return Registers.QUEUE_ADDR.inPlace(allocator.allocate(bytes, bytes)) | Registers.QUEUE_LOG2SIZE.of(QUEUE_LOG2);
    }

    private void write(Register register, long value) {
        smmu.writeRegister(register.offset(), register.bytes(), value);
    }

    /** Tells the machine that every event record has been read. */
    void consumeEvents() {
        write(Registers.EVENTQ_CONS, smmu.readRegister(Registers.EVENTQ_PROD.offset(), 4));
    }

    /** The machine. */
    SmmuV3 smmu() {
        return smmu;
    }

    /** Counters of the IOTLB. */
    CacheCounters iotlb() {
        return smmu.unit().iotlb().cache().counters();
    }

    /** Counters of the configuration cache. */
    CacheCounters configurations() {
        return smmu.unit().configurations().cache().counters();
    }

    /** Counters of the walk cache of a height. */
    CacheCounters walkCache(int height) {
        return smmu.unit().walker().caches().caches().get(height - 1).counters();
    }

    /** Counters of the cache of the second stage's translations. */
    CacheCounters ipaCache() {
        return smmu.unit().stageTwo().cache().cache().counters();
    }

    /** Counters of the second stage's walk cache of a height. */
    CacheCounters stage2WalkCache(int height) {
        return smmu.unit().stageTwo().walker().caches().caches().get(height - 1).counters();
    }

    /** Starts counting anew; the caches keep what they hold. */
    void resetCounters() {
        iotlb().reset();
        configurations().reset();
        ipaCache().reset();
        for (SetAssociativeCache cache : smmu.unit().walker().caches().caches()) {
            cache.counters().reset();
        }
        for (SetAssociativeCache cache :
                smmu.unit().stageTwo().walker().caches().caches()) {
            cache.counters().reset();
        }
    }

    /**
     * Ends the trial if a count is not what the benchmark claims.
     *
     * @throws IllegalStateException saying what was counted
     */
    static void require(String what, long expected, long counted) {
        if (expected != counted) {
            throw new IllegalStateException(what + ": expected " + expected + ", counted " + counted);
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
