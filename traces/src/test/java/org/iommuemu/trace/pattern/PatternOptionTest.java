// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.iommuemu.capture.InputException;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceWriter;
import org.iommuemu.trace.pattern.TracePattern.Parameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the options of patterns choose, by properties that do not depend on how patterns are written. */
class PatternOptionTest {
    private static final long START = 0x8000_0000L;
    private static final long PAGE = 4096;

    private static List<DmaRecord> make(
            TracePattern pattern, int tenants, long records, Map<PatternOption, Double> options) throws IOException {
        List<DmaRecord> all = new ArrayList<>();
        TraceWriter out = new TraceWriter() {
            @Override
            public void write(DmaRecord r) {
                all.add(new DmaRecord().copyFrom(r));
            }

            @Override
            public void close() {}
        };
        pattern.write(new Parameters(tenants, records, 1, options), out);
        return all;
    }

    private static List<DmaRecord> accesses(List<DmaRecord> all) {
        return all.stream().filter(DmaRecord::isDma).toList();
    }

    /** Of 64 pages the k-th most frequent has a share of k^-s / sum of all. */
    @ParameterizedTest
    @CsvSource({"0.5", "1", "1.5"})
    void shouldUsePagesByZipfsLaw(double skew) throws IOException {
        int accesses = 200_000;
        int pages = 64;
        Map<Long, Integer> counts = new HashMap<>();
        for (DmaRecord r : accesses(make(
                TracePattern.ZIPF,
                1,
                accesses,
                Map.of(PatternOption.WINDOW, (double) pages * PAGE, PatternOption.SKEW, skew)))) {
            counts.merge(r.iova() / PAGE, 1, Integer::sum);
        }

        double sum = 0;
        for (int k = 1; k <= pages; k++) {
            sum += Math.pow(k, -skew);
        }
        List<Integer> sorted =
                counts.values().stream().sorted(Comparator.reverseOrder()).toList();
        assertThat(sorted).hasSize(pages);
        for (int k = 1; k <= 8; k++) {
            double expected = accesses * Math.pow(k, -skew) / sum;
            assertThat((double) sorted.get(k - 1)).isCloseTo(expected, within(0.05 * expected));
        }
    }

    @Test
    void shouldGoInStrides() throws IOException {
        List<DmaRecord> accesses = accesses(make(
                TracePattern.STRIDED,
                2,
                200,
                Map.of(PatternOption.WINDOW, 1_048_576.0, PatternOption.STRIDE, 196_608.0)));

        for (int i = 0; i < accesses.size(); i++) {
            assertThat(accesses.get(i).iova()).isEqualTo(START + i / 2 * 196_608L % 1_048_576);
        }
    }

    @Test
    void shouldFollowAChainThroughAllPages() throws IOException {
        int pages = 256;
        List<DmaRecord> accesses = accesses(
                make(TracePattern.POINTER_CHASE, 1, 3 * pages, Map.of(PatternOption.WINDOW, (double) pages * PAGE)));

        Set<Long> first = new HashSet<>();
        int neighbours = 0;
        for (int i = 0; i < accesses.size(); i++) {
            long iova = accesses.get(i).iova();
            assertThat(iova).isEqualTo(accesses.get(i % pages).iova());
            first.add(iova);
            neighbours += i > 0 && iova == accesses.get(i - 1).iova() + PAGE ? 1 : 0;
        }
        assertThat(first)
                .containsExactlyInAnyOrderElementsOf(LongStream.range(0, pages)
                        .mapToObj(n -> START + n * PAGE)
                        .toList());
        assertThat(neighbours).isLessThan(20);
    }

    @Test
    void shouldBeSilentBetweenBursts() throws IOException {
        int burst = 10;
        List<DmaRecord> accesses = accesses(make(
                TracePattern.BURSTY,
                3,
                100_000,
                Map.of(PatternOption.BURST, (double) burst, PatternOption.INTERVAL, 2.5, PatternOption.IDLE, 400.0)));

        double silence = 0;
        for (int i = 1; i < accesses.size(); i++) {
            DmaRecord before = accesses.get(i - 1);
            DmaRecord r = accesses.get(i);
            long gap = r.time() - before.time();
            if (i % burst == 0) {
                silence += gap - 2500;
            } else {
                assertThat(gap).isEqualTo(2500);
                assertThat(r.stream()).isEqualTo(before.stream());
                assertThat(Math.floorMod(r.iova() - before.iova(), 1L << 26)).isEqualTo(64);
            }
        }
        double mean = silence / (accesses.size() / burst - 1);
        assertThat(mean).isCloseTo(400_000, within(16_000.0));
    }

