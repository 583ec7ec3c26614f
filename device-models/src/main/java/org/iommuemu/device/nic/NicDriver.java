// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import java.io.ByteArrayOutputStream;
import org.iommuemu.device.nic.spec.Descriptor;
import org.iommuemu.device.nic.spec.NicRegisters;
import org.iommuemu.device.nic.spec.QueueRegisters;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;

/**
 * Software for a card: rings and buffers in one region of memory, all of it mapped before it begins. Call {@link #poll} on interrupts,
 * or now and then.
 */
public final class NicDriver {
    /** Takes packets that have been received. */
    @FunctionalInterface
    public interface Receiver {
        /** Nobody. */
        Receiver NOBODY = (queue, packet, whole) -> {};

        /**
         * A packet.
         *
         * @param whole false if the card has marked it as bad
         */
        void received(int queue, byte[] packet, boolean whole);
    }

    /**
     * How the driver sets a card up.
     *
     * @param queues of each direction
     * @param ring descriptors of each ring
     * @param bufferBytes of each receive buffer; of a send buffer at most one frame
     * @param iova where the region is for the card, a multiple of 4 KiB
     * @param physical where it is in memory, a multiple of 4 KiB
     * @param pasid or {@link org.iommuemu.iommu.Transaction#NO_SUBSTREAM}
     * @param moderationNanoseconds the longest delay of an interrupt
     * @param moderationCount descriptors that end it before
     */
    public record Setup(
            int queues,
            int ring,
            int bufferBytes,
            long iova,
            long physical,
            int pasid,
            int moderationNanoseconds,
            int moderationCount) {
        private static final int PAGE = PhysicalMemory.PAGE_BYTES;

        long ringBytes() {
            return (long) ring * Descriptor.BYTES + PAGE - 1 & -PAGE;
        }

        long buffersBytes() {
            return (long) ring * bufferBytes + PAGE - 1 & -PAGE;
        }

        /** Offset of a receive ring in the region, or of a send ring. */
        public long ringOffset(int queue, boolean send) {
            return (2L * queue + (send ? 1 : 0)) * (ringBytes() + buffersBytes());
        }

        /** Offset of a ring's buffers in the region. */
        public long buffersOffset(int queue, boolean send) {
            return ringOffset(queue, send) + ringBytes();
        }

        /** Bytes of the region, a multiple of 4 KiB. */
        public long regionBytes() {
            return ringOffset(queues, false);
        }
    }

    private final RegisterFrame card;
    private final PhysicalMemory memory;
    private final Setup setup;
    private final Receiver receiver;
    private final int[] nextReceived;
    private final int[] nextSent;
    private final int[] sendTail;
    private final ByteArrayOutputStream[] partial;
    private long received;
    private long receivedBytes;

    /** A driver that has not touched the card yet. */
    public NicDriver(RegisterFrame card, PhysicalMemory memory, Setup setup, Receiver receiver) {
        this.card = card;
        this.memory = memory;
        this.setup = setup;
        this.receiver = receiver;
        nextReceived = new int[setup.queues()];
        nextSent = new int[setup.queues()];
        sendTail = new int[setup.queues()];
        partial = new ByteArrayOutputStream[setup.queues()];
    }

    /** Sets up all queues and switches the card on, with flows spread over the queues, or back to itself. */
    public void start(boolean loopback) {
        for (int i = 0; i < NicRegisters.KEY_BYTES / 4; i++) {
            card.writeRegister(NicRegisters.KEY.get(i).offset(), 4, 0x9E37_79B9L * (i + 1) & 0xFFFF_FFFFL);
        }
        for (int i = 0; i < NicRegisters.TABLE_ENTRIES; i += 4) {
            long word = 0;
            for (int j = 0; j < 4; j++) {
                word |= (long) ((i + j) % setup.queues()) << Byte.SIZE * j;
            }
            card.writeRegister(NicRegisters.TABLE.get(i / 4).offset(), 4, word);
        }
        card.writeRegister(
                NicRegisters.CTRL.offset(),
                4,
                NicRegisters.EN.of(1) | NicRegisters.RSS.of(1) | NicRegisters.LOOPBACK.of(loopback ? 1 : 0));
        for (int q = 0; q < setup.queues(); q++) {
            partial[q] = new ByteArrayOutputStream();
            card.writeRegister(
                    NicRegisters.MODERATION.get(q).offset(),
                    4,
                    NicRegisters.INTERRUPT.of(1)
                            | NicRegisters.INTERVAL.of(setup.moderationNanoseconds() / NicRegisters.INTERVAL_UNIT)
                            | NicRegisters.COUNT.of(setup.moderationCount()));
            startQueue(NicRegisters.RECEIVE.get(q), setup.ringOffset(q, false));
            startQueue(NicRegisters.SEND.get(q), setup.ringOffset(q, true));
            for (int i = 0; i < setup.ring() - 1; i++) {
                post(q, i);
            }
            receiveTail(q, setup.ring() - 1);
        }
    }

