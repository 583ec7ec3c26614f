// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import java.util.function.LongConsumer;
import org.agrona.collections.IntHashSet;
import org.iommuemu.ats.AddressTranslationCache;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.pcie.TlpKind;
import org.jspecify.annotations.Nullable;

/**
 * What devices with an ATC and the IOMMU say to each other: Translation Requests, invalidations, Page Requests, each with its way over
 * the link (PCIe Base Specification, chapter 10). All times in ps.
 *
 * <p>A device that gets no translation, or none that allows what it wants, sends a Page Request if it can, and asks once more. If that
 * does not help either, or the answer is UR, CA or U, it sends its request untranslated, so that the IOMMU judges it; after UR all
 * of that stream's from then on.
 */
public final class AddressTranslationService implements DevicePort {
    private static final int GROUPS = 1 << 9;
    private static final int OFFSET = 0xFFF;

    private final AtsParameters parameters;
    private final Endpoints endpoints;
    private final Iommu iommu;
    private final TimedTranslation timed;
    private final PageService software;
    private final Transaction request = new Transaction();
    private final TranslationCompletion completion = new TranslationCompletion();
    private final IntHashSet withoutService = new IntHashSet();
    private final Journey messages = new Journey();
    private LongConsumer answers = time -> {};
    private @Nullable PageResponse response;
    private int entry;
    private long commandTime;
    private long lastAnswer;
    private int group;
    private long merged;

    AddressTranslationService(
            AtsParameters parameters, Endpoints endpoints, Iommu iommu, TimedTranslation timed, PageService software) {
        this.parameters = parameters;
        this.endpoints = endpoints;
        this.iommu = iommu;
        this.timed = timed;
        this.software = software;
        iommu.connect(this);
    }

    /**
     * Finds out how to send a page's requests.
     *
     * @param at when the device wants to know
     * @return when it knows; {@link #isTranslated} then tells what
     */
    long resolve(Endpoint e, Transaction t, long at, Journey j) {
        AddressTranslationCache atc = e.atc();
        entry = -1;
        if (atc == null || withoutService.contains(t.streamId())) {
            return at;
        }
        long looked = at + parameters.latency();
        j.add(LatencyPart.LOOKUP, parameters.latency());
        int found = atc.lookup(t);
        if (found < 0) {
            return miss(e, atc, t, looked, j);
        }
        entry = found;
        long known = Math.max(looked, atc.ready(found));
        merged += known > looked ? 1 : 0;
        j.add(LatencyPart.WALK, known - looked);
        return known;
    }

    private long miss(Endpoint e, AddressTranslationCache atc, Transaction t, long at, Journey j) {
        long known = request(e, t, at, j);
        boolean allowed = AddressTranslationCache.allows(completion, t);
        if (!allowed && completion.status() == TranslationCompletion.Status.SUCCESS && parameters.service() > 0) {
            known = requestPage(e, t, known, j);
            if (response != null && response.code() == PageResponse.Code.SUCCESS) {
                known = request(e, t, known, j);
                allowed = AddressTranslationCache.allows(completion, t);
            }
        }
        if (completion.status() == TranslationCompletion.Status.UR) {
            withoutService.add(t.streamId());
        }
        if (allowed && completion.status() == TranslationCompletion.Status.SUCCESS) {
            entry = atc.fill(t, completion, known);
        }
        return known;
    }

    private long request(Endpoint e, Transaction t, long at, Journey j) {
        long issued = e.takeTag(at, j);
        long arrived = e.up(TlpKind.TRANSLATION_REQUEST, 0, t.hasSubstream(), issued, j);
        request.set(t.streamId(), t.substreamId(), t.address() & ~(long) OFFSET, asked(t.access()));
        long answered = timed.requestTranslation(request, TlpKind.ATS_DATA, arrived, completion, j);
        e.drained(TlpKind.TRANSLATION_REQUEST, 0, answered);
        int data = completion.status() == TranslationCompletion.Status.SUCCESS ? TlpKind.ATS_DATA : 0;
        long there = e.down(TlpKind.TRANSLATION_COMPLETION, data, false, answered, j);
        e.giveTag(issued, there);
        return there;
    }

