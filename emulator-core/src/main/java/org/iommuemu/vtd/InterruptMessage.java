// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

/**
 * An interrupt message on its way to the processors.
 *
 * @param address where it is written
 * @param data what is written, 32 bits
 */
public record InterruptMessage(long address, int data) {
    private static final long ADDRESS = 0xFEE0_0000L;
    private static final int ASSERTED = 1 << 14;

    /**
     * A message of fixed delivery to a physical destination, edge-triggered.
     *
     * @param destination of 32 bits, or in xAPIC format the 8 bits of 15:8
     * @param extended whether it has 32 bits
     */
    static InterruptMessage fixed(long destination, int vector, boolean extended) {
        long low = extended ? destination & 0xFF : destination >>> 8 & 0xFF;
        long high = extended ? destination >>> 8 : 0;
        return new InterruptMessage(ADDRESS | low << 12 | high << 40, vector | ASSERTED);
    }
}
