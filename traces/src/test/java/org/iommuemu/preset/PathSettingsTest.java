// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.preset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.iommuemu.capture.InputException;
import org.iommuemu.device.DmaPath;
import org.iommuemu.device.PathParameters;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.time.Resource;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PathSettingsTest {
    private final PhysicalMemory memory = new PhysicalMemory();
    private final Vtd unit = new Vtd(memory, VtdFeatures.full(), CacheConfiguration.standard(), InterruptSink.NONE);

    @AfterEach
    void close() {
        memory.close();
    }

    private DmaPath path(Settings s) {
        TimedTranslation timed = new TimedTranslation(unit, unit.unit(), unit::observe, MachineParameters.timing(s));
        return PathSettings.path(s, unit, timed);
    }

    @ParameterizedTest
    @MethodSource("org.iommuemu.preset.Presets#names")
    void shouldMakeAWayOfEveryPresetInWhichOnlyTagsAndLinksAreWaitedFor(String preset) {
        DmaPath path = path(Presets.named(preset));
        path.access(new Transaction().read(8, 0), 64, 0, new Verdict(), new Journey());

        assertThat(path.ats()).isNull();
        assertThat(path.resources()).extracting(Resource::name).containsExactly("tags", "link up", "link down");
    }

    @Test
    void shouldTakeTheTagsOfReadsIfNoneAreSet() {
        Settings s = Presets.NOTHING.with(Parameter.DEVICE_READS, "17");

        assertThat(PathSettings.device(s).tags()).isEqualTo(17);
        assertThat(PathSettings.device(s.with(Parameter.DEVICE_TAGS, "5")).tags())
                .isEqualTo(5);
    }

    @ParameterizedTest
    @CsvSource({"cached, 150000", "memory, 217000", "remote, 277000"})
    void shouldFindDataWhereTheyArePlaced(String placement, long picoseconds) {
        // 150 ns, 67 ns more in memory, 60 more there on the other socket.
        Journey journey = new Journey();
        path(Presets.NOTHING.with(Parameter.DATA_PLACEMENT, placement))
                .access(new Transaction().read(8, 0), 64, 0, new Verdict(), journey);

        assertThat(journey.of(LatencyPart.MEMORY)).isEqualTo(picoseconds);
    }

    @Test
    void shouldMakeEveryResourceThatIsSet() {
        Settings s = Presets.NOTHING
                .with(Parameter.CREDITS_POSTED_HEADERS, "32")
                .with(Parameter.CREDITS_POSTED_DATA, "256")
                .with(Parameter.CREDITS_NON_POSTED_HEADERS, "33")
                .with(Parameter.CREDITS_NON_POSTED_DATA, "2")
                .with(Parameter.CREDITS_COMPLETION_HEADERS, "34")
                .with(Parameter.CREDITS_COMPLETION_DATA, "257")
                .with(Parameter.CREDITS_MESSAGE_HEADERS, "35")
                .with(Parameter.CREDITS_MESSAGE_DATA, "1")
                .with(Parameter.LINK_SHARING, "device")
                .with(Parameter.ROOT_COMPLEX_RATE, "0.5")
                .with(Parameter.DATA_RATE, "100")
                .with(Parameter.ATC_ENTRIES, "64")
                .with(Parameter.ATC_WAYS, "8");
        DmaPath path = path(s);
        path.access(new Transaction().read(9, 0), 64, 0, new Verdict(), new Journey());

        assertThat(path.caches()).extracting(c -> c.cache().geometry().sets()).containsExactly(8);
        assertThat(path.resources().stream()
                        .map(r -> r.name() + " " + Math.round(r.statistics(1).capacity())))
                .containsExactly(
                        "tags 0x8 35",
                        "link 0x8 up 1",
                        "link 0x8 down 1",
                        "link 0x8 up posted header credits 32",
                        "link 0x8 up posted data credits 256",
                        "link 0x8 up non-posted header credits 33",
                        "link 0x8 up non-posted data credits 2",
                        "link 0x8 down posted header credits 35",
                        "link 0x8 down posted data credits 1",
                        "link 0x8 down completion header credits 34",
                        "link 0x8 down completion data credits 257",
                        "root complex 1",
                        "data memory 1");
    }

    @Test
    void shouldSayWhichCreditsAreTooFew() {
        Settings s = Presets.NOTHING.with(Parameter.CREDITS_POSTED_DATA, "15");

        // They are looked at before anything is sent.
        assertThatThrownBy(() -> PathSettings.check(s))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("link up posted data credits are 15")
                .hasMessageContaining("0 or at least 16");
    }

    @Test
    void shouldKeepTheDeviceThatIsGiven() {
        TimedTranslation timed =
                new TimedTranslation(unit, unit.unit(), unit::observe, MachineParameters.timing(Presets.NOTHING));
        PathParameters.Device device = new PathParameters.Device(10_000_000, 0, 5_000_000, 1);
        Journey journey = new Journey();

        PathSettings.path(Presets.NOTHING, device, 0, unit, timed)
                .access(new Transaction().read(8, 0), 64, 0, new Verdict(), journey);

        assertThat(journey.of(LatencyPart.LINK)).isBetween(15_000_000L, 15_100_000L);
    }
}
