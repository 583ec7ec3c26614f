// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A program's idea of the 64-bit words that software has stored, and the ops that store what has changed. */
final class Words {
    private static final int PIECE = 512;

    private final Map<Long, Long> words = new TreeMap<>();
    private final Map<Long, Long> changed = new TreeMap<>();

    void put(long address, long... values) {
        for (int i = 0; i < values.length; i++) {
            words.put(address + 8L * i, values[i]);
            changed.put(address + 8L * i, values[i]);
        }
    }

    long get(long address) {
        return words.getOrDefault(address, 0L);
    }

    /** Stores for all that was put since this was last asked, in the order of addresses. */
    List<Op> stores() {
        List<Op> ops = new ArrayList<>();
        List<Long> run = new ArrayList<>();
        long start = 0;
        for (Map.Entry<Long, Long> e : changed.entrySet()) {
            boolean follows = !run.isEmpty() && e.getKey() == start + 8L * run.size() && run.size() < PIECE;
            if (!follows) {
                flush(ops, start, run);
                start = e.getKey();
            }
            run.add(e.getValue());
        }
        flush(ops, start, run);
        changed.clear();
        return ops;
    }

    private static void flush(List<Op> ops, long start, List<Long> run) {
        if (!run.isEmpty()) {
            ops.add(new Op.Store(
                    start, bytes(run.stream().mapToLong(Long::longValue).toArray())));
            run.clear();
        }
    }

    static byte[] bytes(long... values) {
        ByteBuffer b = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (long v : values) {
            b.putLong(v);
        }
        return b.array();
    }

    static long word(byte[] bytes, int index) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(8 * index);
    }
}
