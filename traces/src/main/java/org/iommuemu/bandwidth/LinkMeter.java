// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

import java.util.EnumSet;
import java.util.Set;
import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.pcie.LinkParameters;
import org.iommuemu.pcie.LinkTap;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.Picoseconds;

/** Watches a link, and carries everything as it is: requests outstanding, and how long they are. All times in ps. */
final class LinkMeter implements LinkTap {
    private static final Set<TlpKind> ATS = EnumSet.of(
            TlpKind.TRANSLATION_REQUEST,
            TlpKind.TRANSLATION_COMPLETION,
            TlpKind.INVALIDATE_REQUEST,
            TlpKind.INVALIDATE_COMPLETION,
            TlpKind.PAGE_REQUEST,
            TlpKind.PRG_RESPONSE);

    private record Asked(long at, boolean read) {}

    private final EventLoop loop;
    private final LinkParameters link;
    private final Int2ObjectHashMap<Asked> outstanding = new Int2ObjectHashMap<>();
    private long since;
    private long changed;
    private long tagTime;
    private long reads;
    private long readTime;
    private long tlps;
    private long wireTime;
    private long atsUp;
    private long atsDown;

    LinkMeter(EventLoop loop, LinkParameters link) {
        this.loop = loop;
        this.link = link;
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
        atsUp = 0;
        atsDown = 0;
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
        if (ATS.contains(tlp.kind())) {
            int bytes = link.tlpBytes(tlp.kind(), tlp.dataBytes(), tlp.hasPasid());
            atsUp += up ? bytes : 0;
            atsDown += up ? 0 : bytes;
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

    /**
     * What was seen.
     *
     * @param time since the count began
     * @param mostTags that the device has
     */
    LinkFigures figures(long time, int mostTags) {
        settle(loop.now());
        long counted = changed - since;
        double tags = counted == 0 ? 0 : (double) tagTime / counted;
        double capacity = link.tlpBitsPerSecond() / Byte.SIZE * time / Picoseconds.PER_SECOND;
        return new LinkFigures(
                tlps == 0 ? 0 : (double) wireTime / tlps,
                reads == 0 ? 0 : (double) readTime / reads,
                reads,
                tags,
                mostTags,
                atsUp / capacity,
                atsDown / capacity);
    }
}
