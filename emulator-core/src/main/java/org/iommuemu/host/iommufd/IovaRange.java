// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

/**
 * I/O virtual addresses; both are unsigned.
 *
 * @param start the first
 * @param last the last, not below the first
 */
public record IovaRange(long start, long last) {
    /** All there are. */
    static final IovaRange ALL = new IovaRange(0, -1);

    /** Whether they have an address in common. */
    boolean overlaps(IovaRange other) {
        return Long.compareUnsigned(start, other.last) <= 0 && Long.compareUnsigned(other.start, last) <= 0;
    }

    /** Whether all of another one's are its. */
    boolean contains(IovaRange other) {
        return Long.compareUnsigned(start, other.start) <= 0 && Long.compareUnsigned(other.last, last) <= 0;
    }

    @Override
    public String toString() {
        return String.format("0x%x..0x%x", start, last);
    }
}