    @Test
    void shouldUseOneWindowInEachPhase() throws IOException {
        long window = 65_536;
        List<DmaRecord> accesses = accesses(make(
                TracePattern.PHASES,
                2,
                10_000,
                Map.of(PatternOption.WINDOW, (double) window, PatternOption.PHASE, 500.0)));

        for (int i = 0; i < accesses.size(); i++) {
            assertThat((accesses.get(i).iova() - START) / window).isEqualTo(i / 2 / 500 % 8);
        }
    }

    /** The life of commands: fetched in order, a PRP list each, data of either direction, an entry at the end, and only then unmapped. */
    @Test
    void shouldMapBuffersForOneCommandEach() throws IOException {
        int depth = 4;
        int pages = 3;
        List<DmaRecord> all = make(
                TracePattern.NVME,
                1,
                60_000,
                Map.of(PatternOption.DEPTH, (double) depth, PatternOption.LENGTH, pages * 4096.0));

        List<DmaRecord> fetches = at(all, 0xFFFF_F000L);
        List<DmaRecord> entries = at(all, 0xFFFF_E000L);
        assertThat(fetches).hasSizeBetween(60_000 / (pages + 3), 60_000 / (pages + 3) + depth);
        assertThat(fetches.size() - entries.size()).isBetween(depth, depth + 1);
        for (int i = 0; i < entries.size(); i++) {
            assertThat(fetches.get(i).iova() & 0xFFF).isEqualTo(i * 64L % 4096);
            assertThat(entries.get(i).iova() & 0xFFF).isEqualTo(i * 16L % 4096);
            assertThat(entries.get(i).kind()).isEqualTo(TraceKind.WRITE_DMA);
        }
        assertThat(all.stream().filter(r -> r.kind() == TraceKind.READ_DMA && r.length() == 8 * (pages - 1)))
                .hasSizeBetween(fetches.size() - 1, fetches.size());
        long written = all.stream()
                .filter(r -> r.length() == PAGE && r.kind() == TraceKind.WRITE_DMA)
                .count();
        long read = all.stream()
                .filter(r -> r.length() == PAGE && r.kind() == TraceKind.READ_DMA)
                .count();
        assertThat((double) written / (written + read)).isCloseTo(0.7, within(0.02));
        assertLivesEndWithAnEntry(all, pages, depth);
    }

    private static List<DmaRecord> at(List<DmaRecord> all, long page) {
        return all.stream().filter(r -> r.isDma() && (r.iova() & -PAGE) == page).toList();
    }

    private static void assertLivesEndWithAnEntry(List<DmaRecord> all, int pages, int depth) {
        int buffers = 0;
        for (int i = 1; i < all.size(); i++) {
            DmaRecord r = all.get(i);
            if (r.kind() == TraceKind.UNMAP) {
                assertThat(all.get(i - 1).iova() & -PAGE).isEqualTo(0xFFFF_E000L);
                assertThat(all.get(i - 2).iova()).isEqualTo(r.iova() + (pages - 1) * PAGE);
                assertThat(r.length()).isEqualTo(pages * PAGE);
                buffers -= pages;
            } else if (r.kind() == TraceKind.MAP && r.iova() < 0xFF80_0000L) {
                buffers++;
            }
            assertThat(buffers).isLessThanOrEqualTo((depth + 1) * pages);
        }
    }

    @Test
    void shouldCopyMemoryOfEveryPasid() throws IOException {
        List<DmaRecord> accesses = accesses(make(
                TracePattern.ACCELERATOR,
                2,
                9 * 3000,
                Map.of(PatternOption.PASIDS, 5.0, PatternOption.WINDOW, 1_048_576.0)));

        Set<Integer> pasids = new HashSet<>();
        for (int operation = 0; operation < 3000; operation++) {
            List<DmaRecord> one = accesses.subList(9 * operation, 9 * operation + 9);
            DmaRecord end = one.get(8);
            pasids.add(end.pasid());
            assertThat(one).allMatch(r -> r.pasid() == end.pasid() && r.stream() == end.stream());
            assertThat(end.stream()).isEqualTo(1 + operation % 2);
            assertThat(end.length()).isEqualTo(32);
            for (int i = 0; i < 8; i++) {
                assertThat(one.get(i).kind()).isEqualTo(i % 2 == 0 ? TraceKind.READ_DMA : TraceKind.WRITE_DMA);
                assertThat(one.get(i).iova()).isEqualTo(one.get(i % 2).iova() + i / 2 * PAGE);
            }
        }
        assertThat(pasids).containsExactlyInAnyOrder(1, 2, 3, 4, 5);
    }

