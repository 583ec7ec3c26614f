// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.iommuemu.cache.CacheCounters;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.timing.Journey.Outcome;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.iommu.timing.TimedCommands;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Settings;
import org.iommuemu.time.ResourceStatistics;
import org.junit.jupiter.api.Test;

/** Hand-made schedules: a lookup takes 2 ns, a walk of one read 10 + 100 + 5. Reports are in ps. */
class MeasurementTest {
    /** Both devices' configuration and the upper tables are cached after these. */
    private static final MeasureWindow AFTER_TWO = new MeasureWindow(0, 2, MeasureWindow.ALL);

    private static final long LATER = 1_000_000;

    private static void warmUp(MeasuredMachine m, ReplayTimer timer) {
        m.read(timer, 0, 1, 0, 64);
        m.read(timer, 10_000, 2, 0, 64);
    }

    /**
     * A miss of device 1, behind which a hit of device 2 has to wait, and a write to the same page.
     *
     * <pre>
     *   ns after LATER       0    2              20  22      50  52        117
     *   read  1, page 1      |look|-------------------- walk ---------------|
     *   read  2, page 0                           |look|------- order ------|
     *   write 1, page 1                                       |look|- walk -|
     * </pre>
     */
    private static void threeTransactions(MeasuredMachine m, ReplayTimer timer) {
        warmUp(m, timer);
        m.read(timer, LATER, 1, 1, 64);
        m.read(timer, LATER + 20, 2, 0, 128);
        m.write(timer, LATER + 50, 1, 1, 4096);
    }

    private static TimingReport threeTransactions(Settings settings) {
        try (MeasuredMachine m = new MeasuredMachine(settings)) {
            ReplayTimer timer = m.timer(0, AFTER_TWO, null);
            threeTransactions(m, timer);
            return timer.report();
        }
    }

    @Test
    void shouldSplitLatencyByPartKindAndOutcome() {
        Latencies l = threeTransactions(MeasuredMachine.settings()).latencies();

        assertThat(l.all().count()).isEqualTo(3);
        assertThat(l.all().total()).isEqualTo(117_000 + 97_000 + 67_000);
        assertThat(l.all().max()).isEqualTo(117_000);
        assertThat(l.reads().mean()).isEqualTo((117_000 + 97_000) / 2.0);
        assertThat(l.writes().mean()).isEqualTo(67_000);
        assertThat(l.of(Outcome.MISS).max()).isEqualTo(117_000);
        assertThat(l.of(Outcome.HIT).max()).isEqualTo(97_000);
        assertThat(l.of(Outcome.MERGED_MISS).max()).isEqualTo(67_000);
        assertThat(l.of(LatencyPart.LOOKUP).total()).isEqualTo(3 * 2_000);
        assertThat(l.of(LatencyPart.WALK).total()).isEqualTo(115_000 + 65_000);
        assertThat(l.of(LatencyPart.ORDER).total()).isEqualTo(95_000);
        assertThat(l.of(LatencyPart.QUEUE).total()).isZero();
        assertThat(l.share(LatencyPart.ORDER)).isEqualTo(95.0 / 281, offset(1e-12));
        // Two of three were not kept in order, so that the median is 0.
        assertThat(l.of(LatencyPart.ORDER).count()).isEqualTo(3);
        assertThat(l.of(LatencyPart.ORDER).percentile(50)).isZero();
        assertThat(l.of(LatencyPart.ORDER).percentile(99)).isEqualTo(95_000);
        assertThat(l.all().percentile(50)).isBetween(97_000L, 97_100L);
    }

    @Test
    void shouldGiveRatesOverTheSpan() {
        TimingReport r = threeTransactions(MeasuredMachine.settings());

        assertThat(r.span()).isEqualTo(117_000);
        assertThat(r.bytesRead()).isEqualTo(192);
        assertThat(r.bytesWritten()).isEqualTo(4096);
        assertThat(r.perSecond(r.bytesRead())).isEqualTo(192 / 117e-9, offset(1.0));
        assertThat(r.perSecond(r.transactions())).isEqualTo(3 / 117e-9, offset(1.0));
    }

