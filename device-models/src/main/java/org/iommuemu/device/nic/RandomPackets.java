// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import java.nio.ByteBuffer;
import org.iommuemu.time.RandomStream;
import org.jspecify.annotations.Nullable;

/** UDP datagrams over IPv4 of several flows, of made-up data: the same for the same seed. */
public final class RandomPackets implements PacketSource {
    /** Ethernet, IPv4 and UDP headers. */
    public static final int HEADERS = 14 + 20 + 8;

    private static final short IPV4 = 0x0800;
    private static final byte VERSION_AND_LENGTH = 0x45;
    private static final byte TIME_TO_LIVE = 64;
    private static final byte UDP = 17;
    private static final int SERVER = 0x0A00_0001;
    private static final int CLIENTS = 0x0A01_0000;
    private static final short PORT = 4791;
    private static final short FIRST_PORT = 0x4000;

    private final int flows;
    private final PacketSizes sizes;
    private final long interval;
    private final boolean independent;
    private final long count;
    private final RandomStream random;
    private final RandomStream times;
    private long made;

    /**
     * Packets.
     *
     * @param flows how many flows, which packets are of at random
     * @param sizes in bytes; those shorter than the headers, {@link #HEADERS}, are made as long
     * @param interval mean time from one to the next, in ps; 0 for as fast as they are taken
     * @param independent whether they come independently of each other (Poisson) instead of evenly
     * @param count how many; negative for no end
     */
    public RandomPackets(int flows, PacketSizes sizes, long interval, boolean independent, long count, long seed) {
        this.flows = flows;
        this.sizes = sizes;
        this.interval = interval;
        this.independent = independent;
        this.count = count;
        random = new RandomStream(seed);
        times = random.split(1);
    }

    @Override
    public long gap() {
        return interval == 0 || !independent ? interval : Math.max(1, times.nextExponential(interval));
    }

    @Override
    public byte @Nullable [] next() {
        if (count >= 0 && made >= count) {
            return null;
        }
        made++;
        int flow = (int) random.nextBelow(flows);
        int bytes = Math.max(HEADERS, sizes.next(random));
        ByteBuffer packet = ByteBuffer.allocate(bytes);
        packet.putLong(0x0200_0000_0001_0200L).putInt(0x0000_0002).putShort(IPV4);
        packet.put(VERSION_AND_LENGTH).put((byte) 0).putShort((short) (bytes - 14));
        packet.putInt(0).put(TIME_TO_LIVE).put(UDP).putShort((short) 0);
        packet.putInt(CLIENTS + flow).putInt(SERVER);
        packet.putShort((short) (FIRST_PORT + flow)).putShort(PORT);
        packet.putShort((short) (bytes - 34)).putShort((short) 0);
        while (packet.remaining() >= Long.BYTES) {
            packet.putLong(random.nextLong());
        }
        while (packet.hasRemaining()) {
            packet.put((byte) random.nextLong());
        }
        return packet.array();
    }

    /** How many it has made. */
    public long made() {
        return made;
    }
}
