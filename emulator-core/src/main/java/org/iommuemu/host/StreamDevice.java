// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.jspecify.annotations.Nullable;

/** What a driver does for one stream. */
interface StreamDevice {
    /** Its StreamID or requester id. */
    int stream();

    /** The domain that a PASID is attached to, if it is. */
    @Nullable
    Domain attached(int pasid);

    /** Makes the domain that a PASID has when nobody has attached it to another. */
    Domain createDomain(int pasid);

    /** Attaches a PASID that is not. */
    void attach(int pasid, Domain domain);

    /** Detaches a PASID that is attached, so that no translation of it is left. */
    void detach(int pasid);

    /** Lets nothing of a PASID through any more, without a record of what tries; it is to be detached later. */
    void revoke(int pasid);

    /** Drops what caches hold for a guest, whose second stage is given. */
    void invalidate(Domain guest, GuestInvalidation what);

    /**
     * Lets nothing through until it is attached, quietly.
     *
     * @param hasPasids whether there is to be room for PASIDs, so that hardware's view does not change with the first of them
     */
    void block(boolean hasPasids);

    /** Whether a guest has all its PASIDs, by a table of its own. */
    boolean hasGuestContexts();

    /** Whether the device may use ATS. */
    boolean usesAts();

    /** Lets the device use ATS, or no longer. */
    void ats(boolean on);

    /** Lets the device ask for pages, or no longer. */
    void pageRequests(boolean on);

    /** How many PASIDs are attached, no PASID being one. */
    int attachedCount();
}
