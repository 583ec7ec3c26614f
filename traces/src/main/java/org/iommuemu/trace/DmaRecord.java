// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

/**
 * One record of a trace. Reusable: a reader overwrites the same one again and again, a writer's caller fills one anew for each record.
 */
public final class DmaRecord {
    /** Attribute {@code r}: readable (map), read wanted (page request). */
    public static final int READ = 1;
    /** Attribute {@code w}: writable (map), write wanted (page request, ATS request). */
    public static final int WRITE = 1 << 1;
    /** Attribute {@code x}: executable (map), an instruction fetch (read), execute wanted (page request, ATS request). */
    public static final int EXECUTE = 1 << 2;
    /** Attribute {@code p}: a privileged access; for privileged accesses only (map). */
    public static final int PRIVILEGED = 1 << 3;
    /** Attribute {@code l}: last page request of its group. */
    public static final int LAST = 1 << 4;

    static final int PERMISSIONS = READ | WRITE | EXECUTE;
    /** The letters of the attributes, that of bit 0 first. */
    public static final String LETTERS = "rwxpl";

    /** {@link #pasid()} where there is none. */
    public static final int NO_PASID = -1;
    /** A PASID has 20 bits. */
    public static final int PASID_BITS = 20;
    /** A page request group index has 9 bits. */
    public static final int GROUP_BITS = 9;
    /** Physical addresses have at most 52 bits. */
    public static final int ADDRESS_BITS = 52;
    /** The smallest page is 4 KiB. */
    public static final int LEAST_SHIFT = 12;
    /** The largest page is 512 GiB. */
    public static final int MOST_SHIFT = 39;

    long time;
    int kind;
    int stream;
    int pasid = NO_PASID;
    long iova;
    long length;
    int attributes;
    boolean hasAddress;
    long address;
    int pageShift;
    int group;

    /**
     * Begins another record: no PASID, no attributes, no address.
     *
     * @param at time in ps
     * @param bytes length, below 2^32
     */
    public DmaRecord set(long at, TraceKind what, int streamId, long inputAddress, long bytes) {
        time = at;
        kind = what.code();
        stream = streamId;
        iova = inputAddress;
        length = bytes;
        pasid = NO_PASID;
        attributes = 0;
        hasAddress = false;
        address = 0;
        pageShift = 0;
        group = 0;
        return this;
    }

    /** Gives it a PASID. */
    public DmaRecord withPasid(int value) {
        pasid = value;
        return this;
    }

    /** Gives it attributes. */
    public DmaRecord withAttributes(int bits) {
        attributes = bits;
        return this;
    }

    /** Gives it a physical address: what its first byte must be translated to, or for {@link TraceKind#MAP} is mapped to. */
    public DmaRecord withAddress(long physical) {
        address = physical;
        hasAddress = true;
        return this;
    }

    /** Gives it the size of the pages that are mapped or unmapped, as log2. */
    public DmaRecord withPageShift(int shift) {
        pageShift = shift;
        return this;
    }

    /** Gives it a page request group index. */
    public DmaRecord withGroup(int index) {
        group = index;
        return this;
    }

    /** In ps, never less than that of the record before. */
    public long time() {
        return time;
    }

    /** What it is. */
    public TraceKind kind() {
        return TraceKind.of(kind);
    }

    /** {@link TraceKind#code()} of {@link #kind()}. */
    public int kindCode() {
        return kind;
    }

    /** Whether a device reads or writes memory. */
    public boolean isDma() {
        return kind <= TraceKind.ATOMIC_DMA.code();
    }

    /** StreamID or requester id, 32 bits. */
    public int stream() {
        return stream;
    }

    /** PASID, or {@link #NO_PASID}. */
    public int pasid() {
        return pasid;
    }

    /** Input address of the first byte. */
    public long iova() {
        return iova;
    }

    /** In bytes, below 2^32; 0 if it is not known, or of {@link TraceKind#INVALIDATE} if a whole address space is meant. */
    public long length() {
        return length;
    }

    /** {@link #READ}, {@link #WRITE}, {@link #EXECUTE}, {@link #PRIVILEGED}, {@link #LAST}. */
    public int attributes() {
        return attributes;
    }

    /** Whether an attribute is set. */
    public boolean has(int attribute) {
        return (attributes & attribute) != 0;
    }

    /** Whether there is an {@link #address()}. */
    public boolean hasAddress() {
        return hasAddress;
    }

    /** The physical address of the first byte: expected, or of {@link TraceKind#MAP} given. */
    public long address() {
        return address;
    }

    /** log2 of the page size of {@link TraceKind#MAP} and {@link TraceKind#UNMAP}, else 0. */
    public int pageShift() {
        return pageShift;
    }

    /** Page request group index. */
    public int group() {
        return group;
    }

    /** Takes over another record. */
    public DmaRecord copyFrom(DmaRecord other) {
        time = other.time;
        kind = other.kind;
        stream = other.stream;
        pasid = other.pasid;
        iova = other.iova;
        length = other.length;
        attributes = other.attributes;
        hasAddress = other.hasAddress;
        address = other.address;
        pageShift = other.pageShift;
        group = other.group;
        return this;
    }
}
