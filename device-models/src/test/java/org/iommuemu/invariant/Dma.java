// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

/** A transfer that a function was told to do. */
final class Dma {
    final int function;
    final int pasid;
    final long iova;
    final int bytes;
    final boolean writes;
    final boolean reads;
    /** By which its words are known, if it writes. */
    final long author;

    /** The turn when it was issued. */
    long issued;
    /** The turn when it ended for the device, or 0. */
    long ended;
    /** Whether software has disturbed it, so that it may fail. */
    boolean excused;
    /** Words that it has written. */
    int landed;

    Dma(int function, int pasid, long iova, int bytes, boolean reads, boolean writes, long author) {
        this.function = function;
        this.pasid = pasid;
        this.iova = iova;
        this.bytes = bytes;
        this.reads = reads;
        this.writes = writes;
        this.author = author;
    }

    boolean holds(long address) {
        return iova <= address && address < iova + bytes;
    }

    @Override
    public String toString() {
        return String.format(
                "%s of function %d pasid %d 0x%x + %d, issued at %d, ended at %d",
                !writes ? "read" : reads ? "swap" : "write", function, pasid, iova, bytes, issued, ended);
    }
}
