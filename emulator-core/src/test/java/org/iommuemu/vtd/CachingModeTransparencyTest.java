// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.vtd.spec.Capability;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * With the invalidations that caching mode asks for - after every change, of what was not present too - a unit with caching mode
 * and caches answers as one without either.
 */
class CachingModeTransparencyTest {
    private static final int STEPS = 3_000;
    private static final int SOURCES = 3;
    private static final int DOMAIN = 5;

    private enum Mode {
        LEGACY,
        SECOND_STAGE,
        NESTED
    }

    static Stream<Arguments> programs() {
        List<Arguments> all = new ArrayList<>();
        String fixed = System.getProperty("seed");
        for (long seed = 1; seed <= 4; seed++) {
            long s = fixed != null ? Long.parseLong(fixed) : seed;
            for (Mode mode : Mode.values()) {
                all.add(Arguments.of(s, mode, "standard", CacheConfiguration.standard()));
                CacheGeometry odd = new CacheGeometry(3, 2, ReplacementPolicy.RANDOM, s);
                all.add(Arguments.of(s, mode, "3x2", CacheConfiguration.uniform(odd)));
            }
        }
        return all.stream();
    }

    @ParameterizedTest(name = "seed {0}, {1}, {2}")
    @MethodSource("programs")
    void shouldAnswerAsAUnitThatKeepsNothing(long seed, Mode mode, String name, CacheConfiguration caches) {
        VtdFeatures full = VtdFeatures.full();
        VtdFeatures caching = new VtdFeatures(full.ver(), Capability.CM.set(full.cap(), 1), full.ecap());
        int start = mode == Mode.LEGACY ? 0 : 1;
        try (VtdBench a = new VtdBench(caching, caches).start(start);
                VtdBench b = new VtdBench(full, CacheConfiguration.none()).start(start)) {
            Guest one = new Guest(a, mode, new SplittableRandom(seed));
            Guest other = new Guest(b, mode, new SplittableRandom(seed));
            int refused = 0;
            for (int i = 0; i < STEPS; i++) {
                String answer = one.step();
                assertThat(answer).as("step %d", i).isEqualTo(other.step());
                refused += answer.startsWith("ABORT") ? 1 : 0;
            }
            assertThat(refused).isBetween(STEPS / 20, STEPS * 3 / 4);
            assertThat(a.read32(0x34) & 0x70).as("no error of the queue").isZero();
        }
    }

    /** Software that changes tables and invalidates, and devices. */
    private static final class Guest {
        private final VtdBench b;
        private final Mode mode;
        private final SplittableRandom random;
        private final long tables;
        private final long first;
        private final TranslationCompletion completion = new TranslationCompletion();

        Guest(VtdBench b, Mode mode, SplittableRandom random) {
            this.b = b;
            this.mode = mode;
            this.random = random;
            tables = b.page();
            first = b.page();
            for (int s = 0; s < SOURCES; s++) {
                changeConfiguration(s, 3);
            }
            b.entry(first, 0x5000, 0);
            b.entry(tables, 0x5000, 0);
            for (long at = tables; mode == Mode.NESTED && at < tables + 0x10_000; at += 0x1000) {
                b.map(tables, at, at, 3);
            }
            for (long page = 0; mode == Mode.NESTED && page < 8; page++) {
                b.map(first, page << 12, page << 12, 7);
            }
            b.command(VtdBench.QIE | VtdBench.TE | VtdBench.IRE);
        }

        String step() {
            int s = random.nextInt(SOURCES);
            long address = (long) random.nextInt(8) << 12;
            switch (random.nextInt(10)) {
                case 0 -> changeConfiguration(s, random.nextInt(6));
                case 1, 2 -> changePage(address);
                case 3 -> changeInterrupt();
                case 4 -> {
                    InterruptMessage m = b.unit.remapInterrupt(s, 0xFEE0_0010L | random.nextLong(4) << 5, 0);
                    return Objects.toString(m) + b.faults();
                }
                case 5 -> {
                    int code = random.nextInt(2);
                    b.unit.requestTranslation(
                            new Transaction().set(s, Transaction.NO_SUBSTREAM, address, code), completion);
                    return completion.status() + " " + completion.address() + completion.isReadable() + b.faults();
                }
                default -> {
                    Verdict v = b.access(s, Transaction.NO_SUBSTREAM, address, random.nextInt(2) * Access.WRITE);
                    return v.status() + " " + v.address() + v.rule() + b.faults();
                }
            }
            return "";
        }

        /** Not present, erroneous or good: then by its source, or by domain 0 and its domain. */
        private void changeConfiguration(int source, int what) {
            long bad = what == 1 ? 1 << 5 : 0;
            long present = what == 0 ? 0 : 1;
            if (mode == Mode.LEGACY) {
                b.words(b.legacyContext(source), tables | bad | present, (what == 2 ? 7 : 2) | DOMAIN << 8);
                if (random.nextBoolean()) {
                    b.descriptor(1 | 3 << 4 | (long) source << 32, 0);
                } else {
                    b.descriptor(1 | 2 << 4, 0).descriptor(1 | 2 << 4 | DOMAIN << 16, 0);
                }
            } else {
                long type = what == 2 ? 7 : mode == Mode.NESTED ? 3 : 2;
                b.words(b.pasid(source, 0), tables | type << 6 | 2 << 2 | bad | present, DOMAIN, first);
                // A PASID-cache invalidation by PASID, or by domain; in domain 0 is what was refused.
                long how = 7 | random.nextInt(2) << 4;
                b.descriptor(how, 0).descriptor(how | DOMAIN << 16, 0);
            }
            b.descriptor(2 | 2 << 4 | DOMAIN << 16, 0);
        }

        private void changePage(long address) {
            long entry = switch (random.nextInt(4)) {
                case 0 -> 0;
                case 1 -> 3 | 1L << 62;
                case 2 -> VtdBench.DATA | address | 1;
                default -> VtdBench.DATA | address | 3;
            };
            b.memory.writeLong(b.entry(tables, address, 0), entry);
            b.descriptor(2 | 3 << 4 | DOMAIN << 16, address);
        }

        private void changeInterrupt() {
            int index = random.nextInt(4);
            long entry = new long[] {0, 0x1200_0041_0021L, 0x1200_0041_7021L}[random.nextInt(3)];
            b.words(VtdBench.INTERRUPTS + index * 16L, entry, 0);
            b.descriptor(0x14 | (long) index << 32, 0);
        }
    }
}
