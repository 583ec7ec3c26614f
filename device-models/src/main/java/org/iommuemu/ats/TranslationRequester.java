// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.iommuemu.ats.AtsStatistics.Counter;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Requester;
import org.iommuemu.pcie.spec.TranslationEntry;

/**
 * A function's Translation Requests: asks for pages, for one only once at a time, and puts what it is told into the ATC (PCIe Base
 * Specification §10.2).
 */
final class TranslationRequester {
    /** Who is told. */
    interface Answers {
        /** There is a translation of the page, which may allow nothing; see {@link TranslationEntry}. */
        void answered(PageAccess p, long entry);

        /** There was an answer, but none that can be used for this page. */
        void again(PageAccess p);

        /** There is no translation. */
        void failed(PageAccess p, Requester.Outcome why);
    }

    private static final int PAGE_SHIFT = PageAccess.PAGE_SHIFT;

    /** A request for some pages from one on. */
    static final class Request {
        private final long first;
        private final long span;
        private final int pasid;
        private final int access;
        private final List<PageAccess> waiters = new ArrayList<>();
        /** Invalidations that it has met, none of what was asked for: of a larger page, of which that is a part, perhaps. */
        private final List<AtcInvalidation> met = new ArrayList<>();

        private boolean discarded;

        Request(long first, long span, int pasid, int access) {
            this.first = first;
            this.span = span;
            this.pasid = pasid;
            this.access = access;
        }

        long last() {
            long last = first + span - 1;
            return Long.compareUnsigned(last, first) < 0 ? -1L : last;
        }

        int pasid() {
            return pasid;
        }

        /**
         * Whether it was sent for an access. To one that came later, and merged, it says nothing if the answer is no: that may have
         * been on its way when the page was mapped.
         */
        private boolean isFor(PageAccess p) {
            return waiters.get(0) == p;
        }

        /** Whether an address was asked for: what is asked for ends with the address space, and does not begin anew at 0. */
        private boolean covers(long address) {
            return Long.compareUnsigned(address, first) >= 0 && Long.compareUnsigned(address, last()) <= 0;
        }

        private boolean serves(PageAccess p, int asked) {
            boolean same = p.pasid() == pasid && ((asked ^ access) & Access.PRIVILEGED) == 0;
            return !discarded && same && (asked & ~access) == 0 && covers(p.page());
        }
    }

    private final PciFunction function;
    private final AtcParameters parameters;
    private final AddressTranslationCache atc;
    private final AtsStatistics statistics;
    private final Answers answers;
    private final List<Request> outstanding = new ArrayList<>();
    private final ArrayDeque<PageAccess> waiting = new ArrayDeque<>();
    private final Transaction filled = new Transaction();

    TranslationRequester(
            PciFunction function,
            AtcParameters parameters,
            AddressTranslationCache atc,
            AtsStatistics statistics,
            Answers answers) {
        this.function = function;
        this.parameters = parameters;
        this.atc = atc;
        this.statistics = statistics;
        this.answers = answers;
    }

    /** Finds out about a page. */
    void ask(PageAccess p) {
        int asked = asked(p);
        for (Request r : outstanding) {
            if (r.serves(p, asked)) {
                statistics.count(Counter.MERGED);
                r.waiters.add(p);
                return;
            }
        }
        if (outstanding.size() < parameters.outstanding()) {
            send(p, asked);
        } else {
            waiting.addLast(p);
        }
    }

    /** NW, ER and PMR of a request, which never has an AtomicOp's code. */
    private int asked(PageAccess p) {
        boolean write = p.writes() || parameters.asksToWrite();
        return (write ? Access.WRITE : Access.READ)
                | (p.executes() ? Access.INSTRUCTION : 0)
                | (p.isPrivileged() ? Access.PRIVILEGED : 0);
    }

    /** A request asks for one Read Completion Boundary of translations at most (§10.2.2). */
    private int most() {
        return function.link().times().parameters().readCompletionBoundary() / TranslationEntry.BYTES;
    }

    private void send(PageAccess p, int asked) {
        long unit = 1L << PAGE_SHIFT + function.controls().smallestTranslationUnit();
        long first = p.page() & -unit;
        int count = Math.min(parameters.translations(), most());
        Request r = new Request(first, unit * count, p.pasid(), asked);
        r.waiters.add(p);
        outstanding.add(r);
        statistics.count(Counter.REQUESTS);
        function.requester()
                .translate(first, count, p.pasid(), asked, (outcome, data) -> completed(r, count, outcome, data));
    }

    private void completed(Request r, int wanted, Requester.Outcome outcome, byte[] data) {
        outstanding.remove(r);
        if (r.discarded || !function.controls().isAts()) {
            statistics.count(Counter.DISCARDED);
            r.waiters.forEach(answers::again);
        } else if (outcome == Requester.Outcome.SUCCESS) {
            take(r, wanted, data);
        } else {
            fail(r, outcome);
        }
        next();
    }

