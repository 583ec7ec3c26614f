// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.iommuemu.bandwidth.DeviceFigures;
import org.iommuemu.bandwidth.Mapping;
import org.iommuemu.bandwidth.NicBandwidth;
import org.iommuemu.bandwidth.NicLoad;
import org.iommuemu.bandwidth.NvmeBandwidth;
import org.iommuemu.bandwidth.NvmeLoad;
import org.iommuemu.bandwidth.Translation;
import org.iommuemu.capture.InputException;
import org.iommuemu.device.nvme.NvmeParameters;
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
    private static final int MOST_COUNTED = 100_000_000;
    private static final int BLOCK = 4096;
    private static final int MOST_REQUEST = 1 << 19;
    private static final int MOST_DEPTH = 1023;
    private static final int LEAST_PACKET = 60;
    private static final int MOST_PACKET = 1514;
    private static final int MOST_GIGABITS = 1000;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--preset", paramLabel = "NAME", required = true, description = "the machine, see presets")
    private String preset = "";

    @Option(names = "--device", paramLabel = "DEVICE", description = "nic, nvme or all (default: ${DEFAULT-VALUE})")
    private String device = "all";

    @Option(names = "--iommu", paramLabel = "IOMMU", description = "smmuv3 or vtd (default: ${DEFAULT-VALUE})")
    private String iommu = "smmuv3";

    @Option(
            names = "--packet",
            paramLabel = "BYTES",
            description = "length of each packet without check sequence (default: ${DEFAULT-VALUE})")
    private int packet = 1514;

    @Option(
            names = "--queues",
            paramLabel = "N",
            description = "queues of the card, or pairs of the drive (default: ${DEFAULT-VALUE})")
    private int queues = 4;

    @Option(
            names = "--ring",
            paramLabel = "N",
            description = "descriptors of each ring: a power of two from 16 to 4096 (default: ${DEFAULT-VALUE})")
    private int ring = 512;

    @Option(
            names = "--pages",
            paramLabel = "SIZE",
            description =
                    "pages that queues, and buffers that are mapped once, are mapped in: 4k or 2m (default: ${DEFAULT-VALUE})")
    private String pages = "4k";

    @Option(
            names = "--line",
            paramLabel = "GBPS",
            description = "rate of the card's line in Gbit/s (default: ${DEFAULT-VALUE})")
    private int line = 400;

    @Option(
            names = "--packets",
            paramLabel = "N",
            description = "packets that are measured, after a quarter as many (default: ${DEFAULT-VALUE})")
    private int packets = 20_000;

    @Option(
            names = "--request",
            paramLabel = "BYTES",
            split = ",",
            description = "bytes of each request of the drive (default: ${DEFAULT-VALUE})")
    private List<Integer> requestBytes = List.of(4096, 131_072);

    @Option(
            names = "--depth",
            paramLabel = "N",
            description = "requests under way in each queue of the drive (default: ${DEFAULT-VALUE})")
    private int depth = 64;

    @Option(
            names = "--medium",
            paramLabel = "MEDIUM",
            description = "of the drive: fast, held up by nothing but the link, or flash (default: ${DEFAULT-VALUE})")
    private String medium = "fast";

    @Option(
            names = "--requests",
            paramLabel = "N",
            description = "requests that are measured, after a quarter as many (default: ${DEFAULT-VALUE})")
    private int requests = 4000;

    @Option(names = "--seed", paramLabel = "S", description = "of flows, data and places (default: ${DEFAULT-VALUE})")
    private long seed = 1;

    @Option(names = "--json", paramLabel = "FILE", description = "write the figures as JSON")
    private @Nullable Path json;

    @Override
    public Integer call() {
        check();
        Settings settings = Presets.named(preset);
        PathSettings.check(settings);
        PrintWriter out = Output.out(spec);
        out.println("machine       " + settings.name() + ", " + iommu + "; pages of " + pages);
        List<DeviceFigures> all = new ArrayList<>();
        if (!device.equals("nvme")) {
            nic(settings, out, all);
        }
        if (!device.equals("nic")) {
            nvme(settings, out, all);
        }
        if (json != null) {
            ResultFile.write(json, BandwidthJson.of(settings.name(), iommu, all));
        }
        return Main.DONE;
    }

    private void check() {
        oneOf("--device", device, "nic", "nvme", "all");
        oneOf("--iommu", iommu, "smmuv3", "vtd");
        oneOf("--pages", pages, "4k", "2m");
        oneOf("--medium", medium, "fast", "flash");
        range("--packet", packet, LEAST_PACKET, MOST_PACKET);
        range("--queues", queues, 1, 8);
        range("--ring", ring, 16, 4096);
        if (Integer.bitCount(ring) != 1) {
            throw new InputException("--ring is " + ring, "a power of two from 16 to 4096");
        }
        range("--line", line, 1, MOST_GIGABITS);
        range("--packets", packets, 100, MOST_COUNTED);
        for (int bytes : requestBytes) {
            range("--request", bytes, BLOCK, MOST_REQUEST);
            if (bytes % BLOCK != 0) {
                throw new InputException("--request is " + bytes, "a multiple of " + BLOCK);
            }
        }
        range("--depth", depth, 1, MOST_DEPTH);
        range("--requests", requests, 100, MOST_COUNTED);
        if (json != null) {
            ResultFile.check(json);
        }
    }

    private boolean isVtd() {
        return iommu.equals("vtd");
    }

    private int pageShift() {
        return pages.equals("4k") ? 12 : 21;
    }

    private void nic(Settings settings, PrintWriter out, List<DeviceFigures> all) {
        out.println(String.format(
                Locale.ROOT,
                "nic           packets of %,d bytes, %d queues of %,d descriptors, line of %d Gbit/s",
                packet,
                queues,
                ring,
                line));
        NicBandwidth nic = new NicBandwidth(
                PlatformSettings.of(settings),
                PlatformSettings.atc(settings),
                isVtd(),
                MachineParameters.stages(settings));
        for (boolean send : new boolean[] {false, true}) {
            NicLoad load = new NicLoad(send, packet, queues, ring, pageShift(), line, packets, seed);
            List<DeviceFigures> figures = new ArrayList<>();
            for (Translation t : Translation.values()) {
                figures.add(nic.run(load, t));
            }
            print(figures, out, all);
        }
    }

    private void nvme(Settings settings, PrintWriter out, List<DeviceFigures> all) {
        NvmeBandwidth nvme = new NvmeBandwidth(
                PlatformSettings.of(settings),
                PlatformSettings.atc(settings),
                isVtd(),
                MachineParameters.stages(settings));
        NvmeParameters drive = medium.equals("fast") ? NvmeParameters.unlimited() : NvmeParameters.standard();
        for (int bytes : requestBytes) {
            out.println(String.format(
                    Locale.ROOT,
                    "nvme          requests of %,d bytes, %d queues, %d under way in each, %s medium",
                    bytes,
                    queues,
                    depth,
                    medium));
            for (boolean write : new boolean[] {false, true}) {
                NvmeLoad load = new NvmeLoad(write, bytes, queues, depth, pageShift(), drive, requests, seed);
                List<DeviceFigures> figures = new ArrayList<>();
                figures.add(nvme.run(load, Translation.OFF, Mapping.ONCE));
                for (Mapping m : Mapping.values()) {
                    figures.add(nvme.run(load, Translation.ON, m));
                    figures.add(nvme.run(load, Translation.ATS, m));
                }
                print(figures, out, all);
            }
        }
    }

    private static void print(List<DeviceFigures> figures, PrintWriter out, List<DeviceFigures> all) {
        out.print(BandwidthText.of(figures));
        out.flush();
        all.addAll(figures);
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
