// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.LookupParameters;
import org.iommuemu.iommu.timing.TableMemoryParameters;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.iommu.timing.TimingParameters;
import org.iommuemu.iommu.timing.WalkParameters;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.pcie.DataMemory;
import org.iommuemu.pcie.FlowControl;
import org.iommuemu.pcie.LinkGeneration;
import org.iommuemu.pcie.LinkParameters;
import org.iommuemu.pcie.LinkSharing;
import org.iommuemu.pcie.RootComplex;
import org.iommuemu.time.ByteRate;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;

/**
 * A way to a VT-d unit: off, so that everything passes, until {@link #start}; then in scalable mode, where source 10h may ask for
 * translations and pages, and has first-stage tables of four levels for what comes without a PASID. All times in ps.
 *
 * <p>The link is Gen3 x8 with MPS 256 and MRRS 512. Of 64 Gb/s, 128 of 130 bits remain after the line code, and of that what Ack and
 * UpdateFC take away, 8 bytes in 203 each, and SKP, 4 in 1538: 138.2 ps a byte.
 */
final class PathBench implements AutoCloseable {
    static final double BYTE = 8e12 / (64e9 * 128 / 130 * (1 - 16 / 203.0 - 4 / 1538.0));
    static final long BEFORE = 1_000;
    static final long AFTER = 3_000;
    static final long LOOKUP = 2_000;
    static final long MEMORY = 50_000;
    static final long TABLE_READ = 10_000;
    static final int SOURCE = 0x10;
    static final long DATA = 0x8000_0000L;

    private static final long ROOT = 0x10_0000;
    private static final long QUEUE = 0x20_0000;
    private static final long PAGE_REQUESTS = 0x30_0000;
    private static final long QIE = 1 << 26;
    private static final long SRTP = 1 << 30;
    private static final long TE = 1L << 31;

    final PhysicalMemory memory = new PhysicalMemory();
    final Vtd unit = new Vtd(memory, VtdFeatures.full(), CacheConfiguration.standard(), InterruptSink.NONE);
    final TimedTranslation timed;
    final Verdict verdict = new Verdict();
    final Journey journey = new Journey();
    private final PageAllocator allocator = new PageAllocator(0x100_0000L);
    private final Transaction transaction = new Transaction();
    private long tables;

    FlowControl credits = FlowControl.INFINITE;
    LinkSharing sharing = LinkSharing.ALL;
    AtsParameters ats = AtsParameters.NONE;
    PageService software = PageService.NOBODY;
    RootComplex rootComplex = new RootComplex(0, null);
    ByteRate dataRate;
    int tags = 64;
    private DmaPath path;

    PathBench() {
        timed = new TimedTranslation(
                unit,
                unit.unit(),
                unit::observe,
                new TimingParameters(
                        new LookupParameters(1, 0, LOOKUP),
                        new WalkParameters(8, 8, 0, 0, WalkParameters.Recovery.NONE, false),
                        new TableMemoryParameters(TABLE_READ, 0, 0, 1),
                        1000,
                        1000));
    }

    static AtsParameters atc(CacheGeometry geometry, long latency, long service) {
        return new AtsParameters(geometry, latency, service);
    }

    /** The way; what it is made of must not be changed from the first call on. */
    DmaPath path() {
        if (path == null) {
            path = new DmaPath(
                    new PathParameters(
                            new PathParameters.Device(BEFORE, 0, AFTER, tags),
                            LinkParameters.of(LinkGeneration.GEN3, 8, 256, 512),
                            credits,
                            0,
                            256,
                            sharing,
                            ats),
                    rootComplex,
                    unit,
                    timed,
                    new DataMemory(MEMORY, dataRate),
                    software);
        }
        return path;
    }

    long read(long address, int bytes, long at) {
        return access(SOURCE, Transaction.NO_SUBSTREAM, address, Access.READ, bytes, at);
    }

    long write(long address, int bytes, long at) {
        return access(SOURCE, Transaction.NO_SUBSTREAM, address, Access.WRITE, bytes, at);
    }

    long access(int source, int pasid, long address, int code, int bytes, long at) {
        journey.clear();
        return path().access(transaction.set(source, pasid, address, code), bytes, at, verdict, journey);
    }

    /** Switches translation and the queues on. */
    PathBench start() {
        unit.writeRegister(0x20, 8, ROOT | 1 << 10);
        unit.writeRegister(0x90, 8, QUEUE | 1 << 11);
        unit.writeRegister(0xD0, 8, PAGE_REQUESTS);
        unit.writeRegister(0x18, 4, SRTP);
        unit.writeRegister(0x18, 4, QIE);
        unit.writeRegister(0x18, 4, QIE | TE);
        long contexts = page();
        long directory = page();
        long pasids = page();
        tables = page();
        memory.writeLong(ROOT, contexts | 1);
        // DTE, PASIDE, PRE; then first stage for PASID 0, which stands for none.
        memory.writeLong(contexts + SOURCE * 32L, directory | 0x1D);
        memory.writeLong(directory, pasids | 1);
        memory.writeLong(pasids, 1 << 6 | 1);
        memory.writeLong(pasids + 8, 1 | 1 << 23);
        memory.writeLong(pasids + 16, tables);
        return this;
    }

    private long page() {
        return allocator.allocate(0x1000, 0x1000);
    }

    /** Maps a page to {@link #DATA} plus its own address; bits are P=1, R/W=2, U/S=4. */
    void map(long address, int bits) {
        long table = tables;
        for (int height = 3; height > 0; height--) {
            long at = table + (address >>> 12 + 9 * height & 511) * 8;
            if (memory.readLong(at) == 0) {
                memory.writeLong(at, page() | 7);
            }
            table = memory.readLong(at) & 0x000F_FFFF_FFFF_F000L;
        }
        memory.writeLong(table + (address >>> 12 & 511) * 8, DATA + address | bits);
    }

    /** Puts a descriptor into the queue and rings the bell. */
    void descriptor(long word0, long word1) {
        long tail = unit.readRegister(0x88, 8);
        memory.writeLong(QUEUE + tail, word0);
        memory.writeLong(QUEUE + tail + 8, word1);
        memory.writeLong(QUEUE + tail + 16, 0);
        memory.writeLong(QUEUE + tail + 24, 0);
        unit.writeRegister(0x88, 8, tail + 32 & 0xFFF);
    }

    @Override
    public void close() {
        memory.close();
    }
}
