// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.iommuemu.bits.Seeds;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.cache.SetAssociativeCache;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A unit that answers from memory of earlier transactions, step by step beside one that is made to look everything up. */
class RecentTranslationsTest {
    private static final int STEPS = 4_000;
    private static final int STREAMS = 6;
    private static final int PAGES = 24;
    private static final long PAGE = 0x1000;
    private static final long BLOCK = 0x20_0000;
    /** The last of the pages, which are blocks of 2 MiB. */
    private static final int BLOCKS = 4;
    /** nG: what a page that all address spaces share has not. */
    private static final long GLOBAL = 1L << 11;

    private static final long TLBI_NH_ASID = 0x11;
    private static final long TLBI_NH_VA = 0x12;
    private static final long TLBI_NSNH_ALL = 0x30;
    private static final long CFGI_STE = 0x3;
    private static final long CFGI_ALL = 0x4;

    static Stream<Arguments> programs() {
        return Stream.of(ReplacementPolicy.values())
                .filter(policy -> policy != ReplacementPolicy.ORACLE)
                .flatMap(policy -> Stream.of(
                        Arguments.of(CacheGeometry.of(8, 2, policy), CacheGeometry.of(16, 4, policy)),
                        Arguments.of(CacheGeometry.of(1, 4, policy), CacheGeometry.of(4, 16, policy)),
                        Arguments.of(CacheGeometry.of(2, 2, policy), CacheGeometry.of(1, 48, policy)),
                        Arguments.of(CacheGeometry.of(8, 1, policy), CacheGeometry.of(13, 3, policy))))
                .flatMap(g -> Seeds.few().mapToObj(seed -> Arguments.of(g.get()[0], g.get()[1], seed)));
    }

    @ParameterizedTest(name = "configuration {0}, IOTLB {1}, seed={2}")
    @MethodSource("programs")
    void shouldAnswerAndCountAsIfEverythingWereLookedUp(CacheGeometry configuration, CacheGeometry iotlb, long seed) {
        CacheConfiguration caches =
                CacheConfiguration.standard().withConfiguration(configuration).withIotlb(iotlb);
        try (Machine quick = new Machine(caches);
                Machine plain = new Machine(caches)) {
            SplittableRandom random = new SplittableRandom(seed);
            for (int step = 0; step < STEPS; step++) {
                int what = random.nextInt(100);
                long choice = random.nextLong();
                plain.forget();

                String expected = plain.step(step, what, choice);

                assertThat(quick.step(step, what, choice)).as("step %d", step).isEqualTo(expected);
            }
            assertThat(quick.state()).isEqualTo(plain.state());
            assertThat(plain.unit().translatedAgain()).isZero();
            assertThat(quick.unit().translatedAgain()).isGreaterThan(STEPS / 50);
        }
    }

    /** Streams 1 and 2 share an address space; pages are read-only, writable, or for privileged reads too. */
    private static final class Machine implements AutoCloseable {
        private final SmmuFixture fixture;
        private final TableBuilder[] tables = new TableBuilder[STREAMS];

        Machine(CacheConfiguration caches) {
            fixture = new SmmuFixture(SmmuFeatures.full(), caches).enable();
            for (int stream = 0; stream < STREAMS; stream++) {
                tables[stream] = fixture.stage1(stream, asid(stream));
                if (stream == 2) {
                    tables[2] = tables[1];
                    fixture.cd(2, asid(2), tables[1].root());
                }
                if (stream != 2) {
                    for (int page = 0; page < PAGES; page++) {
                        map(stream, page, page);
                    }
                }
            }
        }

        private static int asid(int stream) {
            return stream == 2 ? 1 : stream;
        }

        private static long address(int page) {
            return page < PAGES - BLOCKS ? page * PAGE : page * BLOCK;
        }

        private void map(int stream, int page, long frame) {
            long attributes = page % 3 == 0 ? TableBuilder.READ_ONLY : TableBuilder.READ_WRITE;
            if (page >= PAGES - BLOCKS) {
                tables[stream].map(address(page), 0x80_0000_0000L + frame * BLOCK, 1, attributes);
            } else {
                tables[stream].map(
                        address(page),
                        0x8000_0000L + frame * PAGE,
                        0,
                        page % 5 == 4 ? attributes & ~GLOBAL : attributes);
            }
        }

        TranslationUnit unit() {
            return fixture.smmu.unit();
        }

        void forget() {
            unit().enable(true);
        }

        /** One step, of 100 kinds; what came of it. */
        String step(int step, int what, long choice) {
            int any = (int) (choice & 0xFF);
            int stream = what < 50 ? 1 + any % 2 : any % STREAMS;
            int page = (int) (choice >>> 8 & 0xFF) % PAGES;
            if (what < 90) {
                // Mostly of few pages.
                int few = what < 60 ? page % 5 : page;
                // At times of blocks only, so that they are what is smallest.
                if (step % 1000 > 800) {
                    few = PAGES - 1 - page % BLOCKS;
                }
                int code = what % 4 == 0 ? Access.WRITE : what % 7 == 0 ? Access.PRIVILEGED : Access.READ;
                Verdict v = fixture.access(stream, address(few) + (choice >>> 16 & 0xFFF), code);
                return v.status() + " " + v.address() + " " + v.pageShift() + " " + v.attributes() + " " + counters();
            }
            switch (what) {
                case 90, 91, 92 -> fixture.command(TLBI_NH_VA | (long) asid(stream) << 48, address(page));
                case 93 -> fixture.command(TLBI_NH_ASID | (long) asid(stream) << 48, 0);
                case 94 -> fixture.command(TLBI_NSNH_ALL, 0);
                case 95 -> fixture.command(CFGI_STE | (long) stream << 32, 0);
                case 96 -> fixture.command(CFGI_ALL, 31);
                case 97, 98 -> {
                    tables[stream].unmap(address(page), page >= PAGES - BLOCKS ? 1 : 0);
                    fixture.command(TLBI_NH_VA | (long) asid(stream) << 48, address(page));
                    map(stream, page, choice >>> 32 & 0xFFFF);
                }
                default -> {
                    // A stream's tables are changed behind the caches, which goes on being answered from them.
                    tables[stream].unmap(address(page), page >= PAGES - BLOCKS ? 1 : 0);
                    map(stream, page, choice >>> 32 & 0xFFFF);
                }
            }
            return state();
        }

        private String counters() {
            return unit().configurations().cache().counters() + " "
                    + unit().iotlb().cache().counters() + " "
                    + unit().translated() + " "
                    + unit().refused() + " "
                    + unit().configurations().lastEntry() + " "
                    + unit().iotlb().lastEntry();
        }

        /** Counters and contents, entry by entry, so that a victim that differs shows. */
        String state() {
            return counters()
                    + contents(unit().configurations().cache())
                    + contents(unit().iotlb().cache());
        }

        private static List<String> contents(SetAssociativeCache cache) {
            List<String> all = new ArrayList<>();
            cache.forEach((entry, tag0, tag1, value0, value1) ->
                    all.add(entry + ":" + tag0 + "," + tag1 + "," + value0 + "," + value1));
            return all;
        }

        @Override
        public void close() {
            fixture.close();
        }
    }
}
