// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.replay.ProgressListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Traces of deferred invalidation that are made up. The first flush tells where ticks are. */
class FlushReplayTest {
    private static final int PAGE = 4096;
    private static final long IOVA = 0x10_0000;

    @TempDir
    private Path temp;

    private final Rows rows = new Rows();
    private int line;

    private FlushFigures replay() {
        try (DriverReplay replay = new DriverReplay(rows.write(temp), CacheConfiguration.standard())) {
            DriverReplaySummary s = replay.run(ProgressListener.NONE);
            assertThat(s.deferred()).isTrue();
            assertThat(s.calls().differences()).isEmpty();
            return Objects.requireNonNull(s.flushes());
        }
    }

    /** Maps and unmaps a page of its own; its unmap is line n of the kernel's trace. */
    private String unmap(long time, int n, int cpu) {
        long iova = IOVA + (long) n * PAGE;
        rows.map(time, 8, 1, iova, PAGE, 0x800_0000, "f" + 2 * n);
        line = 2 * n + 1;
        rows.unmap(time, 8, 1, iova, PAGE, "f" + line, "q1", cpu);
        return "f" + line;
    }

    private void flush(long time, String covered) {
        rows.domain(time, "TLBI_NH_ASID", 1, "q1", covered).plain(time, "SYNC", "q2");
    }

    /** Armed 1 ms after a tick: due four ticks after that one. */
    private void flushThatTellsTheTicks(long tick) {
        String covered = unmap(tick + 1000, 0, 0);
        flush(tick + 16_100, covered);
    }

    @Test
    void shouldAgreeWithAFlushByTheTimer() {
        flushThatTellsTheTicks(100_000);
        String first = unmap(201_500, 1, 0);
        String second = unmap(205_000, 2, 1);
        flush(216_900, first + "+" + second);

        assertThat(replay()).isEqualTo(new FlushFigures(0, 2, 0, 0, 0, 2, 900));
    }

    @Test
    void shouldAgreeByRuleWithAFlushThatCoversLaterUnmaps() {
        flushThatTellsTheTicks(100_000);
        String first = unmap(201_500, 1, 0);
        String second = unmap(216_300, 2, 0);
        flush(216_900, first + "+" + second);

        assertThat(replay()).isEqualTo(new FlushFigures(0, 1, 1, 0, 0, 2, 900));
    }

    @Test
    void shouldDifferFromAFlushThatCoversOtherUnmaps() {
        flushThatTellsTheTicks(100_000);
        String first = unmap(201_500, 1, 0);
        unmap(205_000, 2, 0);
        flush(216_900, first);

        FlushFigures figures = replay();

        assertThat(figures.different()).isEqualTo(1);
        assertThat(figures.exact()).isEqualTo(1);
    }

    @Test
    void shouldDifferFromAFlushThatNoTimerIsDueFor() {
        flushThatTellsTheTicks(100_000);
        String first = unmap(201_500, 1, 0);
        flush(206_000, first);

        assertThat(replay().different()).isEqualTo(1);
    }

    /** The timer was armed by an unmap that raced with the flush before, so it is due by that. */
    @Test
    void shouldAgreeByRuleWithAFlushThatIsDueByTheOneBefore() {
        flushThatTellsTheTicks(100_000);
        String first = unmap(124_500, 1, 0);
        flush(132_200, first);

        assertThat(replay().early()).isEqualTo(1);
    }

    @Test
    void shouldDifferFromAFlushOfNothing() {
        flushThatTellsTheTicks(100_000);
        String first = unmap(201_500, 1, 0);
        flush(216_200, first);
        String second = unmap(216_400, 2, 0);
        flush(232_300, second);
        flush(232_400, "");

        FlushFigures figures = replay();

        assertThat(figures.exact()).isEqualTo(3);
    }

    @Test
    void shouldSendOneThatIsNotRecorded() {
        flushThatTellsTheTicks(100_000);
        unmap(201_500, 1, 0);
        for (int i = 2; i < 20; i++) {
            rows.dma(200_000 + 20_000L * i, 8, 1, IOVA, 0x900_0000, "f0", "no_map");
        }

        assertThat(replay().different()).isEqualTo(1);
    }

    @Test
    void shouldAgreeWithAFlushOfAFullRing() {
        flushThatTellsTheTicks(100_000);
        String covered = IntStream.rangeClosed(1, 256)
                .mapToObj(n -> unmap(201_500 + 10L * n, n, 1))
                .collect(Collectors.joining("+"));
        flush(204_100, covered);
        String rest = unmap(205_000, 300, 0);
        flush(216_300, rest);

        assertThat(replay()).isEqualTo(new FlushFigures(1, 2, 0, 0, 0, 2, 300));
    }

    @Test
    void shouldAgreeWithFlushesOfAVtdUnit() {
        String covered = unmap(101_000, 0, 0);
        rows.domain(116_100, "iotlb", 1, "q1", covered).plain(116_100, "wait", "q2");
        String more = unmap(201_500, 1, 0) + "+" + unmap(202_500, 2, 1);
        rows.domain(216_200, "iotlb", 1, "q3", more).plain(216_210, "wait", "q4");

        assertThat(replay()).isEqualTo(new FlushFigures(0, 2, 0, 0, 0, 2, 210));
    }

    /** Two rings, none of which is full. */
    @Test
    void shouldDifferFromAFlushOfARingThatIsNotFull() {
        flushThatTellsTheTicks(100_000);
        String covered = IntStream.rangeClosed(1, 256)
                .mapToObj(n -> unmap(201_500 + 10L * n, n, n & 1))
                .collect(Collectors.joining("+"));
        flush(204_100, covered);

        assertThat(replay().different()).isEqualTo(1);
    }

    /** Time stands still while the machine is stopped; the timer is due behind that. */
    @Test
    void shouldNotCountTheTimeOfAStop() {
        flushThatTellsTheTicks(100_000);
        String first = unmap(201_500, 1, 0);
        rows.dma(203_500, 8, 1, IOVA, 0x900_0000, "f0", "no_map");
        rows.dma(1_503_500, 8, 1, IOVA, 0x900_0000, "f0", "no_map");
        flush(1_516_800, first);

        FlushFigures figures = replay();

        assertThat(figures.different()).isZero();
        assertThat(figures.exact() + figures.early()).isEqualTo(2);
    }
}
