// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.demo;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.LinkTap;
import org.iommuemu.pcie.RequesterId;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.pcie.spec.TranslationEntry;

/** Tells of the ATS and PRI messages on a link. */
final class Narrator implements LinkTap {
    private static final String DEVICE = "device";
    private static final String IOMMU = "IOMMU";

    private final Story story;
    private final LinkTap next;

    /** Tells of what is sent, and lets {@code next} carry it. */
    Narrator(Story story, LinkTap next) {
        this.story = story;
        this.next = next;
    }

    @Override
    public void carry(Tlp tlp, boolean up, long arrival, Delivery wire) {
        if (tlp instanceof Tlp.MemoryRequest r && r.type() == Tlp.AddressType.TRANSLATION_REQUEST) {
            story.tell(DEVICE, "Translation Request for " + place(r.pasid(), r.address()));
        } else if (tlp instanceof Tlp.Completion c && c.kind() == TlpKind.TRANSLATION_COMPLETION) {
            story.tell(IOMMU, "Translation Completion: " + entries(c));
        } else if (tlp instanceof Tlp.PageRequestMessage m) {
            story.tell(DEVICE, "Page Request " + request(m.request()));
        } else if (tlp instanceof Tlp.PrgResponse p) {
            story.tell(
                    IOMMU,
                    "PRG Response for group " + p.response().group() + ": "
                            + p.response().code());
        } else if (tlp instanceof Tlp.InvalidateRequest i) {
            story.tell(
                    IOMMU,
                    "Invalidate Request, ITag " + i.itag() + ": " + place(i.pasid(), i.address()) + ", 2^"
                            + i.log2Bytes() + " bytes");
        } else if (tlp instanceof Tlp.InvalidateCompletion c) {
            story.tell(DEVICE, "Invalidate Completion, ITags 0x" + Integer.toHexString(c.itags()));
        }
        next.carry(tlp, up, arrival, wire);
    }

    private static String request(PageRequest r) {
        String wants = (r.read() ? "r" : "-") + (r.write() ? "w" : "-");
        return "for " + place(r.substreamId(), r.address()) + " (" + wants + "), group " + r.group()
                + (r.last() ? ", last" : "");
    }

    private static String entries(Tlp.Completion c) {
        if (c.status() != Tlp.Status.SUCCESS) {
            return c.status().toString();
        }
        long entry = ByteBuffer.wrap(c.data()).order(ByteOrder.LITTLE_ENDIAN).getLong();
        String may = (TranslationEntry.R.isSet(entry) ? "r" : "-") + (TranslationEntry.W.isSet(entry) ? "w" : "-");
        return may.equals("--")
                ? "nothing there"
                : "0x" + Long.toHexString(TranslationEntry.address(entry)) + " (" + may + ")";
    }

    static String hex(long address) {
        return "0x" + Long.toHexString(address);
    }

    static String place(int pasid, long address) {
        return hex(address) + (pasid == Transaction.NO_SUBSTREAM ? "" : " of PASID " + pasid);
    }

    static String name(int requester) {
        return RequesterId.of(requester).toString();
    }
}
