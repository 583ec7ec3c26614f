// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.capture.InputException;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.measure.CacheFigures;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.iommuemu.trace.TraceEncoding;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.trace.TraceWriter;
import org.iommuemu.trace.pattern.TracePattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Replays of traces whose figures can be counted by hand. */
class TraceReplayTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final CacheConfiguration STANDARD = CacheConfiguration.standard();

    @TempDir
    private Path temp;

    private Path make(TracePattern pattern, int tenants, long records) throws IOException {
        Path file = temp.resolve("t");
        try (TraceWriter out = TraceEncoding.BINARY.create(file, "")) {
            pattern.write(new TracePattern.Parameters(tenants, records, 1), out);
        }
        return file;
    }

    private Path csv(String... rows) throws IOException {
        Path file = temp.resolve("t.csv");
        Files.writeString(
                file,
                "time_ps,kind,stream,pasid,iova,length,attributes,page_shift,address,group\n"
                        + String.join("\n", rows)
                        + "\n");
        return file;
    }

    private static TraceReplaySummary replay(Path file, CacheConfiguration caches, StageLayout stages) {
        try (TraceReader trace = TraceEncoding.open(file);
                TraceReplay replay = new TraceReplay(caches, stages)) {
            replay.run(trace, ProgressListener.NONE);
            return replay.summary("t");
        }
    }

    private static CacheFigures cache(TraceReplaySummary s, String name) {
        return s.machine().caches().stream()
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** 5,000 packets of one guest: ring, mailbox and four buffers are mapped, three unmapped, and each is missed once. */
    @ParameterizedTest
    @EnumSource(StageLayout.class)
    void shouldMissOnceForEachPageOfOneTenant(StageLayout stages) throws IOException {
        TraceReplaySummary s = replay(make(TracePattern.HYPER_TENANT, 1, 15_000), STANDARD, stages);

        assertThat(s.of(TraceKind.READ_DMA)).isEqualTo(5000);
        assertThat(s.of(TraceKind.WRITE_DMA)).isEqualTo(10_000);
        assertThat(s.of(TraceKind.MAP)).isEqualTo(6);
        assertThat(s.of(TraceKind.UNMAP)).isEqualTo(3);
        assertThat(s.machine().transactions().translated()).isEqualTo(15_000);
        assertThat(s.machine().addresses()).hasToString("15000 of 15000");
        assertThat(cache(s, "iotlb").hits()).isEqualTo(14_994);
        assertThat(cache(s, "iotlb").misses()).isEqualTo(6);
        assertThat(cache(s, "iotlb").invalidations()).isEqualTo(3);
        assertThat(cache(s, "configuration").misses()).isEqualTo(1);
        assertThat(s.addressSpaces()).isEqualTo(1);
        Map<String, Long> commands = s.machine().commands();
        // Three at reset, one for each unmap; the stream's entry is written in two steps, then the domain is flushed;
        // before, its context
        // is written in two steps.
        assertThat(commands)
                .containsEntry(stages == StageLayout.STAGE_2 ? "TLBI_S2_IPA" : "TLBI_NH_VA", 3L)
                .containsEntry("CFGI_STE", 2L)
                .containsEntry("SYNC", stages == StageLayout.STAGE_2 ? 9L : 11L);
    }

    /**
     * Without caches but that of configurations. A page of 4 KiB in tables of 4 KiB pages takes (4 + 1) * (4 + 1) - 1 reads; a buffer has
     * three levels whose tables are found by four reads each, and is found itself by three. Configuration: L1STD, STE, and the CD behind
     * four reads.
     */
    @Test
    void shouldReadAsManyDescriptorsAsANestedWalkHas() throws IOException {
        Path file = make(TracePattern.HYPER_TENANT, 1, 3000);
        CacheConfiguration cold =
                CacheConfiguration.none().withConfiguration(CacheGeometry.fullyAssociative(1, ReplacementPolicy.LRU));
        TimingReport timing;
        try (TraceReader trace = TraceEncoding.open(file);
                TraceReplay replay = new TraceReplay(cold, StageLayout.NESTED)) {
            replay.time(Presets.named("hypersio"), 0, MeasureWindow.EVERYTHING, null);
            replay.run(trace, ProgressListener.NONE);
            timing = replay.timing();
        }

        int page = 24;
        int buffer = 3 * (4 + 1) + 3;
        assertThat(timing).isNotNull();
        assertThat(timing.walks().reads()).isEqualTo(1000 * (page + buffer + page) + 3 + 4);
        assertThat(timing.walks().walks()).isEqualTo(3000);
    }

    /** 64 guests, 64 entries of 8 ways for 192 pages in turn: in time or not, all the same is looked up and filled. */
    @Test
    void shouldDoTheSameWithTimeAsWithout() throws IOException {
        Settings settings = Presets.named("hypersio");
        Path file = make(TracePattern.HYPER_TENANT, 64, 30_000);
        TraceReplaySummary plain = replay(file, MachineParameters.caches(settings), StageLayout.NESTED);
        TraceReplaySummary timed;
        try (TraceReader trace = TraceEncoding.open(file);
                TraceReplay replay = new TraceReplay(MachineParameters.caches(settings), StageLayout.NESTED)) {
            replay.time(settings, 0, MeasureWindow.EVERYTHING, null);
            replay.run(trace, ProgressListener.NONE);
            timed = replay.summary("t");
        }

        assertThat(timed.machine().caches()).isEqualTo(plain.machine().caches());
        assertThat(timed.agrees()).isTrue();
    }

    /** A mailbox and a ring for each of 1,024 guests are missed once each if there is room, whatever else is in the caches. */
    @Test
    void shouldNotMixTenantsUp() throws IOException {
        CacheConfiguration roomy = STANDARD.withIotlb(CacheGeometry.of(1024, 8, ReplacementPolicy.LRU))
                .withConfiguration(CacheGeometry.fullyAssociative(1024, ReplacementPolicy.LRU));

        TraceReplaySummary s = replay(make(TracePattern.HYPER_TENANT, 1024, 3 * 1024 * 10), roomy, StageLayout.NESTED);

        assertThat(s.agrees()).isTrue();
        assertThat(cache(s, "iotlb").evictions() + 3 * 1024)
                .isEqualTo(cache(s, "iotlb").misses());
        assertThat(cache(s, "configuration").misses()).isEqualTo(1024);
    }

    /** One page for one frame each: every access misses, and every unmapping drops one entry. */
    @ParameterizedTest
    @EnumSource(StageLayout.class)
    void shouldMissEveryTimeWhereEveryBufferIsUnmapped(StageLayout stages) throws IOException {
        TraceReplaySummary s = replay(make(TracePattern.RING, 2, 4000), STANDARD, stages);

        assertThat(cache(s, "iotlb").misses()).isEqualTo(4000);
        assertThat(cache(s, "iotlb").invalidations()).isEqualTo(4000);
        assertThat(s.agrees()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"SEQUENTIAL", "UNIFORM"})
    void shouldReplayWindows(String pattern) throws IOException {
        TraceReplaySummary s = replay(make(TracePattern.valueOf(pattern), 2, 10_000), STANDARD, StageLayout.STAGE_1);

        assertThat(s.machine().addresses()).hasToString("10000 of 10000");
        if (pattern.equals("SEQUENTIAL")) {
            // 5,000 lines of 64 bytes are 79 pages.
            assertThat(s.of(TraceKind.MAP)).isEqualTo(158);
            assertThat(cache(s, "iotlb").misses()).isEqualTo(158);
        }
    }

    @Test
    void shouldCountRefusedAccessesWithoutCallingThemDisagreement() throws IOException {
        TraceReplaySummary s = replay(
                csv(
                        "0,read,7,,0x1000,64,,,,",
                        "1,map,7,,0x1000,4096,r,12,0x5000,",
                        "2,read,7,,0x1010,64,,,0x5010,",
                        "3,write,7,,0x1010,64,,,,",
                        "4,read,7,,0x2000,64,,,,",
                        "5,unmap,7,,0x1000,4096,,12,,",
                        "6,read,7,,0x1010,64,,,,"),
                STANDARD,
                StageLayout.STAGE_1);

        assertThat(s.machine().transactions().refused()).isEqualTo(4);
        assertThat(s.machine().events())
                .containsOnly(
                        Map.entry("C_BAD_STREAMID", 1L), Map.entry("F_TRANSLATION", 2L), Map.entry("F_PERMISSION", 1L));
        assertThat(s.agrees()).isTrue();
    }

    @Test
    void shouldSayWhichAddressesDisagree() throws IOException {
        TraceReplaySummary s = replay(
                csv(
                        "1,map,7,,0x1000,4096,rw,12,0x5000,",
                        "2,read,7,,0x1010,64,,,0x6010,",
                        "3,write,7,,0x3000,64,,,0x7000,"),
                STANDARD,
                StageLayout.STAGE_1);

        assertThat(s.agrees()).isFalse();
        assertThat(s.machine().addresses().differences())
                .containsExactly(
                        "trace record 2: read stream 0x7 0x1010: pa 0x5010, expected pa 0x6010",
                        "trace record 3: write stream 0x7 0x3000: refused (DESCRIPTOR_INVALID), expected pa 0x7000");
    }

    /** 10,000 bytes from 0x1800 on are in pages 1, 2 and 3, of which the last is not mapped. */
    @Test
    void shouldSplitAccessesAtPages() throws IOException {
        TraceReplaySummary s = replay(
                csv("1,map,7,,0x1000,8192,rw,12,0x5000,", "2,write,7,,0x1800,10000,,,,"),
                STANDARD,
                StageLayout.STAGE_1);

        assertThat(s.machine().transactions().translated()).isEqualTo(2);
        assertThat(s.machine().transactions().refused()).isEqualTo(1);
    }

    @Test
    void shouldTakeRequestsOfDevicesWithAtsToTheMachine() throws IOException {
        TraceReplaySummary s = replay(
                csv(
                        "1,map,7,,0x1000,4096,rw,12,0x5000,",
                        "1,map,7,9,0x1000,4096,rw,12,0x6000,",
                        "2,ats-request,7,9,0x1000,8,w,,,",
                        "3,page-request,7,9,0x2000,0,rl,,,5",
                        "3,atomic,7,9,0x1008,8,,,0x6008,",
                        "4,invalidate,7,9,0x0,0,,,,"),
                STANDARD,
                StageLayout.STAGE_1);

        assertThat(s.machine().others())
                .containsEntry("translationRequests", 1L)
                .containsEntry("pageRequests", 1L);
        // One for the device's own domain as it is set up, one for the invalidation.
        assertThat(s.machine().commands()).containsEntry("TLBI_NH_ASID", 2L);
        assertThat(s.agrees()).isTrue();
        assertThat(s.addressSpaces()).isEqualTo(2);
    }

    @Test
    void shouldSayWhichRecordCannotBeMapped() throws IOException {
        Path file = csv("1,map,7,,0x1000,4096,rw,12,0x5000,", "2,map,7,,0x0,65536,rw,16,0x0,");

        assertThatThrownBy(() -> replay(file, STANDARD, StageLayout.STAGE_1))
                .isInstanceOf(InputException.class)
                .hasMessage(file + ":3: record 2: a page has 2^16 bytes; expected one of 2^12, 2^21, 2^30");
    }

    /** What is left, for a million records, is a window of the file, and some 200 buffers that move: less than a byte a record. */
    @ParameterizedTest
    @CsvSource({"64, false, 0", "1, true, 0", "64, true, 16"})
    void shouldAllocateNothingForARecord(int tenants, boolean timed, int outstanding) throws IOException {
        Settings settings = Presets.named("hypersio");
        Path file = make(TracePattern.HYPER_TENANT, tenants, 1_300_000);
        try (TraceReader trace = TraceEncoding.open(file);
                TraceReplay replay = new TraceReplay(MachineParameters.caches(settings), StageLayout.NESTED)) {
            if (timed) {
                replay.time(settings, outstanding, MeasureWindow.EVERYTHING, null);
            }
            replay.run(trace, 250_000);

            long before = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
            replay.run(trace, 1_000_000);
            long allocated =
                    THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;

            assertThat(allocated).isLessThan(1_000_000);
            assertThat(replay.summary("t").total()).isEqualTo(1_250_000);
        }
    }

    /** So many tenants for 64 contexts that a third of the accesses fetches STE and CD again. */
    @Test
    void shouldAllocateNothingWhereConfigurationIsFetchedAgainAndAgain() throws IOException {
        Path file = make(TracePattern.HYPER_TENANT, 1024, 1_300_000);
        try (TraceReader trace = TraceEncoding.open(file);
                TraceReplay replay = new TraceReplay(CacheConfiguration.standard(), StageLayout.STAGE_1)) {
            replay.run(trace, 250_000);

            long before = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
            replay.run(trace, 1_000_000);
            long allocated =
                    THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;

            assertThat(allocated).isLessThan(1_000_000);
        }
    }
}
