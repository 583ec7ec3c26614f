// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.iommuemu.bits.Seeds;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The walker against {@link NaiveWalker} on {@link RandomTables}: every format and every TxSZ. */
class WalkerOracleTest {
    private static final int WALKS = 80;
    private static final List<CacheGeometry> GEOMETRIES = List.of(
            CacheGeometry.of(1, 1, ReplacementPolicy.LRU),
            CacheGeometry.of(4, 2, ReplacementPolicy.FIFO),
            CacheGeometry.of(3, 4, ReplacementPolicy.RANDOM),
            CacheGeometry.fullyAssociative(256, ReplacementPolicy.LRU));

    static Stream<Arguments> formats() {
        return SheetTables.ALL.stream().flatMap(sheet -> Seeds.few().mapToObj(seed -> Arguments.of(sheet, seed)));
    }

    @ParameterizedTest(name = "{0} seed={1}")
    @MethodSource("formats")
    void shouldEndAsTheNaiveWalkEnds(SheetTables sheet, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Set<WalkStatus> seen = EnumSet.noneOf(WalkStatus.class);
        for (int txsz = sheet.firstTxsz(); txsz <= sheet.lastTxsz(); txsz++) {
            RandomTables tables = new RandomTables(sheet, txsz, WALKS, random);
            Walker walker = new Walker(tables.memory, TestStages.walkCaches(CacheGeometry.none()));
            for (long address : tables.addresses) {
                seen.add(same(tables, walker, tables.root(), address));
            }
            sameAccesses(tables, walker);
            tables.memory.close();
        }
        // The VMSAv8-64 formats have no bits that make a descriptor reserved.
        assertThat(seen)
                .isEqualTo(EnumSet.complementOf(
                        EnumSet.of(WalkStatus.RESERVED_BITS, WalkStatus.NOT_LOCATED, WalkStatus.UPDATE_REFUSED)));
    }

    @ParameterizedTest(name = "{0} seed={1}")
    @MethodSource("formats")
    void shouldEndAlikeWithWalkCachesOfAnyGeometry(SheetTables sheet, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int txsz = sheet.firstTxsz(); txsz <= sheet.lastTxsz(); txsz += random.nextInt(1, 4)) {
            RandomTables tables = new RandomTables(sheet, txsz, WALKS, random);
            TableRoot root = tables.root();
            for (CacheGeometry geometry : GEOMETRIES) {
                Walker walker = new Walker(tables.memory, TestStages.walkCaches(geometry));
                for (int round = 0; round < 3; round++) {
                    for (long address : tables.addresses) {
                        same(tables, walker, root, address);
                    }
                    Collections.shuffle(tables.addresses, new Random(seed));
                }
                assertThat(walker.walks()).isEqualTo(3L * WALKS);
            }
            tables.memory.close();
        }
    }

    private static WalkStatus same(RandomTables tables, Walker walker, TableRoot root, long address) {
        NaiveWalker.Result expected = tables.expected(address);
        WalkStatus status = walker.walk(root, address);
        TableFormat format = root.format();
        boolean ok = status == WalkStatus.OK;
        long offset = ok ? SheetTables.bits(address, format.shift(walker.height()) - 1, 0) : 0;
        NaiveWalker.Result actual = new NaiveWalker.Result(
                status.name(),
                format.level(walker.height()),
                walker.descriptorAddress(),
                status == WalkStatus.EXTERNAL_ABORT ? 0 : walker.descriptor(),
                ok ? walker.output() + offset : 0,
                ok ? walker.restrictions() : 0);
        if (!actual.equals(expected)) {
            assertThat(actual).as("%s at %x", tables, address).isEqualTo(expected);
        }
        return status;
    }

    private static void sameAccesses(RandomTables tables, Walker walker) {
        for (int level = -1; level <= 3; level++) {
            assertThat(walker.accesses(3 - level))
                    .as("%s reads at level %d", tables, level)
                    .isEqualTo(Collections.frequency(tables.naive.reads, level));
        }
    }
}
