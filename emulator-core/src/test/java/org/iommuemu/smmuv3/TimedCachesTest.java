// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.iommu.timing.LookupParameters;
import org.iommuemu.iommu.timing.LookupParameters.Level;
import org.iommuemu.iommu.timing.LookupParameters.Lookup;
import org.iommuemu.iommu.timing.TableMemoryParameters;
import org.iommuemu.iommu.timing.TableMemoryParameters.Slow;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.iommu.timing.TimingParameters;
import org.iommuemu.iommu.timing.TimingParameters.Commands;
import org.iommuemu.iommu.timing.TimingParameters.Ordering;
import org.iommuemu.iommu.timing.TimingParameters.Prefetch;
import org.iommuemu.iommu.timing.WalkParameters;
import org.iommuemu.iommu.timing.WalkParameters.Hits;
import org.iommuemu.iommu.timing.WalkParameters.Recovery;
import org.iommuemu.paging.build.TableBuilder;
import org.iommuemu.smmuv3.spec.Command;
import org.junit.jupiter.api.Test;

/** What stands beside the IOTLB and the walk: levels in front of it, the host's cache, prefetch, limits. */
class TimedCachesTest extends TimedSmmu {
    private static final long MICRO = 500;
    private static final long FIRST = 900;
    private static final long LINE_READ = 20_000;
    private static final Slow NEVER_SLOW = new Slow(0, 0, 1);
    private static final TableMemoryParameters MEMORY = new TableMemoryParameters(READ, 0, 0, 1);
    private static final LookupParameters IOTLB = new LookupParameters(1, 1_000, LOOKUP);
    private static final Ordering UNORDERED = new Ordering(64, 64, Ordering.Scope.NONE);

    private static Level level(int entries, int instances, long latency) {
        return new Level(
                CacheGeometry.fullyAssociative(entries, ReplacementPolicy.LRU), instances, new Lookup(1, 0, latency));
    }

    private static TimingParameters with(LookupParameters lookups) {
        return new TimingParameters(lookups, walk(4, Recovery.NONE, false), MEMORY, 8, 8);
    }

    private static TimingParameters with(TableMemoryParameters tables) {
        return new TimingParameters(
                IOTLB, walk(4, Recovery.NONE, false), tables, UNORDERED, Commands.FREE, Prefetch.NONE);
    }

    private static TimingParameters with(WalkParameters walk) {
        return new TimingParameters(IOTLB, walk, MEMORY, UNORDERED, Commands.FREE, Prefetch.NONE);
    }

    private static TimingParameters with(Prefetch prefetch) {
        return new TimingParameters(IOTLB, walk(4, Recovery.NONE, false), MEMORY, UNORDERED, Commands.FREE, prefetch);
    }

    @Test
    void shouldAnswerFromTheFirstLevelThatHasIt() {
        LookupParameters lookups =
                new LookupParameters(0, level(2, 1, MICRO), level(4, 1, FIRST), new Lookup(1, 0, LOOKUP), true);
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, with(lookups));

