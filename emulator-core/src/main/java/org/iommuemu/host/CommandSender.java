// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Registers;
import org.jspecify.annotations.Nullable;

/**
 * Software's side of an SMMU's command queue. While a SYNC is awaited, others may send commands and await their own; whoever sees an error
 * serves it for all, as Linux' {@code arm_smmu_gerror_handler} does.
 */
final class CommandSender {
    /** Linux' {@code CMDQ_BATCH_ENTRIES}: of a call's commands so many are submitted together. */
    private static final int BATCH = 64;
    /** Completes with an event, and writes nothing: inner shareable, write-back. */
    private static final long SYNC = Command.OPCODE.of(Command.SYNC.opcode())
            | Command.CS.of(Command.CS_SEV)
            | Command.MSH.of(3)
            | Command.MSI_ATTR.of(0xF);

    private static final int CERROR_ILL = 1;
    private static final int CERROR_ABT = 2;
    private static final int CERROR_ATC_INV_SYNC = 3;
    private static final int MOST_FETCHES = 16;

    private final RegisterFrame smmu;
    private final PhysicalMemory memory;
    private final Patience patience;
    private final int entries;
    private final int wrapped;
    private final long base;
    /** Commands sent, submitted and seen consumed since the queue was made. */
    private long produced;

    private long submitted;
    private long consumed;
    private @Nullable Waiting waiting;
    private long illegal;
    private long failedAt = -1;
    private int fetches;

    /** Somebody who waits for the queue's consumer to come to a place, and who waited before. */
    private static final class Waiting {
        private final long end;
        private final @Nullable Waiting outer;
        private boolean failed;

        Waiting(long end, @Nullable Waiting outer) {
            this.end = end;
            this.outer = outer;
        }
    }

    /**
     * A queue of which the SMMU is told; nothing is consumed until it is enabled.
     *
     * @param log2 of its entries
     */
    CommandSender(RegisterFrame smmu, PhysicalMemory memory, PageAllocator pages, Patience patience, int log2) {
        this.smmu = smmu;
        this.memory = memory;
        this.patience = patience;
        entries = 1 << log2;
        wrapped = 2 * entries - 1;
        long bytes = (long) Command.BYTES << log2;
        base = pages.allocate(bytes, bytes);
        SmmuDriver.write(smmu, Registers.CMDQ_BASE, OutputQueue.base(base, log2));
        SmmuDriver.write(smmu, Registers.CMDQ_PROD, 0);
        SmmuDriver.write(smmu, Registers.CMDQ_CONS, 0);
    }

    /** Puts a command behind those that are there. */
    void add(long word0, long word1) {
        if (produced - submitted == BATCH) {
            submit();
        }
        put(word0, word1);
    }

    private void put(long word0, long word1) {
        while (produced - consumed >= entries) {
            submit();
            await(produced - entries + 1);
        }
        write(produced, word0, word1);
        produced++;
    }

    private void write(long position, long word0, long word1) {
        long at = base + (position & entries - 1) * Command.BYTES;
        memory.writeLong(at, word0);
        memory.writeLong(at + Long.BYTES, word1);
    }

    /** The machine may consume while the index is written. */
    void submit() {
        if (submitted != produced) {
            submitted = produced;
            SmmuDriver.write(smmu, Registers.CMDQ_PROD, produced & wrapped);
        }
    }

    /**
     * Waits until all that was added is done.
     *
     * @return false if a device has not answered an ATC invalidation
     */
    boolean sync() {
        put(SYNC, 0);
        long end = produced;
        submit();
        return await(end);
    }

    private boolean await(long end) {
        if (isReached(end)) {
            return true;
        }
        Waiting own = new Waiting(end, waiting);
        waiting = own;
        while (!isReached(end)) {
            if (isStopped()) {
                recover();
            } else if (!patience.await(() -> isReached(end) || isStopped(), Patience.MOST_PICOSECONDS)) {
                throw new IllegalStateException("the SMMU has not come to the end of its command queue in time");
            }
        }
        waiting = own.outer;
        return !own.failed;
    }

    private boolean isReached(long end) {
        int now = Registers.QUEUE_INDEX.getInt(SmmuDriver.read(smmu, Registers.CMDQ_CONS)) & wrapped;
        consumed += now - consumed & wrapped;
        return consumed >= end;
    }

    private boolean isStopped() {
        return Registers.CMDQ_ERR.isSet(
                SmmuDriver.read(smmu, Registers.GERROR) ^ SmmuDriver.read(smmu, Registers.GERRORN));
    }

    /**
     * Serves a command error, if there is one (IHI 0070 §7.1): a SYNC that failed as a device did not answer is left where it is, to be
     * tried again; what is illegal is replaced by a SYNC; a fetch is tried again.
     */
    void recover() {
        if (!isStopped()) {
            return;
        }
        int reason = Registers.CONS_ERR.getInt(SmmuDriver.read(smmu, Registers.CMDQ_CONS));
        isReached(produced);
        switch (reason) {
            case CERROR_ATC_INV_SYNC -> {
                for (Waiting w = waiting; w != null; w = w.outer) {
                    w.failed |= w.end == consumed + 1;
                }
            }
            case CERROR_ILL -> {
                illegal++;
                write(consumed, SYNC, 0);
            }
            case CERROR_ABT -> {
                fetches = failedAt == consumed ? fetches + 1 : 1;
                failedAt = consumed;
                if (fetches > MOST_FETCHES) {
                    throw new IllegalStateException("there is no memory at the command queue");
                }
            }
            default -> throw new IllegalStateException("the SMMU has stopped at a command for reason " + reason);
        }
        SmmuDriver.write(smmu, Registers.GERRORN, SmmuDriver.read(smmu, Registers.GERRORN) ^ Registers.CMDQ_ERR.mask());
    }

    /** Commands that the SMMU refused so far. */
    long illegal() {
        return illegal;
    }
}
