// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.smmuv3.spec.Idr;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** IHI 0070 §6.3.1-6.3.8. */
class SmmuFeaturesTest {
    @Test
    void shouldReadUnmodelledFeaturesAsAbsent() {
        SmmuFeatures full = SmmuFeatures.full();
        SmmuFeatures wish = new SmmuFeatures(
                full.idr0() | Idr.BTM.mask(),
                full.idr1() | Idr.ECMDQ.mask(),
                full.idr3() | Idr.MPAM.mask(),
                full.idr5() | Idr.D128.mask(),
                0,
                2);

        assertThat(wish.unmodelled()).containsExactly("IDR0.BTM", "IDR1.ECMDQ", "IDR3.MPAM", "IDR5.D128");
        try (SmmuFixture g = new SmmuFixture(wish, CacheConfiguration.standard())) {
            assertThat(g.smmu.readRegister(0, 4)).isEqualTo(full.idr0());
            assertThat(g.smmu.readRegister(4, 4)).isEqualTo(full.idr1());
        }
    }

    @Test
    void shouldReadFeaturesAsAbsentThatRestOnAbsentOnes() {
        SmmuFeatures full = SmmuFeatures.full();
        SmmuFeatures without = new SmmuFeatures(
                        full.idr0() & ~(Idr.ATS.mask() | Idr.S2P.mask()),
                        full.idr1(),
                        full.idr3() | Idr.PPS.mask(),
                        full.idr5() & ~Idr.STALL_MAX.mask(),
                        0,
                        2)
                .modelled();

        // PRI rests on ATS, PPS and PRIQS on PRI, ATSRECERR on ATS, VATOS on stage 2; no STALL_MAX, no stalls.
        assertThat(without.has0(Idr.PRI)).isFalse();
        assertThat(without.has0(Idr.ATSRECERR)).isFalse();
        assertThat(without.has3(Idr.PPS)).isFalse();
        assertThat(Idr.PRIQS.get(without.idr1())).isZero();
        assertThat(without.has0(Idr.VATOS)).isFalse();
        assertThat(Idr.STALL_MODEL.get(without.idr0())).isEqualTo(1);
        assertThat(without.mostStalls()).isZero();
    }

    @Test
    void shouldLackEl2WithoutBothStages() {
        // 1.3: Hyp is RES0 unless S1P and S2P; 1.5: PTWNNC without stage 2.
        SmmuFeatures f = SmmuFeatures.full();
        for (long stage : new long[] {Idr.S1P.mask(), Idr.S2P.mask()}) {
            SmmuFeatures one = new SmmuFeatures(f.idr0() & ~stage, f.idr1(), f.idr3(), f.idr5(), 0, 2).modelled();
            assertThat(Idr.HYP.get(one.idr0())).isZero();
            assertThat(Idr.PTWNNC.get(one.idr3())).isEqualTo(stage == Idr.S1P.mask() ? 1 : 0);
        }
    }

    @Test
    void shouldRejectFeaturesThatContradictOneAnother() {
        SmmuFeatures f = SmmuFeatures.full();
        assertThatThrownBy(() -> new SmmuFeatures(f.idr0() & ~3L, f.idr1(), f.idr3(), f.idr5(), 0, 2))
                .hasMessageContaining("S1P is 0x0");
        assertThatThrownBy(() -> new SmmuFeatures(f.idr0(), 33, f.idr3(), f.idr5(), 0, 2))
                .hasMessageContaining("SIDSIZE is 0x21, expected at most 32");
        assertThatThrownBy(() -> new SmmuFeatures(f.idr0(), f.idr1(), f.idr3(), 5, 0, 2))
                .hasMessageContaining("granule");
        assertThatThrownBy(() -> new SmmuFeatures(f.idr0(), f.idr1(), f.idr3(), 6 | 1 << 4, 0, 2))
                .hasMessageContaining("OAS");
        assertThatThrownBy(() -> new SmmuFeatures(f.idr0(), f.idr1(), f.idr3(), 7 | 1 << 4, 0, 2))
                .hasMessageContaining("OAS is 0x7, expected less than 6");
    }

