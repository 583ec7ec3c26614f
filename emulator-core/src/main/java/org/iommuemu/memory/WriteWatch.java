// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

/** Sees every write to memory, just after it; for tools that follow what software and hardware change. */
@FunctionalInterface
public interface WriteWatch {
    /**
     * Memory was written.
     *
     * @param address physical address of the first byte
     * @param bytes how many; a write of 8 bytes or less is one access, but for one that crosses a page
     */
    void written(long address, int bytes);
}
