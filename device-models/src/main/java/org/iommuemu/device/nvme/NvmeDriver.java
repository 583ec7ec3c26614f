// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.Arrays;
import org.iommuemu.device.WireWords;
import org.iommuemu.device.nvme.spec.CompletionEntry;
import org.iommuemu.device.nvme.spec.ControllerRegisters;
import org.iommuemu.device.nvme.spec.Opcode;
import org.iommuemu.device.nvme.spec.SubmissionEntry;
import org.iommuemu.host.Patience;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.time.Picoseconds;

/**
 * Software for a controller with pages of 4 KiB and doorbells side by side: queues and PRP lists in one region of memory, mapped before it
 * begins; data wherever {@link Buffers} says. One processor does everything: it takes one completion after another, and what lets time
 * pass in between, as an invalidation does, holds the others up.
 */
public final class NvmeDriver {
    /** Where the data of requests lie for the drive. Slots are numbered over all queues. */
    public interface Buffers {
        /** Makes a slot's buffer reachable; returns where it begins, a multiple of 4 KiB. */
        long map(int slot, int bytes, boolean write);

        /** The request has ended. */
        void unmap(int slot, long iova, int bytes);
    }

    /** Told of requests that have ended. */
    @FunctionalInterface
    public interface Listener {
        /**
         * A request has ended, and its buffer is unmapped.
         *
         * @param status SCT and SC as 0xTSS, 0 for success
         */
        void ended(int queue, int slot, int status);
    }

    private static final int PAGE = PhysicalMemory.PAGE_BYTES;
    private static final int ADMIN_ENTRIES = 16;
    private static final int LEAST_LIST = 256;
    private static final int NUMBER_OF_QUEUES = 7;
    private static final int DOORBELL_BYTES = 4;
    private static final int TYPE_SHIFT = 8;

    /**
     * How the driver sets a controller up.
     *
     * @param queues pairs of I/O queues; vector n is that of pair n, 0 that of the admin queues
     * @param depth requests that each can have under way
     * @param mostBytes of a request
     * @param blockShift log2 of the bytes of a logical block
     * @param iova where the region is for the controller, a multiple of 4 KiB
     * @param physical where it is in memory, a multiple of 4 KiB
     */
    public record Setup(int queues, int depth, int mostBytes, int blockShift, long iova, long physical) {
        /** Checks that one page holds each PRP list, and that queues have entries. */
        public Setup {
            boolean good = queues >= 1 && depth >= 1 && mostBytes >= 1 && mostBytes <= PAGE * (PAGE / Long.BYTES);
            if (!good) {
                throw new IllegalArgumentException(queues + " queues of " + depth + " requests of " + mostBytes
                        + " bytes, expected at least 1 of each, and at most " + PAGE * (PAGE / Long.BYTES) + " bytes");
            }
        }

        private int entries() {
            return depth + 1;
        }

        /** PRP lists are powers of two, so that none crosses a page. */
        private int listBytes() {
            int entries = (mostBytes + PAGE - 1) / PAGE;
            return Math.max(LEAST_LIST, Integer.highestOneBit(2 * entries * Long.BYTES - 1));
        }

        private static long pages(long bytes) {
            return bytes + PAGE - 1 & -PAGE;
        }

        private long submission(int queue) {
            return queue == 0 ? 0 : 2L * PAGE + (queue - 1) * queueBytes();
        }

        private long completion(int queue) {
            return queue == 0 ? PAGE : submission(queue) + pages((long) entries() * SubmissionEntry.BYTES);
        }

        private long queueBytes() {
            return pages((long) entries() * SubmissionEntry.BYTES) + pages((long) entries() * CompletionEntry.BYTES);
        }

        private long list(int slot) {
            return submission(queues + 1) + (long) slot * listBytes();
        }

        /** Requests that can be under way in all. */
        public int slots() {
            return queues * depth;
        }

        /** Bytes of the region, a multiple of 4 KiB. */
        public long regionBytes() {
            return pages(list(slots()));
        }
    }

    /** A pair of queues as the host knows it; of I/O queues also which requests are under way. */
    private static final class Pair {
        private final int entries;
        private final int[] free;
        private final long[] iova;
        private final int[] bytes;
        private int left;
        private int tail;
        private int head;
        private int phase = 1;

