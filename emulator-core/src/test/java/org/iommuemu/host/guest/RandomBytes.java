// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import java.util.List;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.time.RandomStream;

/** Makes requests worse: sometimes a field gets another value, sometimes memory ends early. */
public final class RandomBytes {
    private static final long[] VALUES = {
        0,
        1,
        2,
        3,
        4,
        5,
        8,
        16,
        48,
        57,
        0x1000,
        0x20_0000,
        1 << 20,
        0x7FFF_FFFF,
        0xFFFF_FFFFL,
        1L << 32,
        1L << 47,
        1L << 63,
        Long.MAX_VALUE,
        -0x1000,
        -1
    };

    private final RandomStream random;

    public RandomBytes(RandomStream random) {
        this.random = random;
    }

    /** A number below another. */
    public int below(int end) {
        return (int) random.nextBelow(end);
    }

    /** One of two in so many. */
    public boolean oneIn(int n) {
        return random.nextBelow(n) == 0;
    }

    /** Changes a field of a structure that begins somewhere, in about half of all cases. */
    public void spoil(Bytes request, int start, List<StructureField> fields) {
        while (oneIn(3)) {
            StructureField field = fields.get(below(fields.size()));
            request.with(start, field, VALUES[below(VALUES.length)] + (oneIn(4) ? random.nextLong() : 0));
        }
    }

    /** What the kernel sees of it. */
    public UserBuffer buffer(Bytes request, int bytes) {
        if (oneIn(20)) {
            request.cut(below(bytes));
        }
        return oneIn(30) ? request.readOnly() : request.buffer();
    }
}
