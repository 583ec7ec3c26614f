// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.capture.Capture;
import org.iommuemu.iommu.CacheConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The oracle is the recorder's list of translations that its model still held of mappings that were gone. */
class StaleReplayTest {
    private static StaleReport replay(String name, int entries) {
        CacheGeometry iotlb = CacheGeometry.of(entries / 8, 8, ReplacementPolicy.LRU);
        return replay(name, CacheConfiguration.standard().withIotlb(iotlb));
    }

    private static StaleReport replay(String name, CacheConfiguration caches) {
        try (CaptureReplay replay = new CaptureReplay(Capture.open(Path.of("samples", name)), caches)) {
            replay.detectStale();
            replay.run(records -> {});
            StaleReport report = replay.stale();
            assertThat(report).isNotNull();
            return report;
        }
    }

    @ParameterizedTest(name = "{0} entries")
    @ValueSource(ints = {1024, 65536})
    void shouldListExactlyTheTranslationsThatDeferredInvalidationHasLeft(int entries) throws IOException {
        List<String> recorded = Files.readAllLines(Path.of("samples/smmuv3-linux-lazy/stale.csv")).stream()
                .skip(1)
                .map(line -> line.split(","))
                .map(cells -> "VMID 0 ASID " + cells[0] + " " + cells[1] + " " + cells[2])
                .toList();

        StaleReport report = replay("smmuv3-linux-lazy", entries);

        assertThat(recorded).hasSize(510);
        assertThat(report.entries())
                .extracting(e -> String.format("%s 0x%x 0x%x", e.addressSpace(), e.address(), e.output()))
                .containsExactlyInAnyOrderElementsOf(recorded);
        assertThat(report.stop()).isEqualTo(91806);
        assertThat(report.hits()).isEmpty();
    }

    @Test
    void shouldListTheSameWithoutAConfigurationCache() {
        StaleReport report =
                replay("smmuv3-linux-lazy", CacheConfiguration.standard().withConfiguration(CacheGeometry.none()));

        assertThat(report.entries()).hasSize(510);
    }

    @Test
    void shouldListNothingWhereEveryUnmapInvalidates() {
        StaleReport report = replay("smmuv3-linux-nvme", 65536);

        assertThat(report.stop()).isEqualTo(65663);
        assertThat(report.entries()).isEmpty();
        assertThat(report.hits()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"vtd-legacy-linux-fault", "vtd-legacy48-linux-vfio", "vtd-flts-linux612-vfio"})
    void shouldFindNothingStaleInWhatLinuxDoesWithAVtdUnit(String name) {
        StaleReport report = replay(name, 65536);

        assertThat(report.stop()).isPositive();
        assertThat(report.entries()).isEmpty();
        assertThat(report.hits()).isEmpty();
        assertThat(report.accesses()).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vtd-legacy-linux-nvme",
                "vtd-legacy48-linux-vfio",
                "vtd-scalable-linux-vfio",
                "vtd-flts-linux612-vfio"
            })
    void shouldFindNothingWrongInWhatLinuxDoesWithAVtdUnit(String name) {
        try (CaptureReplay replay =
                new CaptureReplay(Capture.open(Path.of("samples", name)), CacheConfiguration.standard(), true)) {
            replay.run(records -> {});

            assertThat(replay.lint().findings()).isEmpty();
        }
    }
}
