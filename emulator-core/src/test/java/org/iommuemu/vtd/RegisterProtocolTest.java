// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.iommu.CacheConfiguration;
import org.junit.jupiter.api.Test;

/** What writes to the registers do: commands, status, events, fault records (VT-d architecture 7.2-7.3, 11.4). */
class RegisterProtocolTest {
    @Test
    void shouldShowEachCommandInGstsAndKeepTheOthers() {
        try (VtdBench b = VtdBench.reset()) {
            assertThat(b.read32(0x1C)).isZero();
            assertThat(b.command(VtdBench.SRTP).read32(0x1C)).isEqualTo(0x4000_0000L);
            assertThat(b.command(VtdBench.QIE).read32(0x1C)).isEqualTo(0x4400_0000L);
            assertThat(b.command(VtdBench.QIE | VtdBench.TE).read32(0x1C)).isEqualTo(0xC400_0000L);
            assertThat(b.command(VtdBench.QIE | VtdBench.TE | VtdBench.SIRTP).read32(0x1C))
                    .isEqualTo(0xC500_0000L);
            assertThat(b.command(VtdBench.QIE).read32(0x1C)).isEqualTo(0x4500_0000L);
            assertThat(b.read32(0x18)).as("GCMD").isZero();
        }
    }

    @Test
    void shouldLatchTheRootTableAtSrtp() {
        try (VtdBench b = VtdBench.legacy()) {
            b.map(b.second(0x18, 1), 0x5000, VtdBench.DATA, 3);
            b.write64(0x20, 0x7700_0000L);

            assertThat(b.read(0x18, 0x5000).isOk()).isTrue();
            b.command(VtdBench.TE | VtdBench.QIE | VtdBench.SRTP);
            assertThat(b.read(0x18, 0x5000).rule()).isEqualTo(FaultReason.ROOT_NOT_PRESENT);
        }
    }

    @Test
    void shouldIgnoreWritesToReservedAndReadOnlyRegisters() {
        try (VtdBench b = VtdBench.reset()) {
            long capabilities = b.read64(0x08);
            for (long at : new long[] {0x00, 0x08, 0x10, 0x1C, 0x30, 0x50, 0x58, 0x80, 0x98, 0xB0, 0xD8, 0xFF0}) {
                b.write32(at, -1L);
            }

            assertThat(b.read64(0x08)).isEqualTo(capabilities);
            assertThat(b.read32(0x1C) | b.read32(0x30) | b.read32(0x50) | b.read32(0x58) | b.read32(0x98))
                    .isZero();
            b.write32(0x3C, -1L);
            b.write32(0x40, -1L);
            b.write64(0x90, -1L);
            assertThat(b.read32(0x3C)).as("FEDATA").isEqualTo(0xFFFF);
            assertThat(b.read32(0x40)).as("FEADDR").isEqualTo(0xFFFF_FFFCL);
            assertThat(b.read64(0x90)).as("IQA").isEqualTo(0xFFFF_FFFF_FFFF_F807L);
        }
    }

    @Test
    void shouldInvalidateByRegistersUpToVersion5InLegacyMode() {
        VtdFeatures full = VtdFeatures.full();
        try (VtdBench b = new VtdBench(new VtdFeatures(0x50, full.cap(), full.ecap()), CacheConfiguration.standard())) {
            b.start(0);
            long tables = b.second(0x18, 1);
            b.map(tables, 0x5000, VtdBench.DATA, 3).read(0x18, 0x5000);
            b.map(tables, 0x5000, VtdBench.DATA + 0x1000, 3);

            // IOTLB: IVT, page granularity, domain 1; the upper half sets it off. IVA: 0x5000.
            b.write64(0x500, 0x5000);
            b.write32(0x508, 0);
            assertThat(b.read(0x18, 0x5000).address()).isEqualTo(VtdBench.DATA);
            b.write32(0x50C, 1L << 31 | 3 << 28 | 1);
            assertThat(b.read64(0x508) >>> 57 & 0x43).as("IVT and IAIG").isEqualTo(3);
            assertThat(b.read(0x18, 0x5000).address()).isEqualTo(VtdBench.DATA + 0x1000);
            b.write64(0x28, 1L << 63 | 1L << 61);
            assertThat(b.read64(0x28) >>> 59).as("ICC, CIRG and CAIG").isEqualTo(0b00101);
        }
        try (VtdBench b = VtdBench.legacy()) {
            b.write64(0x28, 1L << 63 | 1L << 61);
            assertThat(b.read64(0x28) >>> 59).as("version 6 refuses").isEqualTo(0b00100);
        }
    }

