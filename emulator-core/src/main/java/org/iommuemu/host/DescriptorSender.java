// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.agrona.collections.IntHashSet;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.VtdRegisters;

/**
 * Software's side of a unit's invalidation queue: descriptors, and behind each batch a wait that writes its status (VT-d 6.5.2). Software
 * counts itself how much room there is, and reads registers only where it has to wait, as Linux' {@code qi_submit_sync} does. While a wait
 * is awaited, others may submit and await their own; whoever sees an error serves it for all.
 */
final class DescriptorSender {
    private static final int LOG2 = 8;
    private static final int LENGTH = 1 << LOG2;
    /** A wait goes behind each batch, and one slot is always free. */
    private static final int MOST_AT_ONCE = LENGTH - 2;

    /** Linux' QI_DONE. */
    static final int DONE = 2;
    /** 256 descriptors of 32 bytes are two pages. */
    private static final int PAGES_LOG2 = 1;

    private static final int NARROW = 16;
    private static final int WIDE = 32;
    private static final int FETCH = 2;
    private static final int MOST_FETCHES = 16;
    /** Each device that does not answer costs one; more than that, and statuses are not written. */
    private static final int MOST_SUBMISSIONS = 1 << 16;

    /** Errors of the queue, in FSTS. */
    static final long ERRORS = VtdRegisters.IQE.mask() | VtdRegisters.ITE.mask() | VtdRegisters.ICE.mask();

    private final RegisterFrame unit;
    private final PhysicalMemory memory;
    private final Patience patience;
    private final int bytes;
    private final long queue;
    private final long status;
    /** What was added since the last batch: words of 64 bits in pairs, and how many of them there are. */
    private final long[] added = new long[2 * MOST_AT_ONCE];

    /** What is in the queue, to be written again where memory has lost it. */
    private final long[] written = new long[2 * LENGTH];

    private int count;
    /** Descriptors submitted, and known to be consumed, since the queue was made. */
    private long submitted;

    private long consumed;
    private final IntHashSet silent = new IntHashSet();
    private long refused;
    private long failedAt = -1;
    private int fetches;

    /**
     * A queue that is not enabled yet.
     *
     * @param wide whether descriptors have 256 bits
     */
    DescriptorSender(RegisterFrame unit, PhysicalMemory memory, PageAllocator pages, boolean wide, Patience patience) {
        this.unit = unit;
        this.memory = memory;
        this.patience = patience;
        bytes = wide ? WIDE : NARROW;
        queue = pages.allocate((long) bytes << LOG2, (long) bytes << LOG2);
        status = pages.allocate((long) Integer.BYTES << LOG2, (long) Integer.BYTES << LOG2);
        writeTail(0);
        VtdUnit.write(
                unit,
                VtdRegisters.IQA,
                VtdRegisters.IQ_ADDRESS.inPlace(queue)
                        | VtdRegisters.DW.of(wide ? 1 : 0)
                        | VtdRegisters.QS.of(wide ? PAGES_LOG2 : 0));
    }

    /** Puts a descriptor behind those that are there; if there is no room for more at once, these are done first. */
    void add(long word0, long word1) {
        if (count == added.length) {
            submit();
        }
        added[count++] = word0;
        added[count++] = word1;
    }

    /** Submits what was added, if anything, and waits until it is done, the requests to device TLBs too. */
    void submit() {
        if (count != 0) {
            submit(0);
        }
    }

    /**
     * Submits what was added, and waits until it is done. If the wait is lost as a device has not answered, all is submitted again but for
     * what is for such devices.
     *
     * @param waitFlags of the wait descriptor, more than its status write
     */
    void submit(long waitFlags) {
        long[] batch = Arrays.copyOf(added, count);
        count = 0;
        for (int i = 0; !complete(batch, waitFlags); i++) {
            if (i == MOST_SUBMISSIONS) {
                throw new IllegalStateException("there is no memory at the status of the invalidation queue");
            }
        }
    }

