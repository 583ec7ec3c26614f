// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

import org.iommuemu.iommu.Transaction;
import org.iommuemu.time.RandomStream;

/** Reads and writes of a window that is mapped already. */
public final class WindowAccesses implements AccessPattern {
    /**
     * What they are like.
     *
     * @param start address of the window
     * @param unit bytes from one unit of the pattern to the next
     * @param least bytes of the shortest access
     * @param most bytes of the longest; all lengths are equally frequent
     * @param reads how many of them read, 0 to 1
     * @param pasids accesses have PASIDs from 1 to this at random; 0 for none
     */
    public record Shape(long start, int unit, int least, int most, double reads, int pasids) {
        /** Checks the ranges. */
        public Shape {
            if (unit < 1 || least < 1 || most < least || !(reads >= 0 && reads <= 1) || pasids < 0) {
                throw new IllegalArgumentException(
                        "unit " + unit + ", length " + least + " to " + most + ", reads " + reads + ", PASIDs " + pasids
                                + ", expected lengths from 1 on, a fraction of reads, a number of PASIDs");
            }
        }
    }

    private final Shape shape;
    private final OffsetPattern offsets;
    private final RandomStream random;
    private final RandomStream kinds;

    /** Accesses by a pattern. */
    public WindowAccesses(Shape shape, OffsetPattern offsets, long seed) {
        this.shape = shape;
        this.offsets = offsets;
        random = new RandomStream(seed);
        kinds = random.split(1);
    }

    @Override
    public DeviceAccess next(long number, Software software) {
        long address = shape.start + offsets.unit(number, random) * shape.unit;
        boolean write = kinds.nextDouble() >= shape.reads;
        int bytes = shape.least + (int) kinds.nextBelow(shape.most - shape.least + 1L);
        int pasid = shape.pasids == 0 ? Transaction.NO_SUBSTREAM : 1 + (int) kinds.nextBelow(shape.pasids);
        return new DeviceAccess(write, address, bytes, pasid);
    }
}
