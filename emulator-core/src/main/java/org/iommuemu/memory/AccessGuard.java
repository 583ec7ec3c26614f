// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

/** Decides what answers an access to memory that is present: how a test lets memory fail now and then. */
@FunctionalInterface
public interface AccessGuard {
    /**
     * An agent on the bus is about to read or write; what memory holds may still be changed.
     *
     * @param address physical address of the first byte
     * @param length bytes, at least 1
     */
    RangeState answer(long address, int length);
}
