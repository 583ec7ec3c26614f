// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.smmuv3.lint.SmmuLint;

/**
 * A test bench: a machine, its memory, and the software that sets it up - by register writes in the order of the fact sheet's
 * section 1.18 and by structures written to memory, never through the model's own classes.
 *
 * <p>Unless told otherwise the machine has stage 1 only: no stage 2, HTTU, messages, stalls.
 */
final class SmmuBench implements AutoCloseable {
    static final long STREAM_TABLE = 0x10_0000;
    static final long COMMANDS = 0x20_0000;
    static final long EVENTS = 0x30_0000;
    /** Where pages are mapped to, well away from structures and tables. */
    static final long DATA = 0x8000_0000L;

    /** S1P, AArch64 tables, COHACC, ASID16, SEV, CD2L, terminate-only stall model, two-level stream tables. */
    private static final long IDR0 = 0x0908_501A;
    /** SIDSIZE 16, SSIDSIZE 20, EVENTQS and CMDQS 19, ATTR_PERMS_OVR. */
    private static final long IDR1 = 0x0673_0510;
    /** HAD, STT, RIL, BBML 2. */
    private static final long IDR3 = 0x1604;
    /** OAS 48 bits, all granules. */
    private static final long IDR5 = 0x75;

    final PhysicalMemory memory = new PhysicalMemory();
    final PageAllocator allocator = new PageAllocator(0x100_0000L);
    final List<String> pulses = new ArrayList<>();
    final SmmuV3 smmu;
    private Iommu front;
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private long streamTable = STREAM_TABLE;
    private long streamTableCfg = 8;
    private int commandLog2 = 8;
    private int eventLog2 = 8;
    private long cr2 = 2;

    SmmuBench(SmmuFeatures features, CacheConfiguration caches) {
        smmu = new SmmuV3(memory, features, caches, pulses::add);
        front = smmu;
    }

    /** Puts a lint in front of the machine, for everything that the bench does from now on. */
    SmmuLint lint() {
        SmmuLint lint = new SmmuLint(smmu, memory);
        front = lint;
        return lint;
    }

    /** A machine of stage 1 alone, after reset. */
    static SmmuBench reset() {
        return new SmmuBench(stage1Features(), CacheConfiguration.standard());
    }

    /** The same, set up and enabled: 256 streams, queues of 256 entries, C_BAD_STREAMID recorded. */
    static SmmuBench started() {
        return reset().start();
    }

    /** The same with other features. */
    static SmmuBench started(SmmuFeatures features) {
        return new SmmuBench(features, CacheConfiguration.standard()).start();
    }

    static SmmuFeatures stage1Features() {
        return features(IDR0, IDR1, IDR3, IDR5);
    }

    static SmmuFeatures features(long idr0, long idr1, long idr3, long idr5) {
        return new SmmuFeatures(idr0, idr1, idr3, idr5, 0x43B, 2);
    }

    /** The stage 1 machine with bits {@code clear} of IDR0 cleared and then {@code set} set. */
    static SmmuFeatures withIdr0(long clear, long set) {
        return features(IDR0 & ~clear | set, IDR1, IDR3, IDR5);
    }

    static SmmuFeatures withIdr1(long clear, long set) {
        return features(IDR0, IDR1 & ~clear | set, IDR3, IDR5);
    }

    static SmmuFeatures withIdr3(long clear, long set) {
        return features(IDR0, IDR1, IDR3 & ~clear | set, IDR5);
    }

    static SmmuFeatures withIdr5(long clear, long set) {
        return features(IDR0, IDR1, IDR3, IDR5 & ~clear | set);
    }

    /** The stage 1 machine with bits {@code idr0} set, a STALL_MODEL, and room for {@code most} stalls. */
    static SmmuFeatures withStalls(int model, int most, long idr0) {
        return features(IDR0 & ~(3L << 24) | (long) model << 24 | idr0, IDR1, IDR3, IDR5 | (long) most << 16);
    }

    /** Before {@link #start}: a linear stream table of 2^{@code log2} streams. */
    SmmuBench linear(int log2) {
        streamTable = allocator.allocate(64L << log2, 64L << log2);
        streamTableCfg = log2;
        return this;
    }

    /** Before {@link #start}: a two-level stream table. */
    SmmuBench twoLevel(int log2, int split) {
        long bytes = Math.max(64, 8L << Math.max(0, log2 - split));
        streamTable = allocator.allocate(bytes, bytes);
        streamTableCfg = 1L << 16 | (long) split << 6 | log2;
        return this;
    }

    /** Before {@link #start}: sizes of the queues. */
    SmmuBench queues(int log2Commands, int log2Events) {
        commandLog2 = log2Commands;
        eventLog2 = log2Events;
        return this;
    }

    /** Before {@link #start}: CR2.RECINVSID=0. */
    SmmuBench withoutBadStreamRecords() {
        cr2 = 0;
        return this;
    }

    /** Before {@link #start}: CR2.E2H=1. */
    SmmuBench e2h() {
        cr2 |= 1;
        return this;
    }

    /** Steps 1 to 5 of section 1.18. */
    SmmuBench start() {
        write64(0x80, streamTable);
        write32(0x88, streamTableCfg);
        write32(0x28, 0xD75);
        write32(0x2C, cr2);
        write64(0x90, COMMANDS | commandLog2);
        write32(0x98, 0);
        write32(0x9C, 0);
        write64(0xA0, EVENTS | eventLog2);
        write32(0x100A8, 0);
        write32(0x100AC, 0);
        write32(0x20, 0xC);
        command(0x04, 0x1F);
        command(0x30, 0);
        sync();
        write32(0x20, 0xD);
        return this;
    }

