// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Configuration stays in use until a command names it: fact sheet 2.9, 3.6, 5.4. */
class ConfigurationInvalidationTest {
    private static final int NONE = Transaction.NO_SUBSTREAM;

    /** Large enough, and in one set, so that nothing is evicted. */
    private static final CacheConfiguration CACHES =
            CacheConfiguration.standard().withConfiguration(CacheGeometry.fullyAssociative(256, ReplacementPolicy.LRU));

    private final SmmuBench b =
            new SmmuBench(SmmuBench.stage1Features(), CACHES).linear(16).start();

    @AfterEach
    void close() {
        b.close();
    }

    /** Streams that bypass, are used, and then are made to abort in memory. */
    private void makeStale(int... streams) {
        for (int stream : streams) {
            b.ste(stream).config(4).valid(1);
            assertThat(b.read(stream, 0).isOk()).isTrue();
            b.ste(stream).config(0);
            assertThat(isStale(stream)).as("the cached STE is used").isTrue();
        }
    }

    private boolean isStale(int stream) {
        return b.read(stream, 0).isOk();
    }

    @ParameterizedTest(name = "Leaf {0}")
    @ValueSource(longs = {0, 1})
    void shouldInvalidateTheNamedSteOnly(long leaf) {
        // Section 11: CFGI_STE, SID 0x123, leaf.
        makeStale(0x122, 0x123, 0x124);
        b.command(0x0000_0123_0000_0003L, leaf).sync();

        assertThat(isStale(0x123)).isFalse();
        assertThat(isStale(0x122)).isTrue();
        assertThat(isStale(0x124)).isTrue();
    }

    @ParameterizedTest(name = "SID 0x{0}, Range {1}")
    @CsvSource({"100, 0", "101, 0", "1FF, 3", "100, 7", "1A5, 7", "0, 15", "FFFF, 30", "1234, 31"})
    void shouldInvalidateAnAlignedRangeOfStes(String sid, int range) {
        // 5.4: 2^(Range+1) streams, low Range+1 bits ignored; 31 is all.
        int stream = Integer.parseInt(sid, 16);
        int[] streams = {
            0, 1, 0xFF, 0x100, 0x101, 0x102, 0x1A0, 0x1AF, 0x1EF, 0x1F0, 0x1FF, 0x200, 0x7FFF, 0xFFFE, 0xFFFF
        };
        makeStale(streams);
        b.command((long) stream << 32 | 4, range).sync();

        for (int s : streams) {
            boolean named = range == 31 || (s >>> range + 1) == (stream >>> range + 1);
            assertThat(isStale(s)).as("stream 0x%x", s).isEqualTo(!named);
        }
    }

    @Test
    void shouldIgnoreStreamsOutOfRange() {
        // 5.1: no effect.
        makeStale(5);
        b.command(0x0001_0005_0000_0003L, 1).command(0xFFFF_FFFF_0000_0006L, 0).sync();
        assertThat(isStale(5)).isTrue();
    }

    @Test
    void shouldInvalidateTheCdsOfAnSte() {
        // 5.4: CFGI_STE also drops CDs cached through that StreamID.
        b.substreams(5, 0, 4, 2);
        TestCd[] cds = {b.cd(5, 0, 1), b.cd(5, 7, 2)};
        for (int i = 0; i < 2; i++) {
            cds[i].map(0x1000, SmmuBench.DATA);
            assertThat(b.access(5, i == 0 ? NONE : 7, 0x1000, 0).isOk()).isTrue();
            cds[i].set(31, 31, 0);
        }
        b.command(0x0000_0005_0000_0003L, 1).sync();
        assertThat(b.read(5, 0x1000).isOk()).isFalse();
        assertThat(b.readSubstream(5, 7, 0x1000).isOk()).isFalse();
    }

    private void useSubstreams(int stream) {
        b.substreams(stream, 1, 8, 0);
        for (int ssid : new int[] {0, 1, 0x47, 0xFF}) {
            TestCd cd = b.cd(stream, ssid, stream << 8 | ssid).map(0x1000, SmmuBench.DATA);
            assertThat(b.readSubstream(stream, ssid, 0x1000).isOk()).isTrue();
            cd.set(31, 31, 0);
        }
    }

