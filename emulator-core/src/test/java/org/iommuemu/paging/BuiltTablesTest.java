// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.iommuemu.bits.Seeds;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the {@link TableBuilder} writes, the {@link NaiveWalker} finds. */
class BuiltTablesTest {
    /** AF and AP[1]: attributes that no format keeps address bits in. */
    private static final long ATTRIBUTES = 1L << 10 | 1L << 6;

    private static final int MAPPINGS = 40;

    private final PhysicalMemory memory = new PhysicalMemory();

    @AfterEach
    void close() {
        memory.close();
    }

    static Stream<Arguments> formats() {
        return SheetTables.ALL.stream().flatMap(sheet -> Seeds.few().mapToObj(seed -> Arguments.of(sheet, seed)));
    }

    @ParameterizedTest(name = "{0} seed={1}")
    @MethodSource("formats")
    void shouldMapWhatWasAskedForAndNothingElse(SheetTables sheet, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int txsz = sheet.firstTxsz(); txsz <= sheet.lastTxsz(); txsz++) {
            new Space(sheet, txsz, random).check();
            memory.close();
        }
    }

    @Test
    void shouldWriteTheLeafOfTheLinuxDriver() {
        TableBuilder tables = builder(SheetTables.G4K, 39);

        tables.map(0x1000, 0x8000_2000L, TableBuilder.READ_WRITE);
        tables.map(0x2000, 0x8000_3000L, TableBuilder.READ_ONLY);

        assertThat(memory.readLong(tables.descriptorAddress(0x1000, 0))).isEqualTo(0x8000_2F43L);
        assertThat(memory.readLong(tables.descriptorAddress(0x2000, 0))).isEqualTo(0x8000_3FC3L);
    }

    @Test
    void shouldLinkTablesWithoutRestrictions() {
        TableBuilder tables = builder(SheetTables.G4K, 39);

        long leaf = tables.descriptorAddress(0, 0);

        long table = memory.readLong(tables.root());
        assertThat(table & 0xFFF).isEqualTo(3);
        assertThat(table >>> 48).isZero();
        assertThat(memory.readLong(table - 3)).isEqualTo(leaf | 3);
    }

    @Test
    void shouldUnmapOneLeafAlone() {
        TableBuilder tables = builder(SheetTables.G4K, 39);
        tables.map(0x1000, 0x8000_2000L, ATTRIBUTES).map(0x2000, 0x8000_3000L, ATTRIBUTES);

        tables.unmap(0x1000, 0);

        NaiveWalker naive = new NaiveWalker(SheetTables.G4K, memory::readLong);
        assertThat(naive.walk(tables.root(), 25, 48, false, 0x1000).kind()).isEqualTo("INVALID_DESCRIPTOR");
        assertThat(naive.walk(tables.root(), 25, 48, false, 0x2FFF).output()).isEqualTo(0x8000_3FFFL);
    }

    @Test
    void shouldTakeAnAddressOfTheUpperRangeSignExtendedOrNot() {
        TableBuilder tables = builder(SheetTables.G4K, 39);

        assertThat(tables.descriptorAddress(-0x1000, 0)).isEqualTo(tables.descriptorAddress((1L << 39) - 0x1000, 0));
    }

    @Test
    void shouldHandOutAlignedMemoryUpwardsAndNeverTwice() {
        PageAllocator allocator = new PageAllocator(0x1001);

        assertThat(allocator.allocate(0x10, 0x10)).isEqualTo(0x1010);
        assertThat(allocator.allocate(1, 0x1000)).isEqualTo(0x2000);
        assertThat(allocator.allocate(8, 8)).isEqualTo(0x2008);
        assertThat(allocator.allocate(8, 8)).isEqualTo(0x2010);
    }

    private TableBuilder builder(SheetTables sheet, int inputBits) {
        TableFormat format = Aarch64Stage1.format(sheet.pageBits(), sheet.wide());
        return new TableBuilder(memory, new PageAllocator(0x4000_0008L), format, inputBits);
    }

    /** A leaf that was asked for. */
    private record Mapping(long first, long physical, int bits, int level) {
        boolean holds(long input) {
            return input >= first && input < first + (1L << bits);
        }
    }

    /** Tables of one input size with random mappings. */
    private final class Space {
        private final SheetTables sheet;
        private final int txsz;
        private final SplittableRandom random;
        private final TableBuilder tables;
        private final NaiveWalker naive;
        private final List<Mapping> mappings = new ArrayList<>();

        Space(SheetTables sheet, int txsz, SplittableRandom random) {
            this.sheet = sheet;
            this.txsz = txsz;
            this.random = random;
            tables = builder(sheet, 64 - txsz);
            naive = new NaiveWalker(sheet, memory::readLong);
            for (int i = 0; i < MAPPINGS; i++) {
                map(random.nextLong(1L << 64 - txsz), randomLevel());
            }
        }

        private int randomLevel() {
            int level = 3;
            for (int candidate : sheet.blocks().keySet()) {
                if (candidate >= sheet.startLevel(txsz) && random.nextInt(3) == 0) {
                    level = candidate;
                }
            }
            return level;
        }

        private void map(long input, int level) {
            NaiveWalker.Result before = walk(input);
            if (!before.kind().equals("INVALID_DESCRIPTOR") || before.level() > level) {
                return;
            }
            int bits = level == 3 ? sheet.pageBits() : sheet.blocks().get(level);
            Mapping mapping = new Mapping(
                    input >> bits << bits,
                    random.nextLong(1L << (sheet.wide() ? 52 : 48)) >> bits << bits,
                    bits,
                    level);
            mappings.add(mapping);
            long address = random.nextBoolean() ? input : input - (1L << 64 - txsz);
            tables.map(address, mapping.physical, 3 - level, ATTRIBUTES);
        }

        void check() {
            long rootBytes = Math.max(64, sheet.startTableBytes(txsz));
            assertThat(tables.root() % rootBytes)
                    .as("alignment of the first table")
                    .isZero();
            for (Mapping m : mappings) {
                checkAddress(m.first);
                checkAddress(m.first + (1L << m.bits) - 1);
                checkAddress(m.first + random.nextLong(1L << m.bits));
                checkAddress(Math.floorMod(m.first - 1, 1L << 64 - txsz));
                checkAddress(Math.floorMod(m.first + (1L << m.bits), 1L << 64 - txsz));
                checkAddress(random.nextLong(1L << 64 - txsz));
            }
        }

        private void checkAddress(long input) {
            NaiveWalker.Result found = walk(input);
            String now = sheet + " TxSZ " + txsz + " at " + Long.toHexString(input);
            Mapping wanted =
                    mappings.stream().filter(m -> m.holds(input)).findFirst().orElse(null);
            if (wanted == null) {
                assertThat(found.kind()).as(now).isEqualTo("INVALID_DESCRIPTOR");
                return;
            }
            assertThat(found.kind()).as(now).isEqualTo("OK");
            assertThat(found.level()).as(now).isEqualTo(wanted.level);
            assertThat(found.output()).as(now).isEqualTo(wanted.physical + input - wanted.first);
            assertThat(found.restrictions()).as(now).isZero();
            assertThat(sheet.withAddress(found.descriptor(), 0))
                    .as(now)
                    .isEqualTo(ATTRIBUTES | (wanted.level == 3 ? 3 : 1));
        }

        private NaiveWalker.Result walk(long input) {
            return naive.walk(tables.root(), txsz, 52, false, input);
        }
    }
}