        Pair(int entries, int depth) {
            this.entries = entries;
            free = new int[depth];
            Arrays.setAll(free, i -> depth - 1 - i);
            iova = new long[depth];
            bytes = new int[depth];
            left = depth;
        }
    }

    private final RegisterFrame controller;
    private final PhysicalMemory memory;
    private final Setup setup;
    private final Buffers buffers;
    private final Patience patience;
    private final Listener listener;
    private final Pair[] pairs;
    private int turn;
    private boolean busy;
    private boolean scheduled;

    /** A driver that has not touched the controller yet. */
    public NvmeDriver(
            RegisterFrame controller,
            PhysicalMemory memory,
            Setup setup,
            Buffers buffers,
            Patience patience,
            Listener listener) {
        this.controller = controller;
        this.memory = memory;
        this.setup = setup;
        this.buffers = buffers;
        this.patience = patience;
        this.listener = listener;
        pairs = new Pair[setup.queues() + 1];
        pairs[0] = new Pair(ADMIN_ENTRIES, 0);
        for (int q = 1; q < pairs.length; q++) {
            pairs[q] = new Pair(setup.entries(), setup.depth());
        }
    }

    /**
     * Enables the controller and makes the I/O queues.
     *
     * @throws IllegalStateException if it does not become ready, or refuses
     */
    public void start() {
        memory.write(setup.physical(), new byte[(int) setup.regionBytes()], 0, (int) setup.regionBytes());
        write(
                ControllerRegisters.AQA.offset(),
                4,
                ControllerRegisters.ASQS.of(ADMIN_ENTRIES - 1) | ControllerRegisters.ACQS.of(ADMIN_ENTRIES - 1));
        write(ControllerRegisters.ASQ.offset(), 8, setup.iova() + setup.submission(0));
        write(ControllerRegisters.ACQ.offset(), 8, setup.iova() + setup.completion(0));
        write(
                ControllerRegisters.CC.offset(),
                4,
                ControllerRegisters.IOSQES.of(SubmissionEntry.SHIFT)
                        | ControllerRegisters.IOCQES.of(CompletionEntry.SHIFT)
                        | ControllerRegisters.EN.of(1));
        if (!patience.await(this::isReady, Picoseconds.PER_SECOND)) {
            throw new IllegalStateException("the controller does not become ready");
        }
        long[] number = command(Opcode.SET_FEATURES, 0, 0);
        SubmissionEntry.FID.set(number, NUMBER_OF_QUEUES);
        SubmissionEntry.CDW11.set(number, (long) (setup.queues() - 1) << 16 | setup.queues() - 1);
        administer(number);
        for (int q = 1; q < pairs.length; q++) {
            long[] completion = command(Opcode.CREATE_CQ, 0, setup.iova() + setup.completion(q));
            size(completion, q);
            SubmissionEntry.IEN.set(completion, 1);
            SubmissionEntry.IV.set(completion, q);
            administer(completion);
            long[] submission = command(Opcode.CREATE_SQ, 0, setup.iova() + setup.submission(q));
            size(submission, q);
            SubmissionEntry.CQID.set(submission, q);
            administer(submission);
        }
    }

    private boolean isReady() {
        long status = controller.readRegister(ControllerRegisters.CSTS.offset(), 4);
        return ControllerRegisters.RDY.isSet(status);
    }

    private void size(long[] command, int queue) {
        SubmissionEntry.QID.set(command, queue);
        SubmissionEntry.QSIZE.set(command, pairs[queue].entries - 1);
        SubmissionEntry.PC.set(command, 1);
    }

    private void write(long offset, int size, long value) {
        controller.writeRegister(offset, size, value);
    }

    private static long[] command(int opcode, int id, long prp1) {
        long[] c = new long[SubmissionEntry.WORDS];
        SubmissionEntry.OPC.set(c, opcode);
        SubmissionEntry.CID.set(c, id);
        SubmissionEntry.PRP1.set(c, prp1);
        return c;
    }

