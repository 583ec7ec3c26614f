// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import java.util.Locale;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.Tlp;

/** Whose a TLP is, and how results name it. */
final class TlpText {
    private TlpText() {}

    /** Requester id of the function that sent it or that it is for, or -1. */
    static int requester(Tlp tlp) {
        if (tlp instanceof Tlp.MemoryRequest r) {
            return r.requester();
        } else if (tlp instanceof Tlp.Completion c) {
            return c.requester();
        } else if (tlp instanceof Tlp.InvalidateRequest i) {
            return i.target();
        } else if (tlp instanceof Tlp.InvalidateCompletion c) {
            return c.source();
        } else if (tlp instanceof Tlp.PageRequestMessage m) {
            return m.request().streamId();
        }
        return tlp instanceof Tlp.PrgResponse r ? r.response().streamId() : -1;
    }

    /** PASID of its prefix, or none. */
    static int pasid(Tlp tlp) {
        if (tlp instanceof Tlp.MemoryRequest r) {
            return r.pasid();
        } else if (tlp instanceof Tlp.InvalidateRequest i) {
            return i.pasid();
        } else if (tlp instanceof Tlp.PageRequestMessage m) {
            return m.request().substreamId();
        }
        return tlp instanceof Tlp.PrgResponse r ? r.response().substreamId() : Transaction.NO_SUBSTREAM;
    }

    /** Its kind and what tells it from others. */
    static String of(Tlp tlp) {
        String which = "";
        if (tlp instanceof Tlp.MemoryRequest r) {
            which = hex(" at ", r.address());
        } else if (tlp instanceof Tlp.Completion c) {
            which = " of tag " + c.tag() + " " + c.status();
        } else if (tlp instanceof Tlp.InvalidateRequest i) {
            which = hex(" at ", i.address()) + " ITag " + i.itag();
        } else if (tlp instanceof Tlp.InvalidateCompletion c) {
            which = hex(" ITags ", c.itags() & 0xFFFF_FFFFL) + " CC " + c.count();
        } else if (tlp instanceof Tlp.PageRequestMessage m) {
            which = hex(" at ", m.request().address()) + " group " + m.request().group();
        } else if (tlp instanceof Tlp.PrgResponse r) {
            which = " group " + r.response().group() + " " + r.response().code();
        }
        return tlp.kind().name().toLowerCase(Locale.ROOT) + hex(" ", requester(tlp)) + which;
    }

    private static String hex(String before, long value) {
        return before + "0x" + Long.toHexString(value);
    }
}
