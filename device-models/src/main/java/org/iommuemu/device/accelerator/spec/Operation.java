// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator.spec;

import org.jspecify.annotations.Nullable;

/** What a descriptor can ask for. */
public enum Operation {
    /** Nothing. */
    NO_OP(0x00),
    /** The descriptors of a list, one after the other. */
    BATCH(0x01),
    /** Nothing, once all that the queue accepted before has ended. */
    DRAIN(0x02),
    /** Source to destination, as if read whole before it is written. */
    MEMORY_MOVE(0x03),
    /** A pattern of 8 bytes to the destination. */
    FILL(0x04),
    /** Two sources with each other. */
    COMPARE(0x05),
    /** A source with a pattern of 8 bytes. */
    COMPARE_PATTERN(0x06),
    /** CRC-32C of a source. */
    CRC(0x10);

    private final int code;

    Operation(int code) {
        this.code = code;
    }

    /** Its code in a descriptor. */
    public int code() {
        return code;
    }

    /** By its code; null if there is none. */
    public static @Nullable Operation of(int code) {
        for (Operation o : values()) {
            if (o.code == code) {
                return o;
            }
        }
        return null;
    }

    /** Whether it has a size in bytes and addresses. */
    public boolean movesData() {
        return this != NO_OP && this != BATCH && this != DRAIN;
    }
}
