// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

/** Is told of changes to an address space, so that translations of it that others hold can follow: of a device's PASID, say. */
public interface MmuNotifier {
    /**
     * Entries of the tables have been cleared or changed. What is cached of them must be gone when this returns: frames that were
     * mapped there are given up next. May run while pages are brought in again.
     *
     * @param start address of the first page
     * @param length in bytes
     */
    void invalidate(long start, long length);

    /** The last user is gone. When this returns nobody may use the tables any more: they are emptied next. The notifier is removed then. */
    void release();
}