    @Test
    void shouldRejectWhatIsReservedOrRestsOnAMissingGranule() {
        // 1.3: ST_LEVEL 2 and 3, STALL_MODEL 3; 1.5: VAX without 52-bit tables, AArch32 tables without 4K.
        SmmuFeatures f = SmmuFeatures.full();
        for (long level = 2; level <= 3; level++) {
            long idr0 = Idr.ST_LEVEL.set(f.idr0(), level);
            assertThatThrownBy(() -> new SmmuFeatures(idr0, f.idr1(), f.idr3(), f.idr5(), 0, 2))
                    .hasMessageContaining("ST_LEVEL is 0x" + Idr.ST_LEVEL.get(idr0) + ", expected 0 or 1");
        }
        long stalls = Idr.STALL_MODEL.set(f.idr0(), 3);
        assertThatThrownBy(() -> new SmmuFeatures(stalls, f.idr1(), f.idr3(), f.idr5(), 0, 2))
                .hasMessageContaining("STALL_MODEL is 0x3");
        assertThatThrownBy(() -> new SmmuFeatures(f.idr0(), f.idr1(), f.idr3(), 0x435, 0, 2))
                .hasMessageContaining("VAX is 0x1, expected 0");
        long both = Idr.TTF.set(f.idr0(), 3);
        assertThatThrownBy(() -> new SmmuFeatures(both, f.idr1(), f.idr3(), 0x65, 0, 2))
                .hasMessageContaining("TTF is 0x3, expected 2");
    }

    @Test
    void shouldReadAddressesOf56BitsAsThe52ThatAreModelled() {
        // 1.5: OAS 7 takes 128-bit descriptors for the upper four bits.
        SmmuFeatures f = SmmuFeatures.full();
        SmmuFeatures wish = new SmmuFeatures(f.idr0(), f.idr1(), f.idr3(), f.idr5() | 7, 0, 2);

        assertThat(wish.unmodelled()).containsExactly("IDR5.OAS");
        assertThat(Idr.OAS.get(wish.modelled().idr5())).isEqualTo(6);
        assertThat(wish.modelled().outputBits()).isEqualTo(52);
    }

    @ParameterizedTest(name = "IDR{0} bits {1}:{2} = {3}: {4}")
    @CsvSource({
        // 1.3, 1.4, 1.5.
        "0, 3, 2, 1, 'TTF is 0x1, expected VMSAv8-64 tables (2 or 3)'",
        "0, 22, 21, 1, 'TTENDIAN is 0x1, expected 0, 2 or 3'",
        "0, 28, 27, 0, 'ST_LEVEL is 0x0, expected 1'",
        "1, 10, 6, 21, 'SSIDSIZE is 0x15, expected at most 20'",
        "1, 15, 11, 20, 'PRIQS is 0x14, expected at most 19'",
        "1, 20, 16, 20, 'EVENTQS is 0x14, expected at most 19'",
        "1, 25, 21, 20, 'CMDQS is 0x14, expected at most 19'",
        "5, 11, 10, 2, 'VAX is 0x2, expected 0 or 1'",
        "5, 7, 7, 1, 'VAX is 0x0, expected 1, as IDR5.DS is set'",
    })
    void shouldRejectAValueThatIsReservedOrTooLarge(int register, int msb, int lsb, long value, String message) {
        SmmuFeatures f = SmmuFeatures.full();
        long[] idr = {f.idr0(), f.idr1(), 0, f.idr3(), 0, f.idr5()};
        long mask = (2L << msb) - (1L << lsb);
        idr[register] = idr[register] & ~mask | value << lsb;

        assertThatThrownBy(() -> new SmmuFeatures(idr[0], idr[1], idr[3], idr[5], 0, 2))
                .hasMessageContaining(message);
    }

    @ParameterizedTest(name = "IDR{0} at {1}: {2}")
    @CsvSource({"0, 0x0, 0x20", "1, 0x4, 0x80000000", "3, 0xC, 0x80", "5, 0x14, 0x100", "2, 0x8, 0"})
    void shouldTellWhichFieldsItDoesNotModel(int register, long offset, long mask) {
        // 1.3 to 1.5: BTM, ECMDQ, MPAM, D128.
        SmmuFeatures f = SmmuFeatures.full();
        SmmuFeatures wish =
                new SmmuFeatures(f.idr0() | 1 << 5, f.idr1() | 1L << 31, f.idr3() | 1 << 7, f.idr5() | 1 << 8, 0, 2);

        assertThat(wish.unmodelledFields(offset)).isEqualTo(mask);
    }
}
