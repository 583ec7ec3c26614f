// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator;

import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.accelerator.spec.CompletionCode;
import org.iommuemu.device.accelerator.spec.CompletionRecord;

/**
 * How a descriptor has ended.
 *
 * @param write of a fault: it was a write
 * @param result there is a difference, or a move was done from the end on
 * @param completed bytes or descriptors
 * @param address of a fault
 * @param crc CRC-32C of what was read
 */
record Outcome(CompletionCode code, boolean write, boolean result, int completed, long address, int crc) {
    static Outcome of(CompletionCode code) {
        return new Outcome(code, false, false, 0, 0, 0);
    }

    static Outcome done(boolean result, int completed, int crc) {
        return new Outcome(CompletionCode.SUCCESS, false, result, completed, 0, crc);
    }

    boolean isSuccess() {
        return code == CompletionCode.SUCCESS;
    }

    /** What a transfer that failed means. */
    static CompletionCode codeOf(DmaChannel.Status status, boolean waited) {
        return switch (status) {
            case OK -> CompletionCode.SUCCESS;
            case NO_PAGE -> waited ? CompletionCode.PAGE_FAULT_INVALID_RESPONSE : CompletionCode.PAGE_FAULT;
            case REFUSED -> CompletionCode.TRANSLATION_FAIL;
            case ABORTED, POISONED, TIMED_OUT, OFF -> CompletionCode.BUS_ERROR;
        };
    }

    long[] record() {
        long[] r = new long[CompletionRecord.WORDS];
        CompletionRecord.CODE.set(r, code.code());
        CompletionRecord.WRITE.set(r, write ? 1 : 0);
        CompletionRecord.RESULT.set(r, result ? 1 : 0);
        CompletionRecord.COMPLETED.set(r, completed);
        CompletionRecord.FAULT_ADDRESS.set(r, address);
        CompletionRecord.CRC.set(r, crc);
        return r;
    }
}
