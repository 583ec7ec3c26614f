// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.iommuemu.measure.CacheFigures;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Settings;
import org.iommuemu.trace.pattern.TracePattern;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Traces of devices with ATCs, on every machine. */
class TraceAtcTest {
    private static final MeasureWindow ALL = MeasureWindow.EVERYTHING;

    @TempDir
    private Path temp;

    private static Settings on(String machine) {
        String[] parts = machine.split(" ");
        return TraceFiles.settings("machine.iommu", parts[0], "machine.stages", parts[1]);
    }

    private static CacheFigures atc(TraceRun.Result result) {
        List<CacheFigures> caches = Objects.requireNonNull(result.timing()).caches();
        return caches.stream().filter(c -> c.name().equals("atc")).findFirst().orElseThrow();
    }

    /** 5,000 packets of a tenant, whose six pages the device keeps; three buffers are unmapped, and dropped by the device. */
    @ParameterizedTest
    @CsvSource({
        "smmuv3 1, strict",
        "smmuv3 2, lazy",
        "smmuv3 nested, strict",
        "vtd-legacy 2, strict",
        "vtd-legacy 2, lazy",
        "vtd-scalable 1, strict",
        "vtd-scalable nested, lazy"
    })
    void shouldKeepTranslationsInDevices(String machine, String unmap) throws IOException {
        Path file = TraceFiles.make(temp, TracePattern.HYPER_TENANT, 1, 15_000);
        Settings settings = on(machine).with(Parameter.ATC_ENTRIES, "64").with(Parameter.UNMAP, unmap);

        TraceRun.Result result = TraceRun.timed(file, settings, new TraceRun.Timing(0, ALL, null))
                .run(ProgressListener.NONE);

        CacheFigures atc = atc(result);
        assertThat(atc.lookups()).isEqualTo(15_000);
        assertThat(atc.misses()).isEqualTo(6);
        assertThat(atc.invalidations()).isEqualTo(unmap.equals("strict") ? 3 : 0);
        assertThat(result.summary().machine().addresses()).hasToString("15000 of 15000");
        assertThat(TraceFiles.cache(result.summary(), "iotlb").misses()).isEqualTo(6);
        assertThat(result.summary().staleAccesses()).isZero();
    }

    /** Every page is mapped anew at the same address: a device that was not told would go on with what it has. */
    @ParameterizedTest
    @CsvSource({"smmuv3 1", "vtd-legacy 2", "vtd-scalable 1"})
    void shouldNotLetDevicesUseWhatWasUnmapped(String machine) throws IOException {
        Path file = TraceFiles.csv(
                temp,
                "1,map,7,,0x1000,4096,rw,12,0x5000,",
                "2000000,read,7,,0x1000,8,,,0x5000,",
                "4000000,unmap,7,,0x1000,4096,,12,,",
                "4000000,map,7,,0x1000,4096,rw,12,0x6000,",
                "6000000,read,7,,0x1000,8,,,0x6000,");
        Settings settings = on(machine).with(Parameter.ATC_ENTRIES, "64");

        TraceRun.Result result = TraceRun.timed(file, settings, new TraceRun.Timing(0, ALL, null))
                .run(ProgressListener.NONE);

        assertThat(result.summary().machine().addresses()).hasToString("2 of 2");
        assertThat(atc(result).misses()).isEqualTo(2);
        assertThat(atc(result).invalidations()).isEqualTo(1);
    }

    /** VT-d answers UR, as the entry is not present: the device does not ask again. An SMMUv3 answers CA, which says nothing of later. */
    @ParameterizedTest
    @CsvSource({"smmuv3 1, 3", "vtd-legacy 2, 1", "vtd-scalable 1, 1"})
    void shouldAnswerADeviceThatNothingWasMappedForYet(String machine, int lookups) throws IOException {
        Path file = TraceFiles.csv(
                temp,
                "0,read,7,,0x1000,8,,,,",
                "2000000,map,7,,0x1000,4096,rw,12,0x5000,",
                "4000000,read,7,,0x1000,8,,,0x5000,",
                "6000000,read,7,,0x1000,8,,,0x5000,");

        TraceRun.Result result = TraceRun.timed(
                        file, on(machine).with(Parameter.ATC_ENTRIES, "64"), new TraceRun.Timing(0, ALL, null))
                .run(ProgressListener.NONE);

        assertThat(atc(result).lookups()).isEqualTo(lookups);
        assertThat(result.summary().machine().addresses()).hasToString("2 of 2");
    }

    /** The flush after 16 ms drops it from the device too, which asks again, in vain. */
    @ParameterizedTest
    @CsvSource({
        "smmuv3 1",
        "smmuv3 2",
        "smmuv3 nested",
        "vtd-legacy 2",
        "vtd-scalable 1",
        "vtd-scalable 2",
        "vtd-scalable nested"
    })
    void shouldLetDevicesUseWhatWasUnmappedUntilTheFlush(String machine) throws IOException {
        Path file = TraceFiles.csv(
                temp,
                "0,map,7,,0x1000,4096,rw,12,0x5000,",
                "0,read,7,,0x1000,8,,,0x5000,",
                "4000000,unmap,7,,0x1000,4096,,12,,",
                "6000000,read,7,,0x1000,8,,,0x5000,",
                "17000000000,read,7,,0x1000,8,,,,");
        Settings settings = on(machine).with(Parameter.ATC_ENTRIES, "64").with(Parameter.UNMAP, "lazy");

        TraceRun.Result result = TraceRun.timed(file, settings, new TraceRun.Timing(0, ALL, null))
                .run(ProgressListener.NONE);

        assertThat(result.summary().staleAccesses()).isEqualTo(1);
        assertThat(atc(result).hits()).isEqualTo(1);
        assertThat(atc(result).misses()).isEqualTo(2);
        assertThat(atc(result).invalidations()).isEqualTo(1);
        assertThat(result.summary().machine().transactions().refused()).isEqualTo(1);
    }

    /** A buffer is unmapped before the window, when there is no ATC yet that could answer: the stream keeps ATS. */
    @ParameterizedTest
    @CsvSource({"smmuv3 1", "vtd-legacy 2", "vtd-scalable 1"})
    void shouldHaveAtcsInAWindowBehindInvalidations(String machine) throws IOException {
        Path file = TraceFiles.make(temp, TracePattern.HYPER_TENANT, 1, 15_000);
        Settings settings = on(machine).with(Parameter.ATC_ENTRIES, "64");

        TraceRun.Result result = TraceRun.timed(
                        file, settings, new TraceRun.Timing(0, new MeasureWindow(6000, 0, 3000), null))
                .run(ProgressListener.NONE);

        // Packets 2,000 to 2,999: ring, mailbox, and the buffer that came at 1,500.
        assertThat(atc(result).lookups()).isEqualTo(3000);
        assertThat(atc(result).misses()).isEqualTo(3);
        assertThat(result.summary().machine().addresses()).hasToString("15000 of 15000");
    }
}
