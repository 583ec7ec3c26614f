// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.ArrayDeque;
import java.util.function.IntConsumer;
import org.iommuemu.device.WireWords;
import org.iommuemu.device.nvme.spec.CompletionEntry;

/** A completion queue: a ring in the host's memory of which the host moves the head; what finds no room waits (NVMe 1.4 §4.1). */
final class CompletionQueue {
    /** No interrupts. */
    static final int SILENT = -1;

    private record Waiting(long[] entry, SubmissionQueue from) {}

    private final int id;
    private final long base;
    private final int entries;
    private final int vector;
    private final HostMemory memory;
    private final IntConsumer interrupt;
    private final Runnable fatal;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private int head;
    private int tail;
    private int posted;
    private int phase = 1;
    private int users;
    private boolean posting;
    private boolean working;
    private boolean deleted;

    /**
     * An empty queue.
     *
     * @param vector or {@link #SILENT}
     * @param interrupt takes the vector
     * @param fatal runs when an entry cannot be written
     */
    CompletionQueue(
            int id, long base, int entries, int vector, HostMemory memory, IntConsumer interrupt, Runnable fatal) {
        this.id = id;
        this.base = base;
        this.entries = entries;
        this.vector = vector;
        this.memory = memory;
        this.interrupt = interrupt;
        this.fatal = fatal;
    }

    int id() {
        return id;
    }

    int vector() {
        return vector;
    }

    /** One more submission queue uses it, or one less. */
    void use(int change) {
        users += change;
    }

    boolean isUsed() {
        return users != 0;
    }

    /** Whether completions wait for room: then no more commands are to be fetched for it. */
    boolean isBlocked() {
        return !waiting.isEmpty();
    }

    /** Whether it holds what the host has not taken yet. */
    boolean isUnread() {
        return head != posted;
    }

    /** Takes what the host wrote to the doorbell; returns whether it can be meant. */
    boolean ring(int value) {
        if (value >= entries) {
            return false;
        }
        int taken = Math.floorMod(value - head, entries);
        if (taken == 0 || taken > Math.floorMod(posted - head, entries)) {
            return false;
        }
        head = value;
        work();
        return true;
    }

    /** The host has deleted it, and takes its memory back: what waits is not written any more. */
    void delete() {
        waiting.clear();
        deleted = true;
    }

    /** Puts an entry in as soon as there is room; phase and queue head are filled in then. */
    void post(long[] entry, SubmissionQueue from) {
        waiting.addLast(new Waiting(entry, from));
        work();
    }

    private void work() {
        if (working) {
            return;
        }
        working = true;
        while (!posting && !waiting.isEmpty() && (tail + 1) % entries != head) {
            Waiting next = waiting.removeFirst();
            CompletionEntry.SQHD.set(next.entry, next.from.head());
            CompletionEntry.P.set(next.entry, phase);
            long address = base + (long) tail * CompletionEntry.BYTES;
            tail = (tail + 1) % entries;
            if (tail == 0) {
                phase ^= 1;
            }
            posting = true;
            memory.write(address, WireWords.bytes(next.entry), this::posted);
        }
        working = false;
    }

    private void posted(boolean good) {
        posting = false;
        if (!good) {
            fatal.run();
            return;
        }
        posted = (posted + 1) % entries;
        if (vector != SILENT && !deleted) {
            interrupt.accept(vector);
        }
        work();
    }
}
