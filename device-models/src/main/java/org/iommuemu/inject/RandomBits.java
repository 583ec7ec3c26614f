// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import org.iommuemu.time.RandomStream;

/** Draws bits to flip. */
final class RandomBits {
    private RandomBits() {}

    /** A word with {@code count} different ones below bit {@code width}; all of them if there are no more. */
    static long draw(RandomStream random, int count, int width) {
        long bits = 0;
        while (Long.bitCount(bits) < Math.min(count, width)) {
            bits |= 1L << random.nextBelow(width);
        }
        return bits;
    }
}
