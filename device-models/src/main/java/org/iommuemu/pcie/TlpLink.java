// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * A link in events: what is sent at one end arrives at the other, in {@link PcieLink}'s times. A TLP waits for its credits, which come
 * back when the receiver has drained it. What waits goes in the order that {@link TransmitQueue} allows, and arrives in the order in which it went.
 *
 * <p>Where a whole transfer's way is known when it begins, as in a replay, PcieLink alone does the same without events.
 */
public final class TlpLink {
    private final EventLoop loop;
    private final PcieLink times;
    private final long update;
    private final TransmitQueue upward;
    private final TransmitQueue downward;
    private final List<Consumer<Tlp>> arrivals = new ArrayList<>();
    private LinkTap tap = LinkTap.NONE;
    private TlpReceiver host = (tlp, buffer) -> buffer.drained(0);
    private TlpReceiver device = (tlp, buffer) -> buffer.drained(0);
    private boolean down;
    private long generation;
    private long lost;
    private long lastUp;
    private long lastDown;
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
        upward = new TransmitQueue(
                credits.postedUp(), credits.nonPostedUp(), FlowControl.Pool.INFINITE, tlp -> carry(tlp, true));
        downward = new TransmitQueue(
                credits.postedDown(), FlowControl.Pool.INFINITE, credits.completionsDown(), tlp -> carry(tlp, false));
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
        up(tlp, () -> {});
    }

    /** Sends a TLP towards the device. */
    public void down(Tlp tlp) {
        down(tlp, () -> {});
    }

    /** Sends a TLP towards the host; {@code gone} is called when it has left, or is lost. */
    void up(Tlp tlp, Runnable gone) {
        send(upward, tlp, gone);
    }

    /** Sends a TLP towards the device; {@code gone} is called when it has left, or is lost. */
    void down(Tlp tlp, Runnable gone) {
        send(downward, tlp, gone);
    }

    /**
     * Has something run when the posted TLPs that were sent towards the host before are all on the wire: devices hold what they write
     * until then. If the device goes, it runs too.
     */
    public void afterPosted(Runnable what) {
        upward.afterPosted(() -> loop.schedule(Math.max(loop.now(), postedEnd), (time, data) -> what.run(), 0));
    }

    private void send(TransmitQueue queue, Tlp tlp, Runnable gone) {
        if (down) {
            lost++;
            gone.run();
        } else {
            queue.send(tlp, gone);
        }
    }

    private void carry(Tlp tlp, boolean up) {
        long booked = times.carry(tlp.kind(), up, loop.now(), tlp.dataBytes(), tlp.hasPasid());
        // A link's order is that of sending, also where two found room in one window of its bandwidth.
        long arrival = Math.max(booked, up ? lastUp : lastDown);
        if (up) {
            lastUp = arrival;
        } else {
            lastDown = arrival;
        }
        if (up && tlp.kind().flow() == TlpKind.Flow.POSTED) {
            postedEnd = arrival - times.propagation();
        }
        long sent = generation;
        boolean[] settled = {false};
        boolean[] held = {false};
        tap.carry(tlp, up, arrival, (what, at) -> {
            // Only the TLP itself holds credits, however often it is repeated, whatever becomes of it.
            boolean first = !settled[0];
            settled[0] = true;
            lost -= held[0] ? 1 : 0;
            held[0] = false;
            arriveAt(sent, Math.max(at, loop.now()), what, up, first ? tlp : null);
        });
        if (!settled[0]) {
            settled[0] = true;
            held[0] = true; // lost, unless the tap delivers it later
            lost++;
            credit(tlp, up, arrival, sent);
        }
    }

    /** Shows every TLP that arrives at either end from now on. */
    public void onArrival(Consumer<Tlp> observer) {
        arrivals.add(observer);
    }

    private void arriveAt(long sent, long at, Tlp what, boolean up, @Nullable Tlp holder) {
        loop.schedule(
                at,
                (time, data) -> {
                    if (sent != generation) {
                        lost++;
                        return;
                    }
                    for (Consumer<Tlp> observer : arrivals) {
                        observer.accept(what);
                    }
                    (up ? host : device).receive(what, drained -> {
                        if (holder != null) {
                            credit(holder, up, Math.max(drained, time), sent);
                        }
                    });
                },
                0);
    }

    /** Credits that a TLP took before the link went down are those of another life: all are back since. */
    private void credit(Tlp tlp, boolean up, long at, long sent) {
        loop.schedule(
                Math.max(loop.now(), at + update),
                (time, data) -> {
                    if (sent == generation) {
                        (up ? upward : downward).credit(tlp);
                    }
                },
                0);
    }

    /** The device is gone: what is under way is lost, and what is sent from now on. */
    public void remove() {
        down = true;
        generation++;
        upward.clear();
        downward.clear();
    }

    /** The link is up again, with nothing under way: a device was put in, or a hot reset has ended. */
    public void restore() {
        down = false;
    }

    /** Whether the device is gone, or held in reset. */
    public boolean isDown() {
        return down;
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
