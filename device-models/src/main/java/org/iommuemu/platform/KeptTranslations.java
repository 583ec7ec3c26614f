// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntSupplier;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.pcie.spec.TranslationEntry;

/**
 * Follows what one function was told by Translation Completions, and reports its translated requests where the tables no longer say so
 * . It knows nothing of the function's ATC.
 */
public final class KeptTranslations {
    private record Page(int pasid, long iova) {}

    private record Told(Page page, long physical, int shift, int access) {
        boolean covers(long address) {
            return (address ^ physical) >>> shift == 0;
        }
    }

    private final IntSupplier requester;
    private final StaleDetector detector;
    private final Map<Integer, Tlp.MemoryRequest> asked = new HashMap<>();
    private final Map<Page, Told> told = new LinkedHashMap<>();
    private final Transaction transaction = new Transaction();

    /** Nothing told yet. */
    public KeptTranslations(IntSupplier requester, StaleDetector detector) {
        this.requester = requester;
        this.detector = detector;
    }

    /** A TLP has arrived at either end of the function's link. */
    public void arrived(Tlp tlp) {
        if (tlp instanceof Tlp.MemoryRequest r && r.kind() == TlpKind.TRANSLATION_REQUEST) {
            asked.put(r.tag(), r);
        } else if (tlp instanceof Tlp.Completion c && c.kind() == TlpKind.TRANSLATION_COMPLETION) {
            Tlp.MemoryRequest request = asked.remove(c.tag());
            if (request != null) {
                answered(request, c.data());
            }
        } else if (tlp instanceof Tlp.MemoryRequest r && r.type() == Tlp.AddressType.TRANSLATED) {
            used(r);
        }
    }

    private void answered(Tlp.MemoryRequest request, byte[] entries) {
        long iova = request.address();
        ByteBuffer words = ByteBuffer.wrap(entries).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at + TranslationEntry.BYTES <= entries.length; at += TranslationEntry.BYTES) {
            long entry = words.getLong(at);
            int shift = TranslationEntry.pageShift(entry);
            Page page = new Page(request.pasid(), iova & -(1L << shift));
            if (TranslationEntry.R.isSet(entry) || TranslationEntry.W.isSet(entry)) {
                told.put(page, new Told(page, TranslationEntry.address(entry), shift, request.access()));
            } else {
                told.remove(page);
            }
            iova = (iova | (1L << shift) - 1) + 1;
        }
    }

    /** Of several that lead to one address, the device may have used any. */
    private void used(Tlp.MemoryRequest r) {
        Told first = null;
        for (Told t : told.values()) {
            if (t.covers(r.address())) {
                if (detector.isStillGiven(access(r, t), r.address())) {
                    return;
                }
                first = first == null ? t : first;
            }
        }
        if (first != null) {
            detector.keptByDevice(access(r, first), r.address(), first.shift);
        }
    }

    private Transaction access(Tlp.MemoryRequest r, Told t) {
        int access = (Access.isWrite(r.access()) ? Access.WRITE : Access.READ) | t.access & Access.PRIVILEGED;
        long offset = r.address() & (1L << t.shift) - 1;
        transaction.set(requester.getAsInt(), t.page.pasid, t.page.iova | offset, access);
        return transaction;
    }
}
