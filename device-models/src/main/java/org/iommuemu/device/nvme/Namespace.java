// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

/**
 * A namespace, formatted to logical blocks without metadata.
 *
 * @param store its bytes
 * @param blockShift log2 of the bytes of a logical block: 9 to 16
 */
public record Namespace(BlockStore store, int blockShift) {
    private static final int LEAST_SHIFT = 9;
    private static final int MOST_SHIFT = 16;

    /** Checks that there is at least one block. */
    public Namespace {
        if (blockShift < LEAST_SHIFT || blockShift > MOST_SHIFT || store.bytes() >> blockShift == 0) {
            throw new IllegalArgumentException("logical blocks of 2^" + blockShift + " bytes in a store of "
                    + store.bytes() + ", expected 2^" + LEAST_SHIFT + " to 2^" + MOST_SHIFT + " and at least one");
        }
    }

    /** Number of logical blocks. */
    public long blocks() {
        return store.bytes() >> blockShift;
    }

    /** Whether blocks lie within it; {@code first} is unsigned. */
    public boolean holds(long first, int count) {
        return first >= 0 && first < blocks() && count <= blocks() - first;
    }
}