    /** What it takes to do an access: an AtomicOp writes. */
    private static int asked(int access) {
        return (access & Access.ATOMIC) != 0 ? access | Access.WRITE : access;
    }

    private long requestPage(Endpoint e, Transaction t, long at, Journey j) {
        long arrived = e.up(TlpKind.PAGE_REQUEST, 0, t.hasSubstream(), at, j);
        e.drained(TlpKind.PAGE_REQUEST, 0, arrived);
        boolean write = Access.isWrite(t.access());
        PageRequest message = new PageRequest(
                t.streamId(),
                t.substreamId(),
                t.address() & ~(long) OFFSET,
                !write || (t.access() & Access.ATOMIC) != 0,
                write,
                t.hasSubstream() && Access.isInstruction(t.access()),
                t.hasSubstream() && Access.isPrivileged(t.access()),
                true,
                group);
        group = (group + 1) % GROUPS;
        response = null;
        iommu.requestPage(message);
        long answered = arrived;
        if (response == null) {
            software.serve(message);
            answered += parameters.service();
            j.add(LatencyPart.QUEUE, parameters.service());
        }
        return e.down(TlpKind.PRG_RESPONSE, 0, t.hasSubstream(), answered, j);
    }

    /** Whether the page that was resolved last is to be accessed by its translated address. */
    boolean isTranslated(Endpoint e) {
        AddressTranslationCache atc = e.atc();
        return entry >= 0 && atc != null && !atc.isUntranslatedOnly(entry);
    }

    /** The translated address of one in the page that was resolved last. */
    long output(Endpoint e, long address) {
        AddressTranslationCache atc = e.atc();
        return atc == null ? address : atc.output(entry, address);
    }

    /** A read by the translation that was resolved last has its data at a time. */
    void used(Endpoint e, long until) {
        AddressTranslationCache atc = e.atc();
        if (entry >= 0 && atc != null) {
            atc.used(entry, until);
        }
    }

    /** Says when the IOMMU sends the Invalidate Requests that come from now on. */
    public void commandsAt(long time) {
        commandTime = time;
    }

    /** Says who is told when an Invalidate Completion will be at the IOMMU, so that what waits for it can count that. */
    public void onAnswer(LongConsumer to) {
        answers = to;
    }

    /** When the last Invalidate Completion so far is at the IOMMU. */
    public long lastAnswer() {
        return lastAnswer;
    }

    /**
     * Has a device drop translations.
     *
     * @param at when the IOMMU sends the request
     * @return when the completion is at the IOMMU: the device answers once what uses the translations is over, behind its writes
     */
    public long invalidate(AtcInvalidation what, long at) {
        Endpoint e = endpoints.of(what.streamId());
        AddressTranslationCache atc = e.atc();
        boolean pasid = what.substreamId() != Transaction.NO_SUBSTREAM;
        long there = e.down(TlpKind.INVALIDATE_REQUEST, TlpKind.ATS_DATA, pasid, at, messages);
        long over = atc == null ? there : Math.max(there, atc.invalidate(what));
        long turn = e.inTurn(over, over, messages);
        long answered = e.up(TlpKind.INVALIDATE_COMPLETION, 0, false, turn, messages);
        e.drained(TlpKind.INVALIDATE_COMPLETION, 0, answered);
        return answered;
    }

    @Override
    public Invalidation invalidate(AtcInvalidation what) {
        lastAnswer = Math.max(lastAnswer, invalidate(what, commandTime));
        answers.accept(lastAnswer);
        iommu.invalidationEnded(what.ticket(), true);
        return Invalidation.PENDING;
    }

    @Override
    public void respond(PageResponse answer) {
        response = answer;
    }

    @Override
    public boolean canStall(int streamId) {
        return false;
    }

    @Override
    public void resumed(long ticket, Transaction transaction, Verdict verdict) {}

    /** Lookups that found a translation which was still to come. */
    public long mergedMisses() {
        return merged;
    }
}
