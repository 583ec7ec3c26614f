// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import org.iommuemu.iommu.Access;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Requester;
import org.iommuemu.pcie.Tlp;

/**
 * A function's DMA, for devices: moves any number of bytes to or from any address, cut at 4 KiB pages. Where software has enabled ATS the
 * pages are asked for first, and where it has enabled PRI, those that are missing are requested.
 */
public final class DmaChannel {
    /** How a transfer ended. */
    public enum Status {
        /** All bytes were read, or sent. Nobody tells a device what becomes of a posted write. */
        OK,
        /** Unsupported Request: refused by the IOMMU. */
        REFUSED,
        /** Completer Abort: there is no memory, or tables cannot be read. */
        ABORTED,
        /** The data are known to be bad. */
        POISONED,
        /** No completion, translation or response came in time. */
        TIMED_OUT,
        /** Software said that there is no such page, or that no more pages can be requested. */
        NO_PAGE,
        /** The function must not send requests: Bus Master Enable is off, or it is gone. */
        OFF
    }

    /** Who asked. */
    @FunctionalInterface
    public interface Done {
        /**
         * A transfer has ended.
         *
         * @param moved bytes from the first on that were moved
         */
        void ended(Status status, int moved);
    }

    private final PciFunction function;

    /** The DMA of a function. */
    public DmaChannel(PciFunction function) {
        this.function = function;
    }

    /**
     * Reads.
     *
     * @param pasid or {@link org.iommuemu.iommu.Transaction#NO_SUBSTREAM}
     * @param access {@link Access#READ} with {@link Access#INSTRUCTION} and {@link Access#PRIVILEGED}, as the function may ask for them
     */
    public void read(long address, byte[] into, int pasid, int access, Done done) {
        if (!function.controls().isBusMaster()) {
            done.ended(Status.OFF, 0);
            return;
        }
        piece(address, into, 0, pasid, access, done);
    }

    private void piece(long address, byte[] into, int moved, int pasid, int access, Done done) {
        if (moved == into.length) {
            done.ended(Status.OK, moved);
            return;
        }
        int n = room(address, into.length, moved);
        function.requester().read(Tlp.AddressType.UNTRANSLATED, address + moved, n, pasid, access, (outcome, data) -> {
            if (outcome == Requester.Outcome.SUCCESS) {
                System.arraycopy(data, 0, into, moved, n);
                piece(address, into, moved + n, pasid, access, done);
            } else {
                done.ended(status(outcome), moved);
            }
        });
    }

    private static int room(long address, int bytes, int moved) {
        int offset = (int) (address + moved) & PhysicalMemory.PAGE_BYTES - 1;
        return Math.min(bytes - moved, PhysicalMemory.PAGE_BYTES - offset);
    }

    /** Writes; {@code from} is not to be changed until it has ended. */
    public void write(long address, byte[] from, int pasid, int access, Done done) {
        if (!function.controls().isBusMaster()) {
            done.ended(Status.OFF, 0);
            return;
        }
        for (int moved = 0; moved < from.length; ) {
            int n = room(address, from.length, moved);
            byte[] part = new byte[n];
            System.arraycopy(from, moved, part, 0, n);
            function.requester().write(Tlp.AddressType.UNTRANSLATED, address + moved, part, pasid, access);
            moved += n;
        }
        done.ended(Status.OK, from.length);
    }

    /**
     * Does an AtomicOp of 4 or 8 bytes, which must not cross its own size.
     *
     * @param old takes the value that was there
     */
    public void atomic(long address, Tlp.AtomicOp op, byte[] operands, int pasid, int access, byte[] old, Done done) {
        if (!function.controls().isBusMaster()) {
            done.ended(Status.OFF, 0);
            return;
        }
        function.requester()
                .atomic(Tlp.AddressType.UNTRANSLATED, address, op, operands, pasid, access, (outcome, data) -> {
                    System.arraycopy(data, 0, old, 0, Math.min(old.length, data.length));
                    done.ended(status(outcome), outcome == Requester.Outcome.SUCCESS ? old.length : 0);
                });
    }

    private static Status status(Requester.Outcome outcome) {
        return switch (outcome) {
            case SUCCESS -> Status.OK;
            case UR -> Status.REFUSED;
            case CA -> Status.ABORTED;
            case POISONED -> Status.POISONED;
            case TIMED_OUT -> Status.TIMED_OUT;
        };
    }
}
