// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

import org.iommuemu.time.RandomStream;

/** Which unit of a window is accessed next, as a number from 0 on. */
@FunctionalInterface
public interface OffsetPattern {
    /**
     * The unit of an access.
     *
     * @param number of the access, from 0 on
     * @param random this device's numbers
     */
    long unit(long number, RandomStream random);

    /** From the first to the last, and again. */
    static OffsetPattern sequential(long units) {
        return strided(units, 1);
    }

    /** Every so many units, and again; beyond the end the count goes on at the beginning. */
    static OffsetPattern strided(long units, long stride) {
        return (number, random) -> Math.floorMod(number % units * (stride % units), units);
    }

    /** Any, all equally likely. */
    static OffsetPattern uniform(long units) {
        return (number, random) -> random.nextBelow(units);
    }

    /**
     * All of them in an order that is random but always the same, and again: as of a chain of pointers through all of them.
     *
     * @param random decides the order, now
     */
    static OffsetPattern shuffled(int units, RandomStream random) {
        int[] order = new int[units];
        for (int i = 0; i < units; i++) {
            int other = (int) random.nextBelow(i + 1L);
            order[i] = order[other];
            order[other] = i;
        }
        return (number, own) -> order[(int) (number % units)];
    }

    /** Some much more often than others, see {@link ZipfPattern}. */
    static OffsetPattern zipf(int units, double exponent) {
        return new ZipfPattern(units, exponent);
    }
}
