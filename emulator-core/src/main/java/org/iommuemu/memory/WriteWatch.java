// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

/** Sees every write to memory, just before and just after it; for tools that follow what software and hardware change. */
@FunctionalInterface
public interface WriteWatch {
    /**
     * Memory is about to be written and still holds what it did; a swap that fails is announced and does not follow.
     *
     * @param address physical address of the first byte
     * @param bytes how many, as {@link #written} will say
     */
    default void writing(long address, int bytes) {}

    /**
     * Memory was written.
     *
     * @param address physical address of the first byte
     * @param bytes how many; a write of 8 bytes or less is one access, but for one that crosses a page
     */
    void written(long address, int bytes);
}
