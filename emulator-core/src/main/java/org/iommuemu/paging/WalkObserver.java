// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

/** Sees every descriptor that a walk reads, in order; for {@code explain} and tests. */
@FunctionalInterface
public interface WalkObserver {
    /**
     * A descriptor was read.
     *
     * @param root whose tables
     * @param height height of the descriptor; {@link TableFormat#level(int)} gives its level
     * @param address where it was read
     * @param descriptor its value
     */
    void descriptor(TableRoot root, int height, long address, long descriptor);
}
