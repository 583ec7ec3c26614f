// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.edu;

import org.iommuemu.time.Picoseconds;

/**
 * What an edu device is made of.
 *
 * @param dmaMask address bits that its DMA has; others are cleared
 * @param dmaDelay from the command until a DMA begins, in ps
 * @param factorialStep what one multiplication of a factorial takes, in ps
 */
public record EduParameters(long dmaMask, long dmaDelay, long factorialStep) {
    private static final long NARROW = (1L << 28) - 1;

    /**
     * Checks the times.
     *
     * @throws IllegalArgumentException naming the parameter, its value and what is legal
     */
    public EduParameters {
        check("dmaDelay", dmaDelay, 1_000_000_000);
        check("factorialStep", factorialStep, 1_000);
    }

    private static void check(String name, long time, long nanoseconds) {
        if (time < 0 || time > Picoseconds.ofNanoseconds(nanoseconds)) {
            throw new IllegalArgumentException(name + " is " + time + " ps, expected 0 to " + nanoseconds + " ns");
        }
    }

    /** As in QEMU: 28 bits, 100 ms; a multiplication in 1 ns is assumed. */
    public static EduParameters standard() {
        return new EduParameters(NARROW, Picoseconds.ofNanoseconds(100_000_000), Picoseconds.ofNanoseconds(1));
    }

    /** The same with other address bits. */
    public EduParameters withDmaMask(long mask) {
        return new EduParameters(mask, dmaDelay, factorialStep);
    }
}
