// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.PostedDma;
import org.iommuemu.device.nic.spec.Descriptor;
import org.iommuemu.device.nic.spec.QueueRegisters;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.time.EventLoop;

/**
 * A ring as the card sees it: reads descriptors ahead, in batches, and writes those that are done back in the order of the ring, in
 * batches. An error of its DMA, or of its owner's, stops it; what is under way then is of no effect any more.
 */
final class DescriptorRing {
    /** Who has the ring. */
    interface Owner {
        /** There are further descriptors, see {@link #take}. */
        void fetched();

        /** So many descriptors were written back. */
        void written(int descriptors);

        /** The ring has begun anew, or has stopped: what was under way is to be forgotten. */
        void cleared();

        /** The ring has stopped by itself. */
        void stopped();
    }

    /** A descriptor of which the card has taken possession. */
    static final class Entry {
        final long[] words;
        private boolean done;

        Entry(long... words) {
            this.words = words;
        }

        long address() {
            return Descriptor.ADDRESS.get(words);
        }

        int length() {
            return Descriptor.LENGTH.getInt(words);
        }

        boolean endsPacket() {
            return Descriptor.EOP.isSet(words);
        }
    }

    private final EventLoop loop;
    private final PostedDma dma;
    private final NicParameters parameters;
    private final RegisterFile file;
    private final QueueRegisters registers;
    private final Owner owner;
    private final ArrayDeque<Entry> cached = new ArrayDeque<>();
    private final ArrayDeque<Entry> taken = new ArrayDeque<>();
    /** Transfers; those of before a reset of the function have an account of their own, as nobody hears of their end. */
    private int[] underWay = new int[1];

    private boolean active;
    private int generation;
    private boolean fetching;
    private boolean writing;
    private long timer = -1;
    private long base;
    private int size;
    private int head;
    private int next;
    private int tail;
    private int pasid = Transaction.NO_SUBSTREAM;

    DescriptorRing(
            EventLoop loop,
            PostedDma dma,
            NicParameters parameters,
            RegisterFile file,
            QueueRegisters registers,
            Owner owner) {
        this.loop = loop;
        this.dma = dma;
        this.parameters = parameters;
        this.file = file;
        this.registers = registers;
        this.owner = owner;
        file.onRead(
                registers.status(),
                () -> file.get(registers.status()) | (underWay[0] == 0 ? 0 : QueueRegisters.ACTIVE.mask()));
        file.onWrite(registers.tail(), (old, requested) -> {
            file.set(registers.tail(), requested);
            doorbell();
        });
    }

    /** Begins at descriptor 0, with what the registers say. */
    void start() {
        clear();
        long control = file.get(registers.control());
        base = file.get(registers.base());
        size = (int) QueueRegisters.SIZE.get(file.get(registers.size()));
        pasid = QueueRegisters.PASID_EN.isSet(control)
                ? QueueRegisters.PASID.getInt(control)
                : Transaction.NO_SUBSTREAM;
        file.set(registers.head(), 0);
        boolean legal = size > 0 && size <= 1 << parameters.ringShift() && size % QueueRegisters.GRANULE == 0;
        if (!legal || base % QueueRegisters.ALIGNMENT != 0) {
            stop(StopCause.RING, DmaChannel.Status.OK);
            return;
        }
        active = true;
        file.set(registers.status(), QueueRegisters.ACTIVE.of(1));
        doorbell();
    }

    /** Software has switched it off. */
    void end() {
        clear();
        file.set(registers.status(), 0);
    }

    private void clear() {
        active = false;
        generation++;
        fetching = false;
        writing = false;
        loop.cancel(timer);
        timer = -1;
        cached.clear();
        taken.clear();
        head = 0;
        next = 0;
        tail = 0;
        owner.cleared();
    }

    /** The function was reset: nothing is under way any more. */
    void forget() {
        underWay = new int[1];
    }

    /** Reads, with the ring's PASID; what ends after the ring has stopped or begun anew, nobody hears of. */
    void read(long address, byte[] into, DmaChannel.Done done) {
        dma.read(address, into, pasid, Access.READ, counted(done));
    }

    /** Writes, likewise. */
    void write(long address, byte[] from, DmaChannel.Done done) {
        dma.write(address, from, pasid, Access.WRITE, counted(done));
    }

