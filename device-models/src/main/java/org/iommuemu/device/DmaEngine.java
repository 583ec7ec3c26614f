// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import java.util.Arrays;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;

/**
 * Moves bytes for a device: cuts a transfer at 4 KiB pages, the smallest granule, has each piece translated and copies it.
 *
 * <p>A transfer ends at the first piece that does not go on; earlier pieces have been moved by then, as on a real bus. A piece
 * that translates well but ends where no memory answers is a bus error, of which the IOMMU knows nothing.
 */
public final class DmaEngine {
    /** Where transactions are sent: an IOMMU's {@code translate}. */
    @FunctionalInterface
    public interface Port {
        /** Answers one transaction that does not cross a 4 KiB page. */
        void translate(Transaction transaction, Verdict verdict);
    }

    /** How a transfer ended. */
    public enum Outcome {
        /** All bytes were moved, or dropped and zeroed where the IOMMU ended it that way. */
        DONE,
        /** A piece was aborted by the IOMMU; {@link DmaEngine#verdict()} tells why. */
        ABORTED,
        /** A piece was translated to an address where nothing answers. */
        BUS_ERROR
    }

    private final Port port;
    private final PhysicalMemory memory;
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private int moved;
    private Outcome outcome = Outcome.DONE;

    /** An engine that sends its transactions to {@code port} and moves bytes in {@code memory}. */
    public DmaEngine(Port port, PhysicalMemory memory) {
        this.port = port;
        this.memory = memory;
    }

    /** Reads {@code into.length} bytes at an input address; bytes that were not read are left alone. */
    public Outcome read(int streamId, int substreamId, long address, byte[] into) {
        outcome = move(streamId, substreamId, address, into, Access.READ);
        return outcome;
    }

    /** Writes {@code from.length} bytes to an input address. */
    public Outcome write(int streamId, int substreamId, long address, byte[] from) {
        outcome = move(streamId, substreamId, address, from, Access.WRITE);
        return outcome;
    }

    /** How the last transfer ended. */
    public Outcome outcome() {
        return outcome;
    }

    private Outcome move(int streamId, int substreamId, long address, byte[] data, int access) {
        moved = 0;
        while (moved < data.length) {
            long at = address + moved;
            int room = PhysicalMemory.PAGE_BYTES - (int) (at & PhysicalMemory.PAGE_BYTES - 1);
            int n = Math.min(room, data.length - moved);
            port.translate(transaction.set(streamId, substreamId, at, access), verdict);
            switch (verdict.status()) {
                case ABORT -> {
                    return Outcome.ABORTED;
                }
                case READ_ZERO_WRITE_IGNORED -> {
                    if (access == Access.READ) {
                        Arrays.fill(data, moved, moved + n, (byte) 0);
                    }
                }
                case OK -> {
                    if (!memory.answers(verdict.address(), n)) {
                        return Outcome.BUS_ERROR;
                    }
                    if (access == Access.READ) {
                        memory.read(verdict.address(), data, moved, n);
                    } else {
                        memory.write(verdict.address(), data, moved, n);
                    }
                }
            }
            moved += n;
        }
        return Outcome.DONE;
    }

    /** Bytes moved by the last transfer. */
    public int moved() {
        return moved;
    }

    /** The verdict of the last piece. */
    public Verdict verdict() {
        return verdict;
    }
}
