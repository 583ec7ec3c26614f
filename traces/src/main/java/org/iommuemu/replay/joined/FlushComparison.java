// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.iommuemu.capture.JoinedRow;
import org.iommuemu.capture.Partners;
import org.iommuemu.replay.AgreementRule;
import org.jspecify.annotations.Nullable;

/**
 * Compares flushes of deferred invalidations. Each recorded one must be one of ours: of the same domain, covering the same unmaps, sent as a
 * ring is full or as the driver's timer is due. When a timer's interrupt came is told by the record. If nothing was unmapped between the tick at
 * which ours is due and that, the flush agrees exactly; else by a rule.
 */
final class FlushComparison {
    /** Jiffies from when a timer of 10 ms is armed to when its interrupt comes: between the 3rd tick and the 4th, and some lateness. */
    private static final long SOONEST = 3;

    private static final long LATEST = 6;

    private final CommandComparison commands;
    private final GuestTimers timers;
    private final Supplier<List<Batch>> sent;
    private final int jiffy;

    /** Unmaps by domain since its last flush. */
    private final Map<Integer, List<Long>> uncovered = new HashMap<>();
    /** Flushes by domain that full rings have brought about. */
    private final Map<Integer, Deque<Flush>> byRing = new HashMap<>();
    /** When domains were flushed last. */
    private final Map<Integer, Long> last = new HashMap<>();

    private long rings;
    private long exact;
    private long late;
    private long early;
    private long different;
    private long mostLate;
    private long withinTick;

    private record Flush(Batch batch, List<Long> unmaps) {}

    /**
     * Nothing compared yet.
     *
     * @param sent what the driver has sent since that was asked last
     * @param jiffy in µs
     */
    FlushComparison(CommandComparison commands, GuestTimers timers, Supplier<List<Batch>> sent, int jiffy) {
        this.commands = commands;
        this.timers = timers;
        this.sent = sent;
        this.jiffy = jiffy;
    }

    /** The driver has unmapped something; if it has sent commands, a ring was full. */
    void unmapped(JoinedRow row, List<Batch> ours) {
        List<Long> unmaps = uncovered.computeIfAbsent(row.domain(), d -> new ArrayList<>());
        unmaps.add(row.ref());
        for (Batch batch : ours) {
            byRing.computeIfAbsent(row.domain(), d -> new ArrayDeque<>()).add(new Flush(batch, List.copyOf(unmaps)));
            unmaps.clear();
        }
    }

    /** Runs timers whose interrupt is not recorded. */
    void overdue() {
        for (GuestTimers.Timer timer : timers.overdue()) {
            timer.run();
            sent.get().forEach(batch -> surplus(batch));
        }
    }

    private void surplus(Batch batch) {
        different++;
        commands.surplus(batch);
    }

    /** Whether a recorded batch is a flush: it invalidates the whole of a domain, and nothing else. */
    static boolean isOne(Batch batch) {
        QueuedCommand first = batch.commands().get(0);
        return batch.size() == 2 && first.domain() != JoinedRow.NONE && first.bytes() == 0;
    }

    /**
     * A flush is recorded.
     *
     * @param covered the unmaps that it covers as the record has it
     */
    void recorded(Batch batch, Partners covered) {
        int domain = batch.commands().get(0).domain();
        Deque<Flush> full = byRing.getOrDefault(domain, new ArrayDeque<>());
        if (!full.isEmpty()) {
            Flush ours = full.remove();
            finish(batch, ours, covered, null);
            rings++;
        } else {
            timer(batch, domain, covered);
        }
        last.put(domain, timers.micros());
    }

    private void timer(Batch batch, int domain, Partners covered) {
        GuestTimers.Timer timer = timers.take(domain);
        if (timer == null && covered.isEmpty()) {
            // No flush, but of a device that is attached.
            commands.recorded(batch);
            return;
        }
        if (timer == null) {
            different++;
            commands.missing(batch);
            return;
        }
        long lateness = timers.micros() - timer.due();
        if (lateness < 0 && !isExplained(lateness, domain)) {
            different++;
            commands.missing(batch);
            timer.run();
            sent.get().forEach(commands::surplus);
            uncovered.remove(domain);
            return;
        }
        timer.run();
        List<QueuedCommand> all =
                sent.get().stream().flatMap(b -> b.commands().stream()).toList();
        List<Long> unmaps = uncovered.getOrDefault(domain, List.of());
        uncovered.remove(domain);
        @Nullable AgreementRule rule = rule(timer, lateness);
        if (finish(batch, new Flush(new Batch(all, batch.cause()), unmaps), covered, rule)) {
            count(rule, lateness);
        }
    }

    /** By a jiffy that was not counted yet, or by an unmap that raced with the flush before and armed the timer then. */
    private boolean isExplained(long lateness, int domain) {
        Long before = last.get(domain);
        long since = before == null ? 0 : timers.micros() - before;
        return lateness >= -jiffy || since >= SOONEST * jiffy && since <= LATEST * jiffy;
    }

    private static @Nullable AgreementRule rule(GuestTimers.Timer timer, long lateness) {
        if (lateness < 0) {
            return AgreementRule.FLUSH_EARLY;
        }
        return timer.isLate() ? AgreementRule.FLUSH_LATE : null;
    }

    private void count(@Nullable AgreementRule rule, long lateness) {
        if (rule == null) {
            exact++;
        } else if (rule == AgreementRule.FLUSH_LATE) {
            late++;
        } else {
            early++;
        }
        mostLate = Math.max(mostLate, lateness);
        withinTick += lateness >= 0 && lateness < jiffy ? 1 : 0;
    }

    /** Compares commands, and what is covered; whether both are the same. */
    private boolean finish(Batch recorded, Flush ours, Partners covered, @Nullable AgreementRule rule) {
        boolean same = covered.isEmpty() || covers(covered, ours.unmaps());
        boolean equal = same && commands.compare(recorded, ours.batch(), rule);
        if (!same) {
            commands.missing(recorded);
            commands.surplus(ours.batch());
        }
        different += equal ? 0 : 1;
        return equal;
    }

    private static boolean covers(Partners recorded, List<Long> ours) {
        if (recorded.count() != ours.size()) {
            return false;
        }
        for (int i = 0; i < ours.size(); i++) {
            if (recorded.get(i) != ours.get(i)) {
                return false;
            }
        }
        return true;
    }

    /** The figures. */
    FlushFigures figures() {
        return new FlushFigures(rings, exact, late, early, different, withinTick, mostLate);
    }
}
