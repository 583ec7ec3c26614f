// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.bandwidth;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.iommuemu.device.nvme.NvmeParameters;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.PlatformSettings;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a drive gets through with the IOMMU off and on. */
class NvmeBandwidthTest {
    private static final Settings SETTINGS = Presets.named("intel-icelake");
    private static final int REQUESTS = 800;
    private static final int PAGE = 4096;

    private static NvmeLoad load(boolean write, int bytes, NvmeParameters drive) {
        return new NvmeLoad(write, bytes, 2, 32, 12, drive, REQUESTS, 1);
    }

    private static DeviceFigures run(Settings s, boolean vtd, NvmeLoad load, Translation translation, Mapping mapping) {
        return new NvmeBandwidth(PlatformSettings.of(s), PlatformSettings.atc(s), vtd, MachineParameters.stages(s))
                .run(load, translation, mapping);
    }

    @ParameterizedTest
    @CsvSource({"false, false, 4096", "false, true, 131072", "true, false, 131072", "true, true, 4096"})
    void shouldTranslateEveryRequestWhenOnAndNoneWhenOff(boolean vtd, boolean write, int bytes) {
        NvmeLoad load = load(write, bytes, NvmeParameters.unlimited());
        DeviceFigures off = run(SETTINGS, vtd, load, Translation.OFF, Mapping.ONCE);
        DeviceFigures on = run(SETTINGS, vtd, load, Translation.ON, Mapping.ONCE);
        DeviceFigures ats = run(SETTINGS, vtd, load, Translation.ATS, Mapping.ONCE);

        assertThat(off.lookups() + off.walks() + off.atcLookups() + on.atcLookups())
                .isZero();
        assertThat(on.lookups()).isGreaterThanOrEqualTo((long) REQUESTS * bytes / PAGE);
        assertThat(ats.atcLookups()).isGreaterThanOrEqualTo((long) REQUESTS * bytes / PAGE);
        assertThat(on.link().atsUp() + on.link().atsDown()).isZero();
        assertThat(ats.link().atsUp()).isBetween(0.0001, 0.2);
        assertThat(on.refused() + off.refused() + ats.refused()).isZero();
        assertThat(off.inIommu()).isLessThanOrEqualTo(on.inIommu());
        // With data of this size the link limits, and nothing in the IOMMU does.
        assertThat(on.gigabytesPerSecond()).isGreaterThan(0.9 * off.gigabytesPerSecond());
        assertThat(Bottleneck.of(off).get(0).name()).isEqualTo(write ? "link down" : "link up");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldNotBeHeldUpByTheIommuWhereTheMediumIsSlow(boolean vtd) {
        NvmeLoad load = load(false, PAGE, NvmeParameters.standard());

        DeviceFigures off = run(SETTINGS, vtd, load, Translation.OFF, Mapping.ONCE);
        DeviceFigures on = run(SETTINGS, vtd, load, Translation.ON, Mapping.ONCE);

        // 64 requests of 4 KiB at a time, of at least 70 us each.
        assertThat(off.unitsPerSecond()).isBetween(0.7 * 64 / 70e-6, 64 / 70e-6);
        assertThat(on.unitsPerSecond()).isBetween(0.99 * off.unitsPerSecond(), 1.01 * off.unitsPerSecond());
        assertThat(Bottleneck.explain(off, on)).startsWith("no difference");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldBeHeldUpByTheWaitForInvalidationsWhenUnmappingEachRequest(boolean vtd) {
        Settings slow = SETTINGS.with(Parameter.COMMAND_SYNC, "5000");
        NvmeLoad load = load(false, PAGE, NvmeParameters.unlimited());

        DeviceFigures off = run(slow, vtd, load, Translation.OFF, Mapping.ONCE);
        DeviceFigures once = run(slow, vtd, load, Translation.ON, Mapping.ONCE);
        DeviceFigures strict = run(slow, vtd, load, Translation.ON, Mapping.STRICT);

        assertThat(once.unitsPerSecond()).isGreaterThan(0.9 * off.unitsPerSecond());
        // One processor, which waits at least 5 us after each request.
        assertThat(strict.time()).isGreaterThanOrEqualTo(REQUESTS * 5_000_000L);
        assertThat(strict.time()).isLessThan(REQUESTS * 10_000_000L);
        // A page that was mapped anew is not in any cache.
        assertThat(strict.walks()).isGreaterThanOrEqualTo(REQUESTS * 95L / 100);
        assertThat(Objects.requireNonNull(strict.latency()).mean())
                .isGreaterThan(Objects.requireNonNull(off.latency()).mean());
        assertThat(Bottleneck.explain(off, strict))
                .contains(Bottleneck.UNMAPPING)
                .endsWith("is full");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldAskForAtsTranslationsAnewAfterEachUnmapping(boolean vtd) {
        NvmeLoad load = load(true, PAGE, NvmeParameters.unlimited());

        DeviceFigures off = run(SETTINGS, vtd, load, Translation.OFF, Mapping.ONCE);
        DeviceFigures strict = run(SETTINGS, vtd, load, Translation.ATS, Mapping.STRICT);

        assertThat(strict.atcLookups() - strict.atcHits()).isGreaterThanOrEqualTo(REQUESTS * 95L / 100);
        assertThat(strict.link().atsDown()).isPositive();
        assertThat(Bottleneck.explain(off, strict)).contains("TLPs of ATS take");
        assertThat(strict.refused()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldBeHeldUpByWalksWhenNothingIsCachedAndTablesAreFarAway(boolean vtd) {
        Settings slow = SETTINGS.with(Parameter.IOTLB_ENTRIES, "0")
                .with(Parameter.WALKERS, "1")
                .with(Parameter.TABLE_LATENCY, "500");
        NvmeLoad load = load(false, PAGE, NvmeParameters.unlimited());

        DeviceFigures off = run(slow, vtd, load, Translation.OFF, Mapping.ONCE);
        DeviceFigures on = run(slow, vtd, load, Translation.ON, Mapping.ONCE);

        assertThat(on.gigabytesPerSecond()).isLessThan(off.gigabytesPerSecond() / 2);
        // One walker, and for each TLP at least one read of 500 ns.
        assertThat(on.requests() * 500_000.0).isLessThanOrEqualTo(on.time() * 1.1);
        assertThat(Bottleneck.explain(off, on)).contains("walkers").contains("full");
    }
}
