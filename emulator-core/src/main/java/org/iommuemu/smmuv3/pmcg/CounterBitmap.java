// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.pmcg;

import org.iommuemu.bits.Register;
import org.iommuemu.iommu.RegisterFile;

/** One bit for each counter behind a pair of registers: ones written to the first set bits, to the second clear them. */
final class CounterBitmap {
    private final RegisterFile file;
    private final Register setting;
    private final Register clearing;
    private final long implemented;
    private final Runnable onChange;

    /**
     * A bitmap.
     *
     * @param implemented the bits that there are
     * @param onChange runs after a write by software
     */
    CounterBitmap(RegisterFile file, Register setting, Register clearing, long implemented, Runnable onChange) {
        this.file = file;
        this.setting = setting;
        this.clearing = clearing;
        this.implemented = implemented;
        this.onChange = onChange;
        file.onWrite(setting, (old, ones) -> change(old | ones));
        file.onWrite(clearing, (old, remaining) -> change(remaining));
    }

    private void change(long bits) {
        put(bits & implemented);
        onChange.run();
    }

    private void put(long bits) {
        file.set(setting, bits);
        file.set(clearing, bits);
    }

    /** The bits. */
    long get() {
        return file.get(setting);
    }

    /** Sets bits from the hardware's side. */
    void raise(long bits) {
        put(get() | bits);
    }
}
