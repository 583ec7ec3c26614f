// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which TLB commands reach which StreamWorld: fact sheet 5.5. */
class El2InvalidationTest {
    private static final long RW = TableBuilder.READ_WRITE;
    private static final long GLOBAL = RW & ~(1L << 11);
    /** The third page is global. */
    private static final long[] PAGES = {0x1000, 0x20_0000, 0x40_0000};

    private SmmuBench b = SmmuBench.reset();

    @AfterEach
    void close() {
        b.close();
    }

    /** Streams 1 and 2 of EL2 with ASIDs 1 and 2, stream 3 of EL1 with ASID 1; all pages cached, then unmapped. */
    private void use(boolean e2h) {
        b.close();
        SmmuBench machine = new SmmuBench(SmmuBench.withIdr0(0, 0x201), CacheConfiguration.standard());
        b = e2h ? machine.e2h().start() : machine.start();
        TestCd[] cds = {b.stage1(1, 1), b.stage1(2, 2), b.stage1(3, 1)};
        b.ste(1).set(95, 94, 2);
        b.ste(2).set(95, 94, 2);
        for (int s = 0; s < 3; s++) {
            for (int i = 0; i < 3; i++) {
                // One address space of EL2 without E2H: both streams agree on every page.
                cds[s].map(PAGES[i], SmmuBench.DATA + (i << 12), i == 2 ? GLOBAL : RW);
            }
        }
        for (int s = 1; s <= 3; s++) {
            for (long page : PAGES) {
                assertThat(b.read(s, page).isOk()).isTrue();
            }
        }
        for (TestCd cd : cds) {
            for (long page : PAGES) {
                cd.unmap(page);
            }
        }
        assertThat(stale()).isEqualTo("111 111 111");
    }

    /** For each stream, for each page: whether the translation is still there. */
    private String stale() {
        StringBuilder s = new StringBuilder();
        for (int stream = 1; stream <= 3; stream++) {
            s.append(stream > 1 ? " " : "");
            for (long page : PAGES) {
                s.append(b.read(stream, page).isOk() ? '1' : '0');
            }
        }
        b.events();
        return s.toString();
    }

    @ParameterizedTest(name = "E2H {0}: {1}")
    @CsvSource({
        "true,  EL2_ALL,        0x0000000000000020, 0,        000 000 111",
        "false, EL2_ALL,        0x0000000000000020, 0,        000 000 111",
        "true,  EL2_ASID,       0x0001000000000021, 0,        001 111 111",
        "true,  EL2_ASID other, 0x0101000000000021, 0,        111 111 111",
        // Translations without ASIDs need not be dropped by ASID.
        "false, EL2_ASID,       0x0001000000000021, 0,        111 111 111",
        "true,  EL2_VA,         0x0002000000000022, 0x1001,   111 011 111",
        "true,  EL2_VA table,   0x0002000000000022, 0x1000,   111 011 111",
        "true,  EL2_VA global,  0x0077000000000022, 0x400001, 110 110 111",
        "false, EL2_VA,         0x0077000000000022, 0x1001,   011 011 111",
        "false, EL2_VA global,  0x0000000000000022, 0x400000, 110 110 111",
        "true,  EL2_VAA,        0x0000000000000023, 0x200001, 101 101 111",
        "true,  EL2_VAA global, 0x0000000000000023, 0x400001, 110 110 111",
        "false, EL2_VAA,        0x0000000000000023, 0x200001, 101 101 111",
        "true,  EL2_VA range,   0x0001000000003022, 0x701,    011 111 111",
        "false, EL2_VAA range,  0x0000000000003023, 0x701,    011 011 111",
        "true,  NH_ALL,         0x0000000000000010, 0,        111 111 000",
        "true,  NH_ASID,        0x0001000000000011, 0,        111 111 001",
        "true,  NH_VA,          0x0001000000000012, 0x1001,   111 111 011",
        "true,  NH_VA global,   0x0001000000000012, 0x400001, 111 111 110",
        "true,  NH_VAA,         0x0000000000000013, 0x1001,   111 111 011",
        "true,  S12_VMALL,      0x0000000000000028, 0,        111 111 000",
        "true,  NSNH_ALL,       0x0000000000000030, 0,        111 111 000",
        "false, NSNH_ALL,       0x0000000000000030, 0,        111 111 000",
        "false, NH_ALL,         0x0000000000000010, 0,        111 111 000",
        "true,  S2_IPA,         0x000000000000002A, 0x1001,   111 111 111",
    })
    void shouldDropByWorld(boolean e2h, String name, String word0, String word1, String left) {
        use(e2h);
        b.command(Long.decode(word0), Long.decode(word1)).sync();
        assertThat(b.read32(0x60)).as("no error").isZero();
        assertThat(stale()).isEqualTo(left);
    }

    @Test
    void shouldTakeE2hAsItIsWhenACommandIsProcessed() {
        // 5.1: E2H is sampled at processing time; EL2_VA then means the other world.
        use(true);
        b.write32(0x20, 0xC);
        b.write32(0x2C, 2);
        b.command(0x0001_0000_0000_0022L, 0x1001).sync();
        b.write32(0x2C, 3);
        b.write32(0x20, 0xD);
        assertThat(stale()).isEqualTo("111 111 111");
    }

    @Test
    void shouldDropTableEntriesOfEl2UnlessLeaf() {
        use(false);
        TestCd cd = b.stage1(4).map(0x60_1000, SmmuBench.DATA);
        b.ste(4).set(95, 94, 2);
        b.command(0x20, 0);
        b.read(4, 0x60_1000);
        long table = b.allocator.allocate(0x1000, 0x1000);
        b.memory.writeLong(table + 8, SmmuBench.DATA + 0x5000 | 0xC43);
        cd.descriptor(0x60_1000, 1, table | 3);

        b.command(0x22, 0x60_1001).sync();
        assertThat(b.read(4, 0x60_1000).address()).as("Leaf").isEqualTo(SmmuBench.DATA);
        b.command(0x22, 0x60_1000).sync();
        assertThat(b.read(4, 0x60_1000).address()).isEqualTo(SmmuBench.DATA + 0x5000);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x20, 0x21, 0x22, 0x23})
    void shouldStopAtEl2CommandsWithoutEl2(int opcode) {
        // 5.3: CERROR_ILL when Hyp=0.
        b.start();
        b.command(opcode, 0);
        assertThat(b.read32(0x60) & 1).isOne();
        assertThat(b.read32(0x9C) >>> 24).isOne();
    }

    @Test
    void shouldStopAtAnEmptyRangeOfEl2() {
        // 5.3: TG set, NUM, SCALE and TTL 0.
        use(true);
        b.command(0x22, 0x400);
        assertThat(b.read32(0x9C) >>> 24).isOne();
    }
}