    @Test
    void shouldCountEachStream() {
        TimingReport r = threeTransactions(MeasuredMachine.settings());

        assertThat(r.streams()).extracting(StreamFigures::stream).containsExactly(1L, 2L);
        StreamFigures first = r.streams().get(0);
        assertThat(List.of(first.reads(), first.writes(), first.hits(), first.merged(), first.misses()))
                .containsExactly(1L, 1L, 0L, 1L, 1L);
        assertThat(List.of(first.bytesRead(), first.bytesWritten(), first.refused()))
                .containsExactly(64L, 4096L, 0L);
        assertThat(first.latency().mean()).isEqualTo((117_000 + 67_000) / 2.0);
        StreamFigures second = r.streams().get(1);
        assertThat(List.of(second.reads(), second.writes(), second.hits(), second.ordered()))
                .containsExactly(1L, 0L, 1L, 95_000L);
        // Bytes 4160 and 128: (4288)^2 / (2 (4160^2 + 128^2)). Mean latencies 92 and 97.
        assertThat(r.fairness().bandwidth()).isEqualTo(0.5307, offset(1e-4));
        assertThat(r.fairness().latency()).isEqualTo(189.0 * 189 / (2 * (92.0 * 92 + 97 * 97)), offset(1e-12));
    }

    @Test
    void shouldBlameThePredecessorThatWasAnsweredLast() {
        assertThat(threeTransactions(MeasuredMachine.settings()).blockers())
                .containsExactly(new Blocker(1, Outcome.MISS, 1, 95_000));
    }

    @Test
    void shouldBlameThoseOfTheSameStreamWhereStreamsAreOrderedApart() {
        Settings apart = MeasuredMachine.settings().with(Parameter.ORDERING_SCOPE, "stream");
        assertThat(threeTransactions(apart).blockers()).isEmpty();

        try (MeasuredMachine m = new MeasuredMachine(apart)) {
            ReplayTimer timer = m.timer(0, AFTER_TWO, null);
            threeTransactions(m, timer);
            // Behind its own miss, although a hit of another stream was answered last.
            m.read(timer, LATER + 60, 2, 0, 64);
            m.read(timer, LATER + 70, 1, 0, 64);

            assertThat(timer.report().blockers()).containsExactly(new Blocker(1, Outcome.MISS, 1, 117_000 - 72_000));
        }
    }

    @Test
    void shouldSayWhatWasRead() {
        try (MeasuredMachine m = new MeasuredMachine(MeasuredMachine.settings())) {
            ReplayTimer timer = m.timer(0, MeasureWindow.EVERYTHING, null);
            warmUp(m, timer);
            m.read(timer, LATER, 1, 513, 64);
            WalkFigures w = timer.report().walks();

            // Root and context entry and four levels; the second device's context is in the same table, but root and
            // context are
            // fetched anew; two levels down to another leaf table would be one read more.
            assertThat(w.configurationReads()).isEqualTo(4);
            assertThat(w.stage1Reads()).isZero();
            assertThat(w.stage2Reads()).isEqualTo(4 + 2);
            assertThat(w.byReads().subList(0, 8)).containsExactly(0L, 0L, 2L, 0L, 0L, 0L, 1L, 0L);
            assertThat(w.readsPerWalk()).isEqualTo(10 / 3.0);
        }
    }

    @Test
    void shouldGiveTheCountersThatHardwareIsComparedBy() {
        try (MeasuredMachine m = new MeasuredMachine(MeasuredMachine.settings())) {
            ReplayTimer timer = m.timer(0, AFTER_TWO, null);
            threeTransactions(m, timer);
            m.invalidatePage(timer, LATER + 500, 1);
            m.write(timer, LATER + 1_000, 1, 1, 4096 - 192);
            PageCounters p = timer.report().pages();

            assertThat(p.pages()).isEqualTo(2);
            assertThat(p.firstLookups()).isEqualTo(4);
            assertThat(p.allLookups())
                    .as("two misses and a merged one look again")
                    .isEqualTo(7);
            assertThat(p.misses()).isEqualTo(2);
            assertThat(p.invalidations()).isEqualTo(1);
            assertThat(p.memoryAccesses())
                    .as("a leaf; all four levels, for tables go too")
                    .isEqualTo(5);
            assertThat(p.perPage(p.memoryAccesses())).isEqualTo(2.5);
        }
    }

