// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/** An IOMMU as software and devices see it: registers on one side, transactions and messages on the other. */
public interface Iommu extends RegisterFrame {
    /** Answers one untranslated transaction (AT=00), which must not cross a 4 KiB page. */
    void translate(Transaction transaction, Verdict verdict);

    /** Answers one transaction whose address a Translation Request has given (AT=10); it must not cross a 4 KiB page. */
    void forwardTranslated(Transaction transaction, Verdict verdict);

    /**
     * Answers an ATS Translation Request (AT=01) for one page.
     *
     * @param request its {@link Access} code has {@link Access#WRITE} unless NW is set, {@link Access#INSTRUCTION} for ER and
     *     {@link Access#PRIVILEGED} for PMR; the latter two count only with a PASID
     * @param completion takes the answer
     */
    void requestTranslation(Transaction request, TranslationCompletion completion);

    /** Takes a Page Request message; an automatic response goes to the {@link #connect connected} port. */
    void requestPage(PageRequest request);

    /**
     * Says that an Invalidate Request that was {@link DevicePort.Invalidation#PENDING} has ended; a ticket that is not
     * outstanding is ignored, or an error of its own where the architecture has one (VT-d FSTS.ICE).
     *
     * @param ticket see {@link AtcInvalidation#ticket()}
     * @param answered whether the device answered in time
     */
    void invalidationEnded(long ticket, boolean answered);

    /** Says whom messages to devices go to; {@link DevicePort#NONE} until then. */
    void connect(DevicePort port);
}
