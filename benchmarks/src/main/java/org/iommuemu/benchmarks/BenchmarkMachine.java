// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import org.iommuemu.cache.CacheCounters;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.WalkObserver;
import org.iommuemu.paging.build.PageAllocator;

/**
 * An IOMMU set up as software sets one up, through structures in memory and registers, for a {@link Workload}. Every stream, or
 * PASID, has an address space of its own, in which its pages are mapped from {@link #FIRST_ADDRESS} on, one after the other or further
 * apart, by four levels of 4 KiB tables. Behind a second stage, four levels of 4 KiB tables map all of this to itself, page by
 * page.
 */
abstract class BenchmarkMachine implements AutoCloseable {
    /** Where every stream's mapped pages start. */
    static final long FIRST_ADDRESS = 0x40_0000_0000L;

    private static final long FIRST_STRUCTURE = 0x8000_0000L;
    private static final long FIRST_OUTPUT = 0x100_0000_0000L;
    private static final int PAGE_SHIFT = 12;
    private static final int PAGE = 1 << PAGE_SHIFT;

    private final PhysicalMemory memory = new PhysicalMemory();
    private final PageAllocator allocator = new PageAllocator(FIRST_STRUCTURE);
    private final int stride;
    private final int pages;
    private final int pasids;
    private long translatedBefore;

    BenchmarkMachine(Workload workload) {
        stride = workload.stride();
        pages = workload.pages();
        pasids = workload.pasids();
    }

    /** Input address of a mapped page. */
    static long address(int page) {
        return FIRST_ADDRESS + ((long) page << PAGE_SHIFT);
    }

    /** Input address of a page of this machine's streams. */
    long addressOf(int page) {
        return FIRST_ADDRESS + ((long) page * stride << PAGE_SHIFT);
    }

    /** Number of PASIDs of each stream; 0 for none. */
    int pasids() {
        return pasids;
    }

    /** Where structures and tables are. */
    PhysicalMemory memory() {
        return memory;
    }

    /** Gives out memory for structures and tables. */
    PageAllocator allocator() {
        return allocator;
    }

    /** Maps a stream's pages; returns the first table. */
    long mapPages(Tables tables) {
        for (int page = 0; page < pages; page++) {
            tables.map(addressOf(page), FIRST_OUTPUT + ((long) page << PAGE_SHIFT));
        }
        return tables.root();
    }

    /** Maps everything that has been allocated, and where pages are mapped to; returns the first table. */
    long mapToItself(Tables tables) {
        long end = allocator.allocate(PAGE, PAGE);
        for (long at = FIRST_STRUCTURE; at < end; at += PAGE) {
            tables.map(at, at);
        }
        for (int page = 0; page < pages; page++) {
            long at = FIRST_OUTPUT + ((long) page << PAGE_SHIFT);
            tables.map(at, at);
        }
        return tables.root();
    }

    /** Writes a structure to memory. */
    void write(long at, long[] words) {
        for (int i = 0; i < words.length; i++) {
            memory.writeLong(at + (long) i * Long.BYTES, words[i]);
        }
    }

    /** The machine. */
    abstract Iommu iommu();

    /** Its invalidations, as software asks for them. */
    abstract Invalidation invalidation();

    /** Shows every structure and descriptor read from now on. */
    abstract void observe(StructureObserver onStructure, WalkObserver onDescriptor);

    /** Its pipeline. */
    abstract TranslationUnit unit();

    /** How many fault records there is room for. */
    abstract int recordRoom();

    /** Takes every fault record away, as software does. */
    abstract void takeRecords();

    /** Translation faults recorded so far. */
    abstract long recorded();

    /** Records lost so far. */
    abstract long lost();

    /** Transactions translated since {@link #resetCounters}. */
    long translated() {
        return unit().translated() - translatedBefore;
    }

    /** Counters of the IOTLB. */
    CacheCounters iotlb() {
        return unit().iotlb().cache().counters();
    }

    /** Counters of the configuration cache. */
    CacheCounters configurations() {
        return unit().configurations().cache().counters();
    }

    /** Counters of the walk cache of a height: of the tables that an address meets first. */
    CacheCounters walkCache(int height) {
        return unit().walker().caches().caches().get(height - 1).counters();
    }

    /** Counters of the cache of the second stage's translations behind a first: IPA cache, nested cache. */
    CacheCounters ipaCache() {
        return unit().stageTwo().cache().cache().counters();
    }

    /** Counters of the walk cache of a height of the second stage behind a first. */
    CacheCounters stage2WalkCache(int height) {
        return unit().stageTwo().walker().caches().caches().get(height - 1).counters();
    }

    /** Starts counting anew; the caches keep what they hold. */
    void resetCounters() {
        translatedBefore = unit().translated();
        iotlb().reset();
        configurations().reset();
        ipaCache().reset();
        for (SetAssociativeCache cache : unit().walker().caches().caches()) {
            cache.counters().reset();
        }
        for (SetAssociativeCache cache : unit().stageTwo().walker().caches().caches()) {
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
