// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * With correct invalidation, caches of any geometry and policy - also none - give the verdicts and records that a plain map of
 * pages gives: the oracle, which knows neither tables nor caches.
 */
class CacheTransparencyTest {
    private static final int STEPS = 3_000;
    private static final int PAGES = 24;
    private static final int STREAMS = 4;
    private static final long SYNC = 0x46;
    private static final long STRW_EL2 = 2L << 30;

    /** What the oracle knows of a page. */
    private record Page(long physical, boolean writable) {}

    /** How a stream is translated, and how its pages are invalidated. */
    private enum Stages {
        ONE,
        TWO_ALONE,
        BOTH,
        /** Half of the streams in EL1, half in EL2, which has one address space. */
        EL2,
        /** Half of the streams in EL1, half in EL2-E2H, with the same ASIDs. */
        EL2_E2H;

        /** The address space of a stream. */
        int space(int stream) {
            return this == EL2 && inEl2(stream) ? STREAMS - 1 : stream;
        }

        boolean inEl2(int stream) {
            return (this == EL2 || this == EL2_E2H) && stream >= STREAMS / 2;
        }

        long asid(int stream) {
            return 1L + (inEl2(stream) ? stream - STREAMS / 2 : stream);
        }
    }

    static Stream<Arguments> programs() {
        String fixed = System.getProperty("seed");
        long[] seeds = fixed != null
                ? new long[] {Long.parseLong(fixed)}
                : LongStream.rangeClosed(1, 4).toArray();
        List<Arguments> all = new ArrayList<>();
        for (long seed : seeds) {
            for (Stages stages : Stages.values()) {
                all.add(Arguments.of(seed, stages, "none", CacheConfiguration.none()));
                all.add(Arguments.of(seed, stages, "standard", CacheConfiguration.standard()));
                for (ReplacementPolicy policy : ReplacementPolicy.online()) {
                    CacheGeometry one = new CacheGeometry(1, 1, policy, seed);
                    CacheGeometry odd = new CacheGeometry(3, 5, policy, seed);
                    CacheGeometry full = new CacheGeometry(1, 32, policy, seed);
                    all.add(Arguments.of(seed, stages, "1x1 " + policy, CacheConfiguration.uniform(one)));
                    all.add(Arguments.of(seed, stages, "3x5 " + policy, CacheConfiguration.uniform(odd)));
                    all.add(Arguments.of(seed, stages, "1x32 " + policy, CacheConfiguration.uniform(full)));
                }
            }
        }
        return all.stream();
    }

    @ParameterizedTest(name = "seed {0}, stages {1}, {2}")
    @MethodSource("programs")
    void shouldAnswerAsAPlainMapDoes(long seed, Stages stages, String name, CacheConfiguration caches) {
        run(seed, stages, caches, false);
    }

    @ParameterizedTest(name = "seed {0}, stages {1}, {2}")
    @MethodSource("programs")
    void shouldAnswerSoInTimeAndWithPrefetch(long seed, Stages stages, String name, CacheConfiguration caches) {
        run(seed, stages, caches, true);
    }

    private static void run(long seed, Stages stages, CacheConfiguration caches, boolean timed) {
        SplittableRandom random = new SplittableRandom(seed);
        try (SmmuFixture f = new SmmuFixture(SmmuFeatures.full(), caches).enable(stages == Stages.EL2_E2H ? 3 : 2)) {
            if (timed) {
                f.time(seed, 1 + random.nextInt(4));
            }
            TableBuilder[] tables = new TableBuilder[STREAMS];
            for (int s = STREAMS - 1; s >= 0; s--) {
                tables[s] = stages.space(s) == s ? stream(f, s, stages) : sharing(f, s, tables[stages.space(s)]);
            }
            Map<Long, Page> oracle = new HashMap<>();
            for (int i = 0; i < STEPS; i++) {
                int s = random.nextInt(STREAMS);
                long page = random.nextInt(PAGES);
                // Some pages share their table of level 3, some do not.
                long address = (page & 7) << 12 | (page >> 3) << 21;
                long key = (long) stages.space(s) << 32 | page;
                switch (random.nextInt(8)) {
                    case 0 -> {
                        Page p = new Page(0x8000_0000L + ((long) random.nextInt(64) << 12), random.nextBoolean());
                        tables[s].map(address, p.physical(), attributes(stages, p.writable()));
                        oracle.put(key, p);
                        invalidate(f, s, address, stages, random.nextInt(4));
                    }
                    case 1 -> {
                        tables[s].unmap(address, 0);
                        oracle.remove(key);
                        invalidate(f, s, address, stages, random.nextInt(4));
                    }
                    default -> check(f, s, address, random.nextBoolean(), oracle.get(key), stages, i);
                }
            }
            assertThat(f.smmu.readRegister(0x60, 4)).as("no global error").isZero();
        }
    }

