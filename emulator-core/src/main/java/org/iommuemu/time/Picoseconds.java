// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/** Times of data sheets and configurations as the model's ticks of 1 ps. Not for the hot path. */
public final class Picoseconds {
    /** One nanosecond in ps. */
    public static final long PER_NANOSECOND = 1000;

    /** One microsecond in ps. */
    public static final long PER_MICROSECOND = 1000 * PER_NANOSECOND;

    /** One millisecond in ps. */
    public static final long PER_MILLISECOND = 1000 * PER_MICROSECOND;

    /** One second in ps. */
    public static final long PER_SECOND = 1000 * PER_MILLISECOND;

    private static final BigInteger LONGEST = BigInteger.valueOf(Long.MAX_VALUE);

    private Picoseconds() {}

    /**
     * A time given in nanoseconds, to the nearest picosecond; half a picosecond is rounded up.
     *
     * @throws IllegalArgumentException when it is negative, or too long for 63 bits (106 days)
     */
    public static long ofNanoseconds(BigDecimal nanoseconds) {
        return checked(
                nanoseconds.movePointRight(3).setScale(0, RoundingMode.HALF_UP).toBigInteger(), nanoseconds + " ns");
    }

    /** The same for whole nanoseconds, which is exact. */
    public static long ofNanoseconds(long nanoseconds) {
        return ofNanoseconds(BigDecimal.valueOf(nanoseconds));
    }

    /** {@code what} is for the message. */
    static long checked(BigInteger picoseconds, String what) {
        if (picoseconds.signum() < 0 || picoseconds.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(what + " is outside 0.." + Long.MAX_VALUE + " ps");
        }
        return picoseconds.longValue();
    }
}
