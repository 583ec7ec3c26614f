// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import org.jspecify.annotations.Nullable;

/**
 * Addresses that a process has mapped.
 *
 * @param start address of the first page
 * @param end address behind the last page
 * @param permissions READ, WRITE, EXECUTE of {@link org.iommuemu.host.IommuDriver}
 * @param shared whose pages are mapped, null if they are private
 * @param offset where in it the first page is, in bytes
 */
record Region(
        long start, long end, int permissions, @Nullable SharedMemory shared, long offset) {
    /** The part of it from {@code from} to {@code to}. */
    Region part(long from, long to) {
        return new Region(from, to, permissions, shared, offset + from - start);
    }

    /** The same with other permissions. */
    Region with(int otherPermissions) {
        return new Region(start, end, otherPermissions, shared, offset);
    }

    /** Where in the shared memory an address is. */
    long offset(long address) {
        return offset + address - start;
    }

    /** Whether the two could be one. */
    boolean goesOnWith(Region next) {
        return end == next.start
                && permissions == next.permissions
                && shared == next.shared
                && (shared == null || offset(end) == next.offset);
    }
}
