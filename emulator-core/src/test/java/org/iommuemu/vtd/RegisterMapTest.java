// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every offset of the register map: its value after reset, what software can write, and what reads as zero (11.4). */
class RegisterMapTest {
    /** Offset, bytes, name, value after reset, bits that can be written; those of cleared and command registers read back as 0. */
    private static final String MAP = """
            000 4 VER          60               0
            018 4 GCMD         0                0
            01c 4 GSTS         0                0
            020 8 RTADDR       0                fffffffffffffc80
            028 8 CCMD         0                command
            034 4 FSTS         0                0
            038 4 FECTL        80000000         80000000
            03c 4 FEDATA       0                ffff
            040 4 FEADDR       0                fffffffc
            044 4 FEUADDR      0                ffffffff
            064 4 PMEN         0                command
            068 4 PLMBASE      0                fff00000
            06c 4 PLMLIMIT     0                fff00000
            070 8 PHMBASE      0                ffffffff00000
            078 8 PHMLIMIT     0                ffffffff00000
            080 8 IQH          0                0
            088 8 IQT          0                7fff0
            090 8 IQA          0                fffffffffffff807
            09c 4 ICS          0                0
            0a0 4 IECTL        80000000         80000000
            0a4 4 IEDATA       0                ffff
            0a8 4 IEADDR       0                fffffffc
            0ac 4 IEUADDR      0                ffffffff
            0b0 8 IQERCD       0                0
            0b8 8 IRTA         0                fffffffffffff80f
            0c0 8 PQH          0                7ffe0
            0c8 8 PQT          0                7ffe0
            0d0 8 PQA          0                fffffffffffff007
            0dc 4 PRS          0                0
            0e0 4 PECTL        80000000         80000000
            0e4 4 PEDATA       0                ffff
            0e8 4 PEADDR       0                fffffffc
            0ec 4 PEUADDR      0                ffffffff
            300 8 PERFCAP      7000b05300008    0
            310 4 PERFCFGOFF   1000             0
            314 4 PERFFRZOFF   340              0
            318 4 PERFOVFOFF   348              0
            31c 4 PERFCNTROFF  8000             0
            324 4 PERFINTRSTS  0                0
            328 4 PERFINTRCTL  80000000         80000000
            32c 4 PERFINTRDATA 0                ffff
            330 4 PERFINTRADDR 0                fffffffc
            334 4 PERFINTRUADDR 0               ffffffff
            340 8 PERFFRZSTS   0                0
            348 8 PERFOVFSTS   0                0
            380 8 PERFEVNTCAP0 3                0
            388 8 PERFEVNTCAP1 c9               0
            390 8 PERFEVNTCAP2 ff               0
            398 8 PERFEVNTCAP3 3                0
            3a0 8 PERFEVNTCAP4 7                0
            400 8 ECMD         0                0
            408 8 ECEO         0                0
            410 8 ECRSP        0                command
            420 8 ECSTS0       0                0
            428 8 ECSTS1       0                0
            430 8 ECCAP0       0                0
            438 8 ECCAP1       0                0
            440 8 ECCAP2       0                0
            448 8 ECCAP3       3f000000000000   0
            500 8 IVA          0                0
            508 8 IOTLB        0                command
            600 8 FRCD0        0                0
            678 8 FRCD7        0                0
            dc0 8 RDTC         0                1f00000fff
            e00 8 VCMD         0                0
            e08 8 VCMD_EO      0                0
            e10 8 VCRSP        0                command
            e30 8 VCCAP        7                0
            1000 8 PERFCNTRCFG0 0               fffffff00000f06
            1008 4 PERFRIDFILTER0 0             8000ffff
            100c 4 PERFDIDFILTER0 0             8000ffff
            1014 4 PERFATFILTER0 0              80000007
            1700 8 PERFCNTRCFG7 0               fffffff00000f06
            1714 4 PERFATFILTER7 0              80000007
            8000 8 PERFCNTR0   0                ffffffffffff
            9c00 8 PERFCNTR7   0                ffffffffffff
            """;

