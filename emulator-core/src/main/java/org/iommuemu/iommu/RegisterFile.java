// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.iommuemu.bits.Register;
import org.jspecify.annotations.Nullable;

/**
 * The registers of a machine: a table of {@link Register}s, their values, and what a write sets off.
 *
 * <p>Accepts aligned accesses of 4 and 8 bytes; a 64-bit register may be written by halves, an 8-byte access to a pair of
 * 32-bit registers is two accesses, low one first. Anything else, and any offset without a register, reads as zero and
 * ignores writes. A write goes through the register's guard, its write masks and then its handler.
 */
public final class RegisterFile {
    /** Reacts to a write. */
    @FunctionalInterface
    public interface WriteHandler {
        /**
         * A register is written.
         *
         * @param old its value so far
         * @param requested its value to be, masks applied
         */
        void written(long old, long requested);
    }

    private static final int NO_REGISTER = -1;

    private final List<Register> map;
    private final Register[] registers;
    private final int[] slotAt;
    private final long[] values;
    private final @Nullable WriteHandler[] handlers;
    private final @Nullable BooleanSupplier[] guards;
    private final @Nullable LongSupplier[] sources;
    private @Nullable RegisterObserver observer;

    /**
     * A register file in reset state.
     *
     * @param map the registers; offsets must be multiples of the width and must not overlap
     */
    public RegisterFile(List<Register> map) {
        this.map = List.copyOf(map);
        registers = this.map.toArray(new Register[0]);
        int end = this.map.stream().mapToInt(r -> r.offset() + r.bytes()).max().orElse(0);
        slotAt = new int[end >> 2];
        Arrays.fill(slotAt, NO_REGISTER);
        values = new long[this.map.size()];
        handlers = new WriteHandler[this.map.size()];
        guards = new BooleanSupplier[this.map.size()];
        sources = new LongSupplier[this.map.size()];
        for (int slot = 0; slot < this.map.size(); slot++) {
            Register r = this.map.get(slot);
            if (r.offset() % r.bytes() != 0) {
                throw new IllegalArgumentException(r.name() + " is not aligned to its width");
            }
            for (int at = r.offset() >> 2; at < r.offset() + r.bytes() >> 2; at++) {
                if (slotAt[at] != NO_REGISTER) {
                    throw new IllegalArgumentException(
                            r.name() + " overlaps " + this.map.get(slotAt[at]).name());
                }
                slotAt[at] = slot;
            }
        }
        reset();
    }

    /** Puts every register to its reset value; runs no handlers. */
    public void reset() {
        for (int slot = 0; slot < values.length; slot++) {
            values[slot] = registers[slot].reset();
        }
    }

    /** All registers, in the order of the table. */
    public List<Register> map() {
        return map;
    }

    /** Lets {@code handler} run when software writes {@code register}; without one, the value is stored. */
    public void onWrite(Register register, WriteHandler handler) {
        handlers[slot(register)] = handler;
    }

    /** Lets software write {@code register} only while {@code writable} holds; other writes are ignored. */
    public void guard(Register register, BooleanSupplier writable) {
        guards[slot(register)] = writable;
    }

    /** Shows every write by software from now on; null ends it. */
    public void observe(@Nullable RegisterObserver watcher) {
        observer = watcher;
    }

    /** Lets {@code source} give the value that software reads from {@code register}, in place of a stored one. */
    public void onRead(Register register, LongSupplier source) {
        sources[slot(register)] = source;
    }

    /** The value of a register. */
    public long get(Register register) {
        return values[slot(register)];
    }

    /** Sets a register from the hardware's side: no masks, no handlers. */
    public void set(Register register, long value) {
        values[slot(register)] = value;
    }

    /**
     * A read by software.
     *
     * @param size bytes
     * @return the value, zero-extended
     */
    public long read(long offset, int size) {
        if (!isLegal(offset, size)) {
            return 0;
        }
        long low = readHalf(offset);
        return size == 4 ? low : low | readHalf(offset + 4) << 32;
    }

    /** A write by software of {@code size} bytes. */
    public void write(long offset, int size, long value) {
        if (!isLegal(offset, size)) {
            return;
        }
        int slot = slotOf(offset);
        if (size == 8 && slot != NO_REGISTER && registers[slot].bytes() == 8) {
            store(slot, value);
            return;
        }
        writeHalf(offset, value & 0xFFFF_FFFFL);
        if (size == 8) {
            writeHalf(offset + 4, value >>> 32);
        }
    }

    private static boolean isLegal(long offset, int size) {
        return (size == 4 || size == 8) && (offset & size - 1) == 0;
    }

    private long readHalf(long offset) {
        int slot = slotOf(offset);
        if (slot == NO_REGISTER) {
            return 0;
        }
        LongSupplier source = sources[slot];
        long value = source == null ? values[slot] : source.getAsLong();
        return value >>> halfShift(slot, offset) & 0xFFFF_FFFFL;
    }

    private void writeHalf(long offset, long half) {
        int slot = slotOf(offset);
        if (slot != NO_REGISTER) {
            int shift = halfShift(slot, offset);
            // The half that is not written must not act as a write of ones to W1C bits.
            long others =
                    registers[slot].bytes() == 8 ? ~(0xFFFF_FFFFL << shift) & ~registers[slot].writeOneToClear() : 0;
            store(slot, values[slot] & others | half << shift);
        }
    }

    private int halfShift(int slot, long offset) {
        return (int) (offset - registers[slot].offset()) * 8;
    }

    private void store(int slot, long value) {
        BooleanSupplier guard = guards[slot];
        Register r = registers[slot];
        boolean ignored = r.isReadOnly() || guard != null && !guard.getAsBoolean();
        if (observer != null) {
            observer.writing(r, values[slot], value, !ignored);
        }
        if (ignored) {
            return;
        }
        long old = values[slot];
        long cleared = old & ~(value & r.writeOneToClear());
        long requested = cleared & ~r.writable() | value & r.writable();
        WriteHandler handler = handlers[slot];
        if (handler == null) {
            values[slot] = requested;
        } else {
            handler.written(old, requested);
        }
    }

    private int slotOf(long offset) {
        return offset >= 0 && offset >> 2 < slotAt.length ? slotAt[(int) (offset >> 2)] : NO_REGISTER;
    }

    // The constants of a register map are the registers; comparing more than references would cost on every fault.
    @SuppressWarnings("ReferenceEquality")
    private int slot(Register register) {
        int slot = slotOf(register.offset());
        if (slot == NO_REGISTER || registers[slot] != register) {
            throw new IllegalArgumentException(register.name() + " is not a register of this machine");
        }
        return slot;
    }
}
