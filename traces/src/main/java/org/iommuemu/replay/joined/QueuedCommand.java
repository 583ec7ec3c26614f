// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import org.iommuemu.capture.JoinedRow;

/**
 * A command as a {@code joined.csv} has it.
 *
 * @param op its name
 * @param stream that it names, {@link JoinedRow#NONE} if it names none
 * @param domain ASID, VMID or domain id, {@link JoinedRow#NONE} if it names none
 * @param iova first address of its range; 0 if it has none
 * @param bytes of its range; 0 if it has none
 * @param fields what else is compared, as {@code name=value} with commas between; empty if it is not known
 * @param last whether it ends a batch: software waits for it
 */
record QueuedCommand(String op, int stream, int domain, long iova, long bytes, String fields, boolean last) {
    /** The same with another domain. */
    QueuedCommand in(int other) {
        return new QueuedCommand(op, stream, other, iova, bytes, fields, last);
    }

    /** Whether this recorded command is the other; what the record does not hold is not compared. */
    boolean agreesWith(QueuedCommand ours) {
        return op.equals(ours.op)
                && (stream == JoinedRow.NONE || stream == ours.stream)
                && domain == ours.domain
                && iova == ours.iova
                && bytes == ours.bytes
                && (fields.isEmpty() || fields.equals(ours.fields));
    }

    @Override
    public String toString() {
        StringBuilder out = new StringBuilder(op);
        if (stream != JoinedRow.NONE) {
            out.append(String.format(" 0x%x", stream));
        }
        if (domain != JoinedRow.NONE) {
            out.append(" domain ").append(domain);
        }
        if (bytes != 0) {
            out.append(String.format(" 0x%x+0x%x", iova, bytes));
        }
        if (!fields.isEmpty()) {
            out.append(" (").append(fields).append(')');
        }
        return out.toString();
    }
}
