// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import org.iommuemu.ats.AddressTranslationCache;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;

/** A device with an address translation cache at stream 0, straight at the IOMMU: no link, no time. */
final class AtsDevice implements DevicePort {
    private static final int STREAM = 0;

    private final Iommu iommu;
    private final AddressTranslationCache atc;
    private final Transaction transaction = new Transaction();
    private final TranslationCompletion completion = new TranslationCompletion();
    private final Verdict verdict = new Verdict();
    private long requests;
    private long forwarded;
    private long invalidations;

    /** A device whose cache is empty. */
    AtsDevice(Iommu iommu, CacheGeometry geometry) {
        this.iommu = iommu;
        atc = new AddressTranslationCache("ATC", geometry);
        iommu.connect(this);
    }

    /** The cache. */
    AddressTranslationCache atc() {
        return atc;
    }

    /** Looks a page up and, where it is missing, asks for its translation; returns the translated address. */
    long translate(long address) {
        int entry = atc.lookup(transaction.read(STREAM, address));
        if (entry < 0) {
            requests++;
            iommu.requestTranslation(
                    transaction.set(STREAM, Transaction.NO_SUBSTREAM, address, Access.READ), completion);
            if (completion.status() != TranslationCompletion.Status.SUCCESS) {
                throw new IllegalStateException("Translation Request: " + completion.status());
            }
            entry = atc.fill(transaction, completion, 0);
        }
        return atc.output(entry, address);
    }

    /** Translates and reads by the translated address; returns where the IOMMU lets it. */
    long read(long address) {
        long translated = translate(address);
        iommu.forwardTranslated(transaction.read(STREAM, translated), verdict);
        forwarded += verdict.status() == Verdict.Status.OK && verdict.address() == translated ? 1 : 0;
        return verdict.address();
    }

    /** Translation Requests. */
    long requests() {
        return requests;
    }

    /** Translated reads that went where they were to. */
    long forwarded() {
        return forwarded;
    }

    /** Invalidate Requests. */
    long invalidations() {
        return invalidations;
    }

    /** Starts counting anew; the cache keeps what it holds. */
    void resetCounters() {
        requests = 0;
        forwarded = 0;
        invalidations = 0;
        atc.cache().counters().reset();
    }

    /** Drops what is meant; the completion comes before the IOMMU goes on. */
    @Override
    public Invalidation invalidate(AtcInvalidation what) {
        invalidations++;
        atc.invalidate(what);
        iommu.invalidationEnded(what.ticket(), true);
        return Invalidation.PENDING;
    }

    @Override
    public void respond(PageResponse response) {}

    @Override
    public boolean canStall(int streamId) {
        return false;
    }

    @Override
    public void resumed(long ticket, Transaction held, Verdict end) {}
}
