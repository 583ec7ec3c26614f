// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.Arrays;
import java.util.BitSet;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.pcie.spec.MsixCapability;

/**
 * MSI-X of a function: its table and pending bits, in the two halves of a BAR of its own (PCIe Base Specification §6.1.4). A vector
 * that is masked becomes pending, and is sent when it is unmasked.
 */
final class Msix implements RegisterFrame {
    private static final int LEAST_BYTES = 4096;
    private static final int ADDRESS_LOW = 0;
    private static final int ADDRESS_HIGH = 4;
    private static final int DATA = 8;
    private static final int CONTROL = 12;

    /** Sends a message. */
    @FunctionalInterface
    interface Sender {
        void send(long address, int data);
    }

    private final ConfigSpace config;
    private final Register control;
    private final int vectors;
    private final int bar;
    private final int[] table;
    private final BitSet pending;
    private final Sender sender;

    /** All vectors are masked. */
    Msix(ConfigSpace config, int at, int vectors, int bar, Sender sender) {
        this.config = config;
        this.vectors = vectors;
        this.bar = bar;
        this.sender = sender;
        table = new int[vectors * MsixCapability.ENTRY_BYTES / Integer.BYTES];
        pending = new BitSet(vectors);
        control = ConfigSpaceBuilder.at(at, MsixCapability.CONTROL);
        config.wire(control, MsixCapability.TABLE_SIZE.of(vectors - 1), MsixCapability.CONTROL.writable());
        config.wire(ConfigSpaceBuilder.at(at, MsixCapability.TABLE), bar, 0);
        config.wire(ConfigSpaceBuilder.at(at, MsixCapability.PBA), bar | half(), 0);
        config.onWrite(control, (old, now) -> deliver());
        reset();
    }

    /** Bytes of its BAR. */
    long bytes() {
        return 2L * half();
    }

    private int half() {
        return Math.max(LEAST_BYTES, Integer.highestOneBit(2 * vectors * MsixCapability.ENTRY_BYTES - 1));
    }

    void reset() {
        pending.clear();
        Arrays.fill(table, 0);
        for (int v = 0; v < vectors; v++) {
            table[word(v, CONTROL)] = 1;
        }
    }

    private static int word(int vector, int field) {
        return (vector * MsixCapability.ENTRY_BYTES + field) / Integer.BYTES;
    }

    private boolean isSet(BitField bit) {
        return bit.isSet(config.get(control));
    }

    /** The function wants to interrupt. */
    void trigger(int vector) {
        if (vector < 0 || vector >= vectors || !isSet(MsixCapability.ENABLE)) {
            return;
        }
        pending.set(vector);
        deliver(vector);
    }

    private void deliver() {
        for (int v = pending.nextSetBit(0); v >= 0; v = pending.nextSetBit(v + 1)) {
            deliver(v);
        }
    }

    private void deliver(int vector) {
        boolean masked = isSet(MsixCapability.FUNCTION_MASK) || (table[word(vector, CONTROL)] & 1) != 0;
        if (pending.get(vector) && isSet(MsixCapability.ENABLE) && !masked) {
            pending.clear(vector);
            long low = table[word(vector, ADDRESS_LOW)] & 0xFFFF_FFFFL;
            sender.send(low | (long) table[word(vector, ADDRESS_HIGH)] << Integer.SIZE, table[word(vector, DATA)]);
        }
    }

    @Override
    public long readRegister(long offset, int size) {
        if (size != Integer.BYTES && size != Long.BYTES || (offset & size - 1) != 0) {
            return 0;
        }
        long low = word(offset) & 0xFFFF_FFFFL;
        return size == Integer.BYTES ? low : low | (long) word(offset + Integer.BYTES) << Integer.SIZE;
    }

    private int word(long offset) {
        if (offset >= 0 && offset < table.length * (long) Integer.BYTES) {
            return table[(int) offset / Integer.BYTES];
        }
        long bit = (offset - half()) * Byte.SIZE;
        int bits = 0;
        for (int i = 0; i < Integer.SIZE && bit >= 0 && bit + i < vectors; i++) {
            bits |= pending.get((int) bit + i) ? 1 << i : 0;
        }
        return bits;
    }

    @Override
    public void writeRegister(long offset, int size, long value) {
        if (size != Integer.BYTES && size != Long.BYTES || (offset & size - 1) != 0) {
            return;
        }
        write(offset, (int) value);
        if (size == Long.BYTES) {
            write(offset + Integer.BYTES, (int) (value >>> Integer.SIZE));
        }
    }

    private void write(long offset, int value) {
        if (offset < 0 || offset >= table.length * (long) Integer.BYTES) {
            return;
        }
        int field = (int) offset % MsixCapability.ENTRY_BYTES;
        table[(int) offset / Integer.BYTES] = field == ADDRESS_LOW ? value & ~3 : field == CONTROL ? value & 1 : value;
        if (field == CONTROL) {
            deliver((int) offset / MsixCapability.ENTRY_BYTES);
        }
    }

    /** Programs a vector as software does: its entry, then unmasked, with MSI-X enabled. */
    void program(int vector, long address, int data) {
        if (vector < 0 || vector >= vectors) {
            throw new IllegalArgumentException("vector is " + vector + ", expected 0 to " + (vectors - 1));
        }
        long at = (long) vector * MsixCapability.ENTRY_BYTES;
        writeRegister(at, Long.BYTES, address);
        writeRegister(at + DATA, Integer.BYTES, data);
        writeRegister(at + CONTROL, Integer.BYTES, 0);
        config.write(control, MsixCapability.ENABLE.mask());
    }

    /** The BAR in which it is. */
    int bar() {
        return bar;
    }
}
