// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.memory.AccessGuard;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.iommuemu.memory.WriteWatch;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.RandomStream;

/** Does to memory what rules say. */
final class MemoryFaults implements AccessGuard, WriteWatch {
    private record Failing(MemoryRule rule, OccasionCounter counter) {}

    private static final class Flip {
        private final FlipRule rule;
        private final RandomStream random;
        private long seen;

        Flip(FlipRule rule, RandomStream random) {
            this.rule = rule;
            this.random = random;
        }
    }

    private final PhysicalMemory memory;
    private final EventLoop loop;
    private final FaultLog log;
    private final List<Failing> failing = new ArrayList<>();
    private final List<Flip> onWrite = new ArrayList<>();
    private final List<Flip> onAccess = new ArrayList<>();
    private boolean guarding;
    private boolean watching;
    private boolean own;

    MemoryFaults(PhysicalMemory memory, EventLoop loop, FaultLog log) {
        this.memory = memory;
        this.loop = loop;
        this.log = log;
    }

    void add(MemoryRule rule, RandomStream random) {
        failing.add(new Failing(rule, new OccasionCounter(rule.when(), random)));
        guard();
    }

    void add(FlipRule rule, RandomStream random) {
        Flip flip = new Flip(rule, random);
        switch (rule.trigger()) {
            case TIME -> loop.schedule(Math.max(rule.n(), loop.now()), (time, data) -> flip(flip), 0);
            case WRITE -> {
                onWrite.add(flip);
                if (!watching) {
                    watching = true;
                    memory.watchWrites(this);
                }
            }
            case ACCESS -> {
                onAccess.add(flip);
                guard();
            }
        }
    }

    private void guard() {
        if (!guarding) {
            guarding = true;
            memory.guard(this);
        }
    }

    @Override
    public RangeState answer(long address, int length) {
        for (Flip f : onAccess) {
            if (f.rule.touches(address, length) && ++f.seen == f.rule.n()) {
                flip(f);
            }
        }
        RangeState answer = RangeState.PRESENT;
        for (Failing f : failing) {
            if (f.rule.touches(address, length) && f.counter.isHit(loop.now())) {
                answer = f.rule.answer();
                log.add(
                        f.rule.name(),
                        (answer == RangeState.ABSENT ? "no answer" : "poison") + " for " + length + " bytes at 0x"
                                + Long.toHexString(address));
            }
        }
        return answer;
    }

    @Override
    public void written(long address, int bytes) {
        if (own) {
            return;
        }
        for (Flip f : onWrite) {
            if (f.rule.touches(address, bytes) && ++f.seen == f.rule.n()) {
                flip(f);
            }
        }
    }

    private void flip(Flip f) {
        long mask = f.rule.bits() ^ RandomBits.draw(f.random, f.rule.random(), Long.SIZE);
        own = true;
        memory.writeLong(f.rule.address(), memory.readLong(f.rule.address()) ^ mask);
        own = false;
        log.add(
                f.rule.name(),
                "flipped bits 0x" + Long.toHexString(mask) + " at 0x" + Long.toHexString(f.rule.address()));
    }
}
