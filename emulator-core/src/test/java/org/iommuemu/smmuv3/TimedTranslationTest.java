// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.LookupParameters;
import org.iommuemu.iommu.timing.TableMemoryParameters;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.iommu.timing.WalkParameters;
import org.iommuemu.iommu.timing.WalkParameters.Recovery;
import org.junit.jupiter.api.Test;

class TimedTranslationTest extends TimedSmmu {
    @Test
    void shouldChargeTheReadsOfAMissAndTheLookupOfAHit() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, parameters(walk(1, Recovery.NONE, false), 4));
            long before = timed.tableReads();

            assertThat(at(timed, LATER, 1)).isEqualTo(MISS);
            assertThat(timed.tableReads() - before).isEqualTo(1);
            assertThat(at(timed, 2 * LATER, 1)).isEqualTo(LOOKUP);
            assertThat(verdict.address()).isEqualTo(0x4000_1000L);
        }
    }

    @Test
    void shouldChargeStructuresToo() {
        try (SmmuFixture f = machine(CacheConfiguration.none())) {
            TimedTranslation timed = new TimedTranslation(
                    f.smmu, f.smmu.unit(), f.smmu::observe, parameters(walk(1, Recovery.NONE, false), 4));
            at(timed, 0, 1);
            long reads = timed.tableReads();

            // Every time: the stream's structures, and four levels.
            assertThat(reads).isGreaterThan(4);
            assertThat(at(timed, LATER, 1)).isEqualTo(LOOKUP + BEFORE + reads * READ + AFTER);
        }
    }

    @Test
    void shouldMergeAMissWithTheWalkUnderWay() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, parameters(walk(4, Recovery.NONE, false), 4));
            assertThat(at(timed, LATER, 1)).isEqualTo(MISS);
            assertThat(at(timed, LATER + 50_000, 1)).isEqualTo(MISS - 50_000);

            assertThat(timed.mergedMisses()).isEqualTo(1);
            assertThat(at(timed, LATER + MISS, 1)).isEqualTo(LOOKUP);
            assertThat(timed.mergedMisses()).isEqualTo(1);
        }
    }

    @Test
    void shouldWaitForAWalker() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, parameters(walk(1, new Recovery(7_000, 0, 4096, 0), false), 4));
            at(timed, LATER, 1);

            // The walker is free 7,000 after its read, 2,000 of which the first lookup took.
            assertThat(at(timed, LATER, 2)).isEqualTo(LOOKUP + BEFORE + READ + 7_000 + BEFORE + READ + AFTER);
        }
    }

    @Test
    void shouldRecoverLongerFromLargeReadsAndFromWrites() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, parameters(walk(1, new Recovery(0, 3_000, 256, 9_000), false), 4));
            at(timed, LATER, 1, 128, Access.READ);
            assertThat(at(timed, LATER, 2)).isEqualTo(MISS - AFTER + BEFORE + READ + AFTER);
            at(timed, 2 * LATER, 3, 256, Access.READ);
            assertThat(at(timed, 2 * LATER, 4)).isEqualTo(MISS - AFTER + 3_000 + BEFORE + READ + AFTER);
            at(timed, 3 * LATER, 5, 256, Access.WRITE);
            assertThat(at(timed, 3 * LATER, 6)).isEqualTo(MISS - AFTER + 9_000 + BEFORE + READ + AFTER);
        }
    }

    @Test
    void shouldLeaveSomeWalkersToWrites() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed =
                    warm(f, parameters(new WalkParameters(2, 1, BEFORE, AFTER, Recovery.NONE, false), 4));
            at(timed, LATER, 1);
            long second = at(timed, LATER, 2);
            assertThat(second).isEqualTo(MISS - AFTER + BEFORE + READ + AFTER);
            at(timed, 2 * LATER, 3);
            // The lookup's port is taken for 1,000.
            assertThat(at(timed, 2 * LATER, 4, LINE, Access.WRITE)).isEqualTo(1_000 + MISS);
        }
    }

    @Test
    void shouldLetReadsOutInOrderAndWritesPast() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, parameters(walk(4, Recovery.NONE, false), 4));
            at(timed, LATER, 1);

            assertThat(at(timed, LATER + 5_000, 0)).as("a hit behind a miss").isEqualTo(MISS - 5_000);
            assertThat(at(timed, LATER + 10_000, 0, LINE, Access.WRITE)).isEqualTo(LOOKUP);
        }
    }

    @Test
    void shouldAdmitNoMoreThanTheWindowHolds() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, parameters(walk(4, Recovery.NONE, false), 1));
            at(timed, LATER, 1);

            assertThat(at(timed, LATER, 0)).isEqualTo(MISS + LOOKUP);
        }
    }

    @Test
    void shouldWalkOneAtATimeInALeafTable() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, parameters(walk(4, Recovery.NONE, true), 4));
            at(timed, LATER, 1);

            assertThat(at(timed, LATER, 513)).as("another table").isEqualTo(1_000 + MISS);
            assertThat(at(timed, LATER, 2)).as("the same").isEqualTo(MISS - AFTER + BEFORE + READ + AFTER);
        }
    }

    @Test
    void shouldTellWhatWaited() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = warm(f, parameters(walk(1, Recovery.NONE, false), 4));
            at(timed, LATER, 1);
            at(timed, LATER, 2);

            assertThat(timed.resources().stream()
                            .filter(r -> r.name().equals("walkers"))
                            .findFirst()
                            .orElseThrow()
                            .statistics(2 * LATER)
                            .uses())
                    .isEqualTo(4);
            assertThat(timed.misses()).isEqualTo(4);
        }
    }

    @Test
    void shouldNotChangeVerdicts() {
        Random random = new Random(7);
        CacheConfiguration small = CacheConfiguration.uniform(CacheGeometry.of(2, 2, ReplacementPolicy.RANDOM));
        try (SmmuFixture f = machine(small);
                SmmuFixture plain = machine(small)) {
            TimedTranslation timed = new TimedTranslation(
                    f.smmu, f.smmu.unit(), f.smmu::observe, parameters(walk(2, Recovery.NONE, true), 3));
            Verdict expected = new Verdict();
            int refused = 0;
            for (int i = 0; i < 20_000; i++) {
                int access = random.nextInt(3) == 0 ? Access.WRITE : Access.READ;
                transaction.set(
                        1 + random.nextInt(2), Transaction.NO_SUBSTREAM, random.nextInt(PAGES + 8) * 0x1000L, access);
                timed.translate(transaction, LINE, i * 30_000L, verdict, journey);
                plain.smmu.translate(transaction, expected);
                refused += expected.isOk() ? 0 : 1;
                assertThat(verdict.status()).isEqualTo(expected.status());
                assertThat(verdict.address()).isEqualTo(expected.address());
                assertThat(verdict.rule()).isEqualTo(expected.rule());
            }
            assertThat(refused).isBetween(1_000, 19_000);
        }
    }

    @Test
    void shouldAllocateNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (SmmuFixture f = machine(CacheConfiguration.uniform(CacheGeometry.of(4, 4, ReplacementPolicy.LRU)))) {
            TimedTranslation timed = warm(f, parameters(walk(4, Recovery.NONE, true), 8));
            long allocated = 0;
            for (int round = 0; round < 2; round++) {
                long before =
                        threads.getThreadAllocatedBytes(Thread.currentThread().getId());
                for (int i = 0; i < 500_000; i++) {
                    at(timed, (round + 1L) * LATER * 1000 + i * 30_000L, i % 14);
                }
                allocated =
                        threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
            }
            assertThat(allocated).isLessThan(64 * 1024);
        }
    }

    @Test
    void shouldRejectParametersOutOfRange() {
        assertThatThrownBy(() -> new LookupParameters(0, 1, 1)).hasMessage("lookup ports is 0, expected at least 1");
        assertThatThrownBy(() -> walk(0, Recovery.NONE, false)).hasMessage("walkers is 0, expected at least 1");
        assertThatThrownBy(() -> new TableMemoryParameters(1, 1.5, 0, 1))
                .hasMessage("share of slow table reads is 1.5, expected 0 to 1");
        assertThatThrownBy(() -> new Recovery(-1, 0, 1, 0))
                .hasMessage("recovery of a walker is -1, expected at least 0");
        assertThatThrownBy(() -> parameters(walk(1, Recovery.NONE, false), 0))
                .hasMessage("reads inside the IOMMU is 0, expected at least 1");
    }
}
