// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.iommu.Access.INSTRUCTION;
import static org.iommuemu.iommu.Access.PRIVILEGED;
import static org.iommuemu.iommu.Access.READ;
import static org.iommuemu.iommu.Access.WRITE;

import java.util.SplittableRandom;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever the tables say, a Translation Request grants what untranslated accesses may do and no more, and address translation
 * operations say the same (IHI 0070 §3.9.1, §9, §13.7).
 */
class TranslationAgreementTest {
    private static final int STREAMS = 40;
    private static final int PAGES = 24;
    private static final int PASID = 3;
    private static final long IPAS = 0x4000_0000L;

    /** A random stream: its tables, and its overrides. */
    private static final class Scene implements AutoCloseable {
        private final SplittableRandom random;
        private final AtsBench a;
        private final boolean nested;
        private final boolean split;
        private final int granule;
        private final int instCfg;
        private final int privCfg;
        private final boolean updates;

        Scene(SplittableRandom random) {
            this.random = random;
            CacheConfiguration caches =
                    random.nextBoolean() ? CacheConfiguration.standard() : CacheConfiguration.none();
            a = new AtsBench(AtsBench.IDR0, AtsBench.IDR1, AtsBench.IDR3, AtsBench.IDR5, caches);
            nested = random.nextInt(3) != 0;
            split = nested && random.nextInt(3) == 0;
            a.controls(AtsBench.ON | AtsBench.ATSCHK, AtsBench.RECINVSID);
            granule = 12 + 2 * random.nextInt(3);
            instCfg = random.nextBoolean() ? 0 : random.nextInt(4);
            privCfg = random.nextBoolean() ? 0 : random.nextInt(4);
            updates = random.nextBoolean();
            if (nested) {
                stage2(a.nested(1).second());
            }
            TestSte ste = a.bench.substreams(1, 0, 4, 2).instCfg(instCfg).privCfg(privCfg);
            ste.config(nested ? 7 : 5).set(93, 92, split ? 2 : 1);
            stage1(a.bench.cd(1, 0, 5));
            stage1(a.bench.cd(1, PASID, 9));
        }

        private void stage1(TestCd cd) {
            // HD, HA; WXN; PAN.
            cd.lowerTables(granule, 48).set(43, 42, updates ? random.nextInt(4) : 0);
            cd.set(36, 36, random.nextInt(4) == 0 ? 1 : 0).set(40, 40, random.nextInt(4) == 0 ? 1 : 0);
            for (int page = 0; page < PAGES; page++) {
                if (random.nextInt(8) != 0) {
                    cd.map((long) page << granule, IPAS + (random.nextLong(PAGES) << granule), attributes());
                }
            }
        }

        /** AP, AF, nG, DBM, PXN and UXN at random, AF mostly set. */
        private long attributes() {
            return (long) random.nextInt(4) << 6
                    | (random.nextInt(6) == 0 ? 0 : 0x400)
                    | 0xB00
                    | (random.nextBoolean() ? 1L << 51 : 0)
                    | (random.nextInt(3) == 0 ? 1L << 53 : 0)
                    | (random.nextInt(3) == 0 ? 1L << 54 : 0);
        }

        private void stage2(TableBuilder second) {
            a.bench.ste(1).set(184, 183, updates ? random.nextInt(4) : 0);
            for (int page = 0; page < PAGES << granule - 12; page++) {
                if (random.nextInt(8) != 0) {
                    long physical = SmmuBench.DATA + (random.nextLong(0x1000) << 12);
                    second.map(IPAS + ((long) page << 12), physical, attributes2());
                }
            }
        }

        /** S2AP, AF, DBM and XN at random, S2AP mostly read-write. */
        private long attributes2() {
            return 0x33C
                    | (long) (random.nextBoolean() ? 3 : random.nextInt(4)) << 6
                    | (random.nextInt(6) == 0 ? 0 : 0x400)
                    | (random.nextBoolean() ? 1L << 51 : 0)
                    | (random.nextInt(3) == 0 ? random.nextLong(4) << 53 : 0);
        }

        /** PAR of a passive operation (HTTUI) for an access with its code as it is after overrides. */
        private long operation(int pasid, long address, int code) {
            long sid = pasid == AtsBench.NONE ? 1 : 1L << 52 | (long) pasid << 32 | 1;
            int access = overridden(code);
            return a.gatos(
                    sid,
                    address & -0x1000
                            | (nested ? 0xC40 : 0x440)
                            | ((access & PRIVILEGED) != 0 ? 0x200 : 0)
                            | ((access & WRITE) == 0 ? 0x100 : 0)
                            | ((access & INSTRUCTION) != 0 ? 0x80 : 0));
        }

