// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bits;

import java.util.stream.LongStream;

/** The seeds of the random tests; {@code -Dseed=N} runs them all with that one instead. */
public final class Seeds {
    private Seeds() {}

    /** For tests that take a good part of a second. */
    public static LongStream few() {
        return first(2);
    }

    /** For quick tests. */
    public static LongStream some() {
        return first(5);
    }

    private static LongStream first(int count) {
        Long given = Long.getLong("seed");
        return given != null ? LongStream.of(given) : LongStream.rangeClosed(1, count);
    }
}
