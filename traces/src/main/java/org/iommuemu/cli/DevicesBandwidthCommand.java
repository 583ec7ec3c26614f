// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.iommuemu.bandwidth.DeviceFigures;
import org.iommuemu.bandwidth.NicBandwidth;
import org.iommuemu.bandwidth.NicLoad;
import org.iommuemu.bandwidth.Translation;
import org.iommuemu.capture.InputException;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.PathSettings;
import org.iommuemu.preset.PlatformSettings;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;
import org.iommuemu.report.BandwidthJson;
import org.iommuemu.report.BandwidthText;
import org.iommuemu.report.ResultFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code devices bandwidth}: what devices get through with the IOMMU off and on. */
@Command(
        name = "bandwidth",
        mixinStandardHelpOptions = true,
        description =
                "Lets devices move data as fast as they can on the machine of a preset, with the IOMMU off and on.")
final class DevicesBandwidthCommand implements Callable<Integer> {
    private static final int MOST_PACKETS = 100_000_000;
    private static final int LEAST_PACKET = 60;
    private static final int MOST_PACKET = 1514;
    private static final int MOST_GIGABITS = 1000;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--preset", paramLabel = "NAME", required = true, description = "the machine, see presets")
    private String preset = "";

    @Option(names = "--device", paramLabel = "DEVICE", description = "nic or all (default: ${DEFAULT-VALUE})")
    private String device = "all";

    @Option(names = "--iommu", paramLabel = "IOMMU", description = "smmuv3 or vtd (default: ${DEFAULT-VALUE})")
    private String iommu = "smmuv3";

    @Option(
            names = "--packet",
            paramLabel = "BYTES",
            description = "length of each packet without check sequence (default: ${DEFAULT-VALUE})")
    private int packet = 1514;

    @Option(names = "--queues", paramLabel = "N", description = "queues of the card (default: ${DEFAULT-VALUE})")
    private int queues = 4;

    @Option(
            names = "--ring",
            paramLabel = "N",
            description = "descriptors of each ring: a power of two from 16 to 4096 (default: ${DEFAULT-VALUE})")
    private int ring = 512;

    @Option(
            names = "--pages",
            paramLabel = "SIZE",
            description = "pages that rings and buffers are mapped in: 4k or 2m (default: ${DEFAULT-VALUE})")
    private String pages = "4k";

    @Option(
            names = "--line",
            paramLabel = "GBPS",
            description = "rate of the card's line in Gbit/s (default: ${DEFAULT-VALUE})")
    private int line = 100;

    @Option(
            names = "--packets",
            paramLabel = "N",
            description = "packets that are measured, after a quarter as many (default: ${DEFAULT-VALUE})")
    private int packets = 20_000;

    @Option(names = "--seed", paramLabel = "S", description = "of flows and data (default: ${DEFAULT-VALUE})")
    private long seed = 1;

    @Option(names = "--json", paramLabel = "FILE", description = "write the figures as JSON")
    private @Nullable Path json;

    @Override
    public Integer call() {
        oneOf("--device", device, "nic", "all");
        oneOf("--iommu", iommu, "smmuv3", "vtd");
        oneOf("--pages", pages, "4k", "2m");
        range("--packet", packet, LEAST_PACKET, MOST_PACKET);
        range("--queues", queues, 1, 8);
        range("--ring", ring, 16, 4096);
        if (Integer.bitCount(ring) != 1) {
            throw new InputException("--ring is " + ring, "a power of two from 16 to 4096");
        }
        range("--line", line, 1, MOST_GIGABITS);
        range("--packets", packets, 100, MOST_PACKETS);
        if (json != null) {
            ResultFile.check(json);
        }
        Settings settings = Presets.named(preset);
        PathSettings.check(settings);
        NicBandwidth nic = new NicBandwidth(
                PlatformSettings.of(settings), iommu.equals("vtd"), MachineParameters.stages(settings));
        PrintWriter out = Output.out(spec);
        out.println(String.format(
                Locale.ROOT,
                "machine       %s, %s; packets of %,d bytes, %d queues of %,d descriptors, pages of %s, line of %d Gbit/s",
                settings.name(),
                iommu,
                packet,
                queues,
                ring,
                pages,
                line));
        List<DeviceFigures> all = new ArrayList<>();
        for (boolean send : new boolean[] {false, true}) {
            NicLoad load = new NicLoad(send, packet, queues, ring, pages.equals("4k") ? 12 : 21, line, packets, seed);
            List<DeviceFigures> figures = new ArrayList<>();
            for (Translation t : Translation.values()) {
                figures.add(nic.run(load, t));
            }
            out.print(BandwidthText.of(figures));
            out.flush();
            all.addAll(figures);
        }
        if (json != null) {
            ResultFile.write(json, BandwidthJson.of(settings.name(), iommu, all));
        }
        return Main.DONE;
    }

    private static void oneOf(String option, String value, String... legal) {
        if (!List.of(legal).contains(value)) {
            throw new InputException(option + " is '" + value + "'", "one of " + String.join(", ", legal));
        }
    }

    private static void range(String option, int value, int least, int most) {
        if (value < least || value > most) {
            throw new InputException(option + " is " + value, "a number from " + least + " to " + most);
        }
    }
}
