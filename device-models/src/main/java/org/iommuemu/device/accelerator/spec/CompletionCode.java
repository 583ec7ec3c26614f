// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator.spec;

/** How a descriptor ends; 0 stands for one that has not ended. */
public enum CompletionCode {
    /** All was done. */
    SUCCESS(0x01),
    /** A page was missing, and the descriptor did not want to wait. */
    PAGE_FAULT(0x03),
    /** A page was missing, and software did not provide it. */
    PAGE_FAULT_INVALID_RESPONSE(0x04),
    /** A descriptor of the batch did not succeed. */
    BATCH_FAIL(0x05),
    /** The descriptors of the batch could not be read. */
    BATCH_PAGE_FAULT(0x06),
    /** There is no such operation, or not there. */
    BAD_OPERATION(0x10),
    /** A flag is reserved, or not allowed there. */
    INVALID_FLAGS(0x11),
    /** Something reserved is not zero. */
    NONZERO_RESERVED(0x12),
    /** Size out of range: none, too many bytes, or beyond the last address. */
    SIZE_OUT_OF_RANGE(0x13),
    /** Number of descriptors out of range. */
    COUNT_OUT_OF_RANGE(0x14),
    /** The list of descriptors is not aligned to 64 bytes. */
    LIST_MISALIGNED(0x18),
    /** There is no such vector. */
    INVALID_VECTOR(0x19),
    /** The completion record is not aligned to 32 bytes. */
    RECORD_MISALIGNED(0x1B),
    /** The queue does not allow privileged accesses. */
    BAD_PRIVILEGE(0x1D),
    /** A transfer failed for another reason: completion time-out, no memory, bus mastering off. */
    BUS_ERROR(0x20),
    /** A transfer was refused by the IOMMU. */
    TRANSLATION_FAIL(0x22);

    private final int code;

    CompletionCode(int code) {
        this.code = code;
    }

    /** Its number in a completion record. */
    public int code() {
        return code;
    }
}
