// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

/**
 * A row of {@code joined.csv}: a call that a kernel made, or what an IOMMU did.
 *
 * @param kind what it is
 * @param line in the file
 * @param time in µs, of the host's clock
 * @param ref of a call its line in the kernel's trace, of a command or an access its {@code seq} in the IOMMU's; −1 where it has none
 * @param op name of a command; empty for others
 * @param stream StreamID or requester id; {@link #NONE} where it has none
 * @param device PCI name of a call's device; empty where it has none
 * @param domain ASID or domain id as recorded; {@link #NONE} where it has none
 * @param iova input address; 0 where a command has none
 * @param bytes of the range; 0 where it has none
 * @param pa output address of a map or an access
 * @param partners the rows that it belongs to, by their {@code ref}: of an unmap its commands, of a command the unmaps that it covers, of an
 *     access the map in force, or an unmap that it came after
 * @param check what the recorder found
 * @param cpu of a call; 0 where it has none
 */
public record JoinedRow(
        Kind kind,
        long line,
        long time,
        long ref,
        String op,
        int stream,
        String device,
        int domain,
        long iova,
        long bytes,
        long pa,
        Partners partners,
        String check,
        int cpu) {
    /** No stream, no domain. */
    public static final int NONE = -1;

    /** What {@code check} says of an access whose map comes within 1 ms. */
    public static final String BEFORE_MAP = "before_map";

    /** What {@code check} says of an access whose map was taken away, but not invalidated yet. */
    public static final String AFTER_UNMAP = "after_unmap";

    /** What a row is. */
    public enum Kind {
        /** The kernel mapped a range. */
        MAP,
        /** The kernel unmapped a range. */
        UNMAP,
        /** The IOMMU consumed a command. */
        COMMAND,
        /** The IOMMU translated an access. */
        DMA
    }

    /** Whether the kernel called. */
    public boolean isCall() {
        return kind == Kind.MAP || kind == Kind.UNMAP;
    }

    /** Whether the row names a range or an address. */
    public boolean hasRange() {
        return bytes != 0;
    }
}
