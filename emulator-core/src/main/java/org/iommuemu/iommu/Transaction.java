// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

/**
 * One request as it reaches the IOMMU: who, where, what. Reusable; an issuer keeps one and fills it anew for each
 * request, so that issuing allocates nothing.
 */
public final class Transaction {
    /** {@link #substreamId()} of a request without a PASID. */
    public static final int NO_SUBSTREAM = -1;

    private int streamId;
    private int substreamId = NO_SUBSTREAM;
    private long address;
    private int access;

    /** Makes this a data read without PASID. */
    public Transaction read(int stream, long at) {
        return set(stream, NO_SUBSTREAM, at, Access.READ);
    }

    /** Makes this a write without PASID. */
    public Transaction write(int stream, long at) {
        return set(stream, NO_SUBSTREAM, at, Access.WRITE);
    }

    /**
     * Sets everything.
     *
     * @param stream StreamID, or requester id
     * @param substream SubstreamID (PASID), or {@link #NO_SUBSTREAM}
     * @param at input address of the first byte
     * @param code see {@link Access}
     */
    public Transaction set(int stream, int substream, long at, int code) {
        streamId = stream;
        substreamId = substream;
        address = at;
        access = code & Access.CODES - 1;
        return this;
    }

    /** StreamID, 32 bits. */
    public int streamId() {
        return streamId;
    }

    /** SubstreamID, or {@link #NO_SUBSTREAM}. */
    public int substreamId() {
        return substreamId;
    }

    /** StreamID in the high half, SubstreamID in the low one. */
    long source() {
        return (long) streamId << Integer.SIZE | substreamId & 0xFFFF_FFFFL;
    }

    /** Whether the request carries a SubstreamID. */
    public boolean hasSubstream() {
        return substreamId != NO_SUBSTREAM;
    }

    /** Input address of the first byte. */
    public long address() {
        return address;
    }

    /** What it does, see {@link Access}. */
    public int access() {
        return access;
    }
}
