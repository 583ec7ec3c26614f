// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.PlatformSettings;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a card gets through with the IOMMU off and on. */
class NicBandwidthTest {
    private static final Settings SETTINGS = Presets.named("intel-icelake");

    private static DeviceFigures run(Settings s, boolean vtd, boolean send, Translation translation) {
        return new NicBandwidth(PlatformSettings.of(s), PlatformSettings.atc(s), vtd, MachineParameters.stages(s))
                .run(new NicLoad(send, 1514, 4, 512, 12, 400, 4000, 1), translation);
    }

    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void shouldTranslateEveryRequestWhenOnAndNoneWhenOff(boolean vtd, boolean send) {
        DeviceFigures off = run(SETTINGS, vtd, send, Translation.OFF);
        DeviceFigures on = run(SETTINGS, vtd, send, Translation.ON);
        DeviceFigures ats = run(SETTINGS, vtd, send, Translation.ATS);

        assertThat(off.lookups()).isZero();
        assertThat(off.walks()).isZero();
        assertThat(off.inIommu()).isLessThan(on.inIommu() / 2);
        assertThat(on.lookups()).isPositive();
        assertThat(on.walks()).isPositive();
        assertThat(on.atcLookups()).isZero();
        assertThat(ats.atcLookups()).isPositive();
        assertThat(on.refused() + off.refused() + ats.refused()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void shouldBeHeldUpByWalksWhenNothingIsCachedAndTablesAreFarAway(boolean vtd) {
        Settings slow = SETTINGS.with(Parameter.IOTLB_ENTRIES, "0")
                .with(Parameter.WALKERS, "1")
                .with(Parameter.TABLE_LATENCY, "500");

        DeviceFigures off = run(slow, vtd, false, Translation.OFF);
        DeviceFigures on = run(slow, vtd, false, Translation.ON);

        assertThat(on.gigabytesPerSecond()).isLessThan(off.gigabytesPerSecond() / 2);
        // One walker, and for each request at least one read of 500 ns.
        assertThat(on.requests() * 500_000.0).isLessThanOrEqualTo(on.time() * 1.1);
        assertThat(Bottleneck.explain(off, on)).contains("walkers").contains("full");
    }
}
