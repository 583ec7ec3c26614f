// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

/** Finds descriptors of tables that lie in an intermediate address space: stage 2, as a stage 1 walk sees it. */
public interface TableLocator {
    /** What {@link #locate} gives for a descriptor that may not be read. */
    long NOWHERE = -1;

    /**
     * The physical address of a descriptor.
     *
     * @param intermediate its intermediate physical address
     * @return its physical address, or {@link #NOWHERE}
     */
    long locate(long intermediate);

    /**
     * The physical address of a descriptor that is about to be marked as accessed.
     *
     * @return the address, or {@link #NOWHERE}; the locator knows why
     */
    default long locateForUpdate(long intermediate) {
        return locate(intermediate);
    }

    /** log2 of the bytes around the last located address that are located alike. */
    int locatedShift();
}
