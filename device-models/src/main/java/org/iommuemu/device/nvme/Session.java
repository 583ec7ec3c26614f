// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.function.IntConsumer;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.WireWords;
import org.iommuemu.device.nvme.spec.CompletionEntry;
import org.iommuemu.device.nvme.spec.Status;
import org.iommuemu.device.nvme.spec.SubmissionEntry;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * The controller from being enabled to being reset: its queues, what is fetched from them in turn, and the commands under way. Once it has
 * stopped nothing in it happens any more.
 */
final class Session {
    private final EventLoop loop;
    private final NvmeParameters parameters;
    private final HostMemory memory;
    private final DataPointer data;
    private final IntConsumer interrupt;
    private final Runnable fatal;
    private final Health health;
    private final Features features;
    private final EventRequests events;
    private final AdminCommands admin;
    private final BlockCommands blocks;
    private final @Nullable SubmissionQueue[] submissions;
    private final @Nullable CompletionQueue[] completions;
    private int turn;
    private int underWay;
    private boolean paused;

    /**
     * A controller that has just become ready, with its admin queues.
     *
     * @param setup what the registers say
     * @param interrupt takes vectors
     * @param fatal runs when nothing can go on: queues cannot be read or written
     */
    Session(
            EventLoop loop,
            DmaChannel channel,
            NvmeParameters parameters,
            NvmeDisk disk,
            AdminSetup setup,
            IntConsumer interrupt,
            Runnable fatal) {
        this.loop = loop;
        this.parameters = parameters;
        this.interrupt = interrupt;
        this.fatal = fatal;
        health = disk.health();
        memory = new HostMemory(channel);
        data = new DataPointer(memory, setup.pageBytes());
        features = new Features(parameters);
        events = new EventRequests(this, parameters);
        submissions = new SubmissionQueue[parameters.queues() + 1];
        completions = new CompletionQueue[parameters.queues() + 1];
        CompletionQueue acq = completionQueue(0, setup.completionBase(), setup.completionEntries(), 0);
        completions[0] = acq;
        submissions[0] = new SubmissionQueue(0, setup.submissionBase(), setup.submissionEntries(), acq);
        acq.use(1);
        admin = new AdminCommands(this, parameters, disk, features, events, setup);
        blocks = new BlockCommands(this, parameters, disk);
    }

    EventLoop loop() {
        return loop;
    }

    HostMemory memory() {
        return memory;
    }

    DataPointer data() {
        return data;
    }

    Health health() {
        return health;
    }

    CompletionQueue completionQueue(int id, long base, int entries, int vector) {
        return new CompletionQueue(id, base, entries, vector, memory, interrupt, fatal);
    }

    @Nullable
    SubmissionQueue submission(int id) {
        return id < submissions.length ? submissions[id] : null;
    }

    @Nullable
    CompletionQueue completion(int id) {
        return id < completions.length ? completions[id] : null;
    }

    void put(int id, @Nullable SubmissionQueue queue) {
        submissions[id] = queue;
    }

    void put(int id, @Nullable CompletionQueue queue) {
        completions[id] = queue;
    }

    /** Whether a completion queue of a vector holds what the host has not taken yet. */
    boolean isUnread(int vector) {
        for (CompletionQueue q : completions) {
            if (q != null && q.vector() == vector && q.isUnread()) {
                return true;
            }
        }
        return false;
    }

    /** The host has written a doorbell. */
    void ring(boolean completion, int id, int value) {
        if (completion) {
            CompletionQueue q = completion(id);
            if (q == null) {
                events.badDoorbell(EventRequests.INVALID_REGISTER);
            } else if (!q.ring(value)) {
                events.badDoorbell(EventRequests.INVALID_VALUE);
            }
        } else {
            SubmissionQueue q = submission(id);
            if (q == null || q.isBeingDeleted()) {
                events.badDoorbell(EventRequests.INVALID_REGISTER);
            } else if (!q.ring(value)) {
                events.badDoorbell(EventRequests.INVALID_VALUE);
            }
        }
        fetch();
    }

