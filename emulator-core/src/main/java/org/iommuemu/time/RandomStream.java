// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

/**
 * Seeded random numbers, the same on every machine and JDK: SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
 * Generators", OOPSLA 2014, figure 1 with Stafford's mix 13 as in {@code java.util.SplittableRandom}). Written out here because
 * the JDK does not promise which numbers its generators draw below a bound, nor the last bit of its logarithm.
 *
 * <p>Give every consumer a stream of its own with {@link #split}: one that draws more or fewer numbers then changes nothing for
 * the others.
 */
public final class RandomStream {
    private static final long GOLDEN_GAMMA = 0x9E37_79B9_7F4A_7C15L;
    private static final double DOUBLE_ULP = 0x1.0p-53;

    private final long seed;
    private long state;

    /** The stream of a seed; any value. */
    public RandomStream(long seed) {
        this.seed = seed;
        state = seed;
    }

    /**
     * The stream of one consumer: it depends on this stream's seed and the key, not on what was drawn from this stream. Streams of
     * different keys are unrelated.
     */
    public RandomStream split(long key) {
        return new RandomStream(mix(mix(seed + GOLDEN_GAMMA) ^ mix(key - GOLDEN_GAMMA)));
    }

    /** 64 random bits. */
    public long nextLong() {
        state += GOLDEN_GAMMA;
        return mix(state);
    }

    /**
     * A number from 0 to below a bound, all equally likely.
     *
     * @throws IllegalArgumentException when the bound is not positive
     */
    public long nextBelow(long bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("bound: " + bound + " is not positive");
        }
        long bits = nextLong() >>> 1;
        long number = bits % bound;
        while (bits - number + (bound - 1) < 0) { // in the incomplete last round of the bound
            bits = nextLong() >>> 1;
            number = bits % bound;
        }
        return number;
    }

    /** A number from 0 to below 1, a multiple of 2^-53. */
    public double nextDouble() {
        return (nextLong() >>> 11) * DOUBLE_ULP;
    }

    /**
     * A time between events that come independently of each other (exponential), rounded down.
     *
     * @param mean in ps, at least 0
     * @return in ps, at most 37 times the mean
     */
    public long nextExponential(long mean) {
        return (long) (-StrictMath.log(1 - nextDouble()) * mean);
    }

    private static long mix(long value) {
        long z = value;
        z = (z ^ z >>> 30) * 0xBF58_476D_1CE4_E5B9L;
        z = (z ^ z >>> 27) * 0x94D0_49BB_1331_11EBL;
        return z ^ z >>> 31;
    }
}