    private void startQueue(QueueRegisters r, long ring) {
        int pasid = setup.pasid();
        card.writeRegister(r.base().offset(), 8, setup.iova() + ring);
        card.writeRegister(r.size().offset(), 4, setup.ring());
        card.writeRegister(r.tail().offset(), 4, 0);
        card.writeRegister(
                r.control().offset(),
                4,
                QueueRegisters.EN.of(1)
                        | (pasid < 0 ? 0 : QueueRegisters.PASID_EN.of(1) | QueueRegisters.PASID.of(pasid)));
    }

    private void post(int queue, int index) {
        long[] words = new long[2];
        Descriptor.ADDRESS.set(words, setup.iova() + buffer(queue, false, index));
        Descriptor.LENGTH.set(words, setup.bufferBytes());
        write(entry(queue, false, index), words);
    }

    private long buffer(int queue, boolean send, int index) {
        return setup.buffersOffset(queue, send) + (long) index * setup.bufferBytes();
    }

    private long entry(int queue, boolean send, int index) {
        return setup.physical() + setup.ringOffset(queue, send) + (long) index * Descriptor.BYTES;
    }

    private void write(long at, long... words) {
        memory.writeLong(at, words[0]);
        memory.writeLong(at + Long.BYTES, words[1]);
    }

    private long[] read(long at) {
        return new long[] {memory.readLong(at), memory.readLong(at + Long.BYTES)};
    }

    private void receiveTail(int queue, int tail) {
        card.writeRegister(NicRegisters.RECEIVE.get(queue).tail().offset(), 4, tail);
    }

    /** Takes what has been received by a queue, and gives the buffers back. */
    public void poll(int queue) {
        int first = nextReceived[queue];
        int index = first;
        long[] words = read(entry(queue, false, index));
        while (Descriptor.DD.isSet(words)) {
            take(queue, index, words);
            index = (index + 1) % setup.ring();
            words = read(entry(queue, false, index));
        }
        if (index != first) {
            nextReceived[queue] = index;
            // The entry before the first of those that the card still has stays empty: a full ring looks like an empty
            // one.
            for (int i = first; i != index; i = (i + 1) % setup.ring()) {
                post(queue, (i + setup.ring() - 1) % setup.ring());
            }
            write(entry(queue, false, (index + setup.ring() - 1) % setup.ring()), 0, 0);
            receiveTail(queue, (index + setup.ring() - 1) % setup.ring());
        }
    }

    private void take(int queue, int index, long... words) {
        byte[] part = new byte[Descriptor.LENGTH.getInt(words)];
        memory.read(setup.physical() + buffer(queue, false, index), part, 0, part.length);
        partial[queue].writeBytes(part);
        if (Descriptor.EOP.isSet(words)) {
            byte[] packet = partial[queue].toByteArray();
            partial[queue].reset();
            received++;
            receivedBytes += packet.length;
            receiver.received(queue, packet, !Descriptor.ERR.isSet(words));
        }
    }

    /**
     * Sends a packet, at most as long as a buffer.
     *
     * @return false if the ring is full
     */
    public boolean send(int queue, byte[] packet) {
        reclaim(queue);
        int index = sendTail[queue];
        int after = (index + 1) % setup.ring();
        if (after == nextSent[queue]) {
            return false;
        }
        memory.write(setup.physical() + buffer(queue, true, index), packet, 0, packet.length);
        long[] words = new long[2];
        Descriptor.ADDRESS.set(words, setup.iova() + buffer(queue, true, index));
        Descriptor.LENGTH.set(words, packet.length);
        Descriptor.EOP.set(words, 1);
        write(entry(queue, true, index), words);
        sendTail[queue] = after;
        card.writeRegister(NicRegisters.SEND.get(queue).tail().offset(), 4, after);
        return true;
    }

    private void reclaim(int queue) {
        while (nextSent[queue] != sendTail[queue] && Descriptor.DD.isSet(read(entry(queue, true, nextSent[queue])))) {
            nextSent[queue] = (nextSent[queue] + 1) % setup.ring();
        }
    }

    /** Packets so far. */
    public long received() {
        return received;
    }

    /** Their bytes. */
    public long receivedBytes() {
        return receivedBytes;
    }
}
