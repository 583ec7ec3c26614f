// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.reference;

import org.iommuemu.reference.Draw;
import org.iommuemu.smmuv3.SmmuFeatures;

/** Random choices for an SMMUv3. */
final class SmmuDraw extends Draw {
    private static final int[] SIZES = {
        12, 13, 15, 16, 16, 16, 17, 18, 21, 22, 24, 25, 25, 25, 28, 30, 31, 33, 34, 35, 38, 39, 40, 42, 43, 47, 48
    };

    SmmuDraw(long seed) {
        super(seed);
    }

    /** A TxSZ: mostly a limit of some granule and level. */
    int size() {
        return once(4) ? 12 + below(37) : of(SIZES);
    }

    /** A machine: mostly everything, sometimes without. */
    SmmuFeatures features() {
        while (true) {
            boolean ats = !once(3);
            long idr0 = mostly(8)
                    | mostly(8) << 1
                    | 2 << 2
                    | 1 << 4
                    | (long) of(0, 1, 2, 2, 3, 3) << 6
                    | mostly(4) << 9
                    | (ats ? 1 : 0) << 10
                    | rarely(4) << 11
                    | mostly(4) << 12
                    | 1 << 14
                    | mostly(4) << 18
                    | mostly(4) << 19
                    | (long) of(0, 0, 0, 0, 2, 3) << 21
                    | bit() << 23
                    | (long) of(0, 0, 0, 1, 2) << 24
                    | rarely(5) << 26;
            int streamBits = of(3, 6, 8, 16, 32);
            idr0 |= (streamBits > 6 ? 1 : bit()) << 27;
            long idr1 = streamBits
                    | (long) of(0, 2, 6, 8, 12, 20, 20) << 6
                    | 19 << 16
                    | 19 << 21
                    | mostly(4) << 26
                    | bit() << 27;
            long idr3 = mostly(4) << 2
                    | mostly(4) << 4
                    | mostly(4) << 8
                    | mostly(3) << 9
                    | 1 << 10
                    | 2 << 11
                    | mostly(3) << 13
                    | bit() << 14
                    | mostly(3) << 17;
            long idr5 = of(0, 1, 2, 3, 4, 5, 5, 5, 6, 6)
                    | mostly(6) << 4
                    | mostly(4) << 5
                    | mostly(4) << 6
                    | bit() << 7
                    | bit() << 10
                    | 16 << 16;
            try {
                return new SmmuFeatures(idr0, idr1, idr3, idr5, 0x43B, 2);
            } catch (IllegalArgumentException contradictory) {
                // Draw again.
            }
        }
    }
}
