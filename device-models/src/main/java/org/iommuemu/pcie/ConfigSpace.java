// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.iommuemu.bits.Register;
import org.jspecify.annotations.Nullable;

/**
 * A function's 4 KiB of configuration space: a table of {@link Register}s, their values, and what a write sets off (PCIe Base
 * Specification §7.2, §7.5).
 *
 * <p>An access is of 1, 2 or 4 bytes within one DW, as byte enables can say; one that is not is an Unsupported Request: it reads all
 * ones and writes nothing. An access may touch several registers: all get their values first, then their handlers run, in the order
 * of offsets. What has no register reads as zero.
 */
public final class ConfigSpace {
    /** Size in bytes. */
    public static final int BYTES = 4096;

    /** Decides what a write by software may make of a register. */
    @FunctionalInterface
    public interface WriteRule {
        /**
         * Software writes.
         *
         * @param old its value so far
         * @param requested its value to be, masks applied
         * @return its value from now on
         */
        long accept(long old, long requested);
    }

    /** Reacts to a register that software has written. */
    @FunctionalInterface
    public interface WriteHandler {
        /**
         * Software has written.
         *
         * @param old its value before
         * @param now its value
         */
        void written(long old, long now);
    }

    private static final int NONE = -1;

    private final List<Register> map;
    private final short[] slotAt = new short[BYTES];
    private final long[] values;
    private final long[] resets;
    private final long[] writable;
    private final @Nullable WriteRule[] rules;
    private final List<List<WriteHandler>> handlers = new ArrayList<>();

    /**
     * Registers in reset state.
     *
     * @param map offsets must be multiples of the width and must not overlap
     */
    ConfigSpace(List<Register> map) {
        this.map = List.copyOf(map);
        int n = map.size();
        Arrays.fill(slotAt, (short) NONE);
        values = new long[n];
        resets = new long[n];
        writable = new long[n];
        rules = new WriteRule[n];
        for (int slot = 0; slot < n; slot++) {
            Register r = map.get(slot);
            if (r.offset() % r.bytes() != 0) {
                throw new IllegalArgumentException(r.name() + " is not aligned to its width");
            }
            for (int at = r.offset(); at < r.offset() + r.bytes(); at++) {
                if (slotAt[at] != NONE) {
                    throw new IllegalArgumentException(
                            r.name() + " overlaps " + map.get(slotAt[at]).name());
                }
                slotAt[at] = (short) slot;
            }
            resets[slot] = r.reset();
            writable[slot] = r.writable();
            handlers.add(new ArrayList<>());
        }
        reset();
    }

    /** Puts every register to its reset value; runs no handlers. */
    void reset() {
        System.arraycopy(resets, 0, values, 0, values.length);
    }

    /** All registers as declared, in the order of the table. */
    public List<Register> map() {
        return map;
    }

    /** Bits of a register that software can write: those of the table, and of a BAR those that its size leaves. */
    public long writableBits(Register register) {
        return writable[slot(register)];
    }

    /** Hard-wires a register: the value now and after a reset, and the bits that software can write. */
    void wire(Register register, long reset, long writableBits) {
        int slot = slot(register);
        resets[slot] = reset;
        values[slot] = reset;
        writable[slot] = writableBits;
    }

    /** Says what a write may make of a register; without a rule, all that its mask lets through. */
    void rule(Register register, WriteRule rule) {
        rules[slot(register)] = rule;
    }

    /** Says what is to happen when software has written a register. */
    public void onWrite(Register register, WriteHandler handler) {
        handlers.get(slot(register)).add(handler);
    }

    /** The value of a register. */
    public long get(Register register) {
        return values[slot(register)];
    }

    /** Sets a register from the function's side: no masks, no handlers. */
    void set(Register register, long value) {
        values[slot(register)] = value;
    }

    /** Sets bits of a register from the function's side. */
    void raise(Register register, long bits) {
        values[slot(register)] |= bits;
    }

    /** Writes a register as software does. */
    public void write(Register register, long value) {
        write(register.offset(), register.bytes(), (int) value);
    }

    /**
     * A read by software.
     *
     * @param size bytes
     * @return the value, in the low bits
     */
    public int read(int offset, int size) {
        if (!isLegal(offset, size)) {
            return NONE;
        }
        int value = 0;
        for (int i = 0; i < size; i++) {
            int slot = slotAt[offset + i];
            if (slot != NONE) {
                int shift = Byte.SIZE * (offset + i - map.get(slot).offset());
                value |= ((int) (values[slot] >>> shift) & 0xFF) << Byte.SIZE * i;
            }
        }
        return value;
    }

    /** A write by software of {@code size} bytes. */
    public void write(int offset, int size, int value) {
        if (!isLegal(offset, size)) {
            return;
        }
        int[] written = new int[size];
        long[] before = new long[size];
        int count = 0;
        for (int i = 0; i < size; i++) {
            int slot = slotAt[offset + i];
            if (slot != NONE && (i == 0 || slotAt[offset + i - 1] != slot)) {
                before[count] = values[slot];
                written[count++] = slot;
                store(slot, offset, size, value);
            }
        }
        for (int i = 0; i < count; i++) {
            for (WriteHandler handler : handlers.get(written[i])) {
                handler.written(before[i], values[written[i]]);
            }
        }
    }

    private void store(int slot, int offset, int size, int value) {
        Register r = map.get(slot);
        int shift = Byte.SIZE * (offset - r.offset());
        long accessed = (1L << Byte.SIZE * size) - 1;
        long given = value & accessed;
        // Bytes that the access leaves out keep their values, and do not act as ones on W1C bits.
        long touched = (shift >= 0 ? accessed << shift : accessed >>> -shift) & (1L << Byte.SIZE * r.bytes()) - 1;
        long bits = shift >= 0 ? given << shift : given >>> -shift;
        long old = values[slot];
        long cleared = old & ~(bits & touched & r.writeOneToClear());
        long free = writable[slot] & touched;
        long requested = cleared & ~free | bits & free;
        WriteRule rule = rules[slot];
        values[slot] = rule == null ? requested : rule.accept(old, requested);
    }

    /** Whether an access lies within one DW. */
    private static boolean isLegal(int offset, int size) {
        return offset >= 0
                && offset < BYTES
                && (size == 1 || size == 2 || size == 4)
                && (offset & 3) + size <= Integer.BYTES;
    }

    private int slot(Register register) {
        int slot = slotAt[register.offset()];
        if (slot == NONE || !map.get(slot).name().equals(register.name())) {
            throw new IllegalArgumentException(register.name() + " is not a register of this function");
        }
        return slot;
    }
}
