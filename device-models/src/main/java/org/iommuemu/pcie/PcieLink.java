// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.time.Bandwidth;
import org.iommuemu.time.ByteRate;
import org.iommuemu.time.Resource;

/**
 * A link in time: both directions carry TLPs one behind the other at the rate that DLLPs leave, and each TLP arrives a propagation
 * time after its last byte has gone. All times in ps.
 *
 * <p>A TLP waits for its flow-control credits, then for those before it in its direction. Its credits are held until its receiver
 * has {@link #drained} it, and for the time of an UpdateFC.
 */
public final class PcieLink {
    private final LinkParameters parameters;
    private final long propagation;
    private final int completionBytes;
    /** Data of a completion that begins and ends at a Read Completion Boundary. */
    private final int boundedBytes;

    private final ByteRate rate;
    private final Bandwidth up;
    private final Bandwidth down;
    private final KindWaiters upward;
    private final KindWaiters downward;
    private final CreditPool postedUp;
    private final CreditPool nonPostedUp;
    private final CreditPool postedDown;
    private final CreditPool completionsDown;
    /** Ends are rounded up to the picosecond, and so are durations. */
    private static final long ROUNDING = 2;

    private int aloneBytes;
    private long aloneTime;

    /**
     * An idle link with infinite credits.
     *
     * @param parameters as configured
     * @param propagation one way, in ps, with what the ports take
     * @param completionBytes how much data the root complex puts into one completion at most
     */
    public PcieLink(LinkParameters parameters, long propagation, int completionBytes) {
        this("link", parameters, FlowControl.INFINITE, propagation, completionBytes);
    }

    /**
     * An idle link.
     *
     * @param name what reports call it
     * @param parameters as configured
     * @param credits as advertised
     * @param propagation one way, in ps, with what the ports take
     * @param completionBytes how much data the root complex puts into one completion at most
     * @throws IllegalArgumentException if there are too few credits for the largest TLP
     */
    public PcieLink(
            String name, LinkParameters parameters, FlowControl credits, long propagation, int completionBytes) {
        this.parameters = parameters;
        this.propagation = propagation;
        this.completionBytes =
                Math.max(parameters.readCompletionBoundary(), Math.min(completionBytes, parameters.maxPayload()));
        boundedBytes = this.completionBytes & -parameters.readCompletionBoundary();
        rate = ByteRate.bitsPerSecond(Math.round(parameters.tlpBitsPerSecond()));
        up = new Bandwidth(name + " up", rate);
        down = new Bandwidth(name + " down", rate);
        upward = new KindWaiters(up);
        downward = new KindWaiters(down);
        int payload = parameters.maxPayload();
        long update = credits.update();
        postedUp = new CreditPool(name + " up posted", credits.postedUp(), update, payload);
        nonPostedUp = new CreditPool(name + " up non-posted", credits.nonPostedUp(), update, TlpKind.ATOMIC_DATA);
        postedDown = new CreditPool(name + " down posted", credits.postedDown(), update, FlowControl.UNIT);
        completionsDown =
                new CreditPool(name + " down completion", credits.completionsDown(), update, this.completionBytes);
    }

    /**
     * Sends one TLP; {@link #drained} must follow before another of the same direction and kind of credits is sent.
     *
     * @param data bytes of payload, within what fits into one
     * @param pasid whether it carries a PASID TLP prefix
     * @return when it is at the other end
     */
    public long send(TlpKind kind, long at, int data, boolean pasid) {
        return carry(kind, kind.direction() == TlpKind.Direction.UP, pool(kind).take(kind, data, at), data, pasid);
    }

    /** Sends one TLP in either direction, for which there are credits; returns when it is at the other end. */
    long carry(TlpKind kind, boolean upwards, long at, int data, boolean pasid) {
        int bytes = parameters.tlpBytes(kind, data, pasid);
        long end = upwards ? up.transfer(upward.of(kind), at, bytes) : down.transfer(downward.of(kind), at, bytes);
        return end + propagation;
    }

