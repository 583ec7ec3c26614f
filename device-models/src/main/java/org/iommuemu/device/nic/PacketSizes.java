// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import org.iommuemu.time.RandomStream;

/** How long packets are, in bytes without check sequence. */
@FunctionalInterface
public interface PacketSizes {
    /** The length of the next packet. */
    int next(RandomStream random);

    /** All the same. */
    static PacketSizes fixed(int bytes) {
        return random -> bytes;
    }

    /** All lengths from least to most, equally often. */
    static PacketSizes uniform(int least, int most) {
        return random -> least + (int) random.nextBelow(most - least + 1L);
    }

    /** The simple IMIX of 7 packets of 64 bytes, 4 of 594 and 1 of 1,518 on the line, check sequence counted (RFC 6985, appendix A). */
    static PacketSizes imix() {
        return random -> {
            long of = random.nextBelow(12);
            return of < 7 ? 60 : of < 11 ? 590 : 1514;
        };
    }
}
