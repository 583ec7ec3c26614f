// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.pcie.LinkTap;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.time.EventLoop;

/** Watches a link, and carries everything as it is: requests outstanding, and how long they are. All times in ps. */
final class LinkMeter implements LinkTap {
    private record Asked(long at, boolean read) {}

    private final EventLoop loop;
    private final Int2ObjectHashMap<Asked> outstanding = new Int2ObjectHashMap<>();
    private long since;
    private long changed;
    private long tagTime;
    private long reads;
    private long readTime;
    private long tlps;
    private long wireTime;

    LinkMeter(EventLoop loop) {
        this.loop = loop;
    }

    /** Begins to count anew. */
    void reset() {
        settle(loop.now());
        since = loop.now();
        tagTime = 0;
        reads = 0;
        readTime = 0;
        tlps = 0;
        wireTime = 0;
    }

    private void settle(long at) {
        // A tag is free when its last completion arrives, which may be booked already.
        long now = Math.max(at, changed);
        tagTime += outstanding.size() * (now - changed);
        changed = now;
    }

    @Override
    public void carry(Tlp tlp, boolean up, long arrival, Delivery wire) {
        if (up) {
            tlps++;
            wireTime += arrival - loop.now();
        }
        if (tlp instanceof Tlp.MemoryRequest r && r.data() == null) {
            settle(loop.now());
            outstanding.put(r.tag(), new Asked(loop.now(), r.type() != Tlp.AddressType.TRANSLATION_REQUEST));
        } else if (tlp instanceof Tlp.Completion c && c.byteCount() == c.data().length) {
            settle(arrival);
            Asked asked = outstanding.remove(c.tag());
            if (asked != null && asked.read) {
                reads++;
                readTime += arrival - asked.at;
            }
        }
        wire.deliver(tlp, arrival);
    }

    /** Mean number of requests that wait for a completion. */
    double tags() {
        settle(loop.now());
        long time = changed - since;
        return time == 0 ? 0 : (double) tagTime / time;
    }

    /** Memory reads that were answered. */
    long reads() {
        return reads;
    }

    /** Mean time from a read's way onto the link until its last data are back. */
    double readTime() {
        return reads == 0 ? 0 : (double) readTime / reads;
    }

    /** Mean time from a TLP's credits until it is at the other end. */
    double wireTime() {
        return tlps == 0 ? 0 : (double) wireTime / tlps;
    }
}
