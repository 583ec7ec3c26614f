// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

/**
 * Invalidations as software has them done: a command in the queue, one behind it that waits (CMD_SYNC, a wait descriptor), the
 * doorbell. Address spaces are those of streams without PASIDs.
 */
interface Invalidation {
    /** The leaf of one page. */
    void page(int stream, long address);

    /** The leaves of a range that is aligned to its size. */
    void range(int stream, long address, int log2Pages);

    /** An address space: by ASID, domain or PASID. */
    void space(int stream);

    /** Every translation. */
    void everything();

    /** A page of a stream's ATC. */
    void device(int stream, long address);
}
