// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExperimentsTest {
    private static final Measurements SHIPPED = new Measurements(null);

    @TempDir
    private Path folder;

    private static Experiment named(String id) {
        return Experiments.all().stream()
                .filter(e -> e.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest(name = "{0}: {1} series, {2} points")
    @CsvSource({
        "V1, 36, 468",
        "V2, 2, 5",
        "V3, 6, 78",
        "V4, 5, 5",
        "V5, 12, 132",
        "V6, 6, 66",
        "V7, 1, 11",
        "V8, 2, 13",
        "V10, 11, 61",
        "V11, 1, 1",
        "V13, 3, 3"
    })
    void shouldAgreeWithWhatWasMeasured(String id, int series, int points) {
        List<Series> result = named(id).run(SHIPPED);

        assertThat(result)
                .hasSize(series)
                .allSatisfy(s -> assertThat(s.holds())
                        .as(s.name() + ": " + s.tolerance().meanOf(s.points()) + ", "
                                + s.tolerance().mostOf(s.points()))
                        .isTrue());
        assertThat(result.stream().mapToInt(s -> s.points().size()).sum()).isEqualTo(points);
    }

    @Test
    void shouldBeRepeatable() {
        assertThat(named("V7").run(SHIPPED)).isEqualTo(named("V7").run(SHIPPED));
    }

    @Test
    void shouldDependOnTheParametersOfTheMachine() {
        Settings s = Presets.named("intel-bdw-e5v4");
        long window = 2 << 20;
        double usual = new PcieBench(s).saturating(false, 64, 15_000, window).perMicrosecond();

        assertThat(new PcieBench(s.with(Parameter.READ_WALKERS, "1"))
                        .saturating(false, 64, 15_000, window)
                        .perMicrosecond())
                .isLessThan(usual / 3);
        assertThat(new PcieBench(s.with(Parameter.IOTLB_ENTRIES, "1024"))
                        .saturating(false, 64, 15_000, window)
                        .perMicrosecond())
                .isGreaterThan(usual * 2);
        assertThat(new PcieBench(s.with(Parameter.SERIAL_LEAF_TABLES, "true"))
                        .saturating(false, 64, 15_000, window)
                        .perMicrosecond())
                .isLessThan(usual / 3);
    }

    @Test
    void shouldJudgeMeasurementsOfAFolder() throws IOException {
        Files.writeString(folder.resolve("pciebench_bandwidth_vs_window.csv"), """
                # Another system with a preset, and one without.
                system,iommu,node,op,size_b,cache,window_b,gbit_s,mtrans_s
                hsw-e5-2637v3,on-4k,local,read,64,DWarm,262144,0,60.0
                hsw-e5-2637v3,on-4k,local,read,64,DWarm,67108864,0,1.0
                nobody,on-4k,local,read,64,DWarm,262144,0,60.0
                """);
        Measurements own = new Measurements(folder);

        List<Series> result = named("V5").run(own);

        assertThat(result).singleElement().satisfies(s -> {
            assertThat(s.name()).isEqualTo("hsw-e5-2637v3 64 B");
            assertThat(s.holds()).as("no machine is that slow").isFalse();
            assertThat(s.tolerance().holds(s.points().get(0))).isTrue();
        });
        assertThat(own.missing()).isEmpty();
        assertThat(named("V2").run(own)).hasSize(2);
        assertThat(own.missing()).containsExactly("pciebench_bandwidth_vs_size.csv");
    }
}
