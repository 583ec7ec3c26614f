// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.nic.DescriptorRing.Entry;
import org.iommuemu.device.nic.spec.Descriptor;

/** Writes packets into buffers, one packet over as many as it needs. */
final class ReceiveQueue implements DescriptorRing.Owner {
    private record Held(byte[] packet, int hash) {}

    private final NicQueues card;
    private final DescriptorRing ring;
    private final NicStatistics statistics;
    private final InterruptModeration interrupt;
    private final int number;
    private final int mostHeld;
    private final ArrayDeque<Held> waiting = new ArrayDeque<>();
    /** Descriptors of the first that waits. */
    private final List<Entry> collected = new ArrayList<>();

    private int room;
    private int collectedRoom;

    ReceiveQueue(NicQueues card, int number) {
        this.card = card;
        this.number = number;
        statistics = card.statistics();
        interrupt = card.interrupt(number);
        mostHeld = card.parameters().receiveBuffer();
        room = mostHeld;
        ring = card.ring(card.receiveRegisters(number), this);
    }

    DescriptorRing ring() {
        return ring;
    }

    /** Whether a packet need not wait at the line: there is room for it, or there never will be. */
    boolean takes(byte[] packet) {
        return ring.isActive() && (packet.length <= room || !isLegal(packet));
    }

    /** Whether a packet has a length that there may be. */
    private boolean isLegal(byte[] packet) {
        return packet.length > 0 && packet.length <= card.parameters().mostFrame();
    }

    /** A packet has come; it is dropped if there is no room. */
    void receive(byte[] packet, int hash) {
        if (!ring.isActive()) {
            statistics.count(NicCounter.OFF, number);
        } else if (!isLegal(packet)) {
            statistics.count(NicCounter.LENGTH, number);
        } else if (!takes(packet)) {
            boolean starved = !waiting.isEmpty() && ring.isExhausted();
            statistics.count(starved ? NicCounter.NO_DESCRIPTORS : NicCounter.OVERRUN, number);
        } else {
            room -= packet.length;
            waiting.addLast(new Held(packet, hash));
            pump();
        }
    }

    private void pump() {
        while (!waiting.isEmpty() && collect(waiting.getFirst().packet.length)) {
            Held held = waiting.removeFirst();
            List<Entry> into = List.copyOf(collected);
            boolean fits = collectedRoom >= held.packet.length;
            collected.clear();
            collectedRoom = 0;
            if (fits) {
                write(held, into);
            } else {
                statistics.count(NicCounter.LENGTH, number);
                room += held.packet.length;
                into.forEach(e -> finish(e, 0, true, e == into.get(into.size() - 1), 0));
            }
        }
    }

    /** Collects descriptors for a packet; returns whether there are enough of them, or as many as there may be. */
    private boolean collect(int bytes) {
        while (collectedRoom < bytes && collected.size() < ring.mostOfPacket()) {
            if (!ring.hasNext()) {
                return false;
            }
            Entry e = ring.take();
            collected.add(e);
            collectedRoom += e.length();
        }
        return true;
    }

    private void write(Held held, List<Entry> into) {
        int began = ring.generation();
        int[] left = {into.size()};
        int from = 0;
        for (int i = 0; i < into.size() && began == ring.generation(); i++) {
            Entry e = into.get(i);
            int n = Math.min(e.length(), held.packet.length - from);
            boolean last = i == into.size() - 1;
            DmaChannel.Done done = (status, moved) -> {
                if (began != ring.generation()) {
                    return;
                }
                if (status != DmaChannel.Status.OK) {
                    ring.stop(StopCause.DATA, status);
                } else {
                    finish(e, n, false, last, held.hash);
                    left[0]--;
                    if (left[0] == 0) {
                        received(held.packet.length);
                    }
                }
            };
            if (n == 0) {
                done.ended(DmaChannel.Status.OK, 0);
            } else {
                ring.write(e.address(), Arrays.copyOfRange(held.packet, from, from + n), done);
            }
            from += n;
        }
    }

    private void finish(Entry e, int bytes, boolean error, boolean last, int hash) {
        Descriptor.LENGTH.set(e.words, bytes);
        Descriptor.EOP.set(e.words, last ? 1 : 0);
        Descriptor.ERR.set(e.words, error ? 1 : 0);
        Descriptor.HASH.set(e.words, hash);
        ring.done(e);
    }

    private void received(int bytes) {
        room += bytes;
        statistics.count(NicCounter.RECEIVED, number);
        statistics.add(NicCounter.RECEIVED_BYTES, number, bytes);
        card.roomToReceive();
    }

    @Override
    public void fetched() {
        pump();
        card.roomToReceive();
    }

    @Override
    public void written(int descriptors) {
        interrupt.written(descriptors);
    }

    @Override
    public void cleared() {
        waiting.forEach(w -> statistics.count(NicCounter.OFF, number));
        waiting.clear();
        collected.clear();
        collectedRoom = 0;
        room = mostHeld;
    }

    @Override
    public void stopped() {
        interrupt.urgent();
        card.roomToReceive();
    }
}