    @Test
    void shouldTimeCommandsFromWhenSoftwareTellsOfThem() {
        Settings settings = MeasuredMachine.settings()
                .with(Parameter.COMMAND_FETCH, "20")
                .with(Parameter.COMMAND_INVALIDATE, "30")
                .with(Parameter.COMMAND_SYNC, "7");
        try (MeasuredMachine m = new MeasuredMachine(settings)) {
            ReplayTimer timer = m.timer(0, AFTER_TWO, null);
            threeTransactions(m, timer);
            m.invalidate(timer, LATER + 50);
            m.invalidate(timer, LATER + 500);
            TimingReport r = timer.report();

            Latency invalidations = r.commands().get(TimedCommands.Kind.INVALIDATION);
            assertThat(invalidations.total()).isEqualTo(50_000 + 50_000);
            // The first has 20 + 30 + 20, but waits for the last access until 117, 67 after it was told of.
            Latency waits = r.commands().get(TimedCommands.Kind.SYNC);
            assertThat(waits.count()).isEqualTo(2);
            assertThat(waits.total()).isEqualTo(77_000 + 77_000);
        }
    }

    @Test
    void shouldCountTheWindowOnly() {
        try (MeasuredMachine m = new MeasuredMachine(MeasuredMachine.settings())) {
            List<Long> seen = new ArrayList<>();
            ReplayTimer timer = m.timer(
                    0,
                    new MeasureWindow(10, 5, 20),
                    (t, bytes, at, end, v, journey, outcome, reads) -> seen.add(t.address() >>> 12));
            for (int i = 0; i < 50; i++) {
                m.read(timer, 1_000L * i, 1, i / 2, 64);
                assertThat(m.verdict.address()).isEqualTo(MeasuredMachine.PHYSICAL + (i / 2) * 0x1000L);
            }
            TimingReport r = timer.report();

            // Accesses 15 to 34: pages 7 to 17, the first and the last only once; page 7 is known already.
            assertThat(seen).hasSize(20).startsWith(7L, 8L, 8L).endsWith(16L, 16L, 17L);
            assertThat(r.transactions()).isEqualTo(20);
            assertThat(r.latencies().count(Outcome.MISS)).isEqualTo(10);
            assertThat(r.span()).isEqualTo(19 * 1_000_000 + 117_000);
            CacheFigures iotlb = r.caches().stream()
                    .filter(c -> c.name().equals("iotlb"))
                    .findFirst()
                    .orElseThrow();
            assertThat(List.of(iotlb.lookups(), iotlb.hits(), iotlb.misses(), iotlb.fills()))
                    .containsExactly(20L, 10L, 10L, 10L);
            assertThat(iotlb.occupied()).as("pages 0 to 17").isEqualTo(18);
            ResourceStatistics walkers = r.resources().stream()
                    .filter(x -> x.name().equals("walkers"))
                    .findFirst()
                    .orElseThrow();
            assertThat(walkers.uses()).isEqualTo(10);
            assertThat(r.series().buckets().stream()
                            .mapToLong(TimeSeries.Bucket::misses)
                            .sum())
                    .isEqualTo(10);
        }
    }

    @Test
    void shouldReportNothingOfAWindowThatHasNotBegun() {
        try (MeasuredMachine m = new MeasuredMachine(MeasuredMachine.settings())) {
            for (MeasureWindow window : List.of(new MeasureWindow(2, 8, 1), new MeasureWindow(20, 0, 1))) {
                ReplayTimer timer = m.timer(0, window, null);
                threeTransactions(m, timer);

                assertThat(timer.report().transactions()).isZero();
                assertThat(timer.report().latencies().all().mean()).isZero();
                assertThat(timer.report().series().buckets()).hasSize(1);
            }
        }
    }

