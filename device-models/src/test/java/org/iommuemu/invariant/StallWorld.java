// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Idr;

/**
 * An SMMUv3 with masters that can wait (they are no PCIe devices), few STAGs and a short event queue; software that takes events and
 * answers them; and who counts that each stalled transaction ends once, and as it was told.
 */
final class StallWorld implements AutoCloseable {
    static final int STREAMS = 3;
    static final int PAGES = 4;
    static final int MOST_STALLED = 3;
    /** How the masters hear of ends; broken on purpose if it is not the first. */
    enum Hearing {
        GOOD,
        LOSES_SOME,
        REPEATS_SOME
    }

    record Held(int stream, int page, boolean write) {}

    /** What software knows of a stalled transaction. */
    record Known(int stream, int tag, int page, boolean write) {}

    private static final SmmuFeatures FEATURES = features();

    private final PhysicalMemory memory = new PhysicalMemory();
    private final SmmuV3 smmu = new SmmuV3(memory, FEATURES, CacheConfiguration.standard(), line -> {});
    private final StallTables tables = new StallTables(memory, smmu);
    private final Hearing hearing;
    private final Map<Long, Held> held = new TreeMap<>();
    private final List<Known> known = new ArrayList<>();
    private final Verdict verdict = new Verdict();
    private final Transaction transaction = new Transaction();
    private long ends;
    private long refused;
    /** What ended since the last command. */
    private final List<Verdict.Status> ended = new ArrayList<>();

    StallWorld(Hearing hearing) {
        this.hearing = hearing;
        smmu.connect(new Masters());
        tables.start();
    }

    private static SmmuFeatures features() {
        SmmuFeatures full = SmmuFeatures.full();
        long idr5 = full.idr5() & ~Idr.STALL_MAX.mask() | Idr.STALL_MAX.of(MOST_STALLED);
        return new SmmuFeatures(full.idr0(), full.idr1(), full.idr3(), idr5, 0, 2);
    }

    private final class Masters implements DevicePort {
        @Override
        public Invalidation invalidate(AtcInvalidation request) {
            return Invalidation.ENDED;
        }

        @Override
        public void respond(PageResponse response) {}

        @Override
        public boolean canStall(int streamId) {
            return true;
        }

        @Override
        public void resumed(long ticket, Transaction t, Verdict v) {
            ends++;
            if (hearing != Hearing.LOSES_SOME || ends % 5 != 0) {
                heard(ticket, t, v);
            }
            if (hearing == Hearing.REPEATS_SOME && ends % 5 == 0) {
                heard(ticket, t, v);
            }
        }
    }

    private void heard(long ticket, Transaction t, Verdict v) {
        Held h = held.remove(ticket);
        if (h == null) {
            throw broken(String.format("the end of transaction %d of stream %d came again", ticket, t.streamId()));
        }
        if (v.isOk()) {
            checkOutput(h.stream, h.page, h.write, v);
        }
        ended.add(v.status());
    }

    private static Violation broken(String what) {
        return new Violation(Invariant.ONE_END_OF_A_STALL, what);
    }

    private void checkOutput(int stream, int page, boolean write, Verdict v) {
        if (v.address() != tables.output(stream, page, write)) {
            throw new Violation(
                    Invariant.NO_ACCESS_WITHOUT_MAPPING,
                    String.format("page %d of stream %d went to 0x%x", page, stream, v.address()));
        }
    }

    void access(int stream, int page, boolean write) {
        transaction.set(stream, Transaction.NO_SUBSTREAM, StallTables.input(page), write ? Access.WRITE : Access.READ);
        smmu.translate(transaction, verdict);
        boolean mapped = stream < STREAMS && tables.output(stream, page, write) >= 0;
        Verdict.Status expected =
                mapped ? Verdict.Status.OK : stream < STREAMS ? Verdict.Status.STALLED : Verdict.Status.ABORT;
        if (verdict.status() != expected) {
            throw new Violation(
                    Invariant.MAPPED_IS_ACCESSIBLE,
                    String.format("page %d of stream %d: %s, expected %s", page, stream, verdict.status(), expected));
        }
        if (verdict.isOk()) {
            checkOutput(stream, page, write, verdict);
        } else if (verdict.status() == Verdict.Status.ABORT) {
            refused++;
        } else if (held.put(verdict.ticket(), new Held(stream, page, write)) != null) {
            throw broken("two transactions are stalled as " + verdict.ticket());
        }
    }

