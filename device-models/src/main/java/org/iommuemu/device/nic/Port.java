// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.iommuemu.time.ByteRate;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * The line, each way: packets one behind the other at its rate, with preamble, check sequence and gap around each (IEEE 802.3 §3.1,
 * §4.4). Packets that come at no rate of their own wait until the card has room.
 */
final class Port {
    private final EventLoop loop;
    private final ByteRate rate;
    private final BooleanSupplier loopback;
    private final Predicate<byte[]> takes;
    private final Consumer<byte[]> arrived;
    private PacketSink sink = PacketSink.NOBODY;
    private @Nullable PacketSource source;
    private byte @Nullable [] blocked;
    private long inFree;
    private long outFree;
    private long lastIn;
    private int generation;

    /**
     * An idle line.
     *
     * @param loopback whether what is sent comes back in
     * @param takes whether the card has room for a packet
     * @param arrived takes packets that have come
     */
    Port(EventLoop loop, ByteRate rate, BooleanSupplier loopback, Predicate<byte[]> takes, Consumer<byte[]> arrived) {
        this.loop = loop;
        this.rate = rate;
        this.loopback = loopback;
        this.takes = takes;
        this.arrived = arrived;
    }

    void connect(PacketSink to) {
        sink = to;
    }

    void connect(PacketSource from) {
        boolean idle = source == null;
        source = from;
        lastIn = loop.now();
        if (idle) {
            next();
        }
    }

    private void next() {
        byte[] packet = source == null ? null : source.next();
        if (source == null || packet == null) {
            source = null;
            return;
        }
        long gap = source.gap();
        // The gap is from packet to packet, also where the line makes one late.
        lastIn = gap == 0 ? loop.now() : Math.addExact(lastIn, gap);
        inFree = Math.max(Math.max(lastIn, inFree) + rate.timeOf(packet.length + NicParameters.AROUND), loop.now());
        loop.schedule(
                inFree,
                (time, data) -> {
                    if (gap == 0 && !takes.test(packet)) {
                        blocked = packet;
                    } else {
                        arrived.accept(packet);
                        next();
                    }
                },
                0);
    }

    /** The card may have room for what waits. */
    void room() {
        byte[] packet = blocked;
        if (packet != null && takes.test(packet)) {
            blocked = null;
            arrived.accept(packet);
            next();
        }
    }

    /** Forgets what has not left yet. */
    void reset() {
        generation++;
        outFree = loop.now();
    }

    /**
     * Sends a packet behind those before it.
     *
     * @param gone runs when its last byte has left
     */
    void send(byte[] packet, Runnable gone) {
        outFree = Math.max(loop.now(), outFree) + rate.timeOf(packet.length + NicParameters.AROUND);
        int began = generation;
        loop.schedule(
                outFree,
                (time, data) -> {
                    if (began != generation) {
                        return;
                    }
                    if (loopback.getAsBoolean()) {
                        arrived.accept(packet);
                    } else {
                        sink.sent(packet, time);
                    }
                    gone.run();
                },
                0);
    }
}
