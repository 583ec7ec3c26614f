// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** RTADDR.SSIRWE: devices have permission bits of their own in second-stage entries (VT-d architecture 9.8). */
class SeparatePermissionsTest {
    private static final int SOURCE = 0x18;
    private static final long SSIRWE = 1 << 7;
    private static final long IR = 1L << 61;
    private static final long IW = 1L << 62;

    private static VtdBench bench(boolean there) {
        VtdFeatures full = VtdFeatures.full();
        long ecap = ExtendedCapability.SSIRWS.set(full.ecap(), there ? 1 : 0);
        VtdBench b = new VtdBench(new VtdFeatures(full.ver(), full.cap(), ecap), CacheConfiguration.standard());
        b.start(1);
        b.write64(0x20, VtdBench.ROOT | 1 << 10 | SSIRWE);
        return b.command(VtdBench.TE | VtdBench.QIE | VtdBench.SRTP);
    }

    /** A page whose tables allow everything to devices, and nothing to others. */
    private static void map(VtdBench b, long bits) {
        long tables = b.scalableSecond(SOURCE, 0, 1);
        for (int height = 3; height > 0; height--) {
            b.memory.writeLong(b.entry(tables, 0x5000, height), 0);
            long at = b.entry(tables, 0x5000, height - 1) & -0x1000L;
            b.memory.writeLong(b.entry(tables, 0x5000, height), at | IR | IW | 1);
        }
        b.memory.writeLong(b.entry(tables, 0x5000, 0), VtdBench.DATA | bits);
    }

    @ParameterizedTest(name = "IR {0}, IW {1}, R and W {2}: reads {3}, writes {4}")
    @CsvSource({
        "1, 1, 0, OK, OK",
        "1, 0, 3, OK, SM_NO_WRITE",
        "0, 1, 3, SM_NO_READ, OK",
        "0, 0, 3, SM_SECOND_STAGE_NOT_PRESENT, SM_SECOND_STAGE_NOT_PRESENT"
    })
    void shouldAskTheBitsOfDevicesAlone(int ir, int iw, int rw, String read, String write) {
        try (VtdBench b = bench(true)) {
            map(b, ir * IR | iw * IW | rw);

            assertThat(name(b.read(SOURCE, 0x5000).rule())).isEqualTo(read);
            assertThat(name(b.write(SOURCE, 0x5000).rule())).isEqualTo(write);
        }
    }

    private static String name(Object rule) {
        return rule == null ? "OK" : rule.toString();
    }

    @Test
    void shouldRestrictByTheBitsOfTables() {
        try (VtdBench b = bench(true)) {
            map(b, IR | IW);
            long tables = b.memory.readLong(b.pasid(SOURCE, 0)) & -0x1000L;
            long at = b.entry(tables, 0x5000, 1);
            b.memory.writeLong(at, b.memory.readLong(at) & ~IW | 2);

            assertThat(b.read(SOURCE, 0x5000).isOk()).isTrue();
            assertThat(b.write(SOURCE, 0x5000).rule()).isEqualTo(FaultReason.SM_NO_WRITE);
        }
    }

    @Test
    void shouldTakeThePlainBitsBackWithoutSsirwe() {
        try (VtdBench b = bench(true)) {
            map(b, IR | 3);
            assertThat(b.write(SOURCE, 0x5000).isOk()).isFalse();
            b.write64(0x20, VtdBench.ROOT | 1 << 10);
            b.command(VtdBench.TE | VtdBench.QIE | VtdBench.SRTP);

            assertThat(b.write(SOURCE, 0x5000).rule())
                    .as("bit 62 of the tables is reserved now")
                    .isEqualTo(FaultReason.SM_SECOND_STAGE_RESERVED);
        }
    }

    @Test
    void shouldIgnoreThemWhereTheyAreAbsent() {
        try (VtdBench b = bench(false)) {
            b.map(b.scalableSecond(SOURCE, 0, 1), 0x5000, VtdBench.DATA, 3);

            assertThat(b.write(SOURCE, 0x5000).isOk()).isTrue();
        }
    }
}
