// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import org.iommuemu.reference.Draw;
import org.iommuemu.vtd.VtdFeatures;

/** Random choices for a VT-d unit. */
final class VtdDraw extends Draw {
    VtdDraw(long seed) {
        super(seed);
    }

    /** A unit: mostly everything, sometimes without. */
    VtdFeatures features() {
        long cap = of(1, 2, 6, 6)
                | bit() << 5
                | bit() << 6
                | (long) of(0xE, 0xE, 0xE, 4, 6, 0xC) << 8
                | (long) of(56, 56, 56, 47, 47, 41, 50) << 16
                | bit() << 22
                | 0x40L << 24
                | (long) of(0, 1, 3, 3, 3) << 34
                | 1L << 39
                | 7L << 40
                | 18L << 48
                | mostly(3) << 56
                | mostly(3) << 60
                | bit() << 62
                | bit() << 63;
        long ecap = bit()
                | 1 << 1
                | 1 << 2
                | 1 << 3
                | mostly(4) << 4
                | mostly(4) << 6
                | mostly(3) << 7
                | 0x50 << 8
                | mostly(6) << 26
                | bit() << 29
                | mostly(3) << 31
                | mostly(3) << 33
                | mostly(3) << 34
                | (long) of(19, 19, 19, 15, 9) << 35
                | 1L << 40
                | mostly(20) << 43
                | mostly(4) << 45
                | mostly(10) << 46
                | mostly(10) << 47
                | mostly(3) << 48
                | 1L << 49
                | bit() << 52
                | mostly(3) << 53
                | mostly(3) << 56
                | rarely(20) << 61
                | rarely(4) << 62;
        return new VtdFeatures(of(0x10, 0x20, 0x50, 0x60, 0x80), cap, ecap);
    }
}
