// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import org.iommuemu.device.nvme.spec.SubmissionEntry;

/** A command that was fetched and has not ended. */
final class Command {
    static final long NOT_WAITING = -1;

    private final long[] words;
    private final SubmissionQueue queue;
    /** The event of the medium for which it waits: until then it can be aborted. */
    long timer = NOT_WAITING;

    Command(long[] words, SubmissionQueue queue) {
        this.words = words;
        this.queue = queue;
    }

    long[] words() {
        return words;
    }

    SubmissionQueue queue() {
        return queue;
    }

    int opcode() {
        return SubmissionEntry.OPC.getInt(words);
    }

    int id() {
        return SubmissionEntry.CID.getInt(words);
    }

    /** Unsigned. */
    int namespace() {
        return (int) SubmissionEntry.NSID.get(words);
    }

    long prp1() {
        return SubmissionEntry.PRP1.get(words);
    }

    long prp2() {
        return SubmissionEntry.PRP2.get(words);
    }
}
