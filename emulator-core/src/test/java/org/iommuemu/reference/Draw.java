// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.reference;

import java.util.List;
import java.util.SplittableRandom;

/** Random choices. */
public class Draw {
    private final SplittableRandom random;

    /** Choices that a seed determines. */
    public Draw(long seed) {
        random = new SplittableRandom(seed);
    }

    /** True once in {@code n}. */
    public final boolean once(int n) {
        return random.nextInt(n) == 0;
    }

    /** 0 to {@code n - 1}. */
    public final int below(int n) {
        return random.nextInt(n);
    }

    /** A bit. */
    public final long bit() {
        return random.nextInt(2);
    }

    /** A bit that is mostly 1, but for once in {@code n}. */
    public final long mostly(int n) {
        return once(n) ? 0 : 1;
    }

    /** A bit that is rarely 1. */
    public final long rarely(int n) {
        return once(n) ? 1 : 0;
    }

    /** A word with random low bits. */
    public final long bits(int count) {
        return count == 0 ? 0 : random.nextLong() >>> 64 - count;
    }

    /** One of some values. */
    public final int of(int... values) {
        return values[random.nextInt(values.length)];
    }

    /** One of a list. */
    public final <T> T of(List<T> values) {
        return values.get(random.nextInt(values.size()));
    }
}
