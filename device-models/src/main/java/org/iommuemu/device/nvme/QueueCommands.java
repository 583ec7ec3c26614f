// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import org.iommuemu.device.nvme.spec.CompletionEntry;
import org.iommuemu.device.nvme.spec.ControllerRegisters;
import org.iommuemu.device.nvme.spec.Status;
import org.iommuemu.device.nvme.spec.SubmissionEntry;

/** Commands that create and delete I/O queues (NVMe 1.4 §5.3 to §5.6). */
final class QueueCommands {
    private final Session session;
    private final NvmeParameters parameters;
    private final AdminSetup setup;

    QueueCommands(Session session, NvmeParameters parameters, AdminSetup setup) {
        this.session = session;
        this.parameters = parameters;
        this.setup = setup;
    }

    /** Whether there are I/O queues. */
    boolean exist() {
        for (int id = 1; id <= parameters.queues(); id++) {
            if (session.submission(id) != null || session.completion(id) != null) {
                return true;
            }
        }
        return false;
    }

    Status createCompletion(Command c) {
        long[] w = c.words();
        int id = SubmissionEntry.QID.getInt(w);
        int vector = SubmissionEntry.IV.getInt(w);
        boolean interrupts = SubmissionEntry.IEN.isSet(w);
        if (id == 0 || id > parameters.queues() || session.completion(id) != null) {
            return Status.INVALID_QUEUE_IDENTIFIER;
        }
        if (ControllerRegisters.IOCQES.getInt(setup.controller().getAsInt()) != CompletionEntry.SHIFT) {
            return Status.INVALID_QUEUE_SIZE;
        }
        Status status = memory(w);
        if (status != Status.SUCCESS) {
            return status;
        }
        if (interrupts && vector >= parameters.vectors()) {
            return Status.INVALID_INTERRUPT_VECTOR;
        }
        session.put(
                id, session.completionQueue(id, c.prp1(), entries(w), interrupts ? vector : CompletionQueue.SILENT));
        return Status.SUCCESS;
    }

    Status createSubmission(Command c) {
        long[] w = c.words();
        int id = SubmissionEntry.QID.getInt(w);
        int completionId = SubmissionEntry.CQID.getInt(w);
        if (id == 0 || id > parameters.queues() || session.submission(id) != null) {
            return Status.INVALID_QUEUE_IDENTIFIER;
        }
        if (completionId == 0 || completionId > parameters.queues()) {
            return Status.INVALID_QUEUE_IDENTIFIER;
        }
        CompletionQueue completions = session.completion(completionId);
        if (completions == null) {
            return Status.COMPLETION_QUEUE_INVALID;
        }
        if (ControllerRegisters.IOSQES.getInt(setup.controller().getAsInt()) != SubmissionEntry.SHIFT) {
            return Status.INVALID_QUEUE_SIZE;
        }
        Status status = memory(w);
        if (status == Status.SUCCESS) {
            completions.use(1);
            session.put(id, new SubmissionQueue(id, c.prp1(), entries(w), completions));
        }
        return status;
    }

    private Status memory(long[] w) {
        int entries = entries(w);
        if (entries < 2 || entries > parameters.entries()) {
            return Status.INVALID_QUEUE_SIZE;
        }
        if (!SubmissionEntry.PC.isSet(w)) {
            return Status.INVALID_FIELD;
        }
        boolean aligned = (SubmissionEntry.PRP1.get(w) & setup.pageBytes() - 1) == 0;
        return aligned ? Status.SUCCESS : Status.PRP_OFFSET_INVALID;
    }

    private static int entries(long[] w) {
        return SubmissionEntry.QSIZE.getInt(w) + 1;
    }

    Status deleteCompletion(Command c) {
        int id = SubmissionEntry.QID.getInt(c.words());
        CompletionQueue q = id == 0 ? null : session.completion(id);
        if (q == null) {
            return Status.INVALID_QUEUE_IDENTIFIER;
        }
        if (q.isUsed()) {
            return Status.INVALID_QUEUE_DELETION;
        }
        q.delete();
        session.put(id, (CompletionQueue) null);
        return Status.SUCCESS;
    }

    /** Ends when all that was fetched from the queue has: what waits for the medium is aborted. */
    void deleteSubmission(Command c) {
        int id = SubmissionEntry.QID.getInt(c.words());
        SubmissionQueue q = id == 0 ? null : session.submission(id);
        if (q == null || q.isBeingDeleted()) {
            session.end(c, Status.INVALID_QUEUE_IDENTIFIER);
            return;
        }
        q.delete(c);
        for (Command going : q.inFlight()) {
            session.abort(going, Status.SQ_DELETION);
        }
        session.finishDeletion(q);
    }
}