    private void next() {
        while (!waiting.isEmpty() && outstanding.size() < parameters.outstanding()) {
            PageAccess p = waiting.removeFirst();
            if (!p.isOver()) {
                answers.again(p);
            }
        }
    }

    private void fail(Request r, Requester.Outcome why) {
        switch (why) {
            case UR -> statistics.count(Counter.UNSUPPORTED);
            case TIMED_OUT -> statistics.count(Counter.UNANSWERED);
            default -> statistics.count(Counter.ABORTED);
        }
        for (PageAccess p : r.waiters) {
            if (why == Requester.Outcome.CA && !r.isFor(p)) {
                answers.again(p);
            } else {
                answers.failed(p, why);
            }
        }
    }

    private void take(Request r, int wanted, byte[] data) {
        int count = data.length / TranslationEntry.BYTES;
        int shift = count == 0 ? 0 : TranslationEntry.pageShift(entry(data, 0));
        for (int i = 0; i < count; i++) {
            if (isWrong(r, entry(data, i), shift)) {
                shift = 0;
            }
        }
        if (shift == 0 || count > wanted) {
            statistics.count(Counter.MALFORMED);
            r.waiters.forEach(p -> answers.failed(p, Requester.Outcome.CA));
            return;
        }
        if (shift < PAGE_SHIFT + function.controls().smallestTranslationUnit()) {
            // To be handled as Unsupported Request (§10.2.3.2).
            fail(r, Requester.Outcome.UR);
            return;
        }
        long base = shift >= Long.SIZE ? 0 : r.first & -(1L << shift);
        if (isInvalid(r, base, shift, count)) {
            statistics.count(Counter.DISCARDED);
            r.waiters.forEach(answers::again);
            return;
        }
        for (int i = 0; i < count; i++) {
            long at = base + ((long) i << shift);
            if (i == 0 || r.covers(at)) {
                keep(r, at, entry(data, i));
            }
        }
        for (PageAccess p : r.waiters) {
            long index = shift >= Long.SIZE ? 0 : p.page() - base >>> shift;
            boolean allowed =
                    index < count && AddressTranslationCache.allows(entry(data, (int) index), p.transaction());
            if (index < count && (allowed || r.isFor(p))) {
                answers.answered(p, usable(r, entry(data, (int) index)));
            } else {
                answers.again(p);
            }
        }
    }

    /** Whether pages that have come were invalidated on their way. */
    private static boolean isInvalid(Request r, long base, int shift, int count) {
        long last = base - 1 + ((long) count << shift);
        boolean toEnd = shift >= Long.SIZE || Long.compareUnsigned(last, base) < 0;
        return r.met.stream().anyMatch(what -> InvalidationResponder.overlaps(what, base, toEnd ? -1L : last));
    }

    /** All of one size, and nothing that was not asked for (§10.2.3). */
    private static boolean isWrong(Request r, long entry, int shift) {
        boolean execute = TranslationEntry.EXE.isSet(entry);
        return TranslationEntry.pageShift(entry) != shift
                || shift >= Long.SIZE
                || execute && ((r.access & Access.INSTRUCTION) == 0 || !TranslationEntry.R.isSet(entry))
                || TranslationEntry.PRIV.isSet(entry) && (r.access & Access.PRIVILEGED) == 0;
    }

    /** What allows nothing must not be kept (§10.2.3.5). */
    private void keep(Request r, long at, long entry) {
        if (TranslationEntry.R.isSet(entry) || TranslationEntry.W.isSet(entry)) {
            filled.set(PageAccess.STREAM, r.pasid, at, r.access);
            atc.fill(filled, entry, TranslationEntry.GLOBAL.isSet(usable(r, entry)), 0);
            statistics.count(Counter.FILLS);
        }
    }

    /** Global is of meaning with a PASID only, and where the function says that it knows it. */
    private long usable(Request r, long entry) {
        boolean global =
                r.pasid != Transaction.NO_SUBSTREAM && function.controls().hasGlobalInvalidate();
        return global ? entry : entry & ~TranslationEntry.GLOBAL.mask();
    }

    private static long entry(byte[] data, int index) {
        long entry = 0;
        for (int i = 0; i < TranslationEntry.BYTES; i++) {
            entry |= (data[index * TranslationEntry.BYTES + i] & 0xFFL) << Byte.SIZE * i;
        }
        return entry;
    }

    /** An invalidation meets requests: what it means must not be used, whatever size it comes in. */
    void invalidate(AtcInvalidation what, Predicate<Request> concerns) {
        for (Request r : outstanding) {
            if (!r.discarded && concerns.test(r)) {
                if (InvalidationResponder.overlaps(what, r.first, r.last())) {
                    r.discarded = true;
                } else {
                    r.met.add(what);
                }
            }
        }
    }

    /** What comes for some requests is not to be used any more. */
    void discard(Predicate<Request> which) {
        for (Request r : outstanding) {
            r.discarded |= which.test(r);
        }
    }

    /** Forgets everything: the function was reset. */
    void reset() {
        outstanding.clear();
        waiting.clear();
    }
}
