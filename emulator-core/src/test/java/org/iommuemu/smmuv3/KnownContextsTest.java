// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.iommuemu.bits.Seeds;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A machine without caches, which fetches for every transaction, beside one that has never fetched anything before. */
class KnownContextsTest {
    private static final int STEPS = 600;
    private static final int STREAMS = 8;
    private static final int NESTED = 6;
    private static final int STAGE_2_ALONE = 4;
    private static final long STRUCTURE_BYTES = 64;
    private static final long PAGE = 0x1000;
    private static final long IDENTITY_BLOCKS = 32;
    private static final long E2H = 1;

    static LongStream seeds() {
        return Seeds.some();
    }

    /** Bits of STEs and CDs are turned over, and mostly back again before the next but one. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void shouldAnswerAsIfEveryStructureWereSeenForTheFirstTime(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        try (SmmuFixture f = new SmmuFixture(SmmuFeatures.full(), CacheConfiguration.none())) {
            f.enable();
            structures(f);
            int ok = 0;
            for (int step = 0; step < STEPS; step++) {
                int stream = random.nextInt(STREAMS);
                int substream = random.nextInt(4) == 0 ? random.nextInt(3) : Transaction.NO_SUBSTREAM;
                long word = (random.nextBoolean() ? SmmuFixture.STREAM_TABLE : SmmuFixture.CDS)
                        + stream * STRUCTURE_BYTES
                        + random.nextLong(8) * Long.BYTES;
                long before = f.memory.readLong(word);
                if (random.nextInt(3) == 0) {
                    f.memory.writeLong(word, before ^ 1L << random.nextInt(64));
                }
                Transaction t = new Transaction()
                        .set(stream, substream, random.nextInt(3) * PAGE, random.nextInt(Access.CODES));
                long cr2 = f.smmu.readRegister(0x2C, 4);
                Verdict expected = new Verdict();
                fresh(f, cr2).translate(t, expected);
                Verdict v = new Verdict();

                f.smmu.translate(t, v);

                assertThat(string(v)).as("step %d", step).isEqualTo(string(expected));
                ok += v.isOk() ? 1 : 0;
                if (random.nextInt(4) != 0) {
                    f.memory.writeLong(word, before);
                }
            }
            assertThat(ok).isBetween(STEPS / 50, STEPS * 9 / 10);
        }
    }

    /** EL2 becomes EL2-E2H, where an unprivileged access of a page without AP[1] is refused. */
    @Test
    void shouldDecodeAnewWhenWhatAStreamWorldIsChanges() {
        try (SmmuFixture f = new SmmuFixture(SmmuFeatures.full(), CacheConfiguration.none())) {
            f.enable(2);
            TableBuilder t = f.stage1(1, 1);
            t.map(0, 0x8000_0000L, TableBuilder.READ_WRITE & ~(1L << 6));
            // STE.STRW = 0b10: NS-EL2.
            f.memory.writeLong(SmmuFixture.STREAM_TABLE + STRUCTURE_BYTES + 8, 2L << 30);
            assertThat(f.access(1, 0, Access.READ).isOk()).isTrue();

            f.smmu.writeRegister(0x20, 4, 0);
            f.enable(2 | E2H);

            assertThat(f.access(1, 0, Access.READ).isOk()).isFalse();
        }
    }

    private static void structures(SmmuFixture f) {
        for (int stream = 0; stream < STREAMS; stream++) {
            TableBuilder stage2 = stream < STAGE_2_ALONE ? null : f.stage2(stream, stream);
            if (stage2 != null) {
                for (long block = 0; block < IDENTITY_BLOCKS; block++) {
                    stage2.map(block << 21, block << 21, 1, SmmuFixture.STAGE_2_READ_WRITE);
                }
            }
            if (stream < STAGE_2_ALONE || stream >= NESTED) {
                long root = stage2 == null ? 0 : stage2.root();
                TableBuilder stage1 = f.stage1(stream, stream);
                stage1.map(0, 0x10_0000, TableBuilder.READ_WRITE).map(PAGE, 0x20_0000, TableBuilder.READ_ONLY);
                if (stage2 != null) {
                    f.ste(
                            stream,
                            1 | 7 << 1 | SmmuFixture.CDS + stream * STRUCTURE_BYTES,
                            0,
                            SmmuFixture.stage2Word(stream),
                            root);
                }
            }
        }
    }

    private static SmmuV3 fresh(SmmuFixture f, long cr2) {
        SmmuV3 smmu = new SmmuV3(f.memory, SmmuFeatures.full(), CacheConfiguration.none(), line -> {});
        smmu.writeRegister(0x2C, 4, cr2);
        smmu.writeRegister(0x80, 8, SmmuFixture.STREAM_TABLE);
        smmu.writeRegister(0x88, 4, 8);
        smmu.writeRegister(0x20, 4, 1);
        return smmu;
    }

    private static String string(Verdict v) {
        return v.status() + " " + v.address() + " " + v.pageShift() + " " + v.attributes() + " " + v.rule();
    }
}
