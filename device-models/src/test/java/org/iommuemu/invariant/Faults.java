// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.inject.InterruptRule;
import org.iommuemu.inject.MemoryRule;
import org.iommuemu.inject.Occasion;
import org.iommuemu.inject.QueueFullRule;
import org.iommuemu.inject.TlpAction;
import org.iommuemu.inject.TlpField;
import org.iommuemu.inject.TlpMatch;
import org.iommuemu.inject.TlpRule;
import org.iommuemu.memory.RangeState;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.time.RandomStream;

/** Steps after which something goes wrong: the {@code nth} thing of a kind that comes from then on. */
final class Faults {
    private static final long PATIENCE = Picoseconds.ofNanoseconds(100_000);

    private Faults() {}

    private static void tlp(World w, TlpKind kind, int nth, TlpAction action) {
        w.inject(new TlpRule(w.newRule(), TlpMatch.of(kind), Occasion.nth(nth + 1), action));
    }

    /** A TLP is lost. */
    record Lose(TlpKind kind, int nth) implements Operation {
        @Override
        public void run(World w) {
            tlp(w, kind, nth, new TlpAction.Drop());
        }
    }

    /** A TLP comes late. */
    record Delay(TlpKind kind, int nth, int nanoseconds) implements Operation {
        @Override
        public void run(World w) {
            tlp(w, kind, nth, new TlpAction.Delay(Picoseconds.ofNanoseconds(nanoseconds + 1)));
        }
    }

    /** A TLP comes twice. */
    record Repeat(TlpKind kind, int nth, int nanoseconds) implements Operation {
        @Override
        public void run(World w) {
            tlp(w, kind, nth, new TlpAction.Duplicate(Picoseconds.ofNanoseconds(nanoseconds)));
        }
    }

    /** A TLP comes behind others. */
    record Reorder(TlpKind kind, int nth, int others) implements Operation {
        @Override
        public void run(World w) {
            tlp(w, kind, nth, new TlpAction.Reorder(others + 1, PATIENCE));
        }
    }

    /** A TLP's data are marked as bad. */
    record Poison(TlpKind kind, int nth) implements Operation {
        @Override
        public void run(World w) {
            tlp(w, kind, nth, new TlpAction.Corrupt(TlpField.POISON, 0, 1, 0));
        }
    }

    /** Memory does not answer, or answers with poison: that of devices, or that of tables. */
    record FailMemory(boolean data, boolean poison, int nth) implements Operation {
        @Override
        public void run(World w) {
            long first = data ? World.FRAMES : w.tables();
            long end = data ? 1L << 52 : World.FRAMES;
            w.inject(new MemoryRule(
                    w.newRule(),
                    first,
                    end - first,
                    Occasion.nth(nth + 1),
                    poison ? RangeState.POISONED : RangeState.ABSENT));
        }
    }

    /** The event queue is full for a time. */
    record FillEventQueue(int nanoseconds) implements Operation {
        @Override
        public void run(World w) {
            if (w.machine().smmu() != null) {
                long now = w.machine().loop().now();
                long until = now + Picoseconds.ofNanoseconds(nanoseconds + 1);
                w.inject(new QueueFullRule(w.newRule(), QueueFullRule.Queue.EVENT, now, until));
            }
        }
    }

    /** The next of the IOMMU's own interrupts is lost: of faults, of page requests, of errors. */
    record LoseInterrupt(int which) implements Operation {
        private static final List<String> SMMU = List.of("eventq", "priq", "gerror");

        @Override
        public void run(World w) {
            if (w.machine().smmu() != null) {
                w.inject(new InterruptRule(w.newRule(), SMMU.get(which % SMMU.size()), Occasion.nth(1)));
            }
        }
    }

    /** A function is pulled out. */
    record Remove(int function) implements Operation {
        @Override
        public void run(World w) {
            w.devices().remove(function);
        }
    }

    /** Requests to memory and their completions. */
    private static final List<TlpKind> DATA = List.of(TlpKind.WRITE, TlpKind.READ, TlpKind.ATOMIC, TlpKind.COMPLETION);

    private static final List<TlpKind> WITH_DATA = List.of(TlpKind.WRITE, TlpKind.ATOMIC, TlpKind.COMPLETION);
    private static final List<TlpKind> ANY = List.of(TlpKind.values());

    /** What may come late where ATS is on. Posted writes may not: Invalidate Completions must push them (PCIe §10.3). */
    private static final List<TlpKind> LATE = without(ANY, TlpKind.WRITE);

    /** What may come twice where ATS is on: not what writes, nor what ITags are known by, which are soon used again. */
    private static final List<TlpKind> TWICE =
            without(LATE, TlpKind.ATOMIC, TlpKind.INVALIDATE_REQUEST, TlpKind.INVALIDATE_COMPLETION);

    private static List<TlpKind> without(List<TlpKind> all, TlpKind... some) {
        List<TlpKind> rest = new ArrayList<>(all);
        rest.removeAll(List.of(some));
        return rest;
    }

    private static TlpKind one(RandomStream r, List<TlpKind> kinds) {
        return kinds.get((int) r.nextBelow(kinds.size()));
    }

    /** A fault out of a random stream. */
    static Operation random(RandomStream r, int functions, boolean ats) {
        int nth = (int) r.nextBelow(8);
        return switch ((int) r.nextBelow(8)) {
            case 0 -> new Lose(one(r, ats ? ANY : DATA), nth);
            case 1 -> new Delay(one(r, ats ? LATE : DATA), nth, (int) r.nextBelow(20_000));
            case 2 -> new Repeat(one(r, ats ? TWICE : DATA), nth, (int) r.nextBelow(20_000));
            case 3 -> new Reorder(one(r, ats ? LATE : DATA), nth, (int) r.nextBelow(4));
            case 4 -> new Poison(one(r, WITH_DATA), nth);
            case 5 -> new FailMemory(r.nextBelow(2) == 0, r.nextBelow(2) == 0, nth);
            case 6 -> new FillEventQueue((int) r.nextBelow(20_000));
            default ->
                r.nextBelow(8) == 0
                        ? new Remove((int) r.nextBelow(functions))
                        : new LoseInterrupt((int) r.nextBelow(3));
        };
    }
}