    /** False if the wait was lost. */
    private boolean complete(long[] batch, long waitFlags) {
        int room = batch.length / 2 + 1;
        // One slot is always free, else a full queue looks like an empty one.
        await(() -> submitted + room - consumed < LENGTH || submitted + room - consumed() < LENGTH);
        for (int i = 0; i < batch.length; i += 2) {
            if (!isForSilent(batch[i])) {
                write(submitted++, batch[i], batch[i + 1]);
            }
        }
        long place = status + (submitted & LENGTH - 1) * Integer.BYTES;
        memory.writeInt(place, 0);
        write(
                submitted++,
                Descriptor.WAIT.type() | Descriptor.SW.of(1) | Descriptor.STATUS_DATA.of(DONE) | waitFlags,
                Descriptor.STATUS_ADDRESS.inPlace(place));
        long last = submitted;
        writeTail(last);
        await(() -> memory.readInt(place) == DONE || consumed() >= last);
        if (memory.readInt(place) != DONE) {
            recover();
            return false;
        }
        consumed = Math.max(consumed, last);
        return true;
    }

    private void await(BooleanSupplier done) {
        while (!done.getAsBoolean()) {
            if (isErroneous()) {
                recover();
            } else if (!patience.await(() -> done.getAsBoolean() || isErroneous(), Patience.MOST_PICOSECONDS)) {
                throw new IllegalStateException("the unit has not come to the end of its invalidation queue in time");
            }
        }
    }

    /** In 32 bits, as Linux writes it. */
    private void writeTail(long position) {
        unit.writeRegister(VtdRegisters.IQT.offset(), Integer.BYTES, (position & LENGTH - 1) * bytes);
    }

    private void write(long position, long word0, long word1) {
        int slot = (int) (position & LENGTH - 1);
        written[2 * slot] = word0;
        written[2 * slot + 1] = word1;
        long at = queue + (long) slot * bytes;
        memory.writeLong(at, word0);
        memory.writeLong(at + Long.BYTES, word1);
    }

    private long consumed() {
        int head = (int) (VtdUnit.read(unit, VtdRegisters.IQH) / bytes);
        consumed += head - consumed & LENGTH - 1;
        return consumed;
    }

    private boolean isErroneous() {
        return (VtdUnit.read(unit, VtdRegisters.FSTS) & ERRORS) != 0;
    }

    private boolean isForSilent(long word0) {
        Descriptor d = Descriptor.of(word0);
        return d == Descriptor.DEVICE_TLB && silent.contains(Descriptor.SID.getInt(word0))
                || d == Descriptor.PASID_DEVICE_TLB && silent.contains(Descriptor.RID.getInt(word0));
    }

    /**
     * Serves the queue's errors (VT-d 6.5.2.10): of a time-out the device is noted, whose waits are lost; a descriptor that is refused is
     * written again, and replaced by a fence if that does not help; a completion that nobody waits for is nothing.
     */
    void recover() {
        long errors = VtdUnit.read(unit, VtdRegisters.FSTS) & ERRORS;
        if (errors == 0) {
            return;
        }
        if (VtdRegisters.ITE.isSet(errors)) {
            silent.add(VtdRegisters.ITESID.getInt(VtdUnit.read(unit, VtdRegisters.IQERCD)));
        }
        if (VtdRegisters.IQE.isSet(errors)) {
            refused++;
            fetches = failedAt == consumed() ? fetches + 1 : 1;
            failedAt = consumed;
            boolean fetch = VtdRegisters.IQEI.getInt(VtdUnit.read(unit, VtdRegisters.IQERCD)) == FETCH;
            if (fetch && fetches > MOST_FETCHES) {
                throw new IllegalStateException("there is no memory at the invalidation queue");
            }
            replace(fetch);
        }
        VtdUnit.write(unit, VtdRegisters.FSTS, errors);
    }

    /** Puts a descriptor where the unit has stopped: what was meant to be there, but only once. */
    private void replace(boolean fetch) {
        // Nobody here has submitted what is behind all that was.
        boolean foreign = consumed == submitted;
        if (foreign) {
            submitted += VtdUnit.read(unit, VtdRegisters.IQT) / bytes - submitted & LENGTH - 1;
        }
        int slot = (int) (consumed & LENGTH - 1);
        boolean fence = foreign || fetches > 1 && !fetch;
        write(
                consumed,
                fence ? Descriptor.WAIT.type() | Descriptor.FN.of(1) : written[2 * slot],
                fence ? 0 : written[2 * slot + 1]);
    }

    /** Whether a device did not answer since it was last trusted. */
    boolean isSilent(int stream) {
        return silent.contains(stream);
    }

    /** Lets requests be sent to a device again. */
    void trust(int stream) {
        silent.remove(stream);
    }

    /** Descriptors that the unit refused so far. */
    long refused() {
        return refused;
    }
}
