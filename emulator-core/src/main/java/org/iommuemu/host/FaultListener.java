// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/** Who is told of refused accesses. */
@FunctionalInterface
public interface FaultListener {
    /** Nobody. */
    FaultListener NONE = fault -> {};

    /** An access was refused. */
    void refused(DmaFault fault);

    /**
     * An access was refused.
     *
     * @param record the event or fault record as it was, in words of 64 bits
     */
    default void recorded(DmaFault fault, long[] record) {
        refused(fault);
    }

    /** Others were too, but there was no room to record them. */
    default void overflowed() {}
}
