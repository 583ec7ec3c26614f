// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

/** A PCI Express data rate: its line code, and what the Base Specification grants a receiver to answer (§3.5.3.1, §4.2). */
public enum LinkGeneration {
    /** 2.5 GT/s. */
    GEN1(2_500, 8, 10, 19),
    /** 5 GT/s. */
    GEN2(5_000, 8, 10, 70),
    /** 8 GT/s. */
    GEN3(8_000, 128, 130, 115),
    /** 16 GT/s. */
    GEN4(16_000, 128, 130, 115),
    /** 32 GT/s. */
    GEN5(32_000, 128, 130, 115);

    private final int megatransfers;
    private final int payloadBits;
    private final int codedBits;
    private final int internalDelay;

    LinkGeneration(int megatransfers, int payloadBits, int codedBits, int internalDelay) {
        this.megatransfers = megatransfers;
        this.payloadBits = payloadBits;
        this.codedBits = codedBits;
        this.internalDelay = internalDelay;
    }

    /** Bits per second that a lane carries after its line code. */
    public double laneBitsPerSecond() {
        return megatransfers * 1e6 * payloadBits / codedBits;
    }

    /** Symbol times that a receiver may take for itself before it acknowledges. */
    int internalDelay() {
        return internalDelay;
    }
}
