// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.iommuemu.device.nvme.spec.SubmissionEntry;
import org.jspecify.annotations.Nullable;

/** A submission queue: a ring in the host's memory of which the host moves the tail (NVMe 1.4 §4.1). */
final class SubmissionQueue {
    private final int id;
    private final long base;
    private final int entries;
    private final CompletionQueue completions;
    private final TreeMap<Integer, Command> inFlight = new TreeMap<>();
    private int head;
    private int tail;
    private boolean fetching;
    private @Nullable Command deletion;

    SubmissionQueue(int id, long base, int entries, CompletionQueue completions) {
        this.id = id;
        this.base = base;
        this.entries = entries;
        this.completions = completions;
    }

    int id() {
        return id;
    }

    CompletionQueue completions() {
        return completions;
    }

    int head() {
        return head;
    }

    /** Takes what the host wrote to the doorbell; returns whether it can be meant. */
    boolean ring(int value) {
        if (value >= entries) {
            return false;
        }
        int added = Math.floorMod(value - tail, entries);
        int free = entries - 1 - Math.floorMod(tail - head, entries);
        if (added == 0 || added > free) {
            return false;
        }
        tail = value;
        return true;
    }

    /** Entries that can be fetched at once, at most {@code limit}: none while others are being fetched, or their completions wait. */
    int fetchable(int limit) {
        if (fetching || deletion != null || completions.isBlocked()) {
            return 0;
        }
        int contiguous = (tail >= head ? tail : entries) - head;
        return Math.min(contiguous, limit);
    }

    /** Where the next entry is. */
    long beginFetch() {
        fetching = true;
        return base + (long) head * SubmissionEntry.BYTES;
    }

    void endFetch(int count) {
        fetching = false;
        if (deletion == null) {
            head = (head + count) % entries;
        }
    }

    /** Makes a command known by its identifier; false if another has it. */
    boolean begin(Command c) {
        return inFlight.putIfAbsent(c.id(), c) == null;
    }

    /** Whether it was still going on; it no longer is. */
    boolean end(Command c) {
        return inFlight.remove(c.id(), c);
    }

    @Nullable
    Command inFlight(int command) {
        return inFlight.get(command);
    }

    /** All commands that have not ended, by their identifiers. */
    List<Command> inFlight() {
        return new ArrayList<>(inFlight.values());
    }

    /** No more commands are taken: this one deletes the queue. */
    void delete(Command by) {
        deletion = by;
    }

    /** The command that deletes it, once nothing is going on any more. */
    @Nullable
    Command finishedDeletion() {
        return inFlight.isEmpty() && !fetching ? deletion : null;
    }

    boolean isBeingDeleted() {
        return deletion != null;
    }
}
