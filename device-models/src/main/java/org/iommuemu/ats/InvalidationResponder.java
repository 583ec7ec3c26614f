// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.ats.AtsStatistics.Counter;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.time.EventLoop;

/**
 * A function's answers to Invalidate Requests: entries are dropped at once, and the completion goes when the last read through one of
 * them has its data, behind the writes that were sent before (PCIe Base Specification §10.3). Any number of requests is taken.
 */
final class InvalidationResponder {
    /** An Invalidate Request that is not answered yet. */
    private static final class Pending {
        private final int itag;
        private int uses;

        Pending(int itag) {
            this.itag = itag;
        }
    }

    private final PciFunction function;
    private final EventLoop loop;
    private final AtcParameters parameters;
    private final AddressTranslationCache atc;
    private final AtsStatistics statistics;
    /** Reads through translations, and who waits for them. */
    private final Map<PageAccess, List<Pending>> uses = new LinkedHashMap<>();

    /** ITags whose completion is to go, and the event that sends it. */
    private final ArrayDeque<Integer> ready = new ArrayDeque<>();

    private long timer = -1;
    private int pending;

    InvalidationResponder(
            PciFunction function,
            EventLoop loop,
            AtcParameters parameters,
            AddressTranslationCache atc,
            AtsStatistics statistics) {
        this.function = function;
        this.loop = loop;
        this.parameters = parameters;
        this.atc = atc;
        this.statistics = statistics;
    }

    /** What a request means to this function: no smaller than its STU, and Global only if it knows that. */
    AtcInvalidation meaning(Tlp.InvalidateRequest r) {
        int unit = PageAccess.PAGE_SHIFT + function.controls().smallestTranslationUnit();
        int log2 = Math.max(unit, r.log2Bytes());
        boolean global = r.global() && r.hasPasid() && function.controls().hasGlobalInvalidate();
        return new AtcInvalidation(
                r.itag(),
                PageAccess.STREAM,
                r.pasid(),
                global,
                log2 >= Long.SIZE ? 0 : r.address() & -(1L << log2),
                log2);
    }

    /** Whether a request concerns what a page was reached by. */
    boolean concerns(AtcInvalidation what, PageAccess p) {
        return p.isTranslated()
                && atc.meansPasid(what, p.pasid(), p.isGlobal())
                && overlaps(what, p.address(), p.shift());
    }

    private static boolean overlaps(AtcInvalidation what, long address, int shift) {
        int larger = Math.max(shift, what.log2Bytes());
        return larger >= Long.SIZE || address >>> larger == what.address() >>> larger;
    }

    /** Whether a request concerns what a Translation Request with a PASID may be answered with: that may have Global. */
    boolean concerns(AtcInvalidation what, int pasid) {
        return atc.meansPasid(what, pasid, false)
                || pasid != Transaction.NO_SUBSTREAM && atc.meansPasid(what, pasid, true);
    }

    /** Whether the range of a request and addresses from a first to a last one have some in common. */
    static boolean overlaps(AtcInvalidation what, long first, long last) {
        int shift = what.log2Bytes();
        return shift >= Long.SIZE
                || Long.compareUnsigned(first, what.address() | (1L << shift) - 1) <= 0
                        && Long.compareUnsigned(what.address(), last) <= 0;
    }

    /** Drops entries, and answers as soon as it may. */
    void take(AtcInvalidation what) {
        statistics.count(Counter.INVALIDATIONS);
        int before = atc.cache().size();
        atc.invalidate(what);
        statistics.add(Counter.DROPPED, before - atc.cache().size());
        Pending request = new Pending((int) what.ticket());
        pending++;
        statistics.most(Counter.MOST_INVALIDATIONS, pending);
        uses.forEach((p, waiters) -> {
            if (concerns(what, p)) {
                request.uses++;
                waiters.add(request);
            }
        });
        if (request.uses == 0) {
            answer(request);
        } else {
            statistics.count(Counter.INVALIDATIONS_HELD);
        }
    }

    /** A read by a translated address is on its way. */
    void begin(PageAccess p) {
        uses.put(p, new ArrayList<>(0));
    }

    /** It has its data, or never will. */
    void end(PageAccess p) {
        List<Pending> waiters = uses.remove(p);
        if (waiters != null) {
            for (Pending request : waiters) {
                if (--request.uses == 0) {
                    answer(request);
                }
            }
        }
    }

    private void answer(Pending request) {
        ready.addLast(request.itag);
        if (parameters.gathering() == 0) {
            send();
        } else if (ready.size() == 1) {
            timer = loop.schedule(loop.now() + parameters.gathering(), (time, data) -> send(), 0);
        }
    }

    private void send() {
        while (!ready.isEmpty()) {
            int itags = 0;
            // An ITag that is there twice is not to be in one message twice.
            while (!ready.isEmpty() && (itags & 1 << ready.getFirst()) == 0) {
                itags |= 1 << ready.removeFirst();
                pending--;
            }
            for (int i = 0; i < parameters.completionMessages(); i++) {
                statistics.count(Counter.INVALIDATE_COMPLETIONS);
                function.requester()
                        .message(new Tlp.InvalidateCompletion(function.id(), itags, parameters.completionMessages()));
            }
        }
    }

    /** Forgets everything, and answers nothing: the function was reset. */
    void reset() {
        loop.cancel(timer);
        ready.clear();
        uses.clear();
        pending = 0;
    }
}
