// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Verdict;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** With correct invalidation, caches of any geometry - also none - give the verdicts and records that a plain map gives. */
class VtdCacheTransparencyTest {
    private static final int STEPS = 2_000;
    private static final int SOURCES = 4;

    /** What the oracle knows of a page. */
    private record Page(long physical, boolean writable) {}

    private enum Mode {
        LEGACY,
        SCALABLE_SECOND,
        SCALABLE_FIRST
    }

    static Stream<Arguments> programs() {
        List<Arguments> all = new ArrayList<>();
        String fixed = System.getProperty("seed");
        for (long seed = 1; seed <= 3; seed++) {
            long s = fixed != null ? Long.parseLong(fixed) : seed;
            for (Mode mode : Mode.values()) {
                CacheShapes.all(s).forEach((name, caches) -> all.add(Arguments.of(s, mode, name, caches)));
            }
        }
        return all.stream();
    }

    @ParameterizedTest(name = "seed {0}, {1}, {2}")
    @MethodSource("programs")
    void shouldAnswerAsAPlainMapDoes(long seed, Mode mode, String name, CacheConfiguration caches) {
        run(seed, mode, caches, false);
    }

    @ParameterizedTest(name = "seed {0}, {1}, {2}")
    @MethodSource("programs")
    void shouldAnswerSoInTimeAndWithPrefetch(long seed, Mode mode, String name, CacheConfiguration caches) {
        run(seed, mode, caches, true);
    }

    private static void run(long seed, Mode mode, CacheConfiguration caches, boolean timed) {
        SplittableRandom random = new SplittableRandom(seed);
        try (VtdBench b = new VtdBench(VtdFeatures.full(), caches).start(mode == Mode.LEGACY ? 0 : 1)) {
            if (timed) {
                b.time(seed, 1 + random.nextInt(4));
            }
            long[] tables = new long[SOURCES];
            for (int s = 0; s < SOURCES; s++) {
                tables[s] = switch (mode) {
                    case LEGACY -> b.second(s, s + 1);
                    case SCALABLE_SECOND -> b.scalableSecond(s, 0, s + 1);
                    case SCALABLE_FIRST -> b.first(s, 0, s + 1);
                };
            }
            Map<Long, Page> oracle = new HashMap<>();
            for (int i = 0; i < STEPS; i++) {
                int s = random.nextInt(SOURCES);
                // Some pages share their last table, some do not.
                long page = random.nextInt(24);
                long address = (page & 7) << 12 | (page >> 3) << 21;
                long key = (long) s << 32 | page;
                switch (random.nextInt(8)) {
                    case 0 -> {
                        Page p = new Page(VtdBench.DATA + ((long) random.nextInt(64) << 12), random.nextBoolean());
                        int bits = mode == Mode.SCALABLE_FIRST ? p.writable() ? 7 : 5 : p.writable() ? 3 : 1;
                        b.map(tables[s], address, p.physical(), bits);
                        oracle.put(key, p);
                        invalidate(b, s, address, mode, random.nextInt(4));
                    }
                    case 1 -> {
                        b.map(tables[s], address, 0, 0);
                        oracle.remove(key);
                        invalidate(b, s, address, mode, random.nextInt(4));
                    }
                    default -> check(b, s, address, random.nextBoolean(), oracle.get(key), mode, i);
                }
            }
            assertThat(b.read32(0x34) & 0x73).as("no error").isZero();
        }
    }

    private static void check(VtdBench b, int s, long address, boolean write, Page expected, Mode mode, int step) {
        Verdict v = write ? b.write(s, address | 0x124) : b.read(s, address | 0x124);
        if (expected != null && (expected.writable() || !write)) {
            assertThat(v.isOk()).as("step %d: %s", step, v.rule()).isTrue();
            assertThat(v.address()).as("step %d", step).isEqualTo(expected.physical() | 0x124);
            assertThat(b.faults()).isEmpty();
            return;
        }
        assertThat(v.isOk()).as("step %d", step).isFalse();
        String reason = switch (mode) {
            case LEGACY -> write ? "5" : "6";
            case SCALABLE_SECOND -> expected == null ? "79" : "85";
            case SCALABLE_FIRST -> expected == null ? "71" : "85";
        };
        assertThat(b.faults())
                .as("step %d", step)
                .containsExactly(String.format("%s %s %x at %x", reason, write ? "write" : "read", s, address));
    }

    /** By page, by a range that starts below it, by domain or PASID, or everything: all are enough. */
    private static void invalidate(VtdBench b, int s, long address, Mode mode, int how) {
        long domain = (s + 1L) << 16;
        boolean first = mode == Mode.SCALABLE_FIRST;
        long type = first ? 6 : 2;
        switch (how) {
            case 0 -> b.descriptor(type | 3 << 4 | domain, address);
            case 1 -> b.descriptor(type | 3 << 4 | domain, address & ~0x3FFFL | 2);
            case 2 -> b.descriptor(type | 2 << 4 | domain, 0);
            default -> b.descriptor(2 | 1 << 4, 0);
        }
        b.descriptor(0x45, 0);
    }
}
