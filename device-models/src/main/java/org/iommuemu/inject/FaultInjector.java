// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.LinkTap;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Requester;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpLink;
import org.iommuemu.platform.Platform;
import org.iommuemu.time.RandomStream;
import org.jspecify.annotations.Nullable;

/**
 * Does to a machine what rules say, and keeps what it did. It sits on the links of all functions that are there when it is made or that
 * it is told of, and is the machine's only {@link org.iommuemu.pcie.LinkTap} and memory guard.
 */
public final class FaultInjector {
    /** How software takes a PASID away. */
    @FunctionalInterface
    public interface PasidOwner {
        /** The PASID of a function is free, now. */
        void free(int requester, int pasid);
    }

    private final Platform platform;
    private final RandomStream random;
    private final FaultLog log;
    private final TlpFaults tlps;
    private final MemoryFaults memory;
    private final QueueFaults queues;
    private final Set<TlpLink> links = Collections.newSetFromMap(new IdentityHashMap<>());
    private final List<OccasionCounter> lineCounters = new ArrayList<>();
    private final List<InterruptRule> lineRules = new ArrayList<>();
    private @Nullable PasidOwner owner;
    private long added;

    /**
     * Injects a plan into a machine from now on; times that have passed are now.
     *
     * @throws IllegalArgumentException naming a rule that the machine cannot follow
     */
    public FaultInjector(Platform platform, FaultPlan plan) {
        this(platform, plan, null);
    }

    /** The same, with who takes PASIDs away. */
    public FaultInjector(Platform platform, FaultPlan plan, @Nullable PasidOwner owner) {
        this.platform = platform;
        this.owner = owner;
        random = new RandomStream(plan.seed());
        log = new FaultLog(platform.loop());
        tlps = new TlpFaults(platform.loop(), log);
        memory = new MemoryFaults(platform.memory(), platform.loop(), log);
        queues = new QueueFaults(platform, log);
        platform.functions().forEach(this::attach);
        plan.rules().forEach(this::add);
    }

    /** Sits on the link of a function that was added later. */
    public void attach(PciFunction function) {
        if (links.add(function.link())) {
            function.link().tap(tlps.tap());
        }
    }

    /** What it does on one link, for who has that link's tap and hands on to it. */
    public LinkTap tap() {
        return tlps.tap();
    }

    /** Says who takes PASIDs away for {@link PasidRule}s that are added from now on. */
    public void onPasidFreed(PasidOwner by) {
        owner = by;
    }

    /**
     * Adds a rule, from now on; a time that has passed is now.
     *
     * @throws IllegalArgumentException naming the rule, if the machine cannot follow it
     */
    public void add(FaultRule rule) {
        RandomStream own = random.split(added++);
        if (rule instanceof TlpRule r) {
            tlps.add(r, own);
        } else if (rule instanceof MemoryRule r) {
            memory.add(r, own);
        } else if (rule instanceof FlipRule r) {
            memory.add(r, own);
        } else if (rule instanceof QueueFullRule r) {
            queues.add(r);
        } else if (rule instanceof InterruptRule r) {
            lineRules.add(r);
            lineCounters.add(new OccasionCounter(r.when(), own));
            platform.wires(this::arrives);
        } else if (rule instanceof FunctionRule r) {
            PciFunction function = function(r.name(), r.requester());
            at(r.at(), () -> happen(r, function));
        } else if (rule instanceof RogueRule r) {
            PciFunction function = function(r.name(), r.requester());
            at(r.at(), () -> go(r, function));
        } else if (rule instanceof PasidRule r) {
            PasidOwner by = owner;
            if (by == null) {
                throw new IllegalArgumentException(
                        "rule " + r.name() + ": nobody takes PASIDs away; expected software that does");
            }
            at(r.at(), () -> {
                log.add(r.name(), "PASID " + r.pasid() + " of 0x" + Integer.toHexString(r.requester()) + " is freed");
                by.free(r.requester(), r.pasid());
            });
        }
    }

    private void at(long time, Runnable what) {
        platform.loop().schedule(Math.max(time, platform.loop().now()), (now, data) -> what.run(), 0);
    }

    private PciFunction function(String rule, int requester) {
        for (PciFunction f : platform.functions()) {
            if (f.id() == requester) {
                return f;
            }
        }
        throw new IllegalArgumentException(
                "rule " + rule + ": requester is 0x" + Integer.toHexString(requester) + "; expected one that is there");
    }

    private void happen(FunctionRule r, PciFunction function) {
        if (r.event() == FunctionRule.Event.REMOVED) {
            log.add(r.name(), "0x" + Integer.toHexString(r.requester()) + " is removed");
            function.link().remove();
        } else {
            log.add(r.name(), "0x" + Integer.toHexString(r.requester()) + " is reset");
            function.reset();
        }
    }

    private void go(RogueRule r, PciFunction function) {
        String what = "translated " + (r.write() ? "write" : "read") + " of 0x" + Integer.toHexString(r.requester())
                + " at 0x" + Long.toHexString(r.address());
        log.add(r.name(), what);
        Requester requester = function.requester();
        if (r.write()) {
            byte[] ones = new byte[r.bytes()];
            Arrays.fill(ones, (byte) 0xFF);
            requester.write(Tlp.AddressType.TRANSLATED, r.address(), ones, Transaction.NO_SUBSTREAM, Access.WRITE);
        } else {
            requester.read(
                    Tlp.AddressType.TRANSLATED,
                    r.address(),
                    r.bytes(),
                    Transaction.NO_SUBSTREAM,
                    Access.READ,
                    (outcome, data) -> log.add(r.name(), what + " ended as " + outcome));
        }
    }

    private boolean arrives(String line) {
        boolean arrives = true;
        for (int i = 0; i < lineRules.size(); i++) {
            if (lineRules.get(i).line().equals(line)
                    && lineCounters.get(i).isHit(platform.loop().now())) {
                arrives = false;
                log.add(lineRules.get(i).name(), "interrupt on " + line + " is lost");
            }
        }
        return arrives;
    }

    /** What was done so far, oldest first. */
    public List<InjectedFault> injected() {
        return log.faults();
    }
}