    @ParameterizedTest
    @CsvSource({"12, 67108864", "21, 67108864", "30, 4294967296"})
    void shouldMapPagesOfTheSizeChosen(int shift, double window) throws IOException {
        List<DmaRecord> all = make(
                TracePattern.UNIFORM, 3, 2000, Map.of(PatternOption.WINDOW, window, PatternOption.PAGE_SHIFT, (double)
                        shift));

        List<DmaRecord> maps =
                all.stream().filter(r -> r.kind() == TraceKind.MAP).toList();
        assertThat(maps).isNotEmpty().allMatch(r -> r.pageShift() == shift && r.length() == 1L << shift);
        assertThat(maps).allMatch(r -> (r.iova() | r.address()) % r.length() == 0);
        assertThat(maps.stream().map(DmaRecord::address).distinct()).hasSize(maps.size());
    }

    /** What is accessed does not depend on the size of pages, so that sizes can be compared. */
    @Test
    void shouldAccessTheSameWithPagesOfAnySize() throws IOException {
        Map<PatternOption, Double> large = Map.of(PatternOption.PAGE_SHIFT, 21.0);

        assertThat(accesses(make(TracePattern.ZIPF, 2, 5000, large)))
                .extracting(r -> r.time() + " " + r.stream() + " " + r.iova())
                .isEqualTo(accesses(make(TracePattern.ZIPF, 2, 5000, Map.of())).stream()
                        .map(r -> r.time() + " " + r.stream() + " " + r.iova())
                        .toList());
    }

    @Test
    void shouldReadAndWriteAsChosen() throws IOException {
        long reads = make(TracePattern.SEQUENTIAL, 2, 20_000, Map.of(PatternOption.READS, 0.25)).stream()
                .filter(r -> r.kind() == TraceKind.READ_DMA)
                .count();

        assertThat(reads / 20_000.0).isCloseTo(0.25, within(0.02));
    }

    @Test
    void shouldSayWhatWasChosen() {
        String provenance = TracePattern.ZIPF.provenance(
                new Parameters(2, 10, 3, Map.of(PatternOption.SKEW, 1.2, PatternOption.WINDOW, 1_048_576.0)));

        assertThat(provenance).isEqualTo("pattern: zipf\ntenants: 2\nrecords: 10\nseed: 3\nwindow: 1048576\nskew: 1.2");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "RING | SKEW | 1 | --skew with --pattern ring; expected none of the options that only some patterns take",
                "NVME | WINDOW | 65536 | --window with --pattern nvme; expected only --length, --reads, --interval, --depth",
                "ZIPF | WINDOW | 5000 | --window is 5000; expected a power of two from 4096 to 68719476736",
                "ZIPF | SKEW | -1 | --skew is -1; expected a number from 0 to 10",
                "ZIPF | SKEW | NaN | --skew is NaN; expected a number from 0 to 10",
                "ZIPF | PAGE_SHIFT | 16 | --page-shift is 16; expected 12, 21 or 30",
                "ZIPF | PAGE_SHIFT | 30 | --window is 67108864; expected at least a page, of 2^30 bytes",
                "UNIFORM | LENGTH | 48 | --length is 48; expected a power of two, at most 4096",
                "UNIFORM | LENGTH | 8192 | --length is 8192; expected a power of two, at most 4096",
                "STRIDED | STRIDE | 100 | --stride is 100; expected a multiple of --length, which is 64",
                "NVME | LENGTH | 5000 | --length is 5000; expected a multiple of 4096, at most 2097152",
                "NVME | DEPTH | 0.5 | --depth is 0.5; expected a whole number from 1 to 1024",
                "ACCELERATOR | WINDOW | 8192 | --length is 16384; expected a multiple of 4096, at most 8192",
                "ACCELERATOR | PASIDS | 32768 | 98304 address spaces with --window 4194304; expected at most 65536 of that size",
            })
    void shouldRefuseWhatCannotBe(TracePattern pattern, PatternOption option, double value, String message) {
        assertThatThrownBy(() -> pattern.check(new Parameters(3, 10, 1, Map.of(option, value))))
                .isInstanceOf(InputException.class)
                .hasMessage(message);
    }

    @Test
    void shouldLimitWhatIsUnderWay() {
        Map<PatternOption, Double> much = Map.of(PatternOption.DEPTH, 1024.0, PatternOption.LENGTH, 131_072.0);

        assertThatThrownBy(() -> TracePattern.NVME.check(new Parameters(1, 1, 1, much)))
                .hasMessage(
                        "--depth is 1024 with --length 131072; expected at most 67108864 bytes under way, one command more"
                                + " counted");
    }
}
