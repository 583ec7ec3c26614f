// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.SoftAssertions;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.measure.CacheFigures;
import org.iommuemu.time.RandomStream;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.trace.TraceWriter;
import org.iommuemu.trace.imports.ImportOptions;
import org.iommuemu.trace.imports.ImportSource;
import org.iommuemu.trace.pattern.TracePattern;
import org.iommuemu.trace.reuse.MissCurve;
import org.iommuemu.trace.reuse.ReuseDistances;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The miss curve of one pass, held against the IOTLB of whole replays. */
class MissCurveTest {
    @TempDir
    private Path temp;

    private static MissCurve curve(Path file) {
        try (TraceReader trace = TraceEncoding.open(file)) {
            return ReuseDistances.of(trace);
        }
    }

    private static CacheFigures iotlb(Path file, int entries, StageLayout stages) {
        CacheConfiguration caches =
                CacheConfiguration.standard().withIotlb(CacheGeometry.fullyAssociative(entries, ReplacementPolicy.LRU));
        try (TraceReader trace = TraceEncoding.open(file);
                TraceReplay replay = new TraceReplay(caches, stages)) {
            replay.run(trace, ProgressListener.NONE);
            return replay.summary("t").machine().caches().stream()
                    .filter(c -> c.name().equals("iotlb"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static void compare(Path file, StageLayout stages, int... sizes) {
        MissCurve curve = curve(file);
        SoftAssertions each = new SoftAssertions();
        for (int size : sizes) {
            CacheFigures simulated = iotlb(file, size, stages);
            each.assertThat(curve.misses(size) + curve.refused())
                    .as("misses of %d entries", size)
                    .isEqualTo(simulated.misses());
            each.assertThat(curve.lookups() + curve.refused())
                    .as("lookups")
                    .isEqualTo(simulated.hits() + simulated.misses());
        }
        each.assertAll();
    }

    @ParameterizedTest
    @CsvSource({
        "HYPER_TENANT, 1, 15000",
        "HYPER_TENANT, 64, 60000",
        "SEQUENTIAL, 2, 40000",
        "UNIFORM, 1, 40000",
        "UNIFORM, 16, 40000",
        "RING, 3, 20000",
        "ZIPF, 2, 40000",
        "STRIDED, 2, 40000",
        "POINTER_CHASE, 1, 60000",
        "BURSTY, 4, 40000",
        "PHASES, 1, 250000",
        "NVME, 2, 40000",
        "ACCELERATOR, 2, 40000"
    })
    void shouldMissAsReplaysOfPatterns(TracePattern pattern, int tenants, long records) throws IOException {
        Path file = temp.resolve("t");
        try (TraceWriter out = TraceEncoding.BINARY.create(file, "")) {
            pattern.write(new TracePattern.Parameters(tenants, records, 1), out);
        }

        compare(file, StageLayout.STAGE_1, 1, 2, 3, 4, 8, 31, 64, 191, 192, 256, 1000, 4096, 20_000);
    }

    @Test
    void shouldMissAsReplaysOfTheSample() {
        compare(
                Path.of("samples/hyper-tenant-4.csv.zst"),
                StageLayout.STAGE_1,
                1,
                2,
                3,
                4,
                5,
                6,
                7,
                8,
                9,
                10,
                11,
                12,
                13,
                64);
    }

    /** Real drivers: what captures and a joined trace of a kernel's calls have become. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "samples/smmuv3-linux-nvme",
                "samples/smmuv3-linux-mixed",
                "samples/vtd-scalable-linux-mixed",
                "samples/smmuv3-ftrace-strict/joined.csv.zst"
            })
    void shouldMissAsReplaysOfCaptures(String sample) throws IOException {
        Path input = Path.of(sample);
        Path file = temp.resolve("t");
        try (TraceWriter out = TraceEncoding.BINARY.create(file, "")) {
            ImportSource.of(input).read(input, new ImportOptions(ImportOptions.UNKNOWN), out);
        }

        compare(file, StageLayout.STAGE_1, 1, 2, 4, 8, 16, 32, 64, 128, 512);
    }

    /**
     * Everything that a trace can say: three sizes of pages, PASIDs, accesses across pages, unmapping of one page and of many, invalidations
     * of parts of pages, of ranges and of whole spaces, ATS requests, accesses to what is not mapped.
     */
    @ParameterizedTest
    @EnumSource(StageLayout.class)
    void shouldMissAsReplaysOfRandomTraces(StageLayout stages) throws IOException {
        for (long seed = 1; seed <= 4; seed++) {
            Path file = temp.resolve(stages + "-" + seed);
            try (TraceWriter out = TraceEncoding.BINARY.create(file, "")) {
                new RandomTrace(seed, stages != StageLayout.STAGE_2).write(out);
            }

            compare(file, stages, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 500);
        }
    }

    /** Two streams, the second with three PASIDs, of 64 blocks of 2 MiB and one of 1 GiB each. */
    private static final class RandomTrace {
        private static final long GIB = 1L << 30;
        private static final int BLOCKS = 64;
        private static final long START = 4 * GIB;

        private final RandomStream random;
        private final boolean pasids;
        /** By space and block: 0, or the size of its pages. */
        private final int[][] shifts = new int[4][BLOCKS + 1];

        private final DmaRecord record = new DmaRecord();
        private long time;

        private RandomTrace(long seed, boolean pasids) {
            random = new RandomStream(seed);
            this.pasids = pasids;
        }

        private void write(TraceWriter out) throws IOException {
            for (int space = 0; space < shifts.length; space++) {
                toggle(space, 0, out);
            }
            for (int step = 0; step < 20_000; step++) {
                int space = (int) random.nextBelow(shifts.length);
                int block = (int) random.nextBelow(8);
                block = block == 7 ? (int) random.nextBelow(BLOCKS + 1) : block;
                long die = random.nextBelow(1000);
                if (die < 20) {
                    toggle(space, block, out);
                } else if (die < 60) {
                    invalidate(space, block, out);
                } else if (die < 62) {
                    set(space, TraceKind.INVALIDATE, 0, 0);
                    out.write(record);
                } else {
                    access(space, block, die, out);
                }
            }
        }

        private void access(int space, int block, long die, TraceWriter out) throws IOException {
            long offset = random.nextBelow(16) * 4096 + random.nextBelow(4096);
            long iova = start(block) + offset;
            if (die < 100 && shifts[space][block] != 0) {
                set(space, TraceKind.ATS_REQUEST, iova, 0);
            } else {
                set(space, TraceKind.of((int) random.nextBelow(3)), iova, random.nextBelow(die < 200 ? 20_000 : 64));
            }
            out.write(record);
        }

        private void invalidate(int space, int block, TraceWriter out) throws IOException {
            // Of odd numbers the driver may have to invalidate a page more, as a range of one granule is reserved (IHI
            // 0070 §4.4.1).
            long pages = 2 + 2 * random.nextBelow(random.nextBelow(4) == 0 ? 1500 : 2);
            set(space, TraceKind.INVALIDATE, start(block) + random.nextBelow(16) * 4096, pages * 4096);
            out.write(record);
        }

        /** Maps a block, or unmaps it. */
        private void toggle(int space, int block, TraceWriter out) throws IOException {
            long bytes = block == BLOCKS ? GIB : 1L << 21;
            int held = shifts[space][block];
            int shift = block == BLOCKS ? 30 : random.nextBelow(2) == 0 ? 12 : 21;
            set(space, held == 0 ? TraceKind.MAP : TraceKind.UNMAP, start(block), bytes);
            if (held == 0) {
                record.withAttributes(DmaRecord.READ | DmaRecord.WRITE)
                        .withAddress(start(block) + 16 * GIB * space)
                        .withPageShift(shift);
                shifts[space][block] = shift;
            } else {
                record.withPageShift(held);
                shifts[space][block] = 0;
            }
            out.write(record);
        }

        private static long start(int block) {
            return block == BLOCKS ? START + GIB : START + ((long) block << 21);
        }

        private void set(int space, TraceKind kind, long iova, long length) {
            time += 1000;
            record.set(time, kind, pasids && space > 0 ? 2 : 1 + space, iova, length);
            if (pasids && space > 0) {
                record.withPasid(space);
            }
        }
    }

    @Test
    void shouldTakeAllForMappedWhereNothingIs() throws IOException {
        Path file = temp.resolve("t.csv");
        Files.writeString(file, """
                time_ps,kind,stream,pasid,iova,length,attributes,page_shift,address,group
                1,read,1,,0x1000,64,,,,
                2,write,1,,0x2000,64,,,,
                3,read,1,,0x1040,64,,,,
                4,read,2,,0x1040,64,,,,
                """);

        MissCurve curve = curve(file);

        assertThat(curve.lookups()).isEqualTo(4);
        assertThat(curve.cold()).isEqualTo(3);
        assertThat(curve.misses(1)).isEqualTo(4);
        assertThat(curve.misses(2)).isEqualTo(3);
        assertThat(curve.refused()).isZero();
    }

    /** A write to a page that is only readable, a fetch, an access without privilege: none is cached, in whatever cache. */
    @Test
    void shouldCountWhatIsRefusedApart() throws IOException {
        Path file = temp.resolve("t.csv");
        Files.writeString(file, """
                time_ps,kind,stream,pasid,iova,length,attributes,page_shift,address,group
                1,map,1,,0x1000,4096,r,12,0x5000,
                1,map,1,,0x2000,4096,rwp,12,0x6000,
                2,write,1,,0x1000,64,,,,
                3,read,1,,0x1000,64,x,,,
                4,read,1,,0x2000,64,,,,
                5,read,1,,0x3000,64,,,,
                6,read,1,,0x1000,64,,,,
                7,write,1,,0x2000,64,p,,,
                """);

        MissCurve curve = curve(file);

        assertThat(curve.refused()).isEqualTo(4);
        assertThat(curve.lookups()).isEqualTo(2);
        assertThat(curve.cold()).isEqualTo(2);
        compare(file, StageLayout.STAGE_1, 1, 2);
    }
}
