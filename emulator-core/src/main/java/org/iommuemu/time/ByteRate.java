// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import java.math.BigInteger;

/**
 * How fast bytes pass, as an exact fraction in lowest terms: {@code bytes} every {@code picoseconds}. PCIe Gen3 x8 with 128b/130b
 * is 64 bytes every 8125 ps.
 *
 * @param bytes numerator, 1 to 2^40
 * @param picoseconds denominator, 1 to 2^43
 */
public record ByteRate(long bytes, long picoseconds) {
    private static final long MAX_BYTES = 1L << 40;
    private static final long MAX_PICOSECONDS = 1L << 43;
    private static final int BITS_PER_BYTE = 8;

    /**
     * Reduces the fraction to lowest terms.
     *
     * @throws IllegalArgumentException when one of its parts is then out of range
     */
    public ByteRate {
        String given = bytes + " bytes every " + picoseconds + " ps";
        if (bytes < 1 || picoseconds < 1) {
            throw new IllegalArgumentException("rate: " + given + " is not positive");
        }
        long divisor =
                BigInteger.valueOf(bytes).gcd(BigInteger.valueOf(picoseconds)).longValue();
        bytes /= divisor;
        picoseconds /= divisor;
        if (bytes > MAX_BYTES || picoseconds > MAX_PICOSECONDS) {
            throw new IllegalArgumentException("rate: " + given + " is too fine a fraction");
        }
    }

    /** A rate in bytes per second, 1 to 2^40 and more where it divides 10^12 well. */
    public static ByteRate bytesPerSecond(long bytes) {
        return new ByteRate(bytes, Picoseconds.PER_SECOND);
    }

    /** A rate in bits per second. */
    public static ByteRate bitsPerSecond(long bits) {
        return new ByteRate(bits, BITS_PER_BYTE * Picoseconds.PER_SECOND);
    }

    /**
     * This rate times a fraction: lanes, an encoding such as 128/130, an efficiency.
     *
     * @throws IllegalArgumentException when the result is out of range
     * @throws ArithmeticException when it is far out of range
     */
    public ByteRate times(long numerator, long denominator) {
        ByteRate factor = new ByteRate(numerator, denominator);
        ByteRate a = new ByteRate(bytes, factor.picoseconds);
        ByteRate b = new ByteRate(factor.bytes, picoseconds);
        return new ByteRate(Math.multiplyExact(a.bytes, b.bytes), Math.multiplyExact(a.picoseconds, b.picoseconds));
    }

    /** How long bytes take, in ps, rounded up; from 0 to 2^63 / {@link #picoseconds} of them. */
    public long timeOf(long count) {
        return (count * picoseconds + bytes - 1) / bytes;
    }
}
