// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.lint;

import java.util.HashMap;
import java.util.Map;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.vtd.spec.Descriptor;

/**
 * The translations that devices were given, until they are invalidated in them: tells when a device still uses one whose pages
 * were invalidated in the IOTLB long ago (VT-d architecture 6.5). Software may wait between the two, so that two wait descriptors
 * must have passed.
 */
final class DeviceTlbShadow {
    private static final int MOST = 1 << 16;
    private static final int PAGE_SHIFT = 12;
    private static final int PATIENCE = 2;
    private static final long NOT_MARKED = -1;

    /** Where the page that a device was given begins, and the log2 of its bytes. */
    private record Key(int source, int substream, long output, int shift) {}

    /** What a device was given. */
    private static final class Grant {
        private final int domain;
        private final long input;
        private final int shift;
        private long marked = NOT_MARKED;

        private Grant(int domain, long input, int shift) {
            this.domain = domain;
            this.input = input;
            this.shift = shift;
        }

        private boolean overlaps(long address, int log2) {
            int larger = Math.max(shift, log2);
            return larger >= Long.SIZE || (input ^ address) >>> larger == 0;
        }
    }

    private final LintLog log;
    private final Map<Key, Grant> grants = new HashMap<>();
    /** Bit n: pages of 2^n bytes were given. */
    private long sizes;

    private long waits;

    DeviceTlbShadow(LintLog log) {
        this.log = log;
    }

    /** A Translation Request was answered. */
    void answered(Transaction t, TranslationCompletion c, int domain) {
        if ((c.isReadable() || c.isWritable()) && !c.isUntranslatedOnly() && grants.size() < MOST) {
            Key key = new Key(t.streamId(), t.substreamId(), c.address(), c.pageShift());
            sizes |= 1L << c.pageShift();
            grants.put(key, new Grant(domain, t.address(), c.pageShift()));
        }
    }

    /** A device uses a translated address. */
    void use(Transaction t) {
        for (long left = sizes; left != 0; left &= left - 1) {
            int shift = Long.numberOfTrailingZeros(left);
            Key key = new Key(t.streamId(), t.substreamId(), t.address() & -(1L << shift), shift);
            Grant grant = grants.get(key);
            if (grant != null && grant.marked != NOT_MARKED && waits - grant.marked >= PATIENCE) {
                String page = " page 0x" + Long.toHexString(grant.input);
                String place = "source 0x" + Integer.toHexString(t.streamId()) + page;
                log.add(VtdLintRule.DEVICE_TLB_NOT_INVALIDATED, place, t.address());
            }
        }
    }

    /** Invalidations mark, those of devices drop. */
    void consuming(Descriptor d, long word0, long word1) {
        int domain = Descriptor.DID.getInt(word0);
        boolean pages = Descriptor.G.getInt(word0) == Descriptor.SELECTIVE;
        int log2 = pages ? PAGE_SHIFT + Descriptor.AM.getInt(word1) : Long.SIZE;
        switch (d) {
            case IOTLB -> {
                if (Descriptor.G.getInt(word0) != Descriptor.GLOBAL) {
                    mark(domain, Transaction.NO_SUBSTREAM, word1, log2);
                }
            }
            case PASID_IOTLB -> mark(domain, Descriptor.PASID.getInt(word0), word1, log2);
            case DEVICE_TLB ->
                drop(Descriptor.SID.getInt(word0), Transaction.NO_SUBSTREAM, word1, Descriptor.S.isSet(word1));
            case PASID_DEVICE_TLB -> {
                int pasid = Descriptor.PASID.getInt(word0);
                boolean sized = Descriptor.PASID_S.isSet(word1);
                drop(Descriptor.RID.getInt(word0), pasid, word1, sized);
            }
            case WAIT -> waits++;
            default -> {}
        }
    }

    private void mark(int domain, int pasid, long word1, int log2) {
        grants.forEach((key, grant) -> {
            // Requests without a PASID use RID_PASID's entry, which invalidations of a PASID may name.
            boolean named =
                    grant.domain == domain && (key.substream == pasid || key.substream == Transaction.NO_SUBSTREAM);
            if (named && grant.marked == NOT_MARKED && grant.overlaps(Descriptor.ADDR.inPlace(word1), log2)) {
                grant.marked = waits;
            }
        });
    }

    private void drop(int source, int substream, long word1, boolean sized) {
        long address = Descriptor.ADDR.inPlace(word1);
        int log2 = sized ? PAGE_SHIFT + Long.numberOfTrailingZeros(~(address >>> PAGE_SHIFT)) + 1 : PAGE_SHIFT;
        boolean all = substream != Transaction.NO_SUBSTREAM && Descriptor.GI.isSet(word1);
        grants.entrySet()
                .removeIf(e -> e.getKey().source == source
                        && (all || e.getKey().substream == substream)
                        && e.getValue().overlaps(address, log2));
    }
}