    private DmaChannel.Done counted(DmaChannel.Done done) {
        int began = generation;
        int[] account = underWay;
        account[0]++;
        return (status, moved) -> {
            account[0]--;
            if (began == generation) {
                done.ended(status, moved);
            }
        };
    }

    /** Stops for an error. */
    void stop(StopCause cause, DmaChannel.Status status) {
        clear();
        file.set(
                registers.status(),
                QueueRegisters.STOPPED.of(1)
                        | QueueRegisters.CAUSE.of(cause.ordinal())
                        | QueueRegisters.DMA.of(status.ordinal()));
        owner.stopped();
    }

    private void doorbell() {
        if (!active) {
            return;
        }
        int to = QueueRegisters.INDEX.getInt(file.get(registers.tail()));
        if (to >= size) {
            stop(StopCause.TAIL, DmaChannel.Status.OK);
            return;
        }
        tail = to;
        fetch();
    }

    private void fetch() {
        int available = Math.floorMod(tail - next, size);
        int room = parameters.prefetch() - cached.size();
        if (fetching || available == 0 || 2 * room < parameters.prefetch()) {
            return;
        }
        int count = Math.min(Math.min(available, room), size - next);
        byte[] into = new byte[count * Descriptor.BYTES];
        fetching = true;
        read(base + (long) next * Descriptor.BYTES, into, (status, moved) -> {
            fetching = false;
            if (status != DmaChannel.Status.OK) {
                stop(StopCause.DESCRIPTOR_READ, status);
                return;
            }
            ByteBuffer words = ByteBuffer.wrap(into).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < count; i++) {
                cached.addLast(new Entry(words.getLong(), words.getLong()));
            }
            next = (next + count) % size;
            fetch();
            owner.fetched();
        });
    }

    /** Whether there is a descriptor to take. */
    boolean hasNext() {
        return !cached.isEmpty();
    }

    /** Whether the card has used all descriptors that software has given it. */
    boolean isExhausted() {
        return cached.isEmpty() && next == tail;
    }

    /** Takes the next descriptor, which {@link #done} gives back. */
    Entry take() {
        Entry e = cached.removeFirst();
        taken.addLast(e);
        fetch();
        return e;
    }

    /** A descriptor is done; its words are as they are to be written back, but for DD. */
    void done(Entry e) {
        Descriptor.DD.set(e.words, 1);
        e.done = true;
        int began = generation;
        if (ready() >= parameters.batch()) {
            writeBack();
        } else if (timer < 0) {
            timer = loop.schedule(
                    loop.now() + parameters.patience(),
                    (time, data) -> {
                        timer = -1;
                        if (began == generation) {
                            writeBack();
                        }
                    },
                    0);
        }
    }

    /** Descriptors that can be written back in one piece. */
    private int ready() {
        int n = 0;
        for (Entry e : taken) {
            if (!e.done || n == parameters.batch() || head + n == size) {
                break;
            }
            n++;
        }
        return n;
    }

    private void writeBack() {
        int count = ready();
        if (writing || count == 0) {
            return;
        }
        ByteBuffer words = ByteBuffer.allocate(count * Descriptor.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            Entry e = taken.removeFirst();
            words.putLong(e.words[0]).putLong(e.words[1]);
        }
        writing = true;
        write(base + (long) head * Descriptor.BYTES, words.array(), (status, moved) -> {
            writing = false;
            writtenBack(count, status);
        });
    }

    private void writtenBack(int count, DmaChannel.Status status) {
        if (status != DmaChannel.Status.OK) {
            stop(StopCause.WRITE_BACK, status);
            return;
        }
        head = (head + count) % size;
        file.set(registers.head(), head);
        owner.written(count);
        // What has come up meanwhile has waited for this one.
        writeBack();
    }

    boolean isActive() {
        return active;
    }

    /** Changes whenever what is under way is to be forgotten. */
    int generation() {
        return generation;
    }

    /** How many descriptors a packet can have, so that it always finds room in the ring. */
    int mostOfPacket() {
        return Math.min(MOST_OF_PACKET, size - 1);
    }

    /** The most descriptors that a packet can have. */
    static final int MOST_OF_PACKET = 40;
}
