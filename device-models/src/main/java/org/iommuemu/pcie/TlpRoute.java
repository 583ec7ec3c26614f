// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayList;
import java.util.List;

/** Where TLPs go, and what comes back for them (PCIe Base Specification §2.2.4, §2.3.1). */
final class TlpRoute {
    /** Not routed by id. */
    static final int NO_ID = -1;

    private TlpRoute() {}

    /** The function for which a TLP is that is routed by id; {@link #NO_ID} for others. */
    static int destination(Tlp tlp) {
        if (tlp instanceof Tlp.Completion c) {
            return c.requester();
        } else if (tlp instanceof Tlp.InvalidateRequest i) {
            return i.target();
        } else if (tlp instanceof Tlp.PrgResponse p) {
            return p.response().streamId();
        }
        return NO_ID;
    }

    /** Who has sent a TLP; {@link #NO_ID} for a completion, whose completer nobody needs to know. */
    static int source(Tlp tlp) {
        if (tlp instanceof Tlp.MemoryRequest r) {
            return r.requester();
        } else if (tlp instanceof Tlp.PageRequestMessage p) {
            return p.request().streamId();
        } else if (tlp instanceof Tlp.InvalidateCompletion c) {
            return c.source();
        }
        return NO_ID;
    }

    static boolean isPosted(Tlp tlp) {
        return tlp.kind().flow() == TlpKind.Flow.POSTED;
    }

    /** The completion of a request that failed. */
    static Tlp.Completion failed(Tlp.MemoryRequest r, Tlp.Status status) {
        return new Tlp.Completion(TlpKind.COMPLETION, r.requester(), r.tag(), status, r.bytes(), new byte[0], false);
    }

    /** Completions in order, cut where the Read Completion Boundary lets them be. */
    static List<Tlp.Completion> completions(PcieLink link, Tlp.MemoryRequest r, byte[] data, boolean poisoned) {
        List<Tlp.Completion> all = new ArrayList<>();
        int sent = 0;
        while (sent < data.length) {
            int rest = data.length - sent;
            int n = sent == 0 ? link.firstCompletion(r.address(), rest) : link.nextCompletion(rest);
            byte[] part = new byte[n];
            System.arraycopy(data, sent, part, 0, n);
            all.add(new Tlp.Completion(
                    TlpKind.COMPLETION, r.requester(), r.tag(), Tlp.Status.SUCCESS, rest, part, poisoned));
            sent += n;
        }
        return all;
    }
}
