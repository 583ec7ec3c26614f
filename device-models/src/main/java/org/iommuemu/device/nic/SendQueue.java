// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.nic.DescriptorRing.Entry;
import org.iommuemu.device.nic.spec.Descriptor;

/** Reads packets, several at once, and sends them in order. */
final class SendQueue implements DescriptorRing.Owner {
    private static final class Packet {
        private final List<Entry> entries;
        private final byte[] bytes;
        private final boolean bad;
        private int missing;

        Packet(List<Entry> entries, byte[] bytes, boolean bad) {
            this.entries = entries;
            this.bytes = bytes;
            this.bad = bad;
            missing = bad ? 0 : entries.size();
        }
    }

    private final NicQueues card;
    private final DescriptorRing ring;
    private final NicStatistics statistics;
    private final InterruptModeration interrupt;
    private final int number;
    private final ArrayDeque<Packet> underWay = new ArrayDeque<>();
    private final List<Entry> collected = new ArrayList<>();
    private int collectedBytes;
    private int held;

    SendQueue(NicQueues card, int number) {
        this.card = card;
        this.number = number;
        statistics = card.statistics();
        interrupt = card.interrupt(number);
        ring = card.ring(card.sendRegisters(number), this);
    }

    DescriptorRing ring() {
        return ring;
    }

    @Override
    public void fetched() {
        pump();
    }

    private void pump() {
        int most = card.parameters().mostFrame();
        while (ring.hasNext() && held + most <= card.parameters().sendBuffer()) {
            Entry e = ring.take();
            collected.add(e);
            collectedBytes += e.length();
            if (e.endsPacket()) {
                boolean bad = collectedBytes == 0 || collectedBytes > most;
                Packet p = new Packet(List.copyOf(collected), new byte[bad ? 0 : collectedBytes], bad);
                collected.clear();
                collectedBytes = 0;
                held += p.bytes.length;
                underWay.addLast(p);
                read(p);
            } else if (collected.size() >= ring.mostOfPacket()) {
                ring.stop(StopCause.CHAIN, DmaChannel.Status.OK);
            }
        }
    }

    private void read(Packet p) {
        int began = ring.generation();
        if (p.bad) {
            send();
            return;
        }
        int at = 0;
        for (Entry e : p.entries) {
            int to = at;
            byte[] into = new byte[e.length()];
            at += into.length;
            DmaChannel.Done done = (status, moved) -> {
                if (began != ring.generation()) {
                    return;
                }
                if (status != DmaChannel.Status.OK) {
                    ring.stop(StopCause.DATA, status);
                    return;
                }
                System.arraycopy(into, 0, p.bytes, to, into.length);
                p.missing--;
                send();
            };
            if (into.length == 0) {
                done.ended(DmaChannel.Status.OK, 0);
            } else if (began == ring.generation()) {
                ring.read(e.address(), into, done);
            }
        }
    }

    /** Hands packets that are whole to the line, in order. */
    private void send() {
        int began = ring.generation();
        while (!underWay.isEmpty() && underWay.getFirst().missing == 0) {
            Packet p = underWay.removeFirst();
            if (p.bad) {
                statistics.count(NicCounter.BAD, number);
                p.entries.forEach(e -> finish(e, true));
            } else {
                card.port().send(p.bytes, () -> {
                    statistics.count(NicCounter.SENT, number);
                    statistics.add(NicCounter.SENT_BYTES, number, p.bytes.length);
                    if (began == ring.generation()) {
                        p.entries.forEach(e -> finish(e, false));
                        held -= p.bytes.length;
                        pump();
                    }
                });
            }
        }
    }

    private void finish(Entry e, boolean error) {
        Descriptor.ERR.set(e.words, error ? 1 : 0);
        ring.done(e);
    }

    @Override
    public void written(int descriptors) {
        interrupt.written(descriptors);
    }

    @Override
    public void cleared() {
        underWay.clear();
        collected.clear();
        collectedBytes = 0;
        held = 0;
    }

    @Override
    public void stopped() {
        interrupt.urgent();
    }
}
