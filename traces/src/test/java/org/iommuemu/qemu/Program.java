// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * What both machines run, from reset.
 *
 * @param target which machines
 * @param seed by which it was made
 * @param data first address of what DMA is meant to reach, {@link #DATA_BYTES} of it
 * @param ops in order
 * @param off which registers to write to let DMA pass untranslated
 * @param drain reads and clears fault records
 */
record Program(
        Target target,
        long seed,
        long data,
        List<Op> ops,
        List<Op.Write> off,
        Function<Side, List<FaultRecord>> drain) {
    /** Bytes that DMA is meant to reach. */
    static final int DATA_BYTES = 1 << 16;
    /** Bytes of a device's buffer for each of its DMAs. */
    static final int SLOT_BYTES = 64;
    /** DMAs at most. */
    static final int MOST_DMAS = 63;

    private static final long BUFFER = 0x40000;
    // QEMU 7.2 gives up on a DMA that ends with the last byte.
    private static final int BUFFER_BYTES = MOST_DMAS * SLOT_BYTES;
    private static final int CHUNK = 64;

    /** What was seen of an op: records in words, and bytes. */
    record Seen(String what, List<FaultRecord> records, byte[] bytes) {}

    /** Runs it on a machine at reset; returns what was seen of each op, and at last of memory, by 64 bytes. */
    List<Seen> run(Side side) {
        for (int i = 0; i < Side.SLOTS.length; i++) {
            dma(side, i, data, BUFFER, BUFFER_BYTES, 1);
        }
        List<Seen> seen = new ArrayList<>();
        int number = 0;
        for (Op op : ops) {
            seen.add(step(side, op, number));
            number += op instanceof Op.Dma ? 1 : 0;
        }
        off.forEach(w -> side.writeRegister(w.offset(), w.size(), w.value()));
        for (int at = 0; at < DATA_BYTES; at += CHUNK) {
            seen.add(new Seen("memory at 0x" + Long.toHexString(data + at), List.of(), side.load(data + at, CHUNK)));
        }
        byte[][] buffers = new byte[Side.SLOTS.length][];
        for (int i = 0; i < buffers.length; i++) {
            dma(side, i, BUFFER, data, BUFFER_BYTES, 3);
            buffers[i] = side.load(data, BUFFER_BYTES);
        }
        number = 0;
        for (int i = 0; i < ops.size(); i++) {
            if (ops.get(i) instanceof Op.Dma d) {
                if (!d.toMemory()) {
                    System.arraycopy(
                            buffers[d.device()],
                            number * SLOT_BYTES,
                            seen.get(i).bytes(),
                            0,
                            d.bytes());
                }
                number++;
            }
        }
        return seen;
    }

    private Seen step(Side side, Op op, int number) {
        if (op instanceof Op.Store s) {
            side.store(s.address(), s.data());
        } else if (op instanceof Op.Write w) {
            side.writeRegister(w.offset(), w.size(), w.value());
        } else if (op instanceof Op.Read r) {
            long value = side.readRegister(r.offset(), r.size()) & r.mask();
            return new Seen(r.name() + " is 0x" + Long.toHexString(value), List.of(), new byte[0]);
        } else if (op instanceof Op.Dma d) {
            long slot = BUFFER + (long) number * SLOT_BYTES;
            dma(
                    side,
                    d.device(),
                    d.toMemory() ? slot : d.iova(),
                    d.toMemory() ? d.iova() : slot,
                    d.bytes(),
                    d.toMemory() ? 3 : 1);
            boolean lands = d.toMemory() && d.target() >= 0;
            List<FaultRecord> records = drain.apply(side);
            return new Seen(d.text(), records, lands ? side.load(d.target(), d.bytes()) : new byte[d.bytes()]);
        }
        return new Seen("", List.of(), new byte[0]);
    }

    private static void dma(Side side, int device, long source, long destination, long bytes, int command) {
        side.writeDevice(device, 0x80, 8, source);
        side.writeDevice(device, 0x88, 8, destination);
        side.writeDevice(device, 0x90, 8, bytes);
        side.writeDevice(device, 0x98, 8, command);
        side.settle(device);
    }

    /** The same with other ops. */
    Program with(List<Op> other) {
        return new Program(target, seed, data, other, off, drain);
    }
}
