// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.io.IOException;
import java.util.Arrays;
import org.iommuemu.device.nvme.spec.Opcode;
import org.iommuemu.device.nvme.spec.Status;
import org.iommuemu.device.nvme.spec.SubmissionEntry;

/** I/O commands of the NVM command set (NVMe 1.4 §6). */
final class BlockCommands {
    private static final int BASE_PAGE = 4096;
    private static final int ALL = -1;

    private final Session session;
    private final NvmeParameters parameters;
    private final NvmeDisk disk;

    BlockCommands(Session session, NvmeParameters parameters, NvmeDisk disk) {
        this.session = session;
        this.parameters = parameters;
        this.disk = disk;
    }

    void execute(Command c) {
        Namespace n = disk.namespace(c.namespace());
        switch (c.opcode()) {
            case Opcode.FLUSH -> {
                if (n == null && c.namespace() != ALL) {
                    session.end(c, Status.INVALID_NAMESPACE);
                } else {
                    flush(c);
                }
            }
            case Opcode.READ, Opcode.WRITE, Opcode.COMPARE, Opcode.WRITE_ZEROES -> {
                if (n == null) {
                    session.end(c, Status.INVALID_NAMESPACE);
                } else {
                    blocks(c, n);
                }
            }
            default -> session.end(c, Status.INVALID_OPCODE);
        }
    }

    private void blocks(Command c, Namespace n) {
        long first = SubmissionEntry.SLBA.get(c.words());
        int count = SubmissionEntry.NLB.getInt(c.words()) + 1;
        long bytes = (long) count << n.blockShift();
        boolean zeroes = c.opcode() == Opcode.WRITE_ZEROES;
        if (!zeroes && bytes > (long) BASE_PAGE << parameters.maxTransfer()) {
            session.end(c, Status.INVALID_FIELD);
        } else if (!n.holds(first, count)) {
            session.end(c, Status.LBA_OUT_OF_RANGE);
        } else if (zeroes) {
            zero(c, n, first << n.blockShift(), bytes);
        } else {
            session.data().resolve(c.prp1(), c.prp2(), (int) bytes, (status, pages) -> {
                if (status != Status.SUCCESS) {
                    session.end(c, status);
                } else if (c.opcode() == Opcode.READ) {
                    read(c, n, first << n.blockShift(), new byte[(int) bytes], pages);
                } else {
                    fetch(c, n, first << n.blockShift(), new byte[(int) bytes], pages);
                }
            });
        }
    }

    private void read(Command c, Namespace n, long at, byte[] data, DataPointer.Pages pages) {
        afterMedium(c, false, data.length, () -> {
            if (!load(c, n, at, data)) {
                return;
            }
            pages.write(data, good -> {
                if (good) {
                    session.health().read(data.length);
                }
                session.end(c, good ? Status.SUCCESS : Status.DATA_TRANSFER_ERROR);
            });
        });
    }

    private boolean load(Command c, Namespace n, long at, byte[] data) {
        try {
            n.store().read(at, data);
            return true;
        } catch (IOException e) {
            session.end(c, Status.UNRECOVERED_READ_ERROR);
            return false;
        }
    }

    private void fetch(Command c, Namespace n, long at, byte[] data, DataPointer.Pages pages) {
        pages.read(data, good -> {
            if (!good) {
                session.end(c, Status.DATA_TRANSFER_ERROR);
            } else if (c.opcode() == Opcode.COMPARE) {
                afterMedium(c, false, data.length, () -> compare(c, n, at, data));
            } else {
                afterMedium(c, true, data.length, () -> {
                    session.health().wrote(data.length);
                    change(c, () -> n.store().write(at, data));
                });
            }
        });
    }

    private void compare(Command c, Namespace n, long at, byte[] data) {
        byte[] stored = new byte[data.length];
        if (load(c, n, at, stored)) {
            session.health().read(data.length);
            session.end(c, Arrays.equals(stored, data) ? Status.SUCCESS : Status.COMPARE_FAILURE);
        }
    }

    private void zero(Command c, Namespace n, long at, long bytes) {
        afterMedium(c, true, 1, () -> change(c, () -> n.store().zero(at, bytes)));
    }

    /** There is no volatile cache: what has ended is in the store. */
    private void flush(Command c) {
        change(c, () -> {
            for (int id = 1; id <= disk.namespaces(); id++) {
                Namespace n = disk.namespace(id);
                if (n != null && (c.namespace() == id || c.namespace() == ALL)) {
                    n.store().flush();
                }
            }
        });
    }

    @FunctionalInterface
    private interface Change {
        void make() throws IOException;
    }

    private void change(Command c, Change change) {
        try {
            change.make();
            session.end(c, Status.SUCCESS);
        } catch (IOException e) {
            session.end(c, Status.WRITE_FAULT);
        }
    }

    private void afterMedium(Command c, boolean write, int bytes, Runnable then) {
        session.later(c, disk.medium().ends(write, session.loop().now(), bytes), then);
    }
}