    StallTables tables() {
        return tables;
    }

    /** Software takes what events there are, and says how many. */
    int takeEvents() {
        boolean lost = tables.isOverflowing();
        long others = 0;
        List<long[]> events = tables.takeEvents();
        for (long[] event : events) {
            if (Event.STALL.get(event) == 0) {
                others++;
                continue;
            }
            known.add(new Known(
                    Event.STREAM_ID.getInt(event),
                    Event.STAG.getInt(event),
                    StallTables.page(Event.INPUT_ADDR.get(event)),
                    Event.RNW.get(event) == 0));
        }
        if (lost ? others >= refused : others != refused) {
            throw new Violation(
                    Invariant.NO_RECORD_LOST_UNSEEN,
                    String.format("%d were refused, %d records, overflow is %s", refused, others, lost));
        }
        refused = 0;
        return events.size();
    }

    /** Software answers one of the events that it knows. */
    void resume(int which, int action) {
        if (known.isEmpty()) {
            return;
        }
        Known k = known.remove(which % known.size());
        ended.clear();
        int before = held.size();
        tables.resume(k.stream, k.tag, action);
        long terminated = ended.stream().filter(s -> s != Verdict.Status.OK).count();
        if (action == 2 && !ended.contains(Verdict.Status.ABORT)
                || action == 1 && !ended.contains(Verdict.Status.READ_ZERO_WRITE_IGNORED)
                || terminated != (action == 0 ? 0 : 1)) {
            throw broken(k + " was answered by " + action + ", and " + ended + " ended of " + before);
        }
        if (action == 0 && tables.output(k.stream, k.page, k.write) >= 0 && ended.isEmpty()) {
            throw broken(k + " was tried again, is mapped, and did not end");
        }
    }

    /** Software answers what it may not know. */
    void resumeForged(int stream, int tag, int action) {
        if (known.stream().anyMatch(k -> k.stream == stream && k.tag == tag)) {
            return;
        }
        // Events that are still in the queue name stalled transactions, too.
        takeAllEvents();
        if (known.stream().anyMatch(k -> k.stream == stream && k.tag == tag)) {
            return;
        }
        ended.clear();
        tables.resume(stream, tag, action);
        // What waits for a STAG may be tried again at any time.
        if (ended.stream().anyMatch(s -> s != Verdict.Status.OK)) {
            throw broken("stream " + stream + " tag " + tag + " is no stalled transaction, but " + ended + " ended");
        }
    }

    /** CMD_STALL_TERM. */
    void terminate(int stream) {
        takeAllEvents();
        tables.terminate(stream);
        known.removeIf(k -> k.stream == stream);
        if (held.values().stream().anyMatch(h -> h.stream == stream)) {
            throw broken("stream " + stream + " was terminated, but " + held + " are stalled");
        }
    }

    /** SMMUEN off, which ends everything, and on again. */
    void restart() {
        takeAllEvents();
        tables.enable(false);
        if (!held.isEmpty()) {
            throw broken("the SMMU is off, but " + held + " are stalled");
        }
        known.clear();
        tables.enable(true);
    }

    /** As room in the queue lets others be recorded, until no more come. */
    private void takeAllEvents() {
        int taken = 1;
        while (taken > 0) {
            taken = takeEvents();
        }
    }

    /** Software comes to know of as many as there are STAGs, as it goes on answering of all. */
    void finish() {
        int rounds = 0;
        while (!held.isEmpty()) {
            takeAllEvents();
            if (known.isEmpty() || rounds++ > 1000) {
                throw broken(held + " are stalled, but software was not told, or no more");
            }
            resume(0, 2);
        }
        takeAllEvents();
        if (!known.isEmpty()) {
            throw broken(known + " were recorded, but have ended");
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
