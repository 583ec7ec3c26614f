// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.TimedFront;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;

/** A machine set up as software would: structures in memory, registers, commands in the queue. */
final class SmmuFixture implements AutoCloseable {
    static final long STREAM_TABLE = 0x10_0000;
    static final long CDS = 0x20_0000;
    static final long COMMANDS = 0x30_0000;
    static final long EVENTS = 0x40_0000;
    /** Attributes of a stage 2 leaf that allows everything. */
    static final long STAGE_2_READ_WRITE = 0x7FC;
    /** Without write. */
    static final long STAGE_2_READ_ONLY = 0x77C;

    private static final int COMMAND_LOG2 = 8;
    private static final int EVENT_LOG2 = 6;

    final PhysicalMemory memory = new PhysicalMemory();
    final PageAllocator tables = new PageAllocator(0x100_0000L);
    final List<String> pulses = new ArrayList<>();
    final SmmuV3 smmu;
    private Iommu front;
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private int produced;

    SmmuFixture(SmmuFeatures features, CacheConfiguration caches) {
        smmu = new SmmuV3(memory, features, caches, pulses::add);
        front = smmu;
    }

    static SmmuFixture standard() {
        return new SmmuFixture(SmmuFeatures.full(), CacheConfiguration.standard());
    }

    /** A linear stream table of 256 streams, both queues, translation on. */
    SmmuFixture enable() {
        return enable(2);
    }

    /** The same with a value for CR2. */
    SmmuFixture enable(long cr2) {
        smmu.writeRegister(0x2C, 4, cr2);
        smmu.writeRegister(0x80, 8, STREAM_TABLE);
        smmu.writeRegister(0x88, 4, 8);
        smmu.writeRegister(0x90, 8, COMMANDS | COMMAND_LOG2);
        smmu.writeRegister(0xA0, 8, EVENTS | EVENT_LOG2);
        smmu.writeRegister(0x20, 4, 0xD);
        return this;
    }

    void ste(int stream, long... words) {
        for (int i = 0; i < words.length; i++) {
            memory.writeLong(STREAM_TABLE + stream * 64L + i * 8L, words[i]);
        }
    }

    /** A stream with stage 1 of the 4 KiB granule, 48 bits. */
    TableBuilder stage1(int stream, int asid) {
        TableBuilder t = new TableBuilder(memory, tables, Aarch64Stage1.format(12, false), 48);
        cd(stream, asid, t.root());
        ste(stream, 1 | 5 << 1 | CDS + stream * 64L, 0, 0, 0);
        return t;
    }

    void cd(int stream, int asid, long ttb0) {
        long at = CDS + stream * 64L;
        memory.writeLong(at, 16 | 1L << 30 | 1L << 31 | 5L << 32 | 1L << 41 | 1L << 45 | 1L << 46 | (long) asid << 48);
        memory.writeLong(at + 8, ttb0);
        memory.writeLong(at + 24, 0xFF);
    }

    /** A stream with stage 2 alone of the 4 KiB granule, 48 bits. */
    TableBuilder stage2(int stream, int vmid) {
        TableBuilder t = new TableBuilder(memory, tables, Aarch64Stage2.format(12, false), 48);
        ste(stream, 1 | 6 << 1, 0, stage2Word(vmid), t.root());
        return t;
    }

    /** Stage 2 with S2T0SZ 16, S2SL0 2, S2PS 48 bits, S2AA64, S2R. */
    static long stage2Word(int vmid) {
        return vmid | 16L << 32 | 2L << 38 | 5L << 48 | 1L << 51 | 1L << 58;
    }

    /** Puts a command into the queue and rings. */
    void command(long word0, long word1) {
        long at = COMMANDS + (produced & (1 << COMMAND_LOG2) - 1) * 16L;
        memory.writeLong(at, word0);
        memory.writeLong(at + 8, word1);
        produced = produced + 1 & (2 << COMMAND_LOG2) - 1;
        smmu.writeRegister(0x98, 4, produced);
    }

    Verdict access(int stream, long address, int code) {
        front.translate(transaction.set(stream, Transaction.NO_SUBSTREAM, address, code), verdict);
        return verdict;
    }

    /** Lets everything go through in time from now on, with parameters by seed and so many pages walked ahead. */
    void time(long seed, int prefetch) {
        TimedFront timed = new TimedFront(smmu, smmu.unit(), smmu::observe, seed, prefetch);
        smmu.time(timed.commands());
        front = timed;
    }

    /** Takes all records off the queue, as lines of hexadecimal words. */
    List<String> events() {
        List<String> records = new ArrayList<>();
        int mask = (2 << EVENT_LOG2) - 1;
        int producer = (int) smmu.readRegister(0x100A8, 4) & mask;
        int consumer = (int) smmu.readRegister(0x100AC, 4) & mask;
        while (consumer != producer) {
            long at = EVENTS + (consumer & mask >>> 1) * 32L;
            records.add(String.format(
                    "%016x %016x %016x %016x",
                    memory.readLong(at), memory.readLong(at + 8), memory.readLong(at + 16), memory.readLong(at + 24)));
            consumer = consumer + 1 & mask;
        }
        smmu.writeRegister(0x100AC, 4, producer);
        return records;
    }

    @Override
    public void close() {
        memory.close();
    }
}
