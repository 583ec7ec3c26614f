// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Locale;
import org.iommuemu.bits.BitField;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.vtd.perfmon.MonitorFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.PerfmonRegisters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a unit can be, and what it does not do without (fact sheet 2.2, 2.3). */
class FeaturesTest {
    private static final VtdFeatures FULL = VtdFeatures.full();

    private static VtdFeatures cap(BitField field, long value) {
        return new VtdFeatures(FULL.ver(), field.set(FULL.cap(), value), FULL.ecap());
    }

    @Test
    void shouldRefuseDomainAndAddressWidthsThatAreReserved() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> cap(Capability.ND, 7))
                .withMessage("ND is 0x7, expected 0 to 6");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> cap(Capability.MGAW, 0))
                .withMessageStartingWith("MGAW is 0x0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"DT", "IR", "SMTS"})
    void shouldRefuseWhatNeedsTheQueueWithoutIt(String name) {
        BitField field = ExtendedCapability.LAYOUT.fields().stream()
                .filter(f -> f.name().equals(name))
                .findFirst()
                .orElseThrow();
        long others = ExtendedCapability.QI.mask()
                | ExtendedCapability.DT.mask()
                | ExtendedCapability.IR.mask()
                | ExtendedCapability.SMTS.mask();
        VtdFeatures none = new VtdFeatures(FULL.ver(), FULL.cap(), FULL.ecap() & ~others);
        assertThat(none.hasExtended(field)).isFalse();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> new VtdFeatures(none.ver(), none.cap(), none.ecap() | field.mask()))
                .withMessage(name + " is 0x1, expected 0, as QI=0");
    }

    @ParameterizedTest(name = "FRO {0}, monitor {1}: {2}")
    @CsvSource({
        "0xE, false, false",
        "0x22, false, true",
        "0xDC, false, false",
        "0xD5, false, false",
        "0xD4, false, true",
        "0xE0, false, false",
        "0x30, true, false",
        "0x40, true, false",
        "0x60, true, true",
    })
    void shouldRefuseFaultRecordsWhereOtherRegistersAre(String offset, boolean monitor, boolean legal) {
        VtdFeatures base = monitor ? VtdFeatures.monitored() : FULL;
        long cap = Capability.FRO.set(base.cap(), Long.decode(offset));

        if (legal) {
            assertThat(new VtdFeatures(base.ver(), cap, base.ecap()).faultRecordOffset())
                    .isEqualTo(Integer.decode(offset) * 16);
        } else {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new VtdFeatures(base.ver(), cap, base.ecap()))
                    .withMessageStartingWith("FRO is " + offset.toLowerCase(Locale.ROOT));
        }
    }

    @ParameterizedTest(name = "counter {0}")
    @ValueSource(ints = {0, 7})
    void shouldRefuseFaultRecordsAmongTheConfigurationsOfCounters(int counter) {
        VtdFeatures base = VtdFeatures.monitored();
        long at = PerfmonRegisters.CONFIGURATION_BASE + counter * 0x100L;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new VtdFeatures(base.ver(), Capability.FRO.set(base.cap(), at >>> 4), base.ecap()))
                .withMessageContaining("expected a place that no other register has");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 65})
    void shouldRefuseCountersOfNoOrTooManyBits(int bits) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MonitorFeatures.of(8, bits))
                .withMessage("CW is " + bits + ", expected 1 to 64");
    }

    @ParameterizedTest(name = "SAGAW {0}, FSTS {1}: {2}")
    @CsvSource({"0xE, true, true", "0xE, false, true", "0, true, true", "0, false, false"})
    void shouldTranslateOnlyWithAnyAddressWidth(String sagaw, boolean firstStage, boolean translates) {
        long ecap = ExtendedCapability.FSTS.set(FULL.ecap(), firstStage ? 1 : 0);
        VtdFeatures f = new VtdFeatures(FULL.ver(), Capability.SAGAW.set(FULL.cap(), Long.decode(sagaw)), ecap);
        try (VtdBench b = new VtdBench(f, CacheConfiguration.standard()).start(0)) {
            assertThat(b.read32(0x1C) >>> 31).as("TES").isEqualTo(translates ? 1 : 0);
        }
    }
}
