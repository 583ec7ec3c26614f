// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.inject.FlipRule;
import org.iommuemu.inject.FunctionRule;
import org.iommuemu.inject.InterruptRule;
import org.iommuemu.inject.MemoryRule;
import org.iommuemu.inject.Occasion;
import org.iommuemu.inject.PasidRule;
import org.iommuemu.inject.QueueFullRule;
import org.iommuemu.inject.RogueRule;
import org.iommuemu.inject.TlpAction;
import org.iommuemu.inject.TlpField;
import org.iommuemu.inject.TlpMatch;
import org.iommuemu.inject.TlpRule;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.memory.RangeState;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.smmuv3.spec.PriEntry;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.time.RandomStream;
import org.iommuemu.vtd.spec.PageRequestDescriptor;

/** Steps after which something goes wrong: the {@code nth} thing of a kind that comes from then on. */
final class Faults {
    private static final int PAGE_SHIFT = 12;
    private static final long PATIENCE = Picoseconds.ofNanoseconds(100_000);

    private Faults() {}

    private static void tlp(World w, TlpKind kind, int nth, TlpAction action) {
        String name = action.getClass().getSimpleName() + " " + kind;
        w.inject(new TlpRule(w.newRule(name), TlpMatch.of(kind), Occasion.nth(nth + 1), action));
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
            w.devices().repeat();
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
            long end = data ? World.GUESTS : World.FRAMES;
            RangeState answer = poison ? RangeState.POISONED : RangeState.ABSENT;
            if (!data) {
                w.devices().tablesFail();
            }
            w.inject(new MemoryRule(
                    w.newRule((data ? "data " : "tables ") + answer),
                    first,
                    end - first,
                    Occasion.nth(nth + 1),
                    answer));
        }
    }

    /** A queue that software reads is full for a time: that of events, or that of page requests. */
    record FillQueue(boolean pages, int nanoseconds) implements Operation {
        @Override
        public void run(World w) {
            if (pages || w.machine().smmu() != null) {
                QueueFullRule.Queue queue = pages ? QueueFullRule.Queue.PAGE_REQUEST : QueueFullRule.Queue.EVENT;
                long now = w.machine().loop().now();
                long until = now + Picoseconds.ofNanoseconds(nanoseconds + 1);
                w.inject(new QueueFullRule(w.newRule(queue + " queue full"), queue, now, until));
            }
        }
    }

    /** The group index of a page request flips a bit in the queue, so that the answer is for another group. */
    record FlipGroup(int entry, int bit) implements Operation {
        @Override
        public void run(World w) {
            long bits = w.machine().smmu() != null
                    ? PriEntry.PRG_INDEX.of(1L << bit)
                    : PageRequestDescriptor.PRGI.of(1L << bit);
            long bytes = w.machine().smmu() != null ? PriEntry.BYTES : PageRequestDescriptor.BYTES;
            long at = w.pageRequestQueue() + bytes * entry + Long.BYTES;
            w.inject(new FlipRule(w.newRule("flip"), at, bits, 0, FlipRule.Trigger.WRITE, 1));
        }
    }

    /** The next of the IOMMU's own interrupts is lost: of faults, of page requests, of errors. */
    record LoseInterrupt(int which) implements Operation {
        private static final List<String> SMMU = List.of("eventq", "priq", "gerror");
        private static final List<String> VTD = List.of("fault", "page-request");

        @Override
        public void run(World w) {
            List<String> lines = w.machine().smmu() != null ? SMMU : VTD;
            w.inject(new InterruptRule(w.newRule("interrupt"), lines.get(which % lines.size()), Occasion.nth(1)));
        }
    }

    /** A function is pulled out. */
    record Remove(int function) implements Operation {
        @Override
        public void run(World w) {
            happen(w, function, FunctionRule.Event.REMOVED);
        }
    }

    /** A function is reset, of which software learns nothing. */
    record ResetSuddenly(int function) implements Operation {
        @Override
        public void run(World w) {
            happen(w, function, FunctionRule.Event.RESET);
            w.devices().wasReset(function);
        }
    }

    private static void happen(World w, int function, FunctionRule.Event event) {
        long now = w.machine().loop().now();
        w.inject(new FunctionRule(w.newRule(event.name()), Devices.requester(function), event, now));
        w.pass(0);
    }

    /** Software takes a PASID away that its function has not stopped using. */
    record TakePasid(int function, int pasid) implements Operation {
        @Override
        public void run(World w) {
            if (pasid != 0) {
                long now = w.machine().loop().now();
                w.inject(new PasidRule(w.newRule("PASID taken"), Devices.requester(function), pasid, now));
                w.pass(0);
            }
        }
    }

    /** A function that may not use ATS sends a request with AT=10 all the same, for memory that others have, or nobody. */
    record GoRogue(int function, int page, boolean write) implements Operation {
        @Override
        public void run(World w) {
            if (w.software().distrust(function)) {
                w.devices().rogue();
                long now = w.machine().loop().now();
                long at = World.FRAMES + 4096L * page;
                w.inject(new RogueRule(w.newRule("rogue"), Devices.requester(function), at, 8, write, now));
            }
        }
    }

    /** Software forbids a function to send requests, which it may do again when it is reset. */
    record StopBusMaster(int function) implements Operation {
        @Override
        public void run(World w) {
            w.devices().stopBusMaster(function);
        }
    }

    /** More invalidations at once than a function has ITags, while it reads. */
    record InvalidateMuch(int function, int pasid, int page) implements Operation {
        private static final int COUNT = 40;

        @Override
        public void run(World w) {
            w.devices().read(function, pasid, w.iova(page), PageContents.PAGE);
            // Until the page is known, and data are on their way.
            w.pass(1_500);
            int stream = Devices.requester(function);
            for (int i = 0; i < COUNT; i++) {
                w.machine()
                        .bridge()
                        .invalidate(new AtcInvalidation(
                                -1, stream, Transaction.NO_SUBSTREAM, false, w.iova(page), PAGE_SHIFT));
            }
        }
    }

    /** Requests to memory and their completions. */
    private static final List<TlpKind> DATA = List.of(TlpKind.WRITE, TlpKind.READ, TlpKind.ATOMIC, TlpKind.COMPLETION);

    private static final List<TlpKind> WITH_DATA = List.of(TlpKind.WRITE, TlpKind.ATOMIC, TlpKind.COMPLETION);
    private static final List<TlpKind> ANY = List.of(TlpKind.values());

    /**
     * What may come late where ATS is on. Posted writes may not: Invalidate Completions must push them (PCIe §10.3). Nor may AtomicOps: a
     * function waits for them before it answers an invalidation, but not after a reset, in which it forgets them.
     */
    private static final List<TlpKind> LATE = without(ANY, TlpKind.WRITE, TlpKind.ATOMIC);

    /** What may come twice where ATS is on: not what writes, nor what ITags are known by, which are soon used again. */
    private static final List<TlpKind> TWICE = without(LATE, TlpKind.INVALIDATE_REQUEST, TlpKind.INVALIDATE_COMPLETION);

    /** What functions here send or get: no interrupts. */
    private static final List<TlpKind> SENT = without(ANY, TlpKind.INTERRUPT);

    private static final List<TlpKind> REPEATED =
            without(SENT, TlpKind.INVALIDATE_REQUEST, TlpKind.INVALIDATE_COMPLETION);

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
        return switch ((int) r.nextBelow(9)) {
            case 0 -> new Lose(one(r, ats ? ANY : DATA), nth);
            case 1 -> new Delay(one(r, ats ? LATE : DATA), nth, (int) r.nextBelow(20_000));
            case 2 -> new Repeat(one(r, ats ? TWICE : DATA), nth, (int) r.nextBelow(20_000));
            case 3 -> new Reorder(one(r, ats ? LATE : DATA), nth, (int) r.nextBelow(4));
            case 4 -> new Poison(one(r, WITH_DATA), nth);
            case 5 -> new FailMemory(r.nextBelow(2) == 0, r.nextBelow(2) == 0, nth);
            case 6 -> new FillQueue(ats && r.nextBelow(2) == 0, (int) r.nextBelow(20_000));
            case 7 -> other(r, functions, ats);
            default ->
                r.nextBelow(8) == 0
                        ? new Remove((int) r.nextBelow(functions))
                        : new LoseInterrupt((int) r.nextBelow(3));
        };
    }

    private static Operation other(RandomStream r, int functions, boolean ats) {
        int f = (int) r.nextBelow(functions);
        return switch ((int) r.nextBelow(6)) {
            case 4 -> new StopBusMaster(f);
            case 5 -> ats ? new InvalidateMuch(f, 0, (int) r.nextBelow(4)) : new StopBusMaster(f);
            case 0 -> new ResetSuddenly(f);
            case 1 -> new TakePasid(f, (int) r.nextBelow(3));
            case 2 -> new GoRogue(f, (int) r.nextBelow(16), r.nextBelow(2) == 0);
            default -> ats ? new FlipGroup((int) r.nextBelow(4), (int) r.nextBelow(9)) : new GoRogue(f, 1, true);
        };
    }

    /** All that is to go wrong sooner or later. */
    static List<String> goals(Setting.Architecture architecture) {
        List<String> goals = new ArrayList<>(List.of("interrupt", "flip", "PASID taken", "rogue"));
        for (String action : List.of("Drop", "Delay", "Duplicate", "Reorder")) {
            List<TlpKind> kinds = action.equals("Duplicate") ? REPEATED : SENT;
            kinds.forEach(kind -> goals.add(action + " " + kind));
        }
        WITH_DATA.forEach(kind -> goals.add("Corrupt " + kind));
        for (String memory : List.of("data ", "tables ")) {
            goals.add(memory + RangeState.ABSENT);
            goals.add(memory + RangeState.POISONED);
        }
        for (FunctionRule.Event event : FunctionRule.Event.values()) {
            goals.add(event.name());
        }
        goals.add(QueueFullRule.Queue.PAGE_REQUEST + " queue full");
        if (architecture == Setting.Architecture.SMMUV3) {
            goals.add(QueueFullRule.Queue.EVENT + " queue full");
        }
        return goals;
    }
}
