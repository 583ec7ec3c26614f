// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator;

import org.iommuemu.time.Picoseconds;

/**
 * What an accelerator can do.
 *
 * @param queues work queues
 * @param engines descriptors that are carried out at once
 * @param entries descriptors that a queue can hold
 * @param vectors interrupt vectors
 * @param maxTransfer log2 of the most bytes of a descriptor
 * @param maxBatch log2 of the most descriptors of a batch
 * @param piece bytes that an engine reads before it goes on
 * @param dispatch ps from taking a descriptor to its first transfer
 */
public record AcceleratorParameters(
        int queues, int engines, int entries, int vectors, int maxTransfer, int maxBatch, int piece, long dispatch) {
    private static final int MOST_QUEUES = 64;
    private static final int MOST_ENTRIES = 65_535;
    private static final int MOST_VECTORS = 2048;
    private static final int MOST_TRANSFER = 30;
    private static final int MOST_BATCH = 12;
    private static final int MOST_PIECE = 1 << 20;
    private static final int LEAST_PIECE = 64;

    /**
     * Checks each value.
     *
     * @throws IllegalArgumentException naming what is wrong and what was expected
     */
    public AcceleratorParameters {
        within("queues", queues, 1, MOST_QUEUES);
        within("engines", engines, 1, MOST_QUEUES);
        within("entries", entries, 1, MOST_ENTRIES);
        within("vectors", vectors, 1, MOST_VECTORS);
        within("maxTransfer", maxTransfer, 0, MOST_TRANSFER);
        within("maxBatch", maxBatch, 0, MOST_BATCH);
        within("piece", piece, LEAST_PIECE, MOST_PIECE);
        within("dispatch", dispatch, 0, Picoseconds.PER_SECOND);
    }

    private static void within(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " is " + value + ", expected " + least + " to " + most);
        }
    }

    /** Round figures, none of them measured. */
    public static AcceleratorParameters standard() {
        return new AcceleratorParameters(8, 4, 128, 9, 21, 10, 16_384, Picoseconds.ofNanoseconds(100));
    }
}