    /** One row. */
    private record Row(int offset, int bytes, String name, long reset, String writable) {
        @Override
        public String toString() {
            return name;
        }

        boolean isCommand() {
            return writable.equals("command");
        }

        long mask() {
            return Long.parseUnsignedLong(writable, 16);
        }
    }

    static Stream<Row> rows() {
        return MAP.lines().map(line -> {
            String[] c = line.trim().split(" +");
            return new Row(Integer.parseInt(c[0], 16), Integer.parseInt(c[1]), c[2], Long.parseLong(c[3], 16), c[4]);
        });
    }

    private static VtdBench monitored() {
        return new VtdBench(VtdFeatures.monitored(), CacheConfiguration.none());
    }

    private static long read(VtdBench b, Row r) {
        return b.unit.readRegister(r.offset(), r.bytes());
    }

    @ParameterizedTest
    @MethodSource("rows")
    void shouldTakeTheBitsThatCanBeWrittenAndNoOthers(Row r) {
        try (VtdBench b = monitored()) {
            assertThat(read(b, r)).as("after reset").isEqualTo(r.reset());
            if (r.isCommand()) {
                return;
            }
            b.unit.writeRegister(r.offset(), r.bytes(), -1L);
            assertThat(read(b, r)).as("ones").isEqualTo(r.reset() & ~r.mask() | r.mask());
            b.unit.writeRegister(r.offset(), r.bytes(), 0);
            assertThat(read(b, r)).as("zeros").isEqualTo(r.reset() & ~r.mask());
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void shouldTakeEitherHalfOfALongOne(Row r) {
        if (r.bytes() != 8 || r.isCommand()) {
            return;
        }
        try (VtdBench b = monitored()) {
            b.write32(r.offset() + 4L, 0xFFFF_FFFFL);
            assertThat(read(b, r)).isEqualTo(r.reset() | r.mask() & 0xFFFF_FFFF_0000_0000L);
            b.write32(r.offset(), 0xFFFF_FFFFL);
            assertThat(read(b, r)).isEqualTo(r.reset() | r.mask());
            assertThat(b.read32(r.offset()) | b.read32(r.offset() + 4L) << 32).isEqualTo(r.reset() | r.mask());
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void shouldResetWhatWasWritten(Row r) {
        try (VtdBench b = monitored()) {
            b.unit.writeRegister(r.offset(), r.bytes(), -1L);
            b.unit.reset();
            assertThat(read(b, r)).isEqualTo(r.reset());
        }
    }

    @Test
    void shouldShowCapabilities() {
        try (VtdBench b = monitored()) {
            b.write64(0x08, -1);
            b.write64(0x10, -1);
            assertThat(b.read64(0x08)).isEqualTo(VtdFeatures.monitored().cap());
            assertThat(b.read64(0x10)).isEqualTo(VtdFeatures.monitored().ecap());
        }
    }

    @Test
    void shouldReadZeroWhereThereIsNothing() {
        try (VtdBench b = monitored()) {
            boolean[] taken = new boolean[0xA000];
            rows().forEach(r -> Arrays.fill(taken, r.offset(), r.offset() + r.bytes(), true));
            Arrays.fill(taken, 0x8, 0x18, true);
            Arrays.fill(taken, 0x600, 0x680, true);
            for (int n = 0; n < 8; n++) {
                Arrays.fill(taken, 0x1000 + n * 0x100, 0x1000 + n * 0x100 + 0x10, true);
                Arrays.fill(taken, 0x1014 + n * 0x100, 0x1018 + n * 0x100, true);
                Arrays.fill(taken, 0x8000 + n * 0x400, 0x8008 + n * 0x400, true);
            }
            for (int at = 0; at < taken.length; at += 4) {
                if (!taken[at]) {
                    b.write32(at, -1L);
                    assertThat(b.read32(at)).as("offset %x", at).isZero();
                }
            }
        }
    }

    @Test
    void shouldNotActOnCommandsUntilTheirUpperHalfIsWritten() {
        VtdFeatures all = VtdFeatures.monitored();
        try (VtdBench b = new VtdBench(new VtdFeatures(0x50, all.cap(), all.ecap()), CacheConfiguration.none())) {
            b.write32(0x28, 0xFFFF_FFFFL);
            assertThat(b.read64(0x28)).as("CCMD: SID can be written only").isEqualTo(0xFFFFL);
            b.write32(0x2C, 0xFFFF_FFFFL & ~(1L << 30));
            assertThat(b.read64(0x28)).as("ICC is over, CIRG, CAIG").isEqualTo(0x2800_0000_0000_FFFFL);
            b.write32(0x508, 0xFFFF_FFFFL);
            assertThat(b.read64(0x508)).as("IOTLB").isZero();
            b.write32(0x50C, 0xFFFF_FFFFL & ~(1L << 29));
            assertThat(b.read64(0x508)).as("IVT is over, IAIG, DR, DW, DID").isEqualTo(0x1203_FFFF_0000_0000L);
        }
    }

    @Test
    void shouldLeaveTheWriteBufferAsFlushedAsItIs() {
        VtdFeatures full = VtdFeatures.full();
        long ecap = ExtendedCapability.SMTS.set(full.ecap(), 0);
        VtdFeatures f = new VtdFeatures(full.ver(), Capability.RWBF.set(full.cap(), 1), ecap);
        try (VtdBench b = new VtdBench(f, CacheConfiguration.none())) {
            assertThat(b.read64(0x08) >>> 4 & 1).as("RWBF").isEqualTo(1);
            b.command(1 << 27);
            assertThat(b.read32(0x1C)).as("WBFS: over at the next read").isZero();
        }
        VtdFeatures scalable = new VtdFeatures(full.ver(), Capability.RWBF.set(full.cap(), 1), full.ecap());
        assertThat(scalable.unmodelled()).as("RWBF with SMTS").containsExactly("CAP.RWBF");
    }

    @ParameterizedTest(name = "FRO {0}, IRO {1}: {2}")
    @CsvSource({
        "40, 50, FRO is 0x40",
        "3f, 50, FRO is 0x3f",
        "e, 50, FRO is 0xe",
        "dd, 50, FRO is 0xdd",
        "100, 50, FRO is 0x100",
        "60, 67, IRO is 0x67",
        "60, e3, IRO is 0xe3",
        "60, 3a, IRO is 0x3a"
    })
    void shouldRefuseARegisterWhereAnotherIs(String fro, String iro, String message) {
        VtdFeatures f = VtdFeatures.monitored();
        long cap = Capability.FRO.set(f.cap(), Long.parseLong(fro, 16));
        long ecap = ExtendedCapability.IRO.set(f.ecap(), Long.parseLong(iro, 16));

        assertThatThrownBy(() -> new VtdFeatures(f.ver(), cap, ecap))
                .hasMessage(message + ", expected a place that no other register has");
    }

    @Test
    void shouldReadZeroForWhatAUnitLacks() {
        long cap = Capability.ND.of(6)
                | Capability.SAGAW.of(4)
                | Capability.MGAW.of(47)
                | Capability.FRO.of(0x22)
                | Capability.PSI.of(1);
        List<int[]> absent = new ArrayList<>();
        absent.add(new int[] {0x48, 0x220});
        absent.add(new int[] {0x230, 0x1000});
        try (VtdBench b =
                new VtdBench(new VtdFeatures(0x10, cap, ExtendedCapability.IRO.of(0x100)), CacheConfiguration.none())) {
            for (int[] range : absent) {
                for (int at = range[0]; at < range[1]; at += 4) {
                    b.write32(at, -1L);
                    assertThat(b.read32(at)).as("offset %x", at).isZero();
                }
            }
            b.command(-1L);
            assertThat(b.read32(0x1C)).as("TE, SRTP: all that can be").isEqualTo(0xC000_0000L);
        }
    }
}
