// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.traffic;

import java.util.Arrays;
import org.iommuemu.time.RandomStream;

/**
 * Zipf's law: the k-th most frequent unit is used in proportion to k^-s. Which units are the frequent ones is spread over the window,
 * so that they are not neighbours.
 */
final class ZipfPattern implements OffsetPattern {
    /** Steps from one rank to the next, as a part of the window: the golden section. */
    private static final double SPREAD = 0.618_033_988_749_894_8;

    private final double[] cumulative;
    private final long step;

    ZipfPattern(int units, double exponent) {
        if (units < 1 || !(exponent >= 0)) {
            throw new IllegalArgumentException(
                    "Zipf of " + units + " units and exponent " + exponent + ", expected at least 1 and at least 0");
        }
        cumulative = new double[units];
        double sum = 0;
        for (int rank = 0; rank < units; rank++) {
            sum += StrictMath.pow(rank + 1.0, -exponent);
            cumulative[rank] = sum;
        }
        step = coprime(Math.max(1, (long) (units * SPREAD)), units);
    }

    private static long coprime(long from, long units) {
        long candidate = from;
        while (gcd(candidate, units) != 1) {
            candidate++;
        }
        return candidate;
    }

    private static long gcd(long a, long b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    @Override
    public long unit(long number, RandomStream random) {
        double at = random.nextDouble() * cumulative[cumulative.length - 1];
        int found = Arrays.binarySearch(cumulative, at);
        // Where it would be inserted is the first that is larger; one that is equal belongs to the next.
        int rank = Math.min(found < 0 ? -found - 1 : found + 1, cumulative.length - 1);
        return rank * step % cumulative.length;
    }
}