    /** The receiver has taken the TLP that was sent last, of this kind and with this much data, out of its buffer. */
    public void drained(TlpKind kind, long at, int data) {
        pool(kind).drained(data, at);
    }

    private CreditPool pool(TlpKind kind) {
        boolean upwards = kind.direction() == TlpKind.Direction.UP;
        return switch (kind.flow()) {
            case POSTED -> upwards ? postedUp : postedDown;
            case NON_POSTED -> nonPostedUp;
            case COMPLETION -> completionsDown;
        };
    }

    /** How long TLPs of so many bytes on the wire, one behind the other, take to the other end if they need not wait. */
    public long alone(int bytes) {
        if (bytes != aloneBytes) { // Mostly they are of the same size, and a division takes long.
            aloneBytes = bytes;
            aloneTime = rate.timeOf(bytes) + propagation;
        }
        return aloneTime;
    }

    /** Sends a write of any length, which is drained as it comes; returns when its last TLP is at the root complex. */
    public long write(long at, int bytes) {
        long end = at;
        for (int sent = 0; sent < bytes; sent += parameters.maxPayload()) {
            int payload = Math.min(parameters.maxPayload(), bytes - sent);
            end = send(TlpKind.WRITE, at, payload, false);
            drained(TlpKind.WRITE, end, payload);
        }
        return end;
    }

    /** Sends what asks for a read of any length, drained as it comes; returns when the last request is at the root complex. */
    public long requestRead(long at, int bytes) {
        long end = at;
        for (int asked = 0; asked < bytes; asked += parameters.maxReadRequest()) {
            end = send(TlpKind.READ, at, 0, false);
            drained(TlpKind.READ, end, 0);
        }
        return end;
    }

    /** Sends the data of a read from an address that is a multiple of the Read Completion Boundary. */
    public long complete(long at, int bytes) {
        return complete(at, 0, bytes);
    }

    /**
     * Sends the data of a read from the root complex, cut where the Read Completion Boundary lets it; the device takes them as they
     * come.
     *
     * @param address of the first byte
     * @return when the last completion is at the device
     */
    public long complete(long at, long address, int bytes) {
        long end = at;
        int rest = bytes;
        for (int next = firstCompletion(address, bytes); rest > 0; next = nextCompletion(rest)) {
            long booked = completion(TlpKind.COMPLETION, at, next);
            // Behind the one before it, also where both found room in one window among others that were booked for
            // later.
            end = rest == bytes ? booked : Math.max(booked, end + own(next) - ROUNDING);
            rest -= next;
        }
        return end;
    }

    /** How long a completion with so much data is on the wire. */
    private long own(int data) {
        return alone(parameters.tlpBytes(TlpKind.COMPLETION, data, false)) - propagation;
    }

    /** Into how many completions the data of a read are cut, see {@link #complete(long, long, int)}. */
    public int completions(long address, int bytes) {
        return 1 + (bytes - firstCompletion(address, bytes) + boundedBytes - 1) / boundedBytes;
    }

    /** Bytes in the first completion, which ends at a Read Completion Boundary, or with the data. */
    public int firstCompletion(long address, int bytes) {
        int into = (int) address & parameters.readCompletionBoundary() - 1;
        return Math.min(bytes, (into + completionBytes & -parameters.readCompletionBoundary()) - into);
    }

    /** Bytes in a further completion, if there are so many still to send. */
    public int nextCompletion(int rest) {
        return Math.min(rest, boundedBytes);
    }

    /** Sends one completion, which the device takes as it comes; returns when it does. */
    public long completion(TlpKind kind, long at, int bytes) {
        long end = send(kind, at, bytes, false);
        drained(kind, end, bytes);
        return end;
    }

    /** One way, in ps. */
    public long propagation() {
        return propagation;
    }

    /** As configured. */
    public LinkParameters parameters() {
        return parameters;
    }

    /** Both directions, and the credits that are finite. */
    public List<Resource> resources() {
        List<Resource> all = new ArrayList<>(List.of(up, down));
        for (CreditPool pool : List.of(postedUp, nonPostedUp, postedDown, completionsDown)) {
            all.addAll(pool.resources());
        }
        return all;
    }
}
