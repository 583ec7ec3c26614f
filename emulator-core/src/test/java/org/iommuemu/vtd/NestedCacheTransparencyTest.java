// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.iommuemu.bits.Seeds;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.Verdict;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Nested translation of several PASIDs behind one second stage each source: with correct invalidation of either stage, caches of
 * any geometry give what two plain maps give, also when first-stage tables move behind the second stage.
 */
class NestedCacheTransparencyTest {
    private static final int STEPS = 1_500;
    private static final int SOURCES = 2;
    private static final int PASIDS = 3;
    private static final int PAGES = 12;
    /** Where guests see their memory. */
    private static final long GUEST = 0x4000_0000L;

    private static final long SSADE = 1 << 9;

    /** What a stage says of a page. */
    private record Page(long address, boolean writable) {}

    static Stream<Arguments> programs() {
        List<Arguments> all = new ArrayList<>();
        for (long seed : Seeds.few().toArray()) {
            for (long flags : new long[] {0, SSADE}) {
                CacheShapes.all(seed).forEach((name, caches) -> all.add(Arguments.of(seed, flags, name, caches)));
            }
        }
        return all.stream();
    }

    @ParameterizedTest(name = "seed {0}, SSADE {1}, {2}")
    @MethodSource("programs")
    void shouldAnswerAsTwoPlainMapsDo(long seed, long flags, String name, CacheConfiguration caches) {
        try (VtdBench b = new VtdBench(VtdFeatures.full(), caches).start(1)) {
            new Program(b, seed, (int) flags).run();
        }
    }

    private static final class Program {
        private final VtdBench b;
        private final SplittableRandom random;
        private final TranslationCompletion completion = new TranslationCompletion();
        private final long[] second = new long[SOURCES];
        /** First-stage roots, as guests see them, by source and PASID. */
        private final long[][] first = new long[SOURCES][PASIDS];
        /** Where a guest's page is, by source and page. */
        private final Map<Long, Page> host = new HashMap<>();
        /** Where an input is in the guest, by source, PASID and page. */
        private final Map<Long, Page> guest = new HashMap<>();

        private int met;

        Program(VtdBench b, long seed, int flags) {
            this.b = b;
            random = new SplittableRandom(seed);
            for (int s = 0; s < SOURCES; s++) {
                second[s] = b.page();
                for (int p = 0; p < PASIDS; p++) {
                    first[s][p] = tables(s);
                    // PASID 0 serves requests without one.
                    long[] entry = {second[s] | 3 << 6 | 2 << 2 | flags | 1, s + 1 | VtdBench.PWSNP, first[s][p]};
                    b.words(b.pasid(s, p), entry);
                }
            }
        }

        /** A table of a guest. */
        private long tables(int s) {
            long physical = b.page();
            b.map(second[s], GUEST + physical, physical, 3);
            return GUEST + physical;
        }

        private long physical(int s, long guestTable) {
            return b.memory.readLong(b.entry(second[s], guestTable, 0)) & 0x000F_FFFF_FFFF_F000L;
        }

        /** Where the first-stage entry for an address is; makes the tables on the way. */
        private long entry(int s, int p, long address, int height) {
            long table = first[s][p];
            for (int h = 3; h > height; h--) {
                long at = physical(s, table) + (address >>> 12 + 9 * h & 511) * 8;
                if (b.memory.readLong(at) == 0) {
                    b.memory.writeLong(at, tables(s) | 7);
                }
                table = b.memory.readLong(at) & 0x000F_FFFF_FFFF_F000L;
            }
            return physical(s, table) + (address >>> 12 + 9 * height & 511) * 8;
        }

        void run() {
            for (int i = 0; i < STEPS; i++) {
                int s = random.nextInt(SOURCES);
                int p = random.nextInt(PASIDS);
                // Some pages share their last table, some do not.
                long page = random.nextInt(PAGES);
                long address = (page & 3) << 12 | (page >> 2) << 21;
                switch (random.nextInt(10)) {
                    case 0, 1 -> mapFirst(s, p, page, address);
                    case 2 -> mapSecond(s);
                    case 3 -> moveTable(s, p, address);
                    default -> check(s, p, page, address, i);
                }
            }
            assertThat(met).as("requests that went well").isGreaterThan(STEPS / 20);
            assertThat(b.read32(0x34) & 0x73).as("no error").isZero();
        }

