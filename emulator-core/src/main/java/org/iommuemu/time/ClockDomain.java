// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import java.math.BigInteger;

/**
 * A named clock, in whose cycles latencies may be given.
 *
 * @param name what configurations and reports call it
 * @param hertz cycles per second, at least 1
 */
public record ClockDomain(String name, long hertz) {
    /**
     * Checks the frequency.
     *
     * @throws IllegalArgumentException when it is not positive
     */
    public ClockDomain {
        if (hertz < 1) {
            throw new IllegalArgumentException("clock " + name + ": " + hertz + " Hz is not positive");
        }
    }

    /**
     * How long a number of cycles take: {@code cycles * 10^12 / hertz}, to the nearest picosecond, half a picosecond rounded up.
     * So three cycles of 3 GHz are 1000 ps, although one is 333. Not for the hot path.
     *
     * @return in ps
     * @throws IllegalArgumentException when it is negative, or too long for 63 bits
     */
    public long cycles(long cycles) {
        BigInteger frequency = BigInteger.valueOf(hertz);
        BigInteger twice = BigInteger.valueOf(cycles).multiply(BigInteger.valueOf(2 * Picoseconds.PER_SECOND));
        BigInteger rounded = twice.add(frequency).divide(frequency.shiftLeft(1));
        return Picoseconds.checked(cycles < 0 ? BigInteger.valueOf(-1) : rounded, cycles + " cycles of " + name);
    }
}
