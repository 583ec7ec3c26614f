// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32C;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.trace.TraceWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What made-up traces are made of. */
class TracePatternTest {
    @TempDir
    private Path temp;

    private List<DmaRecord> make(TracePattern pattern, int tenants, long records, long seed) throws IOException {
        Path file = temp.resolve("made");
        write(pattern, new TracePattern.Parameters(tenants, records, seed), file);
        List<DmaRecord> all = new ArrayList<>();
        try (TraceReader trace = TraceEncoding.open(file)) {
            while (trace.next()) {
                all.add(new DmaRecord().copyFrom(trace.record()));
            }
        }
        return all;
    }

    private static void write(TracePattern pattern, TracePattern.Parameters p, Path file) throws IOException {
        try (TraceWriter out = TraceEncoding.BINARY.create(file, pattern.provenance(p))) {
            pattern.write(p, out);
        }
    }

    /** Pinned: a seed stands for the same bytes for ever. */
    @ParameterizedTest
    @CsvSource({
        "HYPER_TENANT, 3, 20000, 1, 4174492917",
        "HYPER_TENANT, 3, 20000, 2, 3108320046",
        "SEQUENTIAL, 2, 20000, 1, 3484143232",
        "UNIFORM, 2, 20000, 1, 820936439",
        "RING, 2, 20000, 1, 3489437054",
        "ZIPF, 2, 20000, 1, 3859416813",
        "STRIDED, 2, 20000, 1, 1846788796",
        "POINTER_CHASE, 2, 20000, 1, 144462195",
        "BURSTY, 2, 20000, 1, 3838738828",
        "PHASES, 2, 20000, 1, 1622380102",
        "NVME, 2, 20000, 1, 8803356",
        "ACCELERATOR, 2, 20000, 1, 523838296",
    })
    void shouldMakeTheSameBytesOfASeed(TracePattern pattern, int tenants, long records, long seed, long checksum)
            throws IOException {
        Path file = temp.resolve("t");
        write(pattern, new TracePattern.Parameters(tenants, records, seed), file);

        CRC32C crc = new CRC32C();
        crc.update(Files.readAllBytes(file));
        assertThat(crc.getValue()).isEqualTo(checksum);
    }

    @ParameterizedTest
    @EnumSource(TracePattern.class)
    void shouldHaveSoManyAccessesAllOfThemMapped(TracePattern pattern) throws IOException {
        List<DmaRecord> records = make(pattern, 3, 10_000, 7);

        assertThat(records.stream().filter(DmaRecord::isDma)).hasSize(10_000);
        assertThat(records.get(records.size() - 1).time()).isPositive();
        Map<Long, DmaRecord> mapped = new HashMap<>();
        for (DmaRecord r : records) {
            long space = (long) r.stream() << 60 | (long) (r.pasid() + 1) << 40;
            switch (r.kind()) {
                case MAP -> {
                    assertThat(r.length()).isEqualTo(1L << r.pageShift());
                    assertThat(mapped.put(space | r.iova(), new DmaRecord().copyFrom(r)))
                            .isNull();
                }
                case UNMAP -> {
                    for (long done = 0; done < r.length(); done += 1L << r.pageShift()) {
                        assertThat(mapped.remove(space | r.iova() + done)).isNotNull();
                    }
                }
                default -> {
                    DmaRecord page = mapped.get(space | r.iova() & -0x1000);
                    page = page != null ? page : mapped.get(space | r.iova() & -0x20_0000);
                    assertThat(page).as("page of 0x%x", r.iova()).isNotNull();
                    long offset = r.iova() - page.iova();
                    assertThat(r.address()).isEqualTo(page.address() + offset);
                    assertThat(offset + r.length()).isLessThanOrEqualTo(page.length());
                    assertThat((r.iova() & 0xFFF) + r.length()).isLessThanOrEqualTo(0x1000);
                }
            }
        }
    }

    @Test
    void shouldGiveTenantsEqualInputAndDistinctPhysicalAddresses() throws IOException {
        Set<Long> inputs = new HashSet<>();
        Set<Long> outputs = new HashSet<>();
        Set<Long> regions = new HashSet<>();
        Set<Integer> streams = new HashSet<>();
        for (DmaRecord r : make(TracePattern.HYPER_TENANT, 1000, 3000, 5)) {
            if (r.kind() == TraceKind.MAP) {
                inputs.add(r.iova());
                outputs.add(r.address());
                regions.add(r.address() >>> 27);
                streams.add(r.stream());
                assertThat(r.address()).isGreaterThanOrEqualTo(1L << 40);
            }
        }

        assertThat(inputs).hasSize(3);
        assertThat(outputs).hasSize(3000);
        assertThat(regions).hasSize(1000);
        assertThat(streams).hasSize(1000);
    }

    /** The description of the pattern, written out for two guests. */
    @Test
    void shouldSendPacketsInTurn() throws IOException {
        List<DmaRecord> records = make(TracePattern.HYPER_TENANT, 2, 8, 1);

        assertThat(records)
                .extracting(r -> r.time() + " " + r.stream() + " " + r.kind().label() + " " + Long.toHexString(r.iova())
                        + " " + r.length())
                .containsExactly(
                        "0 1 map fffff000 4096",
                        "0 1 map ffffe000 4096",
                        "0 1 map f8000000 2097152",
                        "0 1 read fffff000 64",
                        "0 1 write f8000000 1514",
                        "0 1 write ffffe000 16",
                        "61680 2 map fffff000 4096",
                        "61680 2 map ffffe000 4096",
                        "61680 2 map f8000000 2097152",
                        "61680 2 read fffff000 64",
                        "61680 2 write f8000000 1514",
                        "61680 2 write ffffe000 16",
                        "123360 1 read fffff040 64",
                        "123360 1 write f8000800 1514");
    }

    @Test
    void shouldMoveABufferAfter1500PacketsOfItsGuest() throws IOException {
        List<DmaRecord> moves = make(TracePattern.HYPER_TENANT, 2, 3 * 2 * (1500 * 33 + 1), 1).stream()
                .filter(r -> r.stream() == 2 && !r.isDma() && r.pageShift() == 21)
                .toList();

        assertThat(moves).hasSize(2 * 33 + 1);
        assertThat(moves.get(1).kind()).isEqualTo(TraceKind.UNMAP);
        assertThat(moves.get(1).iova()).isEqualTo(0xF800_0000L);
        assertThat(moves.get(1).time()).isEqualTo((1500 * 2 + 1) * 61_680L);
        assertThat(moves.get(2).iova()).isEqualTo(0xF820_0000L);
        assertThat(moves.get(2).address()).isNotEqualTo(moves.get(0).address());
        assertThat(moves.get(64).iova()).isEqualTo(moves.get(0).iova());
        assertThat(moves.get(64).address()).isEqualTo(moves.get(0).address());
    }
}