            assertThat(at(timed, LATER, 1)).isEqualTo(MICRO + FIRST + MISS);
            assertThat(at(timed, 2 * LATER, 1)).isEqualTo(MICRO);
            // Pages 2 and 3 push page 1 out of the micro-TLB, of two entries, but not out of the next level.
            at(timed, 3 * LATER, 2);
            at(timed, 4 * LATER, 3);
            assertThat(at(timed, 5 * LATER, 1)).isEqualTo(MICRO + FIRST);
            assertThat(at(timed, 6 * LATER, 1)).isEqualTo(MICRO);
            // Now pages 2 to 6 push it out of both.
            for (int page = 2; page <= 6; page++) {
                at(timed, (5 + page) * LATER, page);
            }
            assertThat(at(timed, 12 * LATER, 1)).isEqualTo(MICRO + FIRST + LOOKUP);
            assertThat(timed.lookups().microTlbs().get(0).counters().hits()).isEqualTo(2);
            // Pages 1, 2 and 3, once each.
            assertThat(timed.lookups().firstLevel().get(0).counters().hits()).isEqualTo(3);
        }
    }

    @Test
    void shouldNotKeepInFrontWhatTheIotlbHasLost() {
        LookupParameters lookups =
                new LookupParameters(0, level(64, 1, MICRO), Level.NONE, new Lookup(1, 0, LOOKUP), true);
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, with(lookups));
            at(timed, LATER, 1);
            assertThat(at(timed, 2 * LATER, 1)).isEqualTo(MICRO);
            f.command(Command.TLBI_NSNH_ALL.opcode(), 0);

            // All four levels have to be walked again.
            assertThat(at(timed, 3 * LATER, 1)).isEqualTo(MICRO + LOOKUP + BEFORE + 4 * READ + AFTER);
            assertThat(at(timed, 4 * LATER, 1)).isEqualTo(MICRO);
        }
    }

    @Test
    void shouldGiveStreamsMicroTlbsOfTheirOwn() {
        LookupParameters lookups =
                new LookupParameters(0, level(1, 2, MICRO), Level.NONE, new Lookup(1, 0, LOOKUP), true);
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            f.stage1(STREAM + 1, 2);
            TimedTranslation timed = warm(f, with(lookups));
            at(timed, LATER, 1);
            // Refused, in the micro-TLB of stream 2: that of stream 1, of one entry, keeps page 1.
            transaction.set(STREAM + 1, -1, 0x1000, Access.READ);
            journey.clear();
            timed.translate(transaction, LINE, 2 * LATER, verdict, journey);
            assertThat(verdict.isOk()).isFalse();

            assertThat(at(timed, 3 * LATER, 1)).isEqualTo(MICRO);
            assertThat(timed.lookups().microTlbs()).hasSize(2);
        }
    }

    @Test
    void shouldChargeTheLookupOfConfiguration() {
        LookupParameters lookups = new LookupParameters(300, Level.NONE, Level.NONE, new Lookup(1, 0, LOOKUP), true);
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, with(lookups));
            at(timed, LATER, 1);
            assertThat(at(timed, 2 * LATER, 1)).isEqualTo(300 + LOOKUP);
        }
    }

    @Test
    void shouldHoldHitsBehindAMissIfLookupsBlock() {
        LookupParameters blocking = new LookupParameters(0, Level.NONE, Level.NONE, new Lookup(1, 0, LOOKUP), false);
        for (boolean blocks : new boolean[] {false, true}) {
            try (SmmuFixture f = machine(CacheConfiguration.standard())) {
                TimedTranslation timed = warm(
                        f,
                        new TimingParameters(
                                blocks ? blocking : IOTLB,
                                walk(4, Recovery.NONE, false),
                                MEMORY,
                                UNORDERED,
                                Commands.FREE,
                                Prefetch.NONE));
                at(timed, LATER, 1);
                at(timed, 2 * LATER, 2);
                // The miss has its answer MISS later; a hit 10,000 after it need not wait, unless lookups block.
                assertThat(at(timed, 2 * LATER + 10_000, 1)).isEqualTo(blocks ? MISS - 10_000 + LOOKUP : LOOKUP);
            }
        }
    }

    @Test
    void shouldWalkAgainIfMissesDoNotMerge() {
        WalkParameters apart =
                new WalkParameters(4, 4, Integer.MAX_VALUE, false, BEFORE, AFTER, Recovery.NONE, Hits.FREE, false);
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, with(apart));
            at(timed, LATER, 1);
            // A walk of its own, as long as the first one's.
            assertThat(at(timed, LATER + 50_000, 1)).isEqualTo(MISS);
            assertThat(timed.mergedMisses()).isEqualTo(1);
        }
    }

    @Test
    void shouldTakeNoMoreMissesThanThereIsRoomFor() {
        WalkParameters one = new WalkParameters(4, 4, 1, true, BEFORE, AFTER, Recovery.NONE, Hits.FREE, false);
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, with(one));
            at(timed, LATER, 1);
            // Until the first one's answer, at MISS; from its own lookup's end it is a miss of its own.
            assertThat(at(timed, LATER, 2)).isEqualTo(MISS + BEFORE + READ + AFTER);
        }
    }

    @Test
    void shouldChargeHitsInWalkCaches() {
        WalkParameters costly = new WalkParameters(
                4, 4, Integer.MAX_VALUE, true, BEFORE, AFTER, Recovery.NONE, new Hits(700, 0, 0), false);
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, with(costly));
            assertThat(at(timed, LATER, 1)).isEqualTo(MISS + 700);
        }
    }

    @Test
    void shouldReadLinesOfTablesFromTheHostsCache() {
        CacheGeometry lines = CacheGeometry.fullyAssociative(64, ReplacementPolicy.LRU);
        TableMemoryParameters cached =
                new TableMemoryParameters(READ, NEVER_SLOW, lines, LINE_READ, Integer.MAX_VALUE, 0);
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, with(cached));
            // Page 0 has brought the line of pages 0 to 7; page 8 is on the next.
            assertThat(at(timed, LATER, 1)).isEqualTo(LOOKUP + BEFORE + LINE_READ + AFTER);
            assertThat(at(timed, 2 * LATER, 8)).isEqualTo(MISS);
            // The line of page 16 is under way for 40,000 when page 17's walk wants it.
            at(timed, 3 * LATER, 16);
            assertThat(at(timed, 3 * LATER + 40_000, 17)).isEqualTo(MISS - 40_000 + LINE_READ);
        }
    }

    @Test
    void shouldLimitReadsUnderWayAndTheirBandwidth() {
        TableMemoryParameters one = new TableMemoryParameters(READ, NEVER_SLOW, CacheGeometry.none(), 0, 1, 0);
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, with(one));
            at(timed, LATER, 1);
            // The lookup of 1,000 later waits until the first one's read has ended.
            assertThat(at(timed, LATER, 2)).isEqualTo(LOOKUP + BEFORE + 2 * READ + AFTER);
        }
        // 64 bytes at 64 Gb/s take 8,000.
        TableMemoryParameters narrow = new TableMemoryParameters(
                READ, NEVER_SLOW, CacheGeometry.none(), 0, Integer.MAX_VALUE, 64_000_000_000L);
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, with(narrow));
            assertThat(at(timed, LATER, 1)).isEqualTo(MISS + 8_000);
            // Its lookup ended 1,000 later; its line begins when the first one's has gone through.
            assertThat(at(timed, LATER, 2)).isEqualTo(MISS + 16_000);
        }
    }

    @Test
    void shouldLeaveInOrderOfTheStreamOnly() {
        TimingParameters byStream = new TimingParameters(
                IOTLB,
                walk(4, Recovery.NONE, false),
                MEMORY,
                new Ordering(8, 8, Ordering.Scope.STREAM),
                Commands.FREE,
                Prefetch.NONE);
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            f.stage1(STREAM + 1, 2).map(0x1000, 0x5000_0000L, 3);
            TimedTranslation timed = warm(f, byStream);
            at(timed, LATER, 1);
            at(timed, 2 * LATER, 2);
            // A hit of the same stream waits for the miss before it; one of no stream's does not.
            assertThat(at(timed, 2 * LATER, 1)).isEqualTo(MISS);
            assertThat(journey.of(LatencyPart.ORDER)).isPositive();
            transaction.set(STREAM + 2, -1, 0x1000, Access.READ);
            journey.clear();
            long end = timed.translate(transaction, LINE, 2 * LATER, verdict, journey);
            assertThat(journey.of(LatencyPart.ORDER)).isZero();
            assertThat(end - 2 * LATER).isEqualTo(journey.total());
        }
    }

    @Test
    void shouldWalkAheadAndSayWhatCameOfIt() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, with(new Prefetch(2, false)));
            long issued = timed.prefetched().issued();
            assertThat(at(timed, LATER, 20)).isEqualTo(MISS);
            assertThat(timed.prefetched().issued() - issued).isEqualTo(2);

            // Walked from the answer of page 20 on; 50,000 after that it is not yet there.
            long answer = LATER + MISS;
            assertThat(at(timed, answer + 50_000, 21)).isEqualTo(BEFORE + READ + AFTER - 50_000);
            assertThat(timed.prefetched().late()).isEqualTo(1);
            assertThat(at(timed, 2 * LATER, 22)).isEqualTo(LOOKUP);
            assertThat(timed.prefetched().useful()).isEqualTo(2);
            // A hit does not set off another, and page 31 is not mapped: only 30 is fetched behind 29.
            issued = timed.prefetched().issued();
            assertThat(at(timed, 3 * LATER, 23)).isEqualTo(MISS);
            at(timed, 4 * LATER, 29);
            assertThat(timed.prefetched().issued() - issued).isEqualTo(3);
            assertThat(f.events()).isEmpty();
        }
    }

    @Test
    void shouldGoOnWalkingAheadOfASequence() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, with(new Prefetch(1, true)));
            assertThat(at(timed, LATER, 32)).isEqualTo(MISS);
            for (int page = 33; page < 47; page++) {
                assertThat(at(timed, (page - 30) * LATER, page)).isEqualTo(LOOKUP);
            }
        }
    }

    /** Every access fetches the stream's configuration; the translation is in the IOTLB, but its walk is not over. */
    @Test
    void shouldWaitForAnEntryUnderWayAlsoBehindAFetchOfConfiguration() {
        CacheConfiguration caches = CacheConfiguration.standard().withConfiguration(CacheGeometry.none());
        try (SmmuFixture f = machine(caches)) {
            TimedTranslation timed = warm(f, with(walk(4, Recovery.NONE, false)));
            long first = at(timed, LATER, 1);

            assertThat(at(timed, LATER + 1_000, 1)).isEqualTo(first - 1_000);
            assertThat(at(timed, LATER + 2_000, 1)).isEqualTo(first - 2_000);
        }
    }

    /** An AtomicOp is answered, as a read is: posted writes pass it. */
    @Test
    void shouldLetPostedWritesPassAnAtomicOp() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, with(IOTLB));
            at(timed, LATER, 1);
            at(timed, 2 * LATER, 2, LINE, Access.ATOMIC | Access.WRITE);

            assertThat(at(timed, 2 * LATER + 1_000, 1, LINE, Access.WRITE)).isEqualTo(LOOKUP);
            // A read does not.
            assertThat(at(timed, 2 * LATER + 2_000, 1)).isEqualTo(MISS - 2_000);
        }
    }

    /** Two stages: a write that the first refuses walks, as the entry does not say who refuses; the entry stays as good as it was. */
    @Test
    void shouldLeaveAnEntryAloneThatAWalkHasNotFilled() {
        try (SmmuFixture f = new SmmuFixture(SmmuFeatures.full(), CacheConfiguration.standard()).enable()) {
            f.stage1(STREAM, 1).map(0x1000, 0x20_0000, TableBuilder.READ_ONLY);
            TableBuilder second = f.stage2(STREAM, 1);
            for (long ipa = 0; ipa < 0x1000_0000L; ipa += 0x20_0000) {
                second.map(ipa, ipa, 1, SmmuFixture.STAGE_2_READ_WRITE);
            }
            f.ste(STREAM, 1 | 7 << 1 | SmmuFixture.CDS + STREAM * 64L, 0, SmmuFixture.stage2Word(1), second.root());
            TimedTranslation timed =
                    new TimedTranslation(f.smmu, f.smmu.unit(), f.smmu::observe, with(walk(4, Recovery.NONE, false)));
            at(timed, LATER, 1);
            assertThat(verdict.isOk()).isTrue();

            assertThat(at(timed, 2 * LATER, 1, LINE, Access.WRITE)).isGreaterThan(READ);
            assertThat(verdict.isOk()).isFalse();
            assertThat(at(timed, 2 * LATER + 1_000, 1)).isEqualTo(LOOKUP);
        }
    }
}