        private int overridden(int code) {
            int access = privCfg == 2 ? code & ~PRIVILEGED : privCfg == 3 ? code | PRIVILEGED : code;
            if ((code & WRITE) != 0) {
                return access & ~INSTRUCTION;
            }
            return instCfg == 2 ? access & ~INSTRUCTION : instCfg == 3 ? access | INSTRUCTION : access;
        }

        void check() {
            int pasid = random.nextBoolean() ? PASID : AtsBench.NONE;
            boolean privileged = pasid == PASID && random.nextBoolean();
            boolean execute = pasid == PASID && random.nextBoolean();
            boolean write = random.nextBoolean();
            long address = random.nextLong((long) PAGES << granule);
            int who = privileged ? PRIVILEGED : 0;

            long readPar = operation(pasid, address, who | READ);
            long writePar = operation(pasid, address, who | WRITE);
            String answer = a.ask(1, pasid, address, who | (write ? WRITE : READ) | (execute ? INSTRUCTION : 0));
            assertThat(a.bench.events())
                    .as("no event of a request or operation")
                    .isEmpty();
            boolean r = access(pasid, address, who | READ, readPar, answer);
            boolean w = access(pasid, address, who | WRITE, writePar, answer);
            boolean x = a.bench.access(1, pasid, address, who | INSTRUCTION).isOk();
            a.bench.events();

            String bits = answer.contains(" ") ? answer.substring(answer.indexOf(' ')) : "";
            assertThat(bits.contains("R")).as("R of %s", answer).isEqualTo(r);
            assertThat(bits.contains("W")).as("W of %s", answer).isIn(w, w && write);
            assertThat(bits.contains("X")).as("Exe of %s", answer).isEqualTo(execute && r && x);
            assertThat(bits.contains("P")).isEqualTo(privileged);
        }

        /** One untranslated access, which must end as the operation has said, and where the answer says if it grants it. */
        private boolean access(int pasid, long address, int code, long par, String answer) {
            Verdict v = a.bench.access(1, pasid, address, code);
            assertThat((par & 1) == 0).as("PAR %x: %s", par, v.rule()).isEqualTo(v.isOk());
            if (!v.isOk()) {
                long type = Long.parseUnsignedLong(a.bench.events().get(0).substring(8, 16), 16) & 0xFF;
                assertThat(par >>> 4 & 0xFF).as("FAULTCODE").isEqualTo(type);
                return false;
            }
            long output = v.address();
            long found = par & 0xFF_FFFF_FFFF_F000L;
            int log2 = (par & 0x800) == 0 ? 12 : Long.numberOfTrailingZeros(found) + 1;
            assertThat(found & -(1L << log2)).isEqualTo(output & -(1L << log2));
            if (answer.contains((code & WRITE) != 0 ? "W" : "R")) {
                long granted = address(answer, address);
                assertThat(answer).contains("/" + log2 + " ");
                if (!split) {
                    assertThat(granted).isEqualTo(output);
                } else if (instCfg != 3) {
                    assertThat(a.translated(1, granted, code).address()).isEqualTo(output);
                }
            }
            return true;
        }

        private static long address(String answer, long input) {
            int slash = answer.indexOf('/');
            int log2 = Integer.parseInt(answer.substring(slash + 1, answer.indexOf(' ')));
            return Long.parseUnsignedLong(answer.substring(0, slash), 16) | input & (1L << log2) - 1;
        }

        @Override
        public String toString() {
            return (nested ? "nested" : "stage 1") + (split ? ", split" : "") + ", granule " + granule + ", INSTCFG "
                    + instCfg + ", PRIVCFG " + privCfg + ", updates " + updates;
        }

        @Override
        public void close() {
            a.close();
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldGrantWhatAccessesMayDo(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int stream = 0; stream < STREAMS; stream++) {
            try (Scene scene = new Scene(random.split())) {
                for (int i = 0; i < 4 * PAGES; i++) {
                    try {
                        scene.check();
                    } catch (AssertionError e) {
                        throw new AssertionError(
                                "seed " + seed + ", " + scene + ", step " + i + ": " + e.getMessage(), e);
                    }
                }
            }
        }
    }
}