        private void mapFirst(int s, int p, long page, long address) {
            Page to = random.nextInt(5) == 0 ? null : new Page(random.nextInt(PAGES), random.nextInt(3) != 0);
            long entry = to == null ? 0 : GUEST >> 1 | to.address << 12 | (to.writable ? 7 : 5);
            b.memory.writeLong(entry(s, p, address, 0), entry);
            guest.put(key(s, p, page), to);
            long domain = (s + 1L) << 16;
            switch (random.nextInt(4)) {
                case 0 -> b.descriptor(6 | 3 << 4 | domain | (long) p << 32, address);
                case 1 -> b.descriptor(6 | 2 << 4 | domain | (long) p << 32, 0);
                case 2 -> b.descriptor(2 | 2 << 4 | domain, 0);
                default -> b.descriptor(2 | 1 << 4, 0);
            }
            b.descriptor(0x45, 0);
        }

        private void mapSecond(int s) {
            long page = random.nextInt(PAGES);
            Page to = random.nextInt(5) == 0
                    ? null
                    : new Page(VtdBench.DATA + ((long) random.nextInt(64) << 12), random.nextInt(3) != 0);
            long intermediate = GUEST >> 1 | page << 12;
            b.map(second[s], intermediate, to == null ? 0 : to.address, to == null ? 0 : to.writable ? 3 : 1);
            host.put(key(s, 0, page), to);
            invalidateSecond(s, intermediate);
        }

        /** A table goes elsewhere in the host, and stays where it is for the guest. */
        private void moveTable(int s, int p, long address) {
            long table = entry(s, p, address, 0) & -0x1000L;
            long at = physical(s, first[s][p]);
            long moved = random.nextBoolean() ? table : at;
            long to = b.page();
            for (int i = 0; i < 0x1000; i += 8) {
                b.memory.writeLong(to + i, b.memory.readLong(moved + i));
                // What is read there from now on is wrong.
                b.memory.writeLong(moved + i, 0);
            }
            long intermediate = guestOf(s, moved);
            b.map(second[s], intermediate, to, 3);
            invalidateSecond(s, intermediate);
        }

        private long guestOf(int s, long table) {
            // Guests see a table where it was at first; only its page in the host changes.
            for (long g = GUEST + 0x100_0000L; ; g += 0x1000) {
                if (physical(s, g) == table) {
                    return g;
                }
            }
        }

        private void invalidateSecond(int s, long intermediate) {
            long domain = (s + 1L) << 16;
            switch (random.nextInt(3)) {
                case 0 -> b.descriptor(2 | 3 << 4 | domain, intermediate);
                case 1 -> b.descriptor(2 | 2 << 4 | domain, 0);
                default -> b.descriptor(2 | 1 << 4, 0);
            }
            b.descriptor(0x45, 0);
        }

        private static long key(int s, int p, long page) {
            return (long) s << 48 | (long) p << 32 | page;
        }

        private void check(int s, int p, long page, long address, int step) {
            Page g = guest.get(key(s, p, page));
            Page h = g == null ? null : host.get(key(s, 0, g.address));
            int pasid = p == 0 ? Transaction.NO_SUBSTREAM : p;
            if (random.nextInt(4) == 0) {
                request(s, pasid, address, g, h, step);
                return;
            }
            boolean write = random.nextBoolean();
            Verdict v = b.access(s, pasid, address | 0x124, write ? Access.WRITE : Access.READ);
            if (h != null && (!write || g.writable && h.writable)) {
                assertThat(v.isOk()).as("step %d: %s", step, v.rule()).isTrue();
                assertThat(v.address()).as("step %d", step).isEqualTo(h.address | 0x124);
                met++;
                return;
            }
            // The first stage is looked at before the second.
            String reason = g == null ? "71" : write && !g.writable ? "85" : h == null ? "79" : "85";
            assertThat(v.isOk()).as("step %d", step).isFalse();
            assertThat(b.faults())
                    .as("step %d", step)
                    .containsExactly(String.format("%s %s %x at %x", reason, write ? "write" : "read", s, address));
        }

        private void request(int s, int pasid, long address, Page g, Page h, int step) {
            b.unit.requestTranslation(new Transaction().set(s, pasid, address, Access.WRITE), completion);
            assertThat(completion.status()).isEqualTo(TranslationCompletion.Status.SUCCESS);
            assertThat(completion.isReadable()).as("step %d", step).isEqualTo(h != null);
            assertThat(completion.isWritable()).as("step %d", step).isEqualTo(h != null && g.writable && h.writable);
            if (h != null) {
                assertThat(completion.address()).as("step %d", step).isEqualTo(h.address);
            }
        }
    }
}
