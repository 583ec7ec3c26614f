// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import java.util.SplittableRandom;

/** How far ahead of now the next event is, in ps. */
enum Increments {
    ALL_EQUAL {
        @Override
        long next(SplittableRandom random, int step) {
            return 1000;
        }
    },
    ZERO {
        @Override
        long next(SplittableRandom random, int step) {
            return 0;
        }
    },
    UNIFORM {
        @Override
        long next(SplittableRandom random, int step) {
            return random.nextLong(1_000_000);
        }
    },
    EXPONENTIAL {
        @Override
        long next(SplittableRandom random, int step) {
            return (long) (-Math.log(1 - random.nextDouble()) * 50_000);
        }
    },
    BIMODAL {
        @Override
        long next(SplittableRandom random, int step) {
            return random.nextInt(10) == 0 ? 1_000_000_000L + random.nextInt(1000) : random.nextInt(2000);
        }
    },
    /** Multiples of a clock: many ties. */
    CYCLES {
        @Override
        long next(SplittableRandom random, int step) {
            return 250L * random.nextInt(20);
        }
    },
    /** Hundreds of different times within one nanosecond, and then nothing for a microsecond. */
    CLUSTERED {
        @Override
        long next(SplittableRandom random, int step) {
            return step / 300 % 2 * 1_000_000L + random.nextInt(1000);
        }
    },
    /** Every scale from picoseconds to months. */
    ALL_SCALES {
        @Override
        long next(SplittableRandom random, int step) {
            return random.nextLong() >>> 2 + random.nextInt(61);
        }
    },
    /** What the traffic is like changes all the time. */
    CHANGING {
        @Override
        long next(SplittableRandom random, int step) {
            return random.nextLong(1L << step / 500 * 7 % 40 + 1);
        }
    };

    abstract long next(SplittableRandom random, int step);
}