    private void administer(long... command) {
        put(0, command);
        if (!patience.await(() -> isUnread(0), Picoseconds.PER_SECOND)) {
            throw new IllegalStateException("no answer to " + SubmissionEntry.LAYOUT.name() + " "
                    + SubmissionEntry.OPC.getInt(command) + " of the admin queue");
        }
        long[] entry = take(0);
        if (status(entry) != 0) {
            throw new IllegalStateException("admin command " + SubmissionEntry.OPC.getInt(command)
                    + " has ended with status 0x" + Integer.toHexString(status(entry)));
        }
    }

    private void put(int queue, long... command) {
        Pair p = pairs[queue];
        byte[] bytes = WireWords.bytes(command);
        long at = setup.physical() + setup.submission(queue) + (long) p.tail * SubmissionEntry.BYTES;
        memory.write(at, bytes, 0, bytes.length);
        p.tail = (p.tail + 1) % p.entries;
        write(ControllerRegisters.DOORBELLS + 2L * queue * DOORBELL_BYTES, DOORBELL_BYTES, p.tail);
    }

    private long[] entry(int queue) {
        long at = setup.physical() + setup.completion(queue) + (long) pairs[queue].head * CompletionEntry.BYTES;
        return new long[] {memory.readLong(at), memory.readLong(at + Long.BYTES)};
    }

    private boolean isUnread(int queue) {
        return CompletionEntry.P.getInt(entry(queue)) == pairs[queue].phase;
    }

    private long[] take(int queue) {
        long[] entry = entry(queue);
        Pair p = pairs[queue];
        p.head = (p.head + 1) % p.entries;
        p.phase ^= p.head == 0 ? 1 : 0;
        write(ControllerRegisters.DOORBELLS + (2L * queue + 1) * DOORBELL_BYTES, DOORBELL_BYTES, p.head);
        return entry;
    }

    private static int status(long... completion) {
        return CompletionEntry.SCT.getInt(completion) << TYPE_SHIFT | CompletionEntry.SC.getInt(completion);
    }

    /**
     * Reads or writes blocks of namespace 1.
     *
     * @param queue from 1
     * @param bytes a multiple of a logical block, at most {@link Setup#mostBytes}
     * @return the slot; negative if all requests of the queue are under way
     */
    public int submit(int queue, boolean write, long block, int bytes) {
        Pair p = pairs[queue];
        if (p.left == 0) {
            return -1;
        }
        int id = p.free[--p.left];
        int slot = (queue - 1) * setup.depth() + id;
        long iova = buffers.map(slot, bytes, write);
        p.iova[id] = iova;
        p.bytes[id] = bytes;
        long[] c = command(write ? Opcode.WRITE : Opcode.READ, id, iova);
        SubmissionEntry.NSID.set(c, 1);
        SubmissionEntry.SLBA.set(c, block);
        SubmissionEntry.NLB.set(c, (bytes >> setup.blockShift()) - 1L);
        if (bytes > 2 * PAGE) {
            SubmissionEntry.PRP2.set(c, setup.iova() + setup.list(slot));
            long at = setup.physical() + setup.list(slot);
            for (int done = PAGE; done < bytes; done += PAGE) {
                memory.writeLong(at, iova + done);
                at += Long.BYTES;
            }
        } else if (bytes > PAGE) {
            SubmissionEntry.PRP2.set(c, iova + PAGE);
        }
        put(queue, c);
        return slot;
    }

    /** An interrupt has come: takes what has ended, one request in each turn of the processor. */
    public void interrupt() {
        if (busy || scheduled) {
            return;
        }
        busy = true;
        int queue = nextUnread();
        if (queue > 0) {
            end(queue, take(queue));
        }
        busy = false;
        if (nextUnread() > 0) {
            scheduled = true;
            patience.later(0, () -> {
                scheduled = false;
                interrupt();
            });
        }
    }

    private int nextUnread() {
        for (int i = 0; i < setup.queues(); i++) {
            int queue = 1 + (turn + i) % setup.queues();
            if (isUnread(queue)) {
                turn = queue % setup.queues();
                return queue;
            }
        }
        return -1;
    }

    private void end(int queue, long... entry) {
        Pair p = pairs[queue];
        int id = CompletionEntry.CID.getInt(entry);
        int slot = (queue - 1) * setup.depth() + id;
        buffers.unmap(slot, p.iova[id], p.bytes[id]);
        p.free[p.left++] = id;
        listener.ended(queue, slot, status(entry));
    }
}
