// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.Arrays;
import org.iommuemu.device.nvme.spec.Opcode;
import org.iommuemu.device.nvme.spec.Status;
import org.iommuemu.device.nvme.spec.SubmissionEntry;

/** Admin commands (NVMe 1.4 §5). */
final class AdminCommands {
    private static final int NAMESPACE = 0;
    private static final int CONTROLLER = 1;
    private static final int ACTIVE_NAMESPACES = 2;
    private static final int DESCRIPTORS = 3;
    private static final long LAST_IN_LIST = 0xFFFF_FFFDL;
    private static final int ALL = -1;
    private static final int NOT_ABORTED = 1;
    private static final int BASE_PAGE = 4096;

    private final Session session;
    private final NvmeParameters parameters;
    private final NvmeDisk disk;
    private final Features features;
    private final EventRequests events;
    private final QueueCommands queues;

    AdminCommands(
            Session session,
            NvmeParameters parameters,
            NvmeDisk disk,
            Features features,
            EventRequests events,
            AdminSetup setup) {
        this.session = session;
        this.parameters = parameters;
        this.disk = disk;
        this.features = features;
        this.events = events;
        queues = new QueueCommands(session, parameters, setup);
    }

    void execute(Command c) {
        switch (c.opcode()) {
            case Opcode.DELETE_SQ -> queues.deleteSubmission(c);
            case Opcode.CREATE_SQ -> session.end(c, queues.createSubmission(c));
            case Opcode.DELETE_CQ -> session.end(c, queues.deleteCompletion(c));
            case Opcode.CREATE_CQ -> session.end(c, queues.createCompletion(c));
            case Opcode.GET_LOG_PAGE -> getLogPage(c);
            case Opcode.IDENTIFY -> identify(c);
            case Opcode.ABORT -> abort(c);
            case Opcode.SET_FEATURES -> setFeatures(c);
            case Opcode.GET_FEATURES -> getFeatures(c);
            case Opcode.ASYNC_EVENT_REQUEST -> events.request(c);
            default -> session.end(c, Status.INVALID_OPCODE);
        }
    }

    private void identify(Command c) {
        Namespace n = disk.namespace(c.namespace());
        switch (SubmissionEntry.CNS.getInt(c.words())) {
            case NAMESPACE -> {
                if (n == null) {
                    session.end(c, Status.INVALID_NAMESPACE);
                } else {
                    answer(c, IdentifyData.namespace(n, c.namespace()), () -> {});
                }
            }
            case CONTROLLER -> answer(c, IdentifyData.controller(parameters, disk.namespaces()), () -> {});
            case ACTIVE_NAMESPACES -> {
                long above = Integer.toUnsignedLong(c.namespace());
                if (above > LAST_IN_LIST) {
                    session.end(c, Status.INVALID_NAMESPACE);
                } else {
                    answer(c, IdentifyData.activeNamespaces(above, disk.namespaces()), () -> {});
                }
            }
            case DESCRIPTORS -> {
                if (n == null) {
                    session.end(c, Status.INVALID_NAMESPACE);
                } else {
                    answer(c, IdentifyData.descriptors(c.namespace()), () -> {});
                }
            }
            default -> session.end(c, Status.INVALID_FIELD);
        }
    }

    private void getLogPage(Command c) {
        int id = SubmissionEntry.LID.getInt(c.words());
        byte[] page = LogPages.page(id, session.health());
        long bytes = LogPages.bytes(c.words());
        long offset = SubmissionEntry.LPO.get(c.words());
        if (page == null) {
            session.end(c, Status.INVALID_LOG_PAGE);
        } else if (bytes > (long) BASE_PAGE << parameters.maxTransfer()
                || offset < 0
                || offset > page.length
                || offset % Integer.BYTES != 0) {
            session.end(c, Status.INVALID_FIELD);
        } else if (c.namespace() != 0 && c.namespace() != ALL) {
            session.end(c, Status.INVALID_FIELD);
        } else {
            boolean retain = SubmissionEntry.RAE.isSet(c.words());
            answer(c, Arrays.copyOfRange(page, (int) offset, (int) (offset + bytes)), () -> {
                if (id == LogPages.ERROR_INFORMATION && !retain) {
                    events.errorLogRead();
                }
            });
        }
    }

    /** Writes data to where the command wants them, and ends it. */
    private void answer(Command c, byte[] data, Runnable then) {
        session.data().resolve(c.prp1(), c.prp2(), data.length, (status, pages) -> {
            if (status != Status.SUCCESS) {
                session.end(c, status);
                return;
            }
            pages.write(data, good -> {
                session.end(c, good ? Status.SUCCESS : Status.DATA_TRANSFER_ERROR);
                if (good) {
                    then.run();
                }
            });
        });
    }

    /** A command that waits for the medium or for an event is aborted; all others go on. */
    private void abort(Command c) {
        SubmissionQueue q = session.submission(SubmissionEntry.ABORT_SQID.getInt(c.words()));
        Command other = q == null ? null : q.inFlight(SubmissionEntry.ABORT_CID.getInt(c.words()));
        boolean aborted = other != null && session.abort(other, Status.ABORT_REQUESTED);
        session.end(c, Status.SUCCESS, aborted ? 0 : NOT_ABORTED);
    }

    private void setFeatures(Command c) {
        if (c.namespace() != 0 && c.namespace() != ALL) {
            session.end(c, Status.FEATURE_NOT_NAMESPACE_SPECIFIC);
        } else {
            Status status = features.set(c.words(), queues.exist());
            session.end(c, status, status == Status.SUCCESS ? features.resultOfSet(c.words()) : 0);
        }
    }

    private void getFeatures(Command c) {
        Integer value = features.get(c.words());
        session.end(c, value == null ? Status.INVALID_FIELD : Status.SUCCESS, value == null ? 0 : value);
    }
}
