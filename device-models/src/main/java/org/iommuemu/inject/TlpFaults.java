// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.iommuemu.pcie.LinkTap;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.RandomStream;

/** Does to the TLPs of all links what rules say. */
final class TlpFaults {
    private record Active(TlpRule rule, OccasionCounter counter, RandomStream bits) {}

    private static final class Held {
        private final Tlp tlp;
        private final boolean up;
        private final long arrival;
        private final LinkTap.Delivery wire;
        private int left;

        Held(Tlp tlp, boolean up, long arrival, LinkTap.Delivery wire, int left) {
            this.tlp = tlp;
            this.up = up;
            this.arrival = arrival;
            this.wire = wire;
            this.left = left;
        }
    }

    private final EventLoop loop;
    private final FaultLog log;
    private final List<Active> rules = new ArrayList<>();

    TlpFaults(EventLoop loop, FaultLog log) {
        this.loop = loop;
        this.log = log;
    }

    void add(TlpRule rule, RandomStream random) {
        rules.add(new Active(rule, new OccasionCounter(rule.when(), random.split(0)), random.split(1)));
    }

    /** What sits on one link. */
    LinkTap tap() {
        List<Held> held = new ArrayList<>();
        return (tlp, up, arrival, wire) -> {
            carry(held, tlp, up, arrival, wire);
        };
    }

    private void carry(List<Held> held, Tlp tlp, boolean up, long arrival, LinkTap.Delivery wire) {
        List<Held> before = List.copyOf(held);
        Active hit = null;
        for (Active a : rules) {
            boolean here = a.rule.match().matches(tlp, up) && a.counter.isHit(loop.now());
            hit = hit == null && here ? a : hit;
        }
        if (hit == null) {
            wire.deliver(tlp, arrival);
        } else {
            act(hit, held, tlp, up, arrival, wire);
        }
        // Those that wait for others to pass: this one has.
        for (Held h : before) {
            if (h.up == up && --h.left == 0 && held.remove(h)) {
                h.wire.deliver(h.tlp, Math.max(h.arrival, arrival));
            }
        }
    }

    private void act(Active a, List<Held> held, Tlp tlp, boolean up, long arrival, LinkTap.Delivery wire) {
        TlpAction action = a.rule.action();
        String done = "dropped ";
        if (action instanceof TlpAction.Delay d) {
            wire.deliver(tlp, arrival + d.time());
            done = "delayed by " + d.time() + " ps ";
        } else if (action instanceof TlpAction.Duplicate d) {
            wire.deliver(tlp, arrival);
            wire.deliver(tlp, arrival + d.after());
            done = "repeated after " + d.after() + " ps ";
        } else if (action instanceof TlpAction.Reorder r) {
            hold(held, new Held(tlp, up, arrival, wire, r.later()), arrival + r.patience());
            done = "held back behind " + r.later() + " ";
        } else if (action instanceof TlpAction.Corrupt c) {
            TlpCorruption corruption = new TlpCorruption(c, a.bits);
            wire.deliver(corruption.apply(tlp), arrival);
            done = "flipped " + corruption.what() + " of ";
        }
        log.add(a.rule.name(), done + TlpText.of(tlp));
    }

    private void hold(List<Held> held, Held h, long until) {
        held.add(h);
        loop.schedule(
                until,
                (time, data) -> {
                    for (Iterator<Held> i = held.iterator(); i.hasNext(); ) {
                        if (i.next() == h) {
                            i.remove();
                            h.wire.deliver(h.tlp, time);
                            return;
                        }
                    }
                },
                0);
    }
}
