// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.bits.Register;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.pcie.spec.Type0Header;
import org.jspecify.annotations.Nullable;

/** A function's base address registers, all for memory, and what is behind them (PCIe Base Specification §7.5.1.2.1). */
final class BaseAddresses {
    private static final long LEAST = 128;
    private static final long WIDE = 4;

    private record Bar(long bytes, RegisterFrame frame, boolean wide) {}

    private final ConfigSpace config;
    private final @Nullable Bar[] bars = new Bar[Type0Header.BARS];
    private final boolean[] taken = new boolean[Type0Header.BARS];

    BaseAddresses(ConfigSpace config) {
        this.config = config;
    }

    /** Gives a BAR a size, rounded up to a power of two. */
    void define(int index, long bytes, RegisterFrame frame, boolean wide) {
        int last = wide ? index + 1 : index;
        if (index < 0 || last >= Type0Header.BARS || taken[index] || taken[last]) {
            throw new IllegalArgumentException("BAR " + index + " is taken, or there is none");
        }
        long size = Math.max(LEAST, Long.highestOneBit(2 * bytes - 1));
        if (bytes <= 0 || !wide && size > 1L << Integer.SIZE - 1) {
            throw new IllegalArgumentException("BAR " + index + " cannot have " + bytes + " bytes");
        }
        bars[index] = new Bar(size, frame, wide);
        taken[index] = true;
        taken[last] = true;
        long type = wide ? WIDE | Type0Header.PREFETCHABLE.mask() : 0;
        config.wire(Type0Header.BAR.get(index), type, -size & 0xFFFF_FFF0L);
        if (wide) {
            config.wire(Type0Header.BAR.get(last), 0, -size >>> Integer.SIZE);
        }
    }

    @Nullable
    RegisterFrame frame(int index) {
        Bar bar = index < 0 || index >= bars.length ? null : bars[index];
        return bar == null ? null : bar.frame;
    }

    /** Bytes of a BAR; 0 if there is none, or it is another's upper half. */
    long bytes(int index) {
        Bar bar = bars[index];
        return bar == null ? 0 : bar.bytes;
    }

    /** Where software has put a BAR. */
    long base(int index) {
        Bar bar = bars[index];
        Register low = Type0Header.BAR.get(index);
        long upper = bar == null || !bar.wide ? 0 : config.get(Type0Header.BAR.get(index + 1));
        return Type0Header.BASE.inPlace(config.get(low)) | upper << Integer.SIZE;
    }

    /** The BAR in which a whole access lies, or -1. */
    int find(long address, long bytes) {
        for (int i = 0; i < bars.length; i++) {
            Bar bar = bars[i];
            if (bar != null) {
                long offset = address - base(i);
                if (Long.compareUnsigned(offset, bar.bytes) < 0 && bytes <= bar.bytes - offset) {
                    return i;
                }
            }
        }
        return -1;
    }
}
