// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import java.util.function.IntPredicate;
import org.iommuemu.ats.AtsStatistics.Counter;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Requester;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.spec.TranslationEntry;
import org.iommuemu.time.EventLoop;

/**
 * Finds the way to pages for one function: from its ATC, by Translation Requests, after Page Requests. Where ATS is off, or said not
 * to be there, the way is an untranslated request (PCIe Base Specification §10.2, §10.3, §10.4).
 */
final class PageResolver implements TranslationRequester.Answers, PageRequester.Answers {
    private final PciFunction function;
    private final EventLoop loop;
    private final AtcParameters parameters;
    private final IntPredicate stopping;
    private final AddressTranslationCache atc;
    private final AtsStatistics statistics = new AtsStatistics();
    private final TranslationRequester translations;
    private final PageRequester pages;
    private final InvalidationResponder invalidations;
    private boolean unsupported;

    /** {@code stopping} says of which PASIDs no more pages are to be requested. */
    PageResolver(PciFunction function, EventLoop loop, AtcParameters parameters, IntPredicate stopping) {
        this.function = function;
        this.loop = loop;
        this.parameters = parameters;
        this.stopping = stopping;
        atc = new AddressTranslationCache("ATC", parameters.geometry(), parameters.reachesPasids());
        translations = new TranslationRequester(function, parameters, atc, statistics, this);
        pages = new PageRequester(function, loop, parameters.pages(), statistics, this);
        invalidations = new InvalidationResponder(function, loop, parameters, atc, statistics);
        function.controls().onAts(this::switched);
        function.controls().pageRequests().connect(pages);
    }

    private boolean isOn() {
        return function.controls().isAts() && !unsupported;
    }

    /** ATS Enable goes from 0 to 1: entries from before are void, without a message (§10.5.1.3). */
    private void switched(boolean on) {
        if (on) {
            unsupported = false;
            atc.clear();
            translations.discard(request -> true);
        }
    }

    /** Finds the way to a page; its owner is told, perhaps at once. */
    void resolve(PageAccess p) {
        if (!isOn()) {
            untranslated(p);
        } else if (parameters.latency() == 0) {
            look(p);
        } else {
            loop.schedule(loop.now() + parameters.latency(), (time, data) -> look(p), 0);
        }
    }

    /** Whether nothing is to be looked up: nobody wants to know, or no request may be sent, or ATS is off. */
    private boolean goesWithout(PageAccess p) {
        if (p.isOver()) {
            return true;
        }
        if (!function.controls().isBusMaster()) {
            p.fail(DmaChannel.Status.OFF);
            return true;
        }
        if (!isOn()) {
            untranslated(p);
            return true;
        }
        return false;
    }

    private void look(PageAccess p) {
        if (goesWithout(p)) {
            return;
        }
        statistics.count(Counter.LOOKUPS);
        int entry = atc.lookup(p.transaction());
        if (entry >= 0) {
            statistics.count(Counter.HITS);
            go(p, atc.entry(entry));
        } else {
            translations.ask(p);
        }
    }

    private void go(PageAccess p, long entry) {
        if (TranslationEntry.U.isSet(entry)) {
            statistics.count(Counter.UNTRANSLATED);
            p.untranslated();
        } else {
            p.translated(entry);
        }
    }

    private void untranslated(PageAccess p) {
        statistics.add(Counter.UNTRANSLATED, unsupported ? 1 : 0);
        p.untranslated();
    }

    @Override
    public void again(PageAccess p) {
        if (goesWithout(p)) {
            return;
        }
        int entry = atc.find(p.transaction());
        if (entry >= 0) {
            go(p, atc.entry(entry));
        } else {
            translations.ask(p);
        }
    }

    @Override
    public void answered(PageAccess p, long entry) {
        if (p.isOver()) {
            return;
        }
        if (AddressTranslationCache.allows(entry, p.transaction())) {
            go(p, entry);
            return;
        }
        int before = p.countRequest();
        boolean may = p.isRequested() && !stopping.test(p.pasid());
        if (!may || before == parameters.pages().retries()) {
            p.fail(DmaChannel.Status.NO_PAGE);
        } else {
            statistics.add(Counter.RETRIES, before == 0 ? 0 : 1);
            pages.request(p);
        }
    }

    @Override
    public void failed(PageAccess p, Requester.Outcome why) {
        unsupported |= why == Requester.Outcome.UR;
        if (p.isOver()) {
            return;
        }
        if (why == Requester.Outcome.UR) {
            untranslated(p);
        } else {
            p.fail(Transfer.status(why));
        }
    }

    @Override
    public void present(PageAccess p) {
        if (parameters.pages().retryDelay() == 0) {
            again(p);
        } else {
            loop.schedule(loop.now() + parameters.pages().retryDelay(), (time, data) -> again(p), 0);
        }
    }

    @Override
    public void absent(PageAccess p, DmaChannel.Status why) {
        if (!p.isOver()) {
            p.fail(why);
        }
    }

    /** Drops what a request means, from the ATC and of what is under way; says what it means. */
    AtcInvalidation invalidate(Tlp.InvalidateRequest request) {
        AtcInvalidation what = invalidations.meaning(request);
        translations.invalidate(what, r -> invalidations.concerns(what, r.pasid()));
        invalidations.take(what);
        return what;
    }

    /** A PASID is used no more: drops its entries. */
    void dropPasid(int pasid) {
        translations.discard(request -> request.pasid() == pasid);
        atc.dropPasid(pasid);
    }

    /** The function was reset. */
    void reset() {
        atc.clear();
        translations.reset();
        pages.reset();
        invalidations.reset();
        unsupported = false;
    }

    InvalidationResponder invalidations() {
        return invalidations;
    }

    PageRequester pages() {
        return pages;
    }

    AddressTranslationCache atc() {
        return atc;
    }

    AtsStatistics statistics() {
        return statistics;
    }
}
