// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.iommuemu.device.PathBench.AFTER;
import static org.iommuemu.device.PathBench.BEFORE;
import static org.iommuemu.device.PathBench.BYTE;
import static org.iommuemu.device.PathBench.DATA;
import static org.iommuemu.device.PathBench.LOOKUP;
import static org.iommuemu.device.PathBench.MEMORY;
import static org.iommuemu.device.PathBench.SOURCE;
import static org.iommuemu.device.PathBench.TABLE_READ;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.timing.LatencyPart;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A device whose first access, long ago, has filled everything but the translations of other pages: a miss reads one entry. On the
 * link, a Translation Request takes 24 bytes, its completion 28, a read of 64 B 24 and 84, an Invalidate Request 32, messages without
 * data 24.
 */
class AddressTranslationServiceTest {
    private static final long LATENCY = 500;
    private static final long SERVICE = 1_000_000;
    private static final long NOW = 100_000_000;
    private static final long READ = 24 * 1_000;
    private static final double ASK = 24 * BYTE + LOOKUP + TABLE_READ + 28 * BYTE;
    /** By a translated address, which no TLB is asked for. */
    private static final double ACCESS = 24 * BYTE + MEMORY + 84 * BYTE;

    private final PathBench bench = new PathBench();

    @BeforeEach
    void start() {
        bench.ats = new AtsParameters(CacheGeometry.fullyAssociative(4, ReplacementPolicy.LRU), LATENCY, 0);
        bench.start();
        for (long page = 0x4000; page < 0x8000; page += 0x1000) {
            bench.map(page, 7);
        }
    }

