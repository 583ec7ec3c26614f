// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.spec.TranslationEntry;

/** A transfer's part in one 4 KiB page, and what is known of the way there. */
final class PageAccess {
    /** Who wants to know the way. */
    interface Owner {
        /** Whether pages that are missing are to be requested. */
        boolean requestsPages();

        /** The way is known: {@link #isTranslated} says which. */
        void known(PageAccess p);

        /** There is no way. */
        void failed(PageAccess p, DmaChannel.Status why);
    }

    static final int PAGE_SHIFT = 12;
    /** A function's ATC is its own: nothing tells streams apart there. */
    static final int STREAM = 0;

    private final Owner owner;
    private final Transaction transaction;
    private final int offset;
    private final int bytes;
    private final long rest;
    private boolean known;
    private boolean translated;
    private boolean issued;
    private boolean over;
    private long entry;
    private int requests;

    /**
     * A part to which no way is known.
     *
     * @param offset of its first byte in the transfer
     * @param rest bytes of the transfer from here on
     */
    PageAccess(Owner owner, long address, int offset, int bytes, long rest, int pasid, int access) {
        this.owner = owner;
        this.offset = offset;
        this.bytes = bytes;
        this.rest = rest;
        transaction = new Transaction().set(STREAM, pasid, address, access);
    }

    /** Whether the page is to be requested if it is missing. */
    boolean isRequested() {
        return owner.requestsPages();
    }

    Transaction transaction() {
        return transaction;
    }

    long address() {
        return transaction.address();
    }

    long page() {
        return address() & -(1L << PAGE_SHIFT);
    }

    int pasid() {
        return transaction.substreamId();
    }

    int offset() {
        return offset;
    }

    int bytes() {
        return bytes;
    }

    /** Pages from this one to the end of the transfer. */
    long pagesToEnd() {
        return (address() - page() + rest - 1 >>> PAGE_SHIFT) + 1;
    }

    /** Whether it reads, or does an AtomicOp, which reads and writes. */
    boolean reads() {
        return !Access.isWrite(transaction.access()) || (transaction.access() & Access.ATOMIC) != 0;
    }

    boolean writes() {
        return Access.isWrite(transaction.access());
    }

    boolean executes() {
        return Access.isInstruction(transaction.access());
    }

    boolean isPrivileged() {
        return Access.isPrivileged(transaction.access());
    }

    void untranslated() {
        translated = false;
        known();
    }

    /** Is to be reached by a translation, see {@link TranslationEntry}. */
    void translated(long by) {
        entry = by;
        translated = true;
        known();
    }

    private void known() {
        known = true;
        owner.known(this);
    }

    /** The translation must not be used any more. */
    void forget() {
        known = false;
    }

    void fail(DmaChannel.Status why) {
        over = true;
        owner.failed(this, why);
    }

    boolean isKnown() {
        return known;
    }

    boolean isTranslated() {
        return translated;
    }

    /** Where its first byte is: for a translated request the translated address. */
    long target() {
        long inPage = (1L << TranslationEntry.pageShift(entry)) - 1;
        return translated ? TranslationEntry.address(entry) | address() & inPage : address();
    }

    /** log2 of the bytes that its translation covers. */
    int shift() {
        return TranslationEntry.pageShift(entry);
    }

    /** Whether its translation holds for every PASID. */
    boolean isGlobal() {
        return TranslationEntry.GLOBAL.isSet(entry);
    }

    /** Nobody wants to know any more. */
    void end() {
        over = true;
    }

    boolean isOver() {
        return over;
    }

    /** Its requests have been sent. */
    void issue() {
        issued = true;
    }

    boolean isIssued() {
        return issued;
    }

    /** How often its page has been requested; counts once more. */
    int countRequest() {
        return requests++;
    }
}
