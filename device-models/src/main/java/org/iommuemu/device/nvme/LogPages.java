// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import org.iommuemu.device.nvme.spec.SubmissionEntry;
import org.jspecify.annotations.Nullable;

/** The log pages that are there (NVMe 1.4 §5.14.1). */
final class LogPages {
    static final int ERROR_INFORMATION = 1;
    private static final int SMART = 2;
    private static final int FIRMWARE_SLOTS = 3;
    private static final int FIRMWARE_BYTES = 512;

    private LogPages() {}

    /** A page, or null if there is none of that identifier. */
    static byte @Nullable [] page(int id, Health health) {
        return switch (id) {
            case ERROR_INFORMATION -> health.errorLog();
            case SMART -> health.smartLog();
            case FIRMWARE_SLOTS -> firmwareSlots();
            default -> null;
        };
    }

    /** Slot 1 is active and holds the revision that Identify tells. */
    private static byte[] firmwareSlots() {
        byte[] page = new byte[FIRMWARE_BYTES];
        page[0] = 1;
        IdentifyData.put(page, Long.BYTES, Long.BYTES, IdentifyData.REVISION);
        return page;
    }

    /** How many bytes a command asks for. */
    static long bytes(long[] command) {
        long dwords = SubmissionEntry.NUMDL.get(command) | SubmissionEntry.NUMDU.get(command) << Short.SIZE;
        return (dwords + 1) * Integer.BYTES;
    }
}