    @ParameterizedTest(name = "SSID {0}")
    @CsvSource({"0, 0", "0, 1", "1, 1", "71, 0", "255, 1"})
    void shouldInvalidateTheNamedCdOnly(int ssid, long leaf) {
        useSubstreams(5);
        useSubstreams(6);
        b.command(0x0000_0005_0000_0005L | (long) ssid << 12, leaf).sync();

        for (int s : new int[] {0, 1, 0x47, 0xFF}) {
            assertThat(b.readSubstream(5, s, 0x1000).isOk()).as("SSID %d", s).isEqualTo(s != ssid);
            assertThat(b.readSubstream(6, s, 0x1000).isOk()).isTrue();
        }
    }

    @Test
    void shouldInvalidateAllCdsOfAStream() {
        useSubstreams(5);
        useSubstreams(6);
        b.command(0x0000_0005_0000_0006L, 0).sync();
        for (int s : new int[] {0, 1, 0x47, 0xFF}) {
            assertThat(b.readSubstream(5, s, 0x1000).isOk()).isFalse();
            assertThat(b.readSubstream(6, s, 0x1000).isOk()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldInvalidateCd0ForRequestsWithoutSubstream(boolean table) {
        // 5.4: SSID is the table index; 0 for single-CD streams and for S1DSS=10.
        if (table) {
            b.substreams(5, 0, 4, 2);
        }
        TestCd cd = table ? b.cd(5, 0, 1) : b.stage1(5);
        cd.map(0x1000, SmmuBench.DATA);
        b.read(5, 0x1000);
        cd.set(31, 31, 0);
        assertThat(b.read(5, 0x1000).isOk()).isTrue();

        b.command(0x0000_0005_0000_0005L, 1).sync();
        assertThat(b.read(5, 0x1000).isOk()).isFalse();
    }

    @Test
    void shouldInvalidateLevel1StreamTableDescriptors() {
        try (SmmuBench t = SmmuBench.reset().twoLevel(16, 8).start()) {
            t.ste(0x123).config(4).valid(1);
            t.read(0x123, 0);
            t.l1std(0x123).put(4, 0, 0);
            t.command(0x0000_0123_0000_0003L, 0).sync();
            assertThat(t.read(0x123, 0).isOk()).isFalse();
            assertThat(t.events().get(0)).startsWith("0000012300000002");
        }
    }

    @Test
    void shouldUseRepairedConfigurationAfterInvalidation() {
        // 2.9: STEs may be cached in any state, so software invalidates after a repair too.
        b.read(5, 0);
        b.ste(5).config(4).valid(1);
        b.command(0x0000_0005_0000_0003L, 1).sync();
        assertThat(b.read(5, 0).isOk()).isTrue();
    }

    @Test
    void shouldNotTouchTheTlb() {
        // 5.4: a leaf removed from memory stays in the TLB over CFGI_ALL.
        TestCd cd = b.stage1(5).map(0x1000, SmmuBench.DATA);
        b.read(5, 0x1000);
        cd.unmap(0x1000);
        b.command(0x04, 0x1F).sync();
        assertThat(b.read(5, 0x1000).isOk()).isTrue();
        b.command(0x30, 0).sync();
        assertThat(b.read(5, 0x1000).isOk()).isFalse();
    }

    @Test
    void shouldTakeNewFaultBitsAfterCfgiCdAlone() {
        // 3.6: A and R are not in the TLB.
        TestCd cd = b.stage1(5).map(0x1000, SmmuBench.DATA, 0xCC0);
        b.write(5, 0x1000);
        assertThat(b.events()).hasSize(1);
        cd.records(0);
        b.command(0x0000_0005_0000_0005L, 1).sync();
        b.write(5, 0x1000);
        assertThat(b.events()).isEmpty();
    }

    @Test
    void shouldTakeOverridesAfterCfgiSteAlone() {
        // 2.9: PRIVCFG needs CFGI_STE only.
        b.stage1(5).map(0x1000, SmmuBench.DATA, 0xC00);
        assertThat(b.read(5, 0x1000).isOk()).isFalse();
        b.ste(5).privCfg(3);
        b.command(0x0000_0005_0000_0003L, 1).sync();
        assertThat(b.read(5, 0x1000).isOk()).isTrue();
    }
}