    @Test
    void shouldBeginTheNextAccessWhenTheFirstOfThoseUnderWayIsOver() {
        try (MeasuredMachine m = new MeasuredMachine(MeasuredMachine.settings())) {
            List<Long> begins = new ArrayList<>();
            ReplayTimer timer =
                    m.timer(2, AFTER_TWO, (t, bytes, at, end, v, journey, outcome, reads) -> begins.add(at));
            warmUp(m, timer);
            // Both are over when the first configuration, four levels, and the second configuration are there.
            m.read(timer, 0, 1, 1, 64);
            long start = begins.get(0);
            m.write(timer, 0, 1, 0, 64);
            m.write(timer, 0, 1, 0, 64);
            m.write(timer, 0, 1, 0, 64);

            // The read takes 117 ns; meanwhile writes follow each other, 2 ns each.
            assertThat(begins.get(2) - begins.get(1)).isEqualTo(2_000);
            assertThat(begins.get(3) - begins.get(2)).isEqualTo(2_000);
            assertThat(begins.get(3)).isLessThan(start + 117_000);
        }
    }

    @Test
    void shouldAgreeWithTheMachinesOwnCounts() {
        Random random = new Random(11);
        Settings small = MeasuredMachine.settings().with(Parameter.IOTLB_ENTRIES, "64");
        try (MeasuredMachine m = new MeasuredMachine(small)) {
            long[] sums = new long[2];
            ReplayTimer timer =
                    m.timer(16, new MeasureWindow(0, 1_000, MeasureWindow.ALL), (t, b, at, end, v, j, o, n) -> {
                        sums[0] += end - at;
                        sums[1] += b;
                    });
            CacheCounters counters = m.iotlb();
            long missesBefore = 0;
            for (int i = 0; i < 20_000; i++) {
                missesBefore = i == 1_000 ? counters.misses() : missesBefore;
                m.transaction.set(
                        random.nextInt(8),
                        -1,
                        random.nextInt(200) * 0x1000L,
                        random.nextBoolean() ? Access.READ : Access.WRITE);
                timer.present(m.transaction, 1 + random.nextInt(512), 0, m.verdict);
            }
            TimingReport r = timer.report();

            assertThat(r.transactions()).isEqualTo(19_000);
            assertThat(r.latencies().all().total()).isEqualTo(sums[0]);
            assertThat(r.bytesRead() + r.bytesWritten()).isEqualTo(sums[1]);
            assertThat(r.latencies().count(Outcome.MISS)).isEqualTo(counters.misses() - missesBefore);
            assertThat(r.latencies().parts().values().stream()
                            .mapToLong(Latency::total)
                            .sum())
                    .isEqualTo(sums[0]);
            assertThat(r.streams().stream()
                            .mapToLong(StreamFigures::transactions)
                            .sum())
                    .isEqualTo(19_000);
            assertThat(r.blockers().stream().mapToLong(Blocker::time).sum())
                    .isEqualTo(r.streams().stream()
                            .mapToLong(StreamFigures::ordered)
                            .sum())
                    .isEqualTo(r.latencies().of(LatencyPart.ORDER).total());
            assertThat(r.series().buckets().stream()
                            .mapToLong(TimeSeries.Bucket::latency)
                            .sum())
                    .isEqualTo(sums[0]);
            assertThat(r.walks().prefetchReads()).isZero();
        }
    }

    @Test
    void shouldAllocateNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Settings small = MeasuredMachine.settings().with(Parameter.IOTLB_ENTRIES, "64");
        try (MeasuredMachine m = new MeasuredMachine(small)) {
            ReplayTimer timer =
                    m.timer(32, MeasureWindow.EVERYTHING, (t, bytes, at, end, v, journey, outcome, reads) -> {});
            long allocated = 0;
            for (int round = 0; round < 2; round++) {
                long before =
                        threads.getThreadAllocatedBytes(Thread.currentThread().getId());
                for (int i = 0; i < 1_000_000; i++) {
                    m.read(timer, 0, i & 0x1F, i * 31 & 127, 64);
                }
                allocated =
                        threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
            }
            assertThat(allocated).isLessThan(64 * 1024);
        }
    }
}
