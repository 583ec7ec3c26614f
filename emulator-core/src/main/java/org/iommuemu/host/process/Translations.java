// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

/** Tables that an address space's pages are mapped in. */
public interface Translations {
    /** Physical address of the first table. */
    long root();

    /**
     * Maps a page that is not mapped.
     *
     * @param permissions READ, WRITE, EXECUTE of {@link org.iommuemu.host.IommuDriver}
     */
    boolean map(long address, long physical, int pageShift, int permissions);

    /** Unmaps a page. */
    void unmap(long address, int pageShift);

    /** Where an address is mapped to, or -1. */
    long physical(long address);
}
