// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigurationCacheTest {
    private static final int NONE = Transaction.NO_SUBSTREAM;
    private static final int ANY = ConfigurationCache.ANY_SUBSTREAM;
    private static final CacheGeometry AMPLE = CacheGeometry.fullyAssociative(1024, ReplacementPolicy.LRU);

    private final ConfigurationCache cache = new ConfigurationCache(AMPLE);

    @Test
    void shouldFindTheContextOfAStreamAndSubstream() {
        TranslationContext context = new Context();

        cache.fill(0x100, 5, context);

        assertThat(cache.lookup(0x100, 5)).isSameAs(context);
        assertThat(cache.lookup(0x100, 4)).isNull();
        assertThat(cache.lookup(0x101, 5)).isNull();
        assertThat(cache.lookup(0x100, NONE)).isNull();
        assertThat(cache.cache().counters().hits()).isEqualTo(1);
        assertThat(cache.cache().counters().misses()).isEqualTo(3);
    }

    @Test
    void shouldTellARequestWithoutSubstreamFromSubstreamZero() {
        TranslationContext without = new Context();
        TranslationContext zero = new Context();

        cache.fill(1, NONE, without);
        cache.fill(1, 0, zero);

        assertThat(cache.lookup(1, NONE)).isSameAs(without);
        assertThat(cache.lookup(1, 0)).isSameAs(zero);
    }

    @Test
    void shouldReplaceTheContextOfTheSameStream() {
        TranslationContext newer = new Context();
        cache.fill(1, NONE, new Context());

        cache.fill(1, NONE, newer);

        assertThat(cache.lookup(1, NONE)).isSameAs(newer);
        assertThat(cache.cache().size()).isEqualTo(1);
    }

    @Test
    void shouldDropOneSubstreamAlone() {
        cache.fill(1, NONE, new Context());
        cache.fill(1, 7, new Context());

        assertThat(cache.invalidate(1, 0, 7)).isEqualTo(1);

        assertThat(cache.lookup(1, 7)).isNull();
        assertThat(cache.lookup(1, NONE)).isNotNull();
    }

    @Test
    void shouldDropARequestWithoutSubstreamAlone() {
        cache.fill(1, NONE, new Context());
        cache.fill(1, 0, new Context());

        assertThat(cache.invalidate(1, 0, NONE)).isEqualTo(1);

        assertThat(cache.lookup(1, 0)).isNotNull();
    }

    @Test
    void shouldDropEverySubstreamOfAStream() {
        cache.fill(1, NONE, new Context());
        cache.fill(1, 0, new Context());
        cache.fill(1, 0xF_FFFF, new Context());
        cache.fill(2, 0, new Context());

        assertThat(cache.invalidate(1, 0, ANY)).isEqualTo(3);

        assertThat(cache.lookup(2, 0)).isNotNull();
        assertThat(cache.cache().size()).isEqualTo(1);
    }

    @ParameterizedTest(name = "range {0}")
    @CsvSource({"0, 2", "1, 4", "2, 8", "30, 32", "31, 32"})
    void shouldDropARangeOfStreams(int range, int streams) {
        // CMD_CFGI_STE_RANGE: streams that agree in all but the low Range + 1 bits.
        for (int stream = 0x40; stream < 0x60; stream++) {
            cache.fill(stream, NONE, new Context());
        }

        assertThat(cache.invalidate(0x41, (int) ((1L << range + 1) - 1), ANY)).isEqualTo(streams);
        assertThat(cache.lookup(0x40, NONE)).isNull();
    }

    @Test
    void shouldDropAllStreamsWhenEveryBitIsIgnored() {
        cache.fill(0, NONE, new Context());
        cache.fill(0xFFFF_FFFF, 3, new Context());
        cache.fill(0x8000_0000, NONE, new Context());

        assertThat(cache.invalidate(5, -1, ANY)).isEqualTo(3);
    }

    @Test
    void shouldDropEverything() {
        cache.fill(1, NONE, new Context());
        cache.fill(2, 2, new Context());

        assertThat(cache.invalidateAll()).isEqualTo(2);

        assertThat(cache.lookup(1, NONE)).isNull();
    }

    @Test
    void shouldHoldNothingWithoutAGeometry() {
        ConfigurationCache none = new ConfigurationCache(CacheGeometry.none());

        none.fill(1, NONE, new Context());

        assertThat(none.lookup(1, NONE)).isNull();
        assertThat(none.invalidate(1, -1, ANY)).isZero();
        assertThat(none.invalidateAll()).isZero();
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldAgreeWithAMapAtEveryStep(long seed) {
        compare(seed, AMPLE, true);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldNeverGiveAContextThatWasReplacedOrDropped(long seed) {
        compare(seed, CacheGeometry.of(3, 2, ReplacementPolicy.RANDOM), false);
        compare(seed, CacheGeometry.of(8, 4, ReplacementPolicy.LRU), false);
    }

    private static void compare(long seed, CacheGeometry geometry, boolean complete) {
        SplittableRandom random = new SplittableRandom(seed);
        ConfigurationCache cache = new ConfigurationCache(geometry);
        Map<Key, TranslationContext> naive = new HashMap<>();
        int[] streams = {0, 1, 2, 3, 0x100, 0x101, 0x1F0, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF};
        int[] substreams = {NONE, 0, 1, 0xF_FFFF};
        for (int step = 0; step < 3_000; step++) {
            Key key = new Key(streams[random.nextInt(streams.length)], substreams[random.nextInt(substreams.length)]);
            if (random.nextInt(3) == 0) {
                TranslationContext context = new Context();
                cache.fill(key.stream, key.substream, context);
                naive.put(key, context);
            } else if (random.nextInt(10) == 0) {
                int ignored = random.nextBoolean() ? 0 : (1 << random.nextInt(1, 33)) - 1;
                int substream = random.nextBoolean() ? ANY : key.substream;
                int before = naive.size();
                naive.keySet()
                        .removeIf(k -> (k.stream | ignored) == (key.stream | ignored)
                                && (substream == ANY || k.substream == substream));
                int dropped = cache.invalidate(key.stream, ignored, substream);
                assertThat(dropped).as("step %d", step).isLessThanOrEqualTo(before - naive.size());
                if (complete) {
                    assertThat(dropped).as("step %d", step).isEqualTo(before - naive.size());
                }
            }
            TranslationContext found = cache.lookup(key.stream, key.substream);
            if (complete || found != null) {
                assertThat(found).as("step %d", step).isSameAs(naive.get(key));
            }
        }
    }

    private record Key(int stream, int substream) {}

    /** Passes everything through. */
    private static final class Context extends TranslationContext {
        Context() {
            super(null, null, 63, null, new int[Access.CODES]);
        }
    }
}
