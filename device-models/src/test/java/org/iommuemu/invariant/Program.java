// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.List;
import java.util.stream.Collectors;
import org.iommuemu.time.RandomStream;

/** Steps, and the machine that they are done on. */
record Program(Setting setting, List<Operation> steps) {
    /** More than an event queue of 2^10 takes. */
    private static final int MOST_IN_A_STORM = 1_500;

    private static final int PAGES = World.REGIONS * World.PAGES_OF_REGION;

    static Program of(Setting setting, Operation... steps) {
        return new Program(setting, List.of(steps));
    }

    Program with(List<Operation> other) {
        return new Program(setting, other);
    }

    /** A program out of a seed. */
    static Program random(Setting setting, long seed, int count) {
        return random(setting, seed, count, 0);
    }

    /**
     * A program out of a seed.
     *
     * @param faults how many in a hundred steps make something go wrong
     */
    static Program random(Setting setting, long seed, int count, int faults) {
        RandomStream r = new RandomStream(seed);
        // Few functions, address spaces and pages meet more often.
        int functions = 1 + (int) r.nextBelow(World.FUNCTIONS);
        int pasids = 1 + (int) r.nextBelow(setting.pasids());
        int pages = 1 << r.nextBelow(5);
        boolean ats = r.nextBelow(3) != 0;
        Operation[] steps = new Operation[count];
        for (int i = 0; i < count; i++) {
            int f = (int) r.nextBelow(functions);
            int p = (int) r.nextBelow(pasids);
            int page = (int) (r.nextBelow(Math.min(pages, PAGES)) * (pages <= 4 ? 5 : 1)) % PAGES;
            steps[i] = r.nextBelow(100) < faults ? Faults.random(r, functions, ats) : step(r, f, p, page, ats);
        }
        return of(setting, steps);
    }

    private static Operation step(RandomStream r, int f, int p, int page, boolean ats) {
        int kind = (int) r.nextBelow(100);
        boolean one = r.nextBelow(4) != 0;
        if (kind < 16) {
            return new Operations.MapPage(f, p, page, one);
        } else if (kind < 18) {
            return new Operations.MapBlock(f, p, page, one);
        } else if (kind < 26) {
            return new Operations.Unmap(f, p, page);
        } else if (kind < 29) {
            return new Operations.UnmapPages(f, p, page, 1 + (int) r.nextBelow(World.PAGES_OF_REGION));
        } else if (kind < 33) {
            return new Operations.Protect(f, p, page);
        } else if (kind < 50) {
            return new Operations.Read(f, p, page, (int) r.nextBelow(4096), size(r, 1));
        } else if (kind < 66) {
            return new Operations.Write(f, p, page, (int) r.nextBelow(512), size(r, 8));
        } else if (kind < 70) {
            return new Operations.Swap(f, p, page, (int) r.nextBelow(512));
        } else if (kind < (ats ? 95 : 98)) {
            return new Operations.Wait((int) r.nextBelow(r.nextBelow(4) == 0 ? 4000 : 300));
        } else if (kind < 99) {
            return ats ? translation(r, f, p) : new Operations.Reset(f);
        } else if (r.nextBelow(20) == 0) {
            return new Operations.Storm(f, p, page, 1 + (int) r.nextBelow(MOST_IN_A_STORM));
        }
        return new Operations.TakeFaults();
    }

    /** ATS, PRI and PASIDs on and off. */
    private static Operation translation(RandomStream r, int f, int p) {
        boolean one = r.nextBelow(2) == 0;
        return switch ((int) r.nextBelow(16)) {
            case 0, 1, 2, 3, 4 -> new Operations.EnableAts(f);
            case 5, 6, 7 -> new Operations.EnablePageRequests(f);
            case 8, 9 -> new Operations.ServePages(one);
            case 10 -> new Operations.DisableAts(f);
            case 11 -> new Operations.Reset(f);
            default -> p == 0 ? new Operations.EnableAts(f) : new Operations.Unbind(f, p, one);
        };
    }

    /** Mostly short; some that take several TLPs and cross pages. */
    private static int size(RandomStream r, int unit) {
        return Math.max(1, (int) r.nextBelow(r.nextBelow(8) == 0 ? 6000 : 256) / unit);
    }

    /** As it is written in Java. */
    String asJava() {
        return steps.stream()
                .map(Operation::asJava)
                .collect(Collectors.joining(",\n        ", "Program.of(" + setting.asJava() + ",\n        ", ")"));
    }
}