    /** Fetches from the queues in turn, a burst each (round robin arbitration). */
    void fetch() {
        int passed = 0;
        while (passed < submissions.length && !paused && !memory.isClosed()) {
            SubmissionQueue q = submissions[turn];
            turn = (turn + 1) % submissions.length;
            int count = q == null ? 0 : q.fetchable(burst(q));
            if (q != null && count > 0) {
                fetch(q, count);
                passed = 0;
            } else {
                passed++;
            }
        }
    }

    private int burst(SubmissionQueue q) {
        int burst = features.arbitrationBurst();
        return q.id() == 0 ? burst : Math.min(burst, parameters.commands() - underWay);
    }

    private void fetch(SubmissionQueue q, int count) {
        if (q.id() != 0) {
            underWay += count;
        }
        byte[] read = new byte[count * SubmissionEntry.BYTES];
        memory.read(q.beginFetch(), read, good -> {
            boolean deleted = q.isBeingDeleted();
            q.endFetch(count);
            if (!good) {
                fatal.run();
                return;
            }
            if (deleted) {
                underWay -= count;
                finishDeletion(q);
                return;
            }
            for (int i = 0; i < count; i++) {
                begin(new Command(WireWords.words(read, i * SubmissionEntry.BYTES, SubmissionEntry.WORDS), q));
            }
            fetch();
        });
    }

    private void begin(Command c) {
        if (memory.isClosed()) {
            // One before it, fetched with it, has met what cannot go on.
            return;
        }
        if (!c.queue().begin(c)) {
            post(c, Status.COMMAND_ID_CONFLICT, 0);
        } else if (SubmissionEntry.FUSE.isSet(c.words()) || SubmissionEntry.PSDT.isSet(c.words())) {
            end(c, Status.INVALID_FIELD);
        } else if (c.queue().id() == 0) {
            admin.execute(c);
        } else {
            blocks.execute(c);
        }
    }

    void end(Command c, Status status) {
        end(c, status, 0);
    }

    /** Ends a command, unless it has ended before. */
    void end(Command c, Status status, int result) {
        if (!memory.isClosed() && c.queue().end(c)) {
            post(c, status, result);
            finishDeletion(c.queue());
            fetch();
        }
    }

    /** Lets go of a queue that is to be deleted, once nothing of it is going on any more. */
    void finishDeletion(SubmissionQueue q) {
        Command deletion = q.finishedDeletion();
        if (deletion != null && submissions[q.id()] == q) {
            submissions[q.id()] = null;
            q.completions().use(-1);
            end(deletion, Status.SUCCESS);
        }
    }

    private void post(Command c, Status status, int result) {
        if (c.queue().id() != 0) {
            underWay--;
        }
        long[] entry = new long[CompletionEntry.WORDS];
        CompletionEntry.DW0.set(entry, result);
        CompletionEntry.SQID.set(entry, c.queue().id());
        CompletionEntry.CID.set(entry, c.id());
        CompletionEntry.SCT.set(entry, status.type());
        CompletionEntry.SC.set(entry, status.code());
        if (status != Status.SUCCESS) {
            CompletionEntry.DNR.set(entry, status.doNotRetry() ? 1 : 0);
            CompletionEntry.M.set(entry, 1);
            health.failed(c, status);
        }
        c.queue().completions().post(entry, c.queue());
    }

    /** Goes on with a command at a time, unless that was aborted meanwhile. */
    void later(Command c, long time, Runnable then) {
        c.timer = loop.schedule(
                time,
                (now, d) -> {
                    c.timer = Command.NOT_WAITING;
                    then.run();
                },
                0);
    }

    /** Ends a command that waits, for its time or for an event; returns whether it did. */
    boolean abort(Command c, Status status) {
        boolean waits = loop.cancel(c.timer);
        c.timer = Command.NOT_WAITING;
        if (waits || events.forget(c)) {
            end(c, status);
            return true;
        }
        return false;
    }

    /** No more commands are fetched: the host shuts down. */
    void pause() {
        paused = true;
    }

    /** Nothing more happens; commands under way are forgotten. */
    void stop() {
        memory.close();
        for (SubmissionQueue q : submissions) {
            if (q != null) {
                q.inFlight().forEach(c -> loop.cancel(c.timer));
            }
        }
    }
}
