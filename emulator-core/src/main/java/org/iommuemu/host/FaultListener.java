// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/** Who is told of refused accesses. */
@FunctionalInterface
public interface FaultListener {
    /** Nobody. */
    FaultListener NONE = fault -> {};

    /** An access was refused. */
    void refused(DmaFault fault);

    /** Others were too, but there was no room to record them. */
    default void overflowed() {}
}