    private static void check(
            SmmuFixture f, int s, long address, boolean write, Page expected, Stages stages, int step) {
        long at = address | 0x124;
        Verdict v = f.access(s, at, write ? Access.WRITE : Access.READ);
        List<String> events = f.events();
        if (expected != null && (expected.writable() || !write)) {
            assertThat(v.isOk()).as("step %d: %s", step, v.rule()).isTrue();
            assertThat(v.address()).as("step %d", step).isEqualTo(expected.physical() | 0x124);
            assertThat(events).isEmpty();
            return;
        }
        assertThat(v.isOk()).as("step %d", step).isFalse();
        // F_TRANSLATION or F_PERMISSION; RnW, CLASS=IN, and S2 with the IPA for stage 2 alone.
        int type = expected == null ? 0x10 : 0x13;
        boolean second = stages == Stages.TWO_ALONE;
        long word1 = 2L << 40 | (write ? 0 : 1L << 35) | (second ? 1L << 39 : 0);
        assertThat(events)
                .containsExactly(String.format(
                        "%016x %016x %016x %016x", (long) s << 32 | type, word1, at, second ? at & ~0xFFFL : 0));
    }

    private static long attributes(Stages stages, boolean writable) {
        if (stages == Stages.TWO_ALONE) {
            return writable ? SmmuFixture.STAGE_2_READ_WRITE : SmmuFixture.STAGE_2_READ_ONLY;
        }
        return writable ? TableBuilder.READ_WRITE : TableBuilder.READ_ONLY;
    }

    private static TableBuilder stream(SmmuFixture f, int s, Stages stages) {
        if (stages == Stages.TWO_ALONE) {
            return f.stage2(s, s + 1);
        }
        TableBuilder first = f.stage1(s, (int) stages.asid(s));
        if (stages.inEl2(s)) {
            f.memory.writeLong(SmmuFixture.STREAM_TABLE + s * 64L + 8, STRW_EL2);
        }
        if (stages == Stages.BOTH) {
            TableBuilder second = f.stage2(s, s + 1);
            for (long ipa = 0; ipa < 0x1000_0000L; ipa += 0x20_0000) {
                second.map(ipa, ipa, 1, SmmuFixture.STAGE_2_READ_WRITE);
            }
            for (long ipa = 0x8000_0000L; ipa < 0x8004_0000L; ipa += 0x1000) {
                second.map(ipa, ipa, SmmuFixture.STAGE_2_READ_WRITE);
            }
            f.ste(s, 1 | 7 << 1 | SmmuFixture.CDS + s * 64L, 0, SmmuFixture.stage2Word(s + 1), second.root());
        }
        return first;
    }

    /** A stream of EL2 that uses the tables of another: EL2 has but one address space. */
    private static TableBuilder sharing(SmmuFixture f, int s, TableBuilder tables) {
        f.stage1(s, s);
        f.cd(s, 0x77, tables.root());
        f.memory.writeLong(SmmuFixture.STREAM_TABLE + s * 64L + 8, STRW_EL2);
        return tables;
    }

    /** By address, by a range that starts below it, by address space, or everything: all are enough. */
    private static void invalidate(SmmuFixture f, int s, long address, Stages stages, int how) {
        boolean second = stages == Stages.TWO_ALONE;
        long vmid = second || stages == Stages.BOTH ? (s + 1L) << 32 : 0;
        long asid = stages.asid(s) << 48;
        // The commands of EL2 are those of EL1 with 0x10 added, but for the one that drops everything.
        long world = stages.inEl2(s) ? 0x10 : 0;
        long bySpace = stages == Stages.EL2 && world != 0 ? 0x20 : 0x11 + world | asid;
        long byAddress = second ? 0x2A | vmid : 0x12 + world | vmid | asid;
        switch (how) {
            case 0 -> f.command(byAddress, address | 1);
            case 1 -> f.command(byAddress | 3L << 12, (address & ~0x3FFFL) | 1 << 10 | 3 << 8 | 1);
            case 2 -> f.command(second ? 0x28 | vmid : bySpace | vmid, 0);
            default -> f.command(world != 0 ? 0x20 : 0x30, 0);
        }
        f.command(SYNC, 0);
    }
}
