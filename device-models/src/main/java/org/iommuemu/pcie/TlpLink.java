// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.EnumMap;
import java.util.Map;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * A link in events: what is sent at one end arrives at the other, in {@link PcieLink}'s times. A TLP waits for its credits, which come
 * back when the receiver has drained it. Posted requests, non-posted requests and completions wait apart from each other.
 *
 * <p>Where a whole transfer's way is known when it begins, as in a replay, PcieLink alone does the same without events.
 */
public final class TlpLink {
    private final EventLoop loop;
    private final PcieLink times;
    private final long update;
    private final Map<TlpKind.Flow, CreditGate> upward = new EnumMap<>(TlpKind.Flow.class);
    private final Map<TlpKind.Flow, CreditGate> downward = new EnumMap<>(TlpKind.Flow.class);
    private LinkTap tap = LinkTap.NONE;
    private TlpReceiver host = (tlp, buffer) -> buffer.drained(0);
    private TlpReceiver device = (tlp, buffer) -> buffer.drained(0);
    private boolean down;
    private long generation;
    private long lost;
    private long postedEnd;

    /**
     * An idle link that leads nowhere.
     *
     * @param times with infinite credits
     * @param credits as advertised
     */
    public TlpLink(EventLoop loop, PcieLink times, FlowControl credits) {
        this.loop = loop;
        this.times = times;
        update = credits.update();
        upward.put(TlpKind.Flow.POSTED, new CreditGate(credits.postedUp(), tlp -> carry(tlp, true)));
        upward.put(TlpKind.Flow.NON_POSTED, new CreditGate(credits.nonPostedUp(), tlp -> carry(tlp, true)));
        upward.put(TlpKind.Flow.COMPLETION, new CreditGate(FlowControl.Pool.INFINITE, tlp -> carry(tlp, true)));
        downward.put(TlpKind.Flow.POSTED, new CreditGate(credits.postedDown(), tlp -> carry(tlp, false)));
        downward.put(TlpKind.Flow.NON_POSTED, new CreditGate(FlowControl.Pool.INFINITE, tlp -> carry(tlp, false)));
        downward.put(TlpKind.Flow.COMPLETION, new CreditGate(credits.completionsDown(), tlp -> carry(tlp, false)));
    }

    /** Says who is at the upper end. */
    public void connectHost(TlpReceiver receiver) {
        host = receiver;
    }

    /** Says who is at the lower end. */
    public void connectDevice(TlpReceiver receiver) {
        device = receiver;
    }

    /** Lets somebody touch what is carried from now on. */
    public void tap(LinkTap by) {
        tap = by;
    }

    /** Sends a TLP towards the host. */
    public void up(Tlp tlp) {
        send(upward, tlp);
    }

    /** Sends a TLP towards the device. */
    public void down(Tlp tlp) {
        send(downward, tlp);
    }

    /**
     * Has something run when the posted TLPs that were sent towards the host before are all on the wire: devices hold what they write
     * until then. If the device goes, it runs too.
     */
    public void afterPosted(Runnable what) {
        upward.get(TlpKind.Flow.POSTED)
                .behind(() -> loop.schedule(Math.max(loop.now(), postedEnd), (time, data) -> what.run(), 0));
    }

    private void send(Map<TlpKind.Flow, CreditGate> gates, Tlp tlp) {
        if (down) {
            lost++;
        } else {
            gate(gates, tlp).send(tlp);
        }
    }

    private static CreditGate gate(Map<TlpKind.Flow, CreditGate> gates, Tlp tlp) {
        return gates.get(tlp.kind().flow());
    }

    private void carry(Tlp tlp, boolean up) {
        long arrival = times.send(tlp.kind(), loop.now(), tlp.dataBytes(), tlp.hasPasid());
        if (up && tlp.kind().flow() == TlpKind.Flow.POSTED) {
            postedEnd = arrival - times.propagation();
        }
        boolean[] delivered = {false};
        tap.carry(tlp, up, arrival, (what, at) -> {
            // Only the TLP itself holds credits, however often it is repeated, whatever becomes of it.
            boolean first = !delivered[0];
            delivered[0] = true;
            arriveAt(Math.max(at, loop.now()), what, up, first ? tlp : null);
        });
        if (!delivered[0]) {
            lost++;
            credit(tlp, up, arrival);
        }
    }

    private void arriveAt(long at, Tlp what, boolean up, @Nullable Tlp holder) {
        long sent = generation;
        loop.schedule(
                at,
                (time, data) -> {
                    if (sent != generation) {
                        lost++;
                        return;
                    }
                    (up ? host : device).receive(what, drained -> {
                        if (holder != null) {
                            credit(holder, up, Math.max(drained, time));
                        }
                    });
                },
                0);
    }

    private void credit(Tlp tlp, boolean up, long at) {
        long sent = generation;
        loop.schedule(
                Math.max(loop.now(), at + update),
                (time, data) -> {
                    if (sent == generation) {
                        gate(up ? upward : downward, tlp).credit(tlp);
                    }
                },
                0);
    }

    /** The device is gone: what is under way is lost, and what is sent from now on. */
    public void remove() {
        down = true;
        generation++;
        upward.values().forEach(CreditGate::clear);
        downward.values().forEach(CreditGate::clear);
    }

    /** TLPs that did not arrive. */
    public long lost() {
        return lost;
    }

    /** Its times. */
    public PcieLink times() {
        return times;
    }
}