    private void warmUp() {
        bench.read(0x4000, 64, 0);
        assertThat(bench.verdict.isOk()).isTrue();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private static void assertTime(long found, double expected) {
        assertThat((double) found).isCloseTo(expected, within(30.0));
    }

    private long uses(String waiter) {
        return bench.path().resources().stream()
                .flatMap(r -> r.statistics(1).waits().stream())
                .filter(w -> w.waiter().equals(waiter) && w.resource().startsWith("link"))
                .mapToLong(w -> w.uses())
                .sum();
    }

    @Test
    void shouldAskForATranslationAndUseIt() {
        warmUp();

        long miss = bench.read(0x5008, 64, NOW);
        assertTime(miss, NOW + BEFORE + LATENCY + ASK + ACCESS + AFTER);
        assertThat(bench.journey.total()).isEqualTo(miss - NOW);
        assertThat(bench.journey.of(LatencyPart.WALK)).isEqualTo(TABLE_READ);
        assertThat(bench.journey.of(LatencyPart.LOOKUP)).isEqualTo(LATENCY + LOOKUP);
        assertThat(bench.verdict.address()).isEqualTo(DATA + 0x5008);

        long hit = bench.read(0x5010, 64, 2 * NOW);
        assertTime(hit, 2 * NOW + BEFORE + LATENCY + ACCESS + AFTER);
        assertThat(bench.verdict.address()).isEqualTo(DATA + 0x5010);
        assertThat(bench.path().caches().get(0).cache().counters().hits()).isEqualTo(1);
        assertThat(uses("translation requests")).isEqualTo(2);
    }

    @Test
    void shouldLetASecondMissOfAPageWaitForTheSameCompletion() {
        warmUp();

        bench.read(0x5000, 64, NOW);
        long second = bench.read(0x5040, 64, NOW);

        // It learns of the translation with the first, has its request behind that one's and its data behind that one's
        // data.
        assertTime(second, NOW + BEFORE + LATENCY + ASK + 24 * BYTE + MEMORY + 2 * 84 * BYTE + AFTER);
        assertThat(bench.journey.total()).isEqualTo(second - NOW);
        assertTime(bench.journey.of(LatencyPart.WALK), ASK);
        assertThat(uses("translation requests")).isEqualTo(2);
        assertThat(service().mergedMisses()).isEqualTo(1);
    }

    private AddressTranslationService service() {
        AddressTranslationService ats = bench.path().ats();
        assertThat(ats).isNotNull();
        return ats;
    }

    @Test
    void shouldAnswerAnInvalidationOnceReadsThroughItAreOver() {
        warmUp();
        long over = bench.read(0x5000, 64, NOW) - AFTER;

        long unused = service().invalidate(page(0x6000), NOW + READ);
        long used = service().invalidate(page(0x5000), NOW + READ);

        assertTime(unused, NOW + READ + 32 * BYTE + 24 * BYTE);
        assertTime(used, over + 24 * BYTE);
        bench.read(0x5000, 64, 2 * NOW);
        assertThat(uses("translation requests")).as("it was dropped").isEqualTo(3);
    }

    private static AtcInvalidation page(long address) {
        return new AtcInvalidation(0, SOURCE, Transaction.NO_SUBSTREAM, false, address, 12);
    }

    @Test
    void shouldTellTheUnitWhenADeviceHasAnsweredItsCommand() {
        warmUp();
        List<Long> answers = new ArrayList<>();
        service().onAnswer(answers::add);
        service().commandsAt(NOW);
        bench.map(0x5000, 7);
        bench.read(0x5000, 64, 0);

        // Device-TLB invalidation of one page, and a wait that writes 7 to 9000h: the unit waits for no one any more.
        bench.descriptor(3 | (long) SOURCE << 32, 0x5000);
        bench.descriptor(0x25 | 7L << 32, 0x9000);

        assertThat(bench.memory.readInt(0x9000)).isEqualTo(7);
        assertThat(answers).hasSize(1);
        assertTime(answers.get(0), NOW + (32 + 24) * BYTE);
        assertThat(service().lastAnswer()).isEqualTo(answers.get(0));
    }

    @Test
    void shouldWaitForReadsThroughEntriesThatWereEvicted() {
        bench.ats = new AtsParameters(CacheGeometry.fullyAssociative(1, ReplacementPolicy.LRU), LATENCY, 0);
        warmUp();
        long over = bench.read(0x5000, 1024, NOW) - AFTER;
        bench.write(0x6000, 64, NOW);

        assertTime(service().invalidate(page(0x5000), NOW), over + 24 * BYTE);
    }

    @Test
    void shouldAskAgainForWhatATranslationDoesNotAllow() {
        bench.map(0x5000, 5);
        warmUp();

        bench.read(0x5000, 64, NOW);
        assertThat(bench.verdict.isOk()).isTrue();
        long refused = bench.write(0x5000, 64, 2 * NOW);

        // Not granted, it writes untranslated, and the unit refuses that: the entry is in the IOTLB by now.
        assertThat(bench.verdict.isOk()).isFalse();
        assertThat(uses("translation requests")).isEqualTo(3);
        assertThat(bench.journey.total()).isEqualTo(refused - 2 * NOW);
    }

    @Test
    void shouldAskNoMoreOnceTheUnitOffersNoService() {
        for (int i = 0; i < 3; i++) {
            bench.access(SOURCE + 8, Transaction.NO_SUBSTREAM, 0x5000, Access.READ, 64, 0);
        }

        assertThat(bench.verdict.isOk()).isFalse();
        assertThat(uses("translation requests")).isEqualTo(1);
        assertThat(uses("read requests")).isEqualTo(3);
    }

    @Test
    void shouldHaveAPageBroughtIn() {
        bench.ats = new AtsParameters(CacheGeometry.fullyAssociative(4, ReplacementPolicy.LRU), LATENCY, SERVICE);
        bench.software = request -> {
            bench.map(request.address(), 7);
            // Page group response: success.
            bench.descriptor(9 | (long) SOURCE << 16, (long) request.group() << 3);
        };
        warmUp();

        long end = bench.read(0x9000, 64, NOW);

        assertThat(bench.verdict.address()).isEqualTo(DATA + 0x9000);
        // A Page Request drops what the unit has of the page, and of the tables above it (VT-d 7.4): three more entries
        // are read.
        double again = ASK + 3 * TABLE_READ;
        assertTime(end, NOW + BEFORE + LATENCY + ASK + 24 * BYTE + SERVICE + 24 * BYTE + again + ACCESS + AFTER);
        assertThat(bench.journey.total()).isEqualTo(end - NOW);
        assertThat(uses("page requests")).isEqualTo(1);
        assertThat(uses("PRG responses")).isEqualTo(1);
    }

    @Test
    void shouldSendUntranslatedWhatNobodyBringsIn() {
        bench.ats = new AtsParameters(CacheGeometry.fullyAssociative(4, ReplacementPolicy.LRU), LATENCY, SERVICE);
        warmUp();

        long end = bench.read(0x9000, 64, NOW);

        // The entry that is not present is read for each, the second time with the three above it, and no data come
        // back.
        assertThat(bench.verdict.isOk()).isFalse();
        double tried = 24 * BYTE + LOOKUP + 4 * TABLE_READ + 20 * BYTE;
        assertTime(end, NOW + BEFORE + LATENCY + ASK + 24 * BYTE + SERVICE + 24 * BYTE + tried + AFTER);
        assertThat(bench.journey.total()).isEqualTo(end - NOW);
    }
}
