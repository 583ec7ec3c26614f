// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.iommuemu.bits.Seeds;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.NaiveIotlb.Row;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.TableRoot;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Random fills, lookups and invalidations on the IOTLB and on a naive one, step by step. */
class IotlbOracleTest {
    private static final int STEPS = 1_500;
    private static final List<CacheGeometry> GEOMETRIES = List.of(
            CacheGeometry.none(),
            CacheGeometry.of(1, 1, ReplacementPolicy.LRU),
            CacheGeometry.of(4, 2, ReplacementPolicy.FIFO),
            CacheGeometry.of(13, 3, ReplacementPolicy.RANDOM),
            CacheGeometry.of(64, 4, ReplacementPolicy.LRU),
            CacheGeometry.fullyAssociative(128, ReplacementPolicy.LRU));

    static Stream<Arguments> programs() {
        return GEOMETRIES.stream()
                .flatMap(g -> Seeds.few().mapToObj(seed -> Arguments.of(g.sets() + "x" + g.ways(), seed, g)));
    }

    @ParameterizedTest(name = "{0} seed={1}")
    @MethodSource("programs")
    void shouldAgreeWithASetOfTranslationsAtEveryStep(String shape, long seed, CacheGeometry geometry) {
        for (boolean contiguous : new boolean[] {false, true}) {
            Program program = new Program(geometry, contiguous, seed);
            for (int step = 0; step < STEPS; step++) {
                program.step(step);
            }
        }
    }

    /** The two IOTLBs and the random choices. */
    private static final class Program {
        private final SplittableRandom random;
        private final Iotlb tlb;
        private final boolean contiguous;
        private final NaiveIotlb naive = new NaiveIotlb();
        private final InvalidationScope scope = new InvalidationScope();
        private final List<TableRoot> roots = new ArrayList<>();
        private String now = "";

        Program(CacheGeometry geometry, boolean contiguous, long seed) {
            this.contiguous = contiguous;
            random = new SplittableRandom(seed);
            tlb = new Iotlb("IOTLB", geometry, contiguous);
            for (int granule : new int[] {12, 12, 12, 14, 16}) {
                long own = 0x1_0000L * random.nextInt(2) + random.nextInt(3);
                roots.add(TableRoot.builder(Aarch64Stage1.format(granule, false))
                        .tags(own, 0x1_0000L * random.nextInt(2))
                        .build());
            }
        }

        void step(int number) {
            int choice = random.nextInt(100);
            now = "step " + number;
            if (choice < 45) {
                fill();
            } else if (choice < 85) {
                lookup();
            } else {
                invalidate();
            }
            if (choice >= 85) {
                assertThat(NaiveIotlb.contentOf(tlb.cache())).as(now).isEqualTo(naive.rows());
            }
        }

        private TableRoot root() {
            return roots.get(random.nextInt(roots.size()));
        }

        /** Around zero, at a gigabyte, and at the end of the address space; pages near each other. */
        private long address() {
            long start = new long[] {0, 1L << 30, -(1L << 22)}[random.nextInt(3)];
            return start + random.nextLong(1L << random.nextInt(13, 23));
        }

        private void fill() {
            TableRoot root = root();
            int height = random.nextInt(4) == 0 ? 1 : 0;
            int leaf = root.format().shift(height);
            int span = leaf + (random.nextInt(3) == 0 ? 5 : 0);
            long address = address();
            BigInteger run = BigInteger.TWO.pow(span);
            long output = random.nextLong(1L << 8) << leaf;
            if (random.nextBoolean()) {
                output = random.nextLong(1L << 8) << span | address & run.longValue() - 1;
            } else {
                output |= address & (1L << leaf) - 1;
            }
            boolean aligned = NaiveIotlb.unsigned(address)
                    .mod(run)
                    .equals(NaiveIotlb.unsigned(output).mod(run));
            boolean global = random.nextInt(4) == 0;
            int permissions = random.nextInt(64);
            long attributes = random.nextLong(1L << 48);
            Row row = NaiveIotlb.row(
                    address,
                    contiguous && aligned ? span : leaf,
                    root.format().granuleCode(),
                    global,
                    global ? root.globalTag() : root.tag(),
                    output,
                    permissions,
                    attributes);

            tlb.fill(root, address, output, leaf, span, global, permissions, attributes);

            Set<Row> content = NaiveIotlb.contentOf(tlb.cache());
            if (tlb.cache().capacity() > 0) {
                naive.fill(row);
                assertThat(content.contains(row)).as(now + ": keeps " + row).isTrue();
                assertThat(naive.rows().containsAll(content)).as(now).isTrue();
                assertThat(naive.rows().size() - content.size())
                        .as(now + ": entries that made room")
                        .isEqualTo(tlb.cache().evicted() ? 1 : 0);
            }
            naive.retain(content);
        }

        private void lookup() {
            TableRoot root = root();
            long address = address();
            long lookups = tlb.cache().counters().lookups();

            int entry = tlb.lookup(root, address);

            List<Row> rows = naive.rowsFor(address, root.format().granuleCode(), root.tag(), root.globalTag());
            assertThat(entry >= 0).as(now).isEqualTo(!rows.isEmpty());
            assertThat(tlb.cache().counters().lookups()).as(now).isEqualTo(lookups + 1);
            if (entry >= 0) {
                // Software may have mapped an address twice, by leaves of two sizes: then either will do.
                assertThat(rows).as(now).anySatisfy(r -> {
                    assertThat(tlb.hitShift()).isEqualTo(r.log2());
                    assertThat(tlb.permissions(entry)).isEqualTo(r.permissions());
                    assertThat(tlb.attributes(entry)).isEqualTo(r.attributes());
                    assertThat(tlb.output(entry, address))
                            .isEqualTo(r.output()
                                    + NaiveIotlb.unsigned(address)
                                            .subtract(r.first())
                                            .longValueExact());
                });
            }
        }

        private void invalidate() {
            long mask = new long[] {-1L, -1L, -1L, 0xFFFF_0000L, 0xFFFFL, 0}[random.nextInt(6)];
            long globalMask = new long[] {-1L, 0xFFFF_0000L, 0}[random.nextInt(3)];
            long tag = root().tag();
            boolean globals = random.nextBoolean();
            scope.everything().tag(mask, tag);
            Predicate<Row> named = r -> !r.global() && (r.context() & mask) == (tag & mask);
            if (globals) {
                long globalTag = root().globalTag();
                scope.globalTag(globalMask, globalTag);
                named = named.or(r -> r.global() && (r.context() & globalMask) == (globalTag & globalMask));
            } else {
                scope.exceptGlobal();
            }
            if (random.nextInt(4) != 0) {
                long from = address();
                long room = from < 0 ? -1 - from : Long.MAX_VALUE;
                long to = from + Math.min(room, random.nextLong(1L << random.nextInt(1, 24)));
                BigInteger first = NaiveIotlb.unsigned(from);
                BigInteger last = NaiveIotlb.unsigned(to);
                scope.addresses(from, to);
                named = named.and(r -> r.meets(first, last));
            }
            long counted = tlb.cache().counters().invalidations();

            int dropped = tlb.invalidate(scope);

            assertThat(dropped).as(now).isEqualTo(naive.drop(named));
            assertThat(tlb.cache().counters().invalidations()).as(now).isEqualTo(counted + dropped);
        }
    }
}
