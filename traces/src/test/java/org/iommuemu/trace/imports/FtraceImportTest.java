// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.JoinedRow;
import org.iommuemu.capture.JoinedTrace;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Linux' own text of its events: hand-made lines of every kind, and pieces of real traces. */
class FtraceImportTest {
    private static final String NO_DEVICE = "maps that name no device; given to the first that has the range free";

    private static final String DOORBELL = " 0x8090000";

    @TempDir
    private Path temp;

    private static String event(String seconds, String event) {
        return "            nvme-12      [001] d.h1.   " + seconds + ": " + event;
    }

    private static String map(String seconds, String iova, String end, String physical, long bytes) {
        return event(seconds, "map: IOMMU: iova=0x" + iova + " - 0x" + end + " paddr=0x" + physical + " size=" + bytes);
    }

    private static String unmap(String seconds, String iova, long bytes) {
        return event(seconds, "unmap: IOMMU: iova=0x" + iova + " - 0x0 size=" + bytes + " unmapped_size=" + bytes);
    }

    @Test
    void shouldTakeTheDeviceAndPermissionsFromTheDmaEventThatFollows() throws IOException {
        Imports made = Imports.of(
                temp,
                "t.txt",
                "# tracer: nop",
                map("7.000001", "fffff000", "100000000", "41000000", 4096),
                event(
                        "7.000002",
                        "dma_map_page: 0000:00:02.0 dir=TO_DEVICE dma_addr=fffff200 size=512 phys_addr=41000200 attrs="),
                map("7.000003", "ffffe000", "fffff000", "42000000", 4096),
                event(
                        "7.000004",
                        "dma_map_phys: 0000:01:00.1 dir=FROM_DEVICE dma_addr=ffffe000 size=64 phys_addr=42000000 attrs="),
                map("7.000005", "ffffd000", "ffffe000", "43000000", 4096),
                event(
                        "7.000006",
                        "dma_alloc: 0001:00:03.0 dir=BIDIRECTIONAL dma_addr=ffffd000 size=64 virt_addr=0 flags= attrs="));

        assertThat(made.texts())
                .containsExactly(
                        "map 0x10 0xfffff000 4096 0x41000000 12 r",
                        "map 0x101 0xffffe000 4096 0x42000000 12 w",
                        "map 0x10018 0xffffd000 4096 0x43000000 12 rw");
        assertThat(made.records()).extracting(DmaRecord::time).containsExactly(0L, 2_000_000L, 4_000_000L);
    }

    @Test
    void shouldUnmapAScatterListAsOneRangeOfItsDevice() throws IOException {
        Imports made = Imports.of(
                temp,
                "t.txt",
                map("1.0", "1000", "2000", "41000000", 4096),
                map("1.0", "2000", "3000", "51000000", 4096),
                event(
                        "1.000001",
                        "dma_map_sg: 0000:00:02.0 dir=TO_DEVICE nents=2/2 ents=2/2 dma_addrs={0x1000,0x2000}"
                                + " sizes={4096,4096} phys_addrs={0x41000000,0x51000000} attrs="),
                map("1.0", "1000", "3000", "61000000", 8192),
                event(
                        "1.000002",
                        "dma_map_page: 0000:00:03.0 dir=TO_DEVICE dma_addr=1000 size=8192 phys_addr=61000000 attrs="),
                event("1.000003", "dma_unmap_sg: 0000:00:02.0 dir=TO_DEVICE phys_addrs={0x41000000,0x51000000} attrs="),
                unmap("1.000004", "1000", 8192),
                unmap("1.000005", "1000", 8192),
                event("1.000006", "dma_unmap_page: 0000:00:03.0 dir=TO_DEVICE dma_addr=1000 size=8192 attrs="));

        assertThat(made.texts())
                .containsExactly(
                        "map 0x10 0x1000 4096 0x41000000 12 r",
                        "map 0x10 0x2000 4096 0x51000000 12 r",
                        "map 0x18 0x1000 8192 0x61000000 12 r",
                        "unmap 0x10 0x1000 8192 - 12",
                        "unmap 0x18 0x1000 8192 - 12");
    }

