// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic.spec;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** The registers behind base address register 0. */
public final class NicRegisters {
    /** Bytes of base address register 0. */
    public static final long BAR_BYTES = 0x4000;
    /** The most queues of each direction. */
    public static final int MOST_QUEUES = 32;
    /** Entries of the table that receive-side scaling looks queues up in. */
    public static final int TABLE_ENTRIES = 128;
    /** Bytes of the key of its hash. */
    public static final int KEY_BYTES = 40;

    private static final String SOURCE = "docs/devices.md, NIC";
    private static final int KEY_AT = 0x40;
    private static final int TABLE_AT = 0x80;
    private static final int COUNTERS_AT = 0x100;
    private static final int RECEIVE_AT = 0x1000;
    private static final int SEND_AT = 0x2000;
    private static final int MODERATION_AT = 0x3000;

    private static final Layout.Builder C = Layout.builder("CTRL", 1, SOURCE);
    /** Card on. */
    public static final BitField EN = C.bit("EN", 0);
    /** What is sent comes back in; nothing goes to the line. */
    public static final BitField LOOPBACK = C.bit("LOOPBACK", 1);
    /** Receive-side scaling: queues by hash; all to queue 0 without it. */
    public static final BitField RSS = C.bit("RSS", 2);
    /** Reset of all registers and queues, always reads as 0. */
    public static final BitField RST = C.bit("RST", 3);

    /** Switches. */
    public static final Register CTRL =
            Register.writable("CTRL", 0x00, 4, EN.mask() | LOOPBACK.mask() | RSS.mask() | RST.mask(), C.build());

    private static final Layout.Builder P = Layout.builder("CAP", 1, SOURCE);
    /** Queues of each direction. */
    public static final BitField QUEUES = P.field("QUEUES", 5, 0);
    /** log2 of the largest ring. */
    public static final BitField RING = P.field("RING", 12, 8);
    /** The longest packet, without its check sequence. */
    public static final BitField FRAME = P.field("FRAME", 31, 16);

    /** What the card has. */
    public static final Register CAP = Register.readOnly("CAP", 0x08, 4, P.build());

    private static final Layout.Builder M = Layout.builder("MOD", 1, SOURCE);
    /** The longest time from an event until its interrupt, in units of 64 ns. */
    public static final BitField INTERVAL = M.field("INTERVAL", 15, 0);
    /** Descriptors after which the interrupt does not wait any longer; 0 is 1. */
    public static final BitField COUNT = M.field("COUNT", 23, 16);
    /** Interrupt on; what happens while it is off is told when it is switched on. */
    public static final BitField INTERRUPT = M.bit("EN", 31);

    /** {@link #INTERVAL}'s unit, in ns. */
    public static final int INTERVAL_UNIT = 64;

    private static final Layout MODERATION_LAYOUT = M.build();

    /** Moderation of the interrupts of each pair of queues, whose vector has the same number. */
    public static final List<Register> MODERATION = IntStream.range(0, MOST_QUEUES)
            .mapToObj(q -> Register.writable(
                    "MOD" + q,
                    MODERATION_AT + 4 * q,
                    4,
                    INTERVAL.mask() | COUNT.mask() | INTERRUPT.mask(),
                    MODERATION_LAYOUT))
            .toList();

    /** Receive queues. */
    public static final List<QueueRegisters> RECEIVE = queues("RX", RECEIVE_AT);

    /** Send queues. */
    public static final List<QueueRegisters> SEND = queues("TX", SEND_AT);

    /** Key of the hash, four bytes in each, its first in bits 7:0. */
    public static final List<Register> KEY = words("RSSK", KEY_AT, KEY_BYTES);

    /** Table of the queues, four entries of 8 bits in each; an entry beyond the last queue counts on from the first. */
    public static final List<Register> TABLE = words("RETA", TABLE_AT, TABLE_ENTRIES);

    /** Counters, in the order of {@code NicCounter}. */
    public static final List<Register> COUNTERS = List.of(
            counter("RXPKTS", 0),
            counter("RXBYTES", 1),
            counter("TXPKTS", 2),
            counter("TXBYTES", 3),
            counter("RXNODESC", 4),
            counter("RXOVERRUN", 5),
            counter("RXLENGTH", 6),
            counter("RXOFF", 7),
            counter("TXBAD", 8));

    private NicRegisters() {}

    private static List<QueueRegisters> queues(String name, int at) {
        return IntStream.range(0, MOST_QUEUES)
                .mapToObj(q -> QueueRegisters.at(name + q, at + q * QueueRegisters.STRIDE))
                .toList();
    }

    private static List<Register> words(String name, int at, int bytes) {
        return IntStream.range(0, bytes / 4)
                .mapToObj(i -> Register.writable(name + i, at + 4 * i, 4, 0xFFFF_FFFFL, plain(name + i, 31)))
                .toList();
    }

    private static Register counter(String name, int number) {
        return Register.readOnly(name, COUNTERS_AT + 8 * number, 8, plain(name, 63));
    }

    private static Layout plain(String name, int msb) {
        Layout.Builder b = Layout.builder(name, 1, SOURCE);
        b.field("VALUE", msb, 0);
        return b.build();
    }

    /** The register map of a card with so many queues of each direction. */
    public static List<Register> map(int queues) {
        List<Register> map = new ArrayList<>(List.of(CTRL, CAP));
        map.addAll(KEY);
        map.addAll(TABLE);
        map.addAll(COUNTERS);
        for (int q = 0; q < queues; q++) {
            map.addAll(RECEIVE.get(q).all());
            map.addAll(SEND.get(q).all());
            map.add(MODERATION.get(q));
        }
        return map;
    }
}
