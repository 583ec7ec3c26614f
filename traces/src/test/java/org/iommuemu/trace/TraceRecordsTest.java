// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.PostedDma;
import org.iommuemu.device.traffic.TracePlayer;
import org.iommuemu.device.traffic.TrafficListener;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Requester;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.trace.pattern.TracePattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Traces through functions, links and an IOMMU in events. */
class TraceRecordsTest {
    private static final long NOTICE = 2 * Picoseconds.PER_MICROSECOND;

    @TempDir
    private Path folder;

    private TracePlayer play(Platform machine, Path file, double speed, boolean ats) {
        IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
        try (TraceReader trace = TraceEncoding.open(file)) {
            TracePlayer player = new TracePlayer(
                    new TraceRecords(trace, driver),
                    stream -> {
                        PciFunction f = machine.addFunction(stream);
                        f.enableBusMaster();
                        if (ats) {
                            driver.enableAts(stream);
                        }
                        return new PostedDma(machine.loop(), f, new DmaChannel(f));
                    },
                    new TracePlayer.Settings(speed, 64, NOTICE),
                    TrafficListener.NOBODY);
            player.start(machine.loop());
            machine.loop().run();
            assertThat(player.isOver()).isTrue();
            return player;
        }
    }

    private Path made(TracePattern pattern, int tenants, long records) throws IOException {
        Path file = folder.resolve("made.trace");
        TracePattern.Parameters p = new TracePattern.Parameters(tenants, records, 1);
        try (TraceWriter out = TraceEncoding.of(file).create(file, pattern.provenance(p))) {
            pattern.write(p, out);
        }
        return file;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldPlayEveryAccessOfAMadeUpTraceWithoutARefusal(boolean vtd) throws IOException {
        Path file = made(TracePattern.HYPER_TENANT, 3, 6000);
        try (Platform machine =
                vtd ? Platform.vtd(PlatformParameters.standard()) : Platform.smmuv3(PlatformParameters.standard())) {
            TracePlayer player = play(machine, file, 1, false);

            assertThat(player.counts().of(DmaChannel.Status.OK)).isEqualTo(6000);
            assertThat(machine.bridge().refused()).isZero();
            assertThat(machine.loop().now()).isGreaterThan(1999 * 61_680L);
        }
    }

    @Test
    void shouldUnmapOnlyWhatNobodyUsesAnyMore() throws IOException {
        Path file = made(TracePattern.RING, 1, 600);
        try (Platform machine = Platform.smmuv3(PlatformParameters.standard())) {
            TracePlayer player = play(machine, file, Double.POSITIVE_INFINITY, false);

            assertThat(player.counts().of(DmaChannel.Status.OK)).isEqualTo(600);
            assertThat(player.software()).isEqualTo(256 + 2 * 600);
            assertThat(machine.bridge().refused()).isZero();
        }
    }

    @Test
    void shouldIssueTranslationRequestsAndCountWhatIsRefused() throws IOException {
        Path file = folder.resolve("ats.trace");
        DmaRecord r = new DmaRecord();
        try (TraceWriter out = TraceEncoding.of(file).create(file, "")) {
            out.write(r.set(0, TraceKind.MAP, 16, 0x10_0000, 4096)
                    .withAttributes(DmaRecord.READ)
                    .withPageShift(12)
                    .withAddress(0x8000_0000L));
            out.write(r.set(10, TraceKind.ATS_REQUEST, 16, 0x10_0000, 4096));
            out.write(r.set(20, TraceKind.READ_DMA, 16, 0x10_0040, 64));
            out.write(r.set(30, TraceKind.READ_DMA, 16, 0x20_0000, 64));
        }
        try (Platform machine = Platform.smmuv3(PlatformParameters.standard())) {
            TracePlayer player = play(machine, file, 1, true);

            assertThat(player.translations(Requester.Outcome.SUCCESS)).isEqualTo(1);
            assertThat(player.counts().of(DmaChannel.Status.OK)).isEqualTo(1);
            assertThat(player.counts().of(DmaChannel.Status.REFUSED)).isEqualTo(1);
        }
    }
}
