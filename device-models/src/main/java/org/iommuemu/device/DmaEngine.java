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
        BUS_ERROR,
        /** The IOMMU holds a piece back: {@link DmaEngine#resume} goes on once it is let go. */
        STALLED
    }

    private final Port port;
    private final PhysicalMemory memory;
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private int streamId;
    private int substreamId;
    private long address;
    private int access;
    private byte[] data = {};
    private int moved;
    private Outcome outcome = Outcome.DONE;

    /** An engine that sends its transactions to {@code port} and moves bytes in {@code memory}. */
    public DmaEngine(Port port, PhysicalMemory memory) {
        this.port = port;
        this.memory = memory;
    }

    /** Reads {@code into.length} bytes at an input address; bytes that were not read are left alone. */
    public Outcome read(int stream, int substream, long from, byte[] into) {
        return move(stream, substream, from, into, Access.READ);
    }

    /** Writes {@code from.length} bytes to an input address. */
    public Outcome write(int stream, int substream, long to, byte[] from) {
        return move(stream, substream, to, from, Access.WRITE);
    }

    /** How the last transfer ended. */
    public Outcome outcome() {
        return outcome;
    }

    /**
     * Goes on with a transfer that has {@link Outcome#STALLED}.
     *
     * @param held what became of the piece that was held back
     */
    public Outcome resume(Verdict held) {
        if (outcome != Outcome.STALLED) {
            throw new IllegalStateException("the last transfer has ended as " + outcome);
        }
        verdict.set(held);
        outcome = piece(verdict);
        return outcome == Outcome.DONE ? rest() : outcome;
    }

    private Outcome move(int stream, int substream, long at, byte[] bytes, int code) {
        streamId = stream;
        substreamId = substream;
        address = at;
        data = bytes;
        access = code;
        moved = 0;
        return rest();
    }

    private Outcome rest() {
        outcome = Outcome.DONE;
        while (moved < data.length && outcome == Outcome.DONE) {
            port.translate(transaction.set(streamId, substreamId, address + moved, access), verdict);
            outcome = piece(verdict);
        }
        return outcome;
    }

    /** Moves the bytes of one piece, up to the end of its page, as far as its verdict lets it. */
    private Outcome piece(Verdict v) {
        int room = PhysicalMemory.PAGE_BYTES - (int) (address + moved & PhysicalMemory.PAGE_BYTES - 1);
        int n = Math.min(room, data.length - moved);
        switch (v.status()) {
            case ABORT -> {
                return Outcome.ABORTED;
            }
            case STALLED -> {
                return Outcome.STALLED;
            }
            case READ_ZERO_WRITE_IGNORED -> {
                if (access == Access.READ) {
                    Arrays.fill(data, moved, moved + n, (byte) 0);
                }
            }
            case OK -> {
                if (!memory.answers(v.address(), n)) {
                    return Outcome.BUS_ERROR;
                }
                if (access == Access.READ) {
                    memory.read(v.address(), data, moved, n);
                } else {
                    memory.write(v.address(), data, moved, n);
                }
            }
        }
        moved += n;
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
