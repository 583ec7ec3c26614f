// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.iommuemu.bits.Seeds;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.vtd.perfmon.MonitorFeatures;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A unit without caches, which fetches for every transaction, beside one that has never fetched anything before. */
class KnownContextsTest {
    private static final int STEPS = 600;
    private static final int SOURCES = 4;
    private static final int PASIDS = 3;
    private static final int SCALABLE = 1;
    private static final long PAGE = 0x1000;

    static Stream<Arguments> seeds() {
        return Seeds.some().boxed().flatMap(seed -> Stream.of(Arguments.of(seed, 0), Arguments.of(seed, SCALABLE)));
    }

    /** Bits of context and PASID entries are turned over, and mostly back again after one transaction. */
    @ParameterizedTest(name = "seed={0} mode={1}")
    @MethodSource("seeds")
    void shouldAnswerAsIfEveryStructureWereSeenForTheFirstTime(long seed, int mode) {
        SplittableRandom random = new SplittableRandom(seed);
        try (VtdBench b = new VtdBench(VtdFeatures.full(), CacheConfiguration.none()).start(mode)) {
            long[][] structures = structures(b, mode);
            int ok = 0;
            for (int step = 0; step < STEPS; step++) {
                int source = random.nextInt(SOURCES);
                int pasid = mode == SCALABLE && random.nextBoolean()
                        ? 1 + random.nextInt(PASIDS - 1)
                        : Transaction.NO_SUBSTREAM;
                long[] entries = structures[source];
                boolean context = mode != SCALABLE || random.nextInt(4) == 0;
                long entry = context ? entries[0] : entries[1 + Math.max(0, pasid)];
                long word = entry + random.nextLong(context ? 2 : 8) * Long.BYTES;
                long before = b.memory.readLong(word);
                if (random.nextBoolean()) {
                    b.memory.writeLong(word, before ^ 1L << random.nextInt(64));
                }
                Transaction t =
                        new Transaction().set(source, pasid, random.nextInt(3) * PAGE, random.nextInt(Access.CODES));
                Verdict expected = new Verdict();
                fresh(b, mode).translate(t, expected);
                Verdict v = new Verdict();

                b.unit.translate(t, v);

                assertThat(string(v)).as("step %d", step).isEqualTo(string(expected));
                ok += v.isOk() ? 1 : 0;
                if (random.nextInt(32) != 0) {
                    b.memory.writeLong(word, before);
                }
            }
            assertThat(ok).isBetween(STEPS / 50, STEPS * 9 / 10);
        }
    }

    /** Where each source's context entry is, and behind it the entries of its PASIDs; of legacy mode the former alone. */
    private static long[][] structures(VtdBench b, int mode) {
        long[][] at = new long[SOURCES][];
        for (int source = 0; source < SOURCES; source++) {
            if (mode != SCALABLE) {
                map(b, b.second(source, source + 1));
                at[source] = new long[] {b.legacyContext(source)};
                continue;
            }
            at[source] = new long[PASIDS + 1];
            at[source][0] = b.scalableContext(source);
            for (int pasid = 0; pasid < PASIDS; pasid++) {
                boolean first = (source + pasid) % 2 == 0;
                map(b, first ? b.first(source, pasid, source + 1) : b.scalableSecond(source, pasid, source + 1));
                at[source][pasid + 1] = b.pasid(source, pasid);
            }
        }
        return at;
    }

    private static void map(VtdBench b, long root) {
        b.map(root, 0, VtdBench.DATA, 7).map(root, PAGE, VtdBench.DATA + PAGE, 5);
    }

    private static Vtd fresh(VtdBench b, int mode) {
        Vtd unit = new Vtd(
                b.memory, VtdFeatures.full(), CacheConfiguration.none(), line -> {}, MonitorFeatures.standard());
        unit.writeRegister(0x20, 8, VtdBench.ROOT | (long) mode << 10);
        unit.writeRegister(0x18, 4, VtdBench.SRTP);
        unit.writeRegister(0x18, 4, VtdBench.TE);
        return unit;
    }

    private static String string(Verdict v) {
        return v.status() + " " + v.address() + " " + v.pageShift() + " " + v.attributes() + " " + v.rule();
    }
}