    /** A stream's STE; makes the array of a two-level table if it is not there. */
    TestSte ste(int stream) {
        return new TestSte(memory, steAddress(stream));
    }

    private long steAddress(int stream) {
        if (streamTableCfg >>> 16 == 0) {
            return streamTable + stream * 64L;
        }
        int split = (int) (streamTableCfg >>> 6) & 0x1F;
        TestStructure l1 = l1std(stream);
        if (l1.get(4, 0) == 0) {
            long bytes = 64L << split;
            l1.word(0, allocator.allocate(bytes, bytes) | split + 1);
        }
        return (l1.get(55, 6) << 6) + (stream & (1 << split) - 1) * 64L;
    }

    /** A stream's L1STD. */
    TestStructure l1std(int stream) {
        int split = (int) (streamTableCfg >>> 6) & 0x1F;
        return new TestStructure(memory, streamTable + (stream >>> split) * 8L);
    }

    /** A stream with stage 1, a single CD and empty 48-bit tables of 4 KiB granules; the ASID is the StreamID. */
    TestCd stage1(int stream) {
        return stage1(stream, stream);
    }

    TestCd stage1(int stream, int asid) {
        TestCd cd = new TestCd(memory, allocator, allocator.allocate(64, 64), asid).lowerTables(12, 48);
        ste(stream).s1CdMax(0).s1ContextPtr(cd.address()).config(5).valid(1);
        return cd;
    }

    /** A stream with stage 1 and an empty CD table of 2^{@code cdMax} entries. */
    TestSte substreams(int stream, int fmt, int cdMax, int dss) {
        int leafBits = fmt == 1 ? 6 : 10;
        long bytes = fmt == 1 || fmt == 2 ? Math.max(64, 8L << Math.max(0, cdMax - leafBits)) : 64L << cdMax;
        TestSte ste = ste(stream).s1Fmt(fmt).s1CdMax(cdMax).s1Dss(dss);
        return ste.s1ContextPtr(allocator.allocate(bytes, bytes)).config(5).valid(1);
    }

    /** The CD of a substream in a CD table, with empty tables as in {@link #stage1}. */
    TestCd cd(int stream, int ssid, int asid) {
        TestSte ste = ste(stream);
        long table = ste.get(55, 6) << 6;
        long fmt = ste.get(5, 4);
        long at = table + ssid * 64L;
        if (fmt == 1 || fmt == 2) {
            int leafBits = fmt == 1 ? 6 : 10;
            TestStructure l1 = l1cd(stream, ssid);
            if (l1.get(0, 0) == 0) {
                l1.word(0, allocator.allocate(64L << leafBits, 64L << leafBits) | 1);
            }
            at = (l1.get(55, 12) << 12) + (ssid & (1 << leafBits) - 1) * 64L;
        }
        return new TestCd(memory, allocator, at, asid).lowerTables(12, 48);
    }

    /** The L1CD of a substream. */
    TestStructure l1cd(int stream, int ssid) {
        TestSte ste = ste(stream);
        int leafBits = ste.get(5, 4) == 1 ? 6 : 10;
        return new TestStructure(memory, (ste.get(55, 6) << 6) + (ssid >>> leafBits) * 8L);
    }

    /** Puts a command into the queue and rings the bell. */
    SmmuBench command(long word0, long word1) {
        int producer = (int) read32(0x98);
        long at = COMMANDS + (producer & (1 << commandLog2) - 1) * 16L;
        memory.writeLong(at, word0);
        memory.writeLong(at + 8, word1);
        write32(0x98, producer + 1 & (2 << commandLog2) - 1);
        return this;
    }

    SmmuBench sync() {
        return command(0x46, 0);
    }

    /** CFGI_ALL, TLBI_NSNH_ALL, SYNC. */
    SmmuBench invalidateAll() {
        return command(0x04, 0x1F).command(0x30, 0).sync();
    }

    /** Takes the records off the event queue, as a driver does: four words of hexadecimal each. */
    List<String> events() {
        List<String> records = new ArrayList<>();
        int mask = (2 << eventLog2) - 1;
        int producer = (int) read32(0x100A8) & mask;
        int consumer = (int) read32(0x100AC) & mask;
        for (; consumer != producer; consumer = consumer + 1 & mask) {
            long at = EVENTS + (consumer & mask >>> 1) * 32L;
            records.add(String.format(
                    "%016x %016x %016x %016x",
                    memory.readLong(at), memory.readLong(at + 8), memory.readLong(at + 16), memory.readLong(at + 24)));
        }
        // OVACKFLG follows OVFLG.
        write32(0x100AC, read32(0x100A8) & 0x8000_0000L | producer);
        return records;
    }

    Verdict read(int stream, long address) {
        return access(stream, Transaction.NO_SUBSTREAM, address, Access.READ);
    }

    Verdict write(int stream, long address) {
        return access(stream, Transaction.NO_SUBSTREAM, address, Access.WRITE);
    }

    Verdict fetch(int stream, long address) {
        return access(stream, Transaction.NO_SUBSTREAM, address, Access.INSTRUCTION);
    }

    /** A read with a SubstreamID. */
    Verdict readSubstream(int stream, int ssid, long address) {
        return access(stream, ssid, address, Access.READ);
    }

    Verdict access(int stream, int ssid, long address, int code) {
        front.translate(transaction.set(stream, ssid, address, code), verdict);
        return verdict;
    }

    /** The PAR register after an address translation operation on the global registers; {@code addr} as GATOS_ADDR has it. */
    long translateFor(int stream, long addr) {
        write64(0x108, stream);
        write64(0x110, addr);
        write32(0x100, 1);
        return read64(0x118);
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
    public void close() {
        memory.close();
    }
}