    @Test
    void shouldFillRecordsInTurnAndSetPfoWhenTheyAreFull() {
        try (VtdBench b = VtdBench.legacy()) {
            for (int i = 0; i < 8; i++) {
                b.read(0x18, i << 12);
            }
            assertThat(b.read32(0x34)).as("PPF").isEqualTo(0x2);
            b.read(0x18, 0x9000);
            assertThat(b.read32(0x34)).as("PFO and PPF").isEqualTo(0x3);
            assertThat(b.faults()).hasSize(8).last().isEqualTo("1 read 18 at 7000");
            assertThat(b.read32(0x34)).as("PFO is left").isEqualTo(0x1);
            b.read(0x18, 0xA000);
            assertThat(b.read32(0x34)).as("nothing is recorded").isEqualTo(0x1);
            b.write32(0x34, 1);
            b.read(0x18, 0xB000);
            b.read(0x18, 0xC000);
            assertThat(b.read32(0x34)).as("FRI 0").isEqualTo(0x2);
            assertThat(b.faults()).containsExactly("1 read 18 at b000", "1 read 18 at c000");
            b.read(0x18, 0xD000);
            assertThat(b.read32(0x34)).as("FRI 2").isEqualTo(0x202);
            assertThat(b.unit.faultsLost()).isEqualTo(2);
        }
    }

    @Test
    void shouldRecordOneFaultOfASourceAtATimeWhenTheyAreCompressed() {
        try (VtdBench b = VtdBench.legacy()) {
            b.unit.compressFaults(true);
            b.read(0x18, 0x1000);
            b.read(0x18, 0x2000);
            b.read(0x19, 0x3000);
            b.read(0x18, 0x4000);
            assertThat(b.unit.faultsCompressed()).isEqualTo(2);
            assertThat(b.faults()).containsExactly("1 read 18 at 1000", "1 read 19 at 3000");
            b.read(0x18, 0x5000);
            assertThat(b.faults()).containsExactly("1 read 18 at 5000");

            for (int source = 0; source < 10; source++) {
                b.read(source, 0x6000);
                b.read(source, 0x7000);
            }
            assertThat(b.read32(0x34) & 1).as("PFO: more sources than records").isEqualTo(1);
            assertThat(b.faults()).hasSize(8).last().isEqualTo("1 read 7 at 6000");
            assertThat(b.unit.faultsCompressed()).isEqualTo(10);
        }
    }

    @Test
    void shouldHoldTheEventBackUntilItIsUnmasked() {
        try (VtdBench b = VtdBench.legacy()) {
            assertThat(b.read32(0x38)).as("IM").isEqualTo(0x8000_0000L);
            b.read(0x18, 0x1000);
            assertThat(b.read32(0x38)).as("IM and IP").isEqualTo(0xC000_0000L);
            b.write32(0x38, 0);
            assertThat(b.pulses).containsExactly("fault");
            assertThat(b.read32(0x38)).isZero();
            b.read(0x18, 0x2000);
            assertThat(b.pulses).as("the first is not served yet").hasSize(1);
            b.faults();
            b.read(0x18, 0x3000);
            assertThat(b.pulses).hasSize(2);
        }
    }

    @Test
    void shouldSendNothingForWhatWasServedWhileMasked() {
        try (VtdBench b = VtdBench.legacy()) {
            b.read(0x18, 0x1000);
            b.faults();
            b.write32(0x38, 0);

            assertThat(b.pulses).isEmpty();
        }
    }

    @Test
    void shouldCloseProtectedRangesToAllDma() {
        try (VtdBench b = VtdBench.legacy()) {
            b.map(b.second(0x18, 1), 0x5000, 0x8030_0000L, 3);
            b.write32(0x68, 0x8000_0000L);
            b.write32(0x6C, 0x8030_0000L);
            assertThat(b.read(0x18, 0x5000).isOk()).isTrue();

            b.write32(0x64, 0x8000_0000L);
            assertThat(b.read32(0x64)).as("EPM and PRS").isEqualTo(0x8000_0001L);
            assertThat(b.read(0x18, 0x5000).isOk()).isFalse();
            b.command(VtdBench.QIE);
            assertThat(b.read(0x18, 0x803F_FFFFL).isOk())
                    .as("the limit's low bits are ones")
                    .isFalse();
            assertThat(b.read(0x18, 0x8040_0000L).isOk()).isTrue();
            assertThat(b.read(0x18, 0x7FFF_F000L).isOk()).isTrue();
            assertThat(b.faults()).isEmpty();

            b.write32(0x64, 0);
            assertThat(b.read(0x18, 0x8030_0000L).isOk()).isTrue();
        }
    }
}
