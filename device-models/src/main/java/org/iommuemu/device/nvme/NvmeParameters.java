// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import org.iommuemu.time.ByteRate;
import org.iommuemu.time.Picoseconds;
import org.jspecify.annotations.Nullable;

/**
 * What a controller can do, and how fast its medium is. All times in ps.
 *
 * @param queues I/O queues of each kind
 * @param entries of a queue at most (CAP.MQES + 1)
 * @param vectors interrupt vectors
 * @param doorbellStride CAP.DSTRD: log2 of 4 bytes
 * @param maxPage CAP.MPSMAX: log2 of 4 KiB
 * @param maxTransfer MDTS: log2 of 4 KiB that a command moves at most
 * @param commands I/O commands that are carried out at once
 * @param eventRequests asynchronous event requests that can be outstanding (AERL + 1)
 * @param errorLog entries of the error log (ELPE + 1)
 * @param readyTime from CC.EN to CSTS.RDY, and to the end of a shutdown
 * @param readLatency of one page of the medium
 * @param writeLatency of one page of the medium
 * @param mediumPage bytes of a page of the medium
 * @param parallelism pages that the medium reads or writes at once
 * @param rate between the medium and the controller; null for no limit
 */
public record NvmeParameters(
        int queues,
        int entries,
        int vectors,
        int doorbellStride,
        int maxPage,
        int maxTransfer,
        int commands,
        int eventRequests,
        int errorLog,
        long readyTime,
        long readLatency,
        long writeLatency,
        int mediumPage,
        int parallelism,
        @Nullable ByteRate rate) {
    private static final int MOST = 65_535;
    private static final int MOST_ENTRIES = 1 << 16;
    private static final int MOST_VECTORS = 2_048;
    private static final int MOST_STRIDE = 4;
    private static final int MOST_PAGE = 4;
    private static final int MOST_TRANSFER = 12;
    private static final int BYTE = 256;
    private static final int MOST_MEDIUM_PAGE = 1 << 24;
    private static final int SECTOR = 512;

    /**
     * Checks each value.
     *
     * @throws IllegalArgumentException naming what is wrong and what was expected
     */
    public NvmeParameters {
        within("queues", queues, 1, MOST - 1);
        within("entries", entries, 2, MOST_ENTRIES);
        within("vectors", vectors, 1, MOST_VECTORS);
        within("doorbellStride", doorbellStride, 0, MOST_STRIDE);
        within("maxPage", maxPage, 0, MOST_PAGE);
        within("maxTransfer", maxTransfer, 1, MOST_TRANSFER);
        within("commands", commands, 1, MOST);
        within("eventRequests", eventRequests, 1, BYTE);
        within("errorLog", errorLog, 1, BYTE);
        within("readyTime", readyTime, 0, Picoseconds.PER_SECOND);
        within("readLatency", readLatency, 0, Picoseconds.PER_SECOND);
        within("writeLatency", writeLatency, 0, Picoseconds.PER_SECOND);
        within("mediumPage", mediumPage, SECTOR, MOST_MEDIUM_PAGE);
        within("parallelism", parallelism, 1, MOST);
    }

    private static void within(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " is " + value + ", expected " + least + " to " + most);
        }
    }

    /** Round figures of a data-centre drive, none of them measured. */
    public static NvmeParameters standard() {
        return new NvmeParameters(
                16,
                1024,
                17,
                0,
                4,
                7,
                256,
                4,
                64,
                Picoseconds.PER_MILLISECOND,
                70 * Picoseconds.PER_MICROSECOND,
                15 * Picoseconds.PER_MICROSECOND,
                4096,
                128,
                ByteRate.bytesPerSecond(7_000_000_000L));
    }

    /** A controller that is held up by nothing but its link: the same with more commands under way, and a medium as fast as memory. */
    public static NvmeParameters unlimited() {
        return new NvmeParameters(
                16,
                1024,
                17,
                0,
                4,
                7,
                4096,
                4,
                64,
                Picoseconds.PER_MILLISECOND,
                Picoseconds.PER_MICROSECOND,
                Picoseconds.PER_MICROSECOND,
                4096,
                4096,
                null);
    }
}
