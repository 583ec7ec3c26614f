// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme.spec;

/** How a command ends: the status codes that the controller gives (NVMe 1.4 §4.6.1). */
public enum Status {
    /** Successful completion. */
    SUCCESS(0, 0x00, false),
    /** Invalid command opcode. */
    INVALID_OPCODE(0, 0x01, true),
    /** Invalid field in command. */
    INVALID_FIELD(0, 0x02, true),
    /** Command id conflict. */
    COMMAND_ID_CONFLICT(0, 0x03, true),
    /** Data transfer error. */
    DATA_TRANSFER_ERROR(0, 0x04, false),
    /** Command abort requested. */
    ABORT_REQUESTED(0, 0x07, false),
    /** Command aborted due to SQ deletion. */
    SQ_DELETION(0, 0x08, false),
    /** Invalid namespace or format. */
    INVALID_NAMESPACE(0, 0x0B, true),
    /** Command sequence error. */
    COMMAND_SEQUENCE_ERROR(0, 0x0C, true),
    /** PRP offset invalid. */
    PRP_OFFSET_INVALID(0, 0x13, true),
    /** LBA out of range. */
    LBA_OUT_OF_RANGE(0, 0x80, true),
    /** Completion queue invalid. */
    COMPLETION_QUEUE_INVALID(1, 0x00, true),
    /** Invalid queue identifier. */
    INVALID_QUEUE_IDENTIFIER(1, 0x01, true),
    /** Invalid queue size. */
    INVALID_QUEUE_SIZE(1, 0x02, true),
    /** Asynchronous event request limit exceeded. */
    EVENT_REQUEST_LIMIT_EXCEEDED(1, 0x05, true),
    /** Invalid interrupt vector. */
    INVALID_INTERRUPT_VECTOR(1, 0x08, true),
    /** Invalid log page. */
    INVALID_LOG_PAGE(1, 0x09, true),
    /** Invalid queue deletion. */
    INVALID_QUEUE_DELETION(1, 0x0C, true),
    /** Feature identifier not saveable. */
    FEATURE_NOT_SAVEABLE(1, 0x0D, true),
    /** Feature not namespace specific. */
    FEATURE_NOT_NAMESPACE_SPECIFIC(1, 0x0F, true),
    /** Write fault. */
    WRITE_FAULT(2, 0x80, false),
    /** Unrecovered read error. */
    UNRECOVERED_READ_ERROR(2, 0x81, false),
    /** Compare failure. */
    COMPARE_FAILURE(2, 0x85, true);

    private final int type;
    private final int code;
    private final boolean doNotRetry;

    Status(int type, int code, boolean doNotRetry) {
        this.type = type;
        this.code = code;
        this.doNotRetry = doNotRetry;
    }

    /** SCT. */
    public int type() {
        return type;
    }

    /** SC. */
    public int code() {
        return code;
    }

    /** DNR: whether the same command would fail again. */
    public boolean doNotRetry() {
        return doNotRetry;
    }
}
