// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

/**
 * That pages were mapped once. Times are turns, of which each thing that the oracle sees takes one.
 */
final class Mapping {
    private static final long NEVER = Long.MAX_VALUE;

    final int function;
    final int pasid;
    final long iova;
    final int shift;
    final long physical;
    final boolean writable;
    /** When software began to map. */
    final long from;
    /** When that returned. */
    long there = NEVER;
    /** When software began to unmap. */
    long closing = NEVER;
    /** When that returned. */
    long until = NEVER;

    Mapping(int function, int pasid, long iova, int shift, long physical, boolean writable, long from) {
        this.function = function;
        this.pasid = pasid;
        this.iova = iova;
        this.shift = shift;
        this.physical = physical;
        this.writable = writable;
        this.from = from;
    }

    boolean holds(long address) {
        return address >>> shift == iova >>> shift;
    }

    long output(long address) {
        return physical + (address - iova);
    }

    boolean isOpen() {
        return until == NEVER;
    }

    /** Whether it can be used all of a time; from the turn on in which it begins to close it need not. */
    boolean covers(long first, long last) {
        return there <= first && last < closing;
    }

    @Override
    public String toString() {
        return String.format(
                "function %d pasid %d 0x%x + 2^%d -> 0x%x %s from %d until %s",
                function, pasid, iova, shift, physical, writable ? "RW" : "R", from, isOpen() ? "now" : until + "");
    }
}