    @Test
    void shouldMapByTheLargestPagesThatFit() throws IOException {
        Imports made =
                Imports.of(temp, "t.txt", map("1.0", "1ff000", "602000", "801ff000", 0x1000 + 0x40_0000 + 0x2000));

        assertThat(made.texts())
                .containsExactly(
                        "map 0x0 0x1ff000 4096 0x801ff000 12 rw",
                        "map 0x0 0x200000 4194304 0x80200000 21 rw",
                        "map 0x0 0x600000 8192 0x80600000 12 rw");
    }

    @Test
    void shouldGiveMapsWithoutADeviceToStreamsThatHaveTheRangeFree() throws IOException {
        Path file = Files.write(
                temp.resolve("t.txt"),
                List.of(
                        map("1.0", "1000", "2000", "41000000", 4096),
                        map("1.1", "1000", "2000", "42000000", 4096),
                        unmap("1.2", "1000", 4096),
                        unmap("1.3", "1000", 4096),
                        unmap("1.4", "1000", 4096)));
        Imports made = Imports.of(file, temp, 0x20);

        assertThat(made.texts())
                .containsExactly(
                        "map 0x20 0x1000 4096 0x41000000 12 rw",
                        "map 0x21 0x1000 4096 0x42000000 12 rw",
                        "unmap 0x20 0x1000 4096 - 12",
                        "unmap 0x21 0x1000 4096 - 12");
        assertThat(made.note(NO_DEVICE)).isEqualTo(2);
        assertThat(made.note("unmaps that name no device, of a range that several have; given to the first"))
                .isEqualTo(1);
        assertThat(made.note("unmaps that name no device; given to the one that has the range"))
                .isEqualTo(1);
        assertThat(made.note("unmaps of what is not mapped")).isEqualTo(1);
    }

    @Test
    void shouldUnmapFirstWhatIsMappedAgainBecauseEventsWereLost() throws IOException {
        Imports made = Imports.of(
                temp,
                "t.txt",
                "# entries-in-buffer/entries-written: 100/107   #P:2",
                map("1.0", "1000", "2000", "41000000", 4096),
                event("1.0", "dma_map_page: 0000:00:02.0 dir=TO_DEVICE dma_addr=1000 size=1 phys_addr=41000000 attrs="),
                "CPU:0 [LOST 123 EVENTS]",
                map("1.1", "1000", "2000", "42000000", 4096),
                event("1.1", "dma_map_page: 0000:00:02.0 dir=TO_DEVICE dma_addr=1000 size=1 phys_addr=42000000 attrs="),
                " => iommu_map+0x10",
                event("1.2", "sched_switch: prev=1"));

        assertThat(made.texts())
                .containsExactly(
                        "map 0x10 0x1000 4096 0x41000000 12 r",
                        "unmap 0x10 0x1000 4096 - 12",
                        "map 0x10 0x1000 4096 0x42000000 12 r");
        assertThat(made.note("events that the kernel has lost")).isEqualTo(123);
        assertThat(made.note("events that the kernel has overwritten")).isEqualTo(7);
        assertThat(made.note("mapped again without an unmap; unmapped first")).isEqualTo(1);
        assertThat(made.note("lines that are no events")).isEqualTo(1);
        assertThat(made.note("events sched_switch")).isEqualTo(1);
    }

