// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.ArrayDeque;
import org.iommuemu.device.WireWords;
import org.iommuemu.device.nvme.spec.ErrorLogEntry;
import org.iommuemu.device.nvme.spec.SmartLog;
import org.iommuemu.device.nvme.spec.Status;
import org.iommuemu.device.nvme.spec.SubmissionEntry;

/** Counters of a drive's life and its latest errors: log pages 1 and 2. */
final class Health {
    /** In kelvin; it never changes. */
    static final int TEMPERATURE = 310;

    private static final int SECTOR = 512;
    private static final int UNIT = 1000 * SECTOR;
    private static final int FULL = 100;
    private static final int SPARE_THRESHOLD = 10;
    private static final int NO_COMMAND = 0xFFFF;

    private final int entries;
    private final ArrayDeque<long[]> errors = new ArrayDeque<>();
    private long errorCount;
    private long bytesRead;
    private long bytesWritten;
    private long reads;
    private long writes;
    private long mediaErrors;

    Health(int entries) {
        this.entries = entries;
    }

    void read(int bytes) {
        reads++;
        bytesRead += bytes;
    }

    void wrote(int bytes) {
        writes++;
        bytesWritten += bytes;
    }

    /** A command has ended badly. */
    void failed(Command c, Status status) {
        if (status == Status.WRITE_FAULT || status == Status.UNRECOVERED_READ_ERROR) {
            mediaErrors++;
        }
        long[] e = error(c.queue().id(), c.id(), status.code() | status.type() << Byte.SIZE);
        ErrorLogEntry.NSID.set(e, c.namespace());
        if (c.queue().id() != 0) {
            ErrorLogEntry.LBA.set(e, SubmissionEntry.SLBA.get(c.words()));
        }
    }

    /** The host has written something to a doorbell that cannot be meant. */
    void badDoorbell() {
        error(NO_COMMAND, NO_COMMAND, 0);
    }

    private long[] error(int queue, int command, int status) {
        long[] e = new long[ErrorLogEntry.WORDS];
        ErrorLogEntry.ERROR_COUNT.set(e, ++errorCount);
        ErrorLogEntry.SQID.set(e, queue);
        ErrorLogEntry.CID.set(e, command);
        ErrorLogEntry.STATUS.set(e, status);
        ErrorLogEntry.LOCATION.set(e, NO_COMMAND);
        errors.addFirst(e);
        if (errors.size() > entries) {
            errors.removeLast();
        }
        return e;
    }

    /** Log page 1: newest first. */
    byte[] errorLog() {
        byte[] page = new byte[entries * ErrorLogEntry.BYTES];
        int at = 0;
        for (long[] e : errors) {
            System.arraycopy(WireWords.bytes(e), 0, page, at, ErrorLogEntry.BYTES);
            at += ErrorLogEntry.BYTES;
        }
        return page;
    }

    /** Log page 2. */
    byte[] smartLog() {
        long[] s = new long[SmartLog.WORDS];
        SmartLog.TEMPERATURE.set(s, TEMPERATURE);
        SmartLog.SPARE.set(s, FULL);
        SmartLog.SPARE_THRESHOLD.set(s, SPARE_THRESHOLD);
        SmartLog.UNITS_READ.set(s, (bytesRead + UNIT - 1) / UNIT);
        SmartLog.UNITS_WRITTEN.set(s, (bytesWritten + UNIT - 1) / UNIT);
        SmartLog.READS.set(s, reads);
        SmartLog.WRITES.set(s, writes);
        SmartLog.POWER_CYCLES.set(s, 1);
        SmartLog.MEDIA_ERRORS.set(s, mediaErrors);
        SmartLog.ERRORS.set(s, errorCount);
        return WireWords.bytes(s);
    }
}
