// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

/** Tables of four levels for pages of 4 KiB. */
interface Tables {
    /** Maps a page, readable and writable. */
    void map(long address, long physical);

    /** Physical address of the first table. */
    long root();
}