    @Test
    void shouldWriteFaultsAsAccessesWithoutAnAddress() throws IOException {
        Imports made = Imports.of(
                temp,
                "t.txt",
                event("1.5", "io_page_fault: IOMMU:e1000e 0000:00:03.0 iova=0x0000000000007040 flags=0x0001"));

        assertThat(made.texts()).containsExactly("write 0x18 0x7040 0 - -");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "map: IOMMU: iova=0x1000 - 0x2000 paddr=0x41000000|a map event without size; expected size=<value>",
                "map: IOMMU: iova=0xzz paddr=0x0 size=4096|'0xzz' is no number; expected a decimal number or a",
                "map: IOMMU: iova=0x1001 paddr=0x0 size=4096|map of 4096 bytes at 0x1001 to 0x0; expected whole pages",
                "unmap: IOMMU: iova=0x1000 size=4096|a unmap event without unmapped_size; expected",
                "dma_map_page: 0000:00:02.0 dir=TO_DEVICE size=1|a dma_map_page event without dma_addr; expected",
                "dma_map_sg: 0000:00:02.0 dma_addrs=0x1 sizes={1}|dma_addrs is '0x1'; expected numbers in braces",
                "io_page_fault: IOMMU:e1000e|io_page_fault is 'IOMMU:e1000e'; expected IOMMU:<driver> <device>",
            })
    void shouldSayWhichLineIsWrong(String text, String message) {
        assertThatThrownBy(() -> Imports.of(temp, "t.txt", "# tracer: nop", event("1.0", text)))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(temp.resolve("t.txt") + ":2: " + message);
    }

    /** 147 maps and 14 unmaps, says grep; one map is of the boot's identity mapping and has no device. */
    @Test
    void shouldFindTheDeviceOfEveryCallOfARealLinux612() throws IOException {
        Imports made = Imports.of(Imports.real("linux-6.12-vtd.ftrace.txt"), temp);

        assertThat(made.summary().source()).isEqualTo(ImportSource.FTRACE);
        assertThat(made.summary().records()).containsEntry(TraceKind.MAP, 147L).containsEntry(TraceKind.UNMAP, 14L);
        assertThat(made.note(NO_DEVICE)).isEqualTo(1);
        assertThat(made.note("unmaps of what is not mapped")).isZero();
        assertThat(made.records().stream().skip(1).map(DmaRecord::stream).distinct())
                .containsExactlyInAnyOrder(0x10, 0x18, 0x20);
    }

    /** Without dma events nothing tells devices: all that is known is what is mapped at once. */
    @Test
    void shouldKeepEveryCallOfARealLinux61ThatNamesNoDevice() throws IOException {
        Path file = Imports.real("linux-6.1-smmuv3.ftrace.txt");
        Imports made = Imports.of(file, temp);

        List<String> lines = Files.readAllLines(file);
        long maps = lines.stream().filter(l -> l.contains(": map: ")).count();
        long unmaps = lines.stream().filter(l -> l.contains(": unmap: ")).count();
        assertThat(maps).isGreaterThan(200);
        assertThat(made.summary().records()).containsEntry(TraceKind.MAP, maps).containsEntry(TraceKind.UNMAP, unmaps);
        assertThat(made.note(NO_DEVICE)).isEqualTo(maps);
    }

    /** The recorder's own join has found the devices in another way. The doorbell of interrupts is mapped by no function that is probed. */
    @Test
    void shouldAgreeWithTheJoinOfARealLinux61WithProbes() throws IOException {
        Imports made = Imports.of(Imports.real("linux-6.1-smmuv3.kprobes.txt"), temp);

        List<String> maps = made.texts().stream()
                .filter(t -> t.startsWith("map"))
                .map(FtraceImportTest::place)
                .filter(m -> !m.endsWith(DOORBELL))
                .toList();
        assertThat(maps).hasSizeGreaterThan(100).containsExactlyElementsOf(joined(maps.size()));
        assertThat(made.note(NO_DEVICE)).isEqualTo(4);
    }

    private static String place(String record) {
        return String.join(" ", List.of(record.split(" ")).subList(1, 5));
    }

    private static List<String> joined(int most) {
        List<String> maps = new ArrayList<>();
        try (JoinedTrace trace = JoinedTrace.open(Path.of("samples/smmuv3-ftrace-strict/joined.csv.zst"))) {
            for (JoinedRow row = trace.next(); row != null && maps.size() < most; row = trace.next()) {
                String map = String.format("0x%x 0x%x %d 0x%x", row.stream(), row.iova(), row.bytes(), row.pa());
                if (row.kind() == JoinedRow.Kind.MAP && !map.endsWith(DOORBELL)) {
                    maps.add(map);
                }
            }
        }
        return maps;
    }
}
