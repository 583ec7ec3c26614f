// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.capture.InputException;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;

/** V8: pages of 2 MiB, which every window hits, and memory of the other socket, which adds to hits and to misses alike. */
final class LargePageExperiment implements Experiment {
    private static final double CHANGE_LIMIT = 2;
    /** A step of the device's timer. */
    private static final double STEP = 13.4;

    private static final long FITTING = 256 << 10;
    private static final long EXCEEDING = 1536 << 10;
    private static final double NANOSECOND = 1000;

    @Override
    public String id() {
        return "V8";
    }

    @Override
    public String title() {
        return "pages of 2 MiB; memory of the other socket, tables of this one";
    }

    @Override
    public String across() {
        return "window";
    }

    @Override
    public List<Series> run(Measurements data) {
        List<LatencyRow> rows = LatencyRow.of(data);
        List<Series> all = new ArrayList<>();
        for (String system : rows.stream().map(LatencyRow::system).distinct().toList()) {
            Presets.ofSystem(system).ifPresent(s -> {
                List<LatencyRow> own =
                        rows.stream().filter(r -> r.system().equals(system)).toList();
                superpages(system, s, own, all);
                remote(system, s, own, all);
            });
        }
        return all;
    }

    private static void superpages(String system, Settings settings, List<LatencyRow> rows, List<Series> all) {
        PcieBench bench = new PcieBench(settings);
        List<Point> points = new ArrayList<>();
        for (LatencyRow r : rows) {
            if (r.is("on-superpage", "local") && r.window() >= FITTING) {
                double model = bench.commandReads(r.window(), true, false).meanLatency() / NANOSECOND;
                points.add(new Point(Position.window(r.window()), r.mean(), model));
            }
        }
        if (!points.isEmpty()) {
            all.add(new Series(
                    system + " 2 MiB pages, mean", "ns", settings.name(), Tolerance.percent(CHANGE_LIMIT), points));
        }
    }

    private static void remote(String system, Settings settings, List<LatencyRow> rows, List<Series> all) {
        List<LatencyRow> far =
                rows.stream().filter(r -> r.is("on-4k", "remote")).toList();
        if (far.isEmpty()) {
            return;
        }
        PcieBench bench = new PcieBench(settings);
        RandomWindow.Result hit = bench.commandReads(FITTING, false, true);
        RandomWindow.Result miss = bench.commandReads(EXCEEDING, false, true);
        List<Point> points = new ArrayList<>();
        points.add(new Point(Position.named("hit, mean"), at(far, FITTING).mean(), hit.meanLatency() / NANOSECOND));
        double walk = at(far, EXCEEDING).median() - at(far, FITTING).median();
        double model = (miss.medianLatency() - hit.medianLatency()) / NANOSECOND;
        points.add(new Point(Position.named("walk, median"), walk, model));
        all.add(new Series(system + " other socket", "ns", settings.name(), Tolerance.absolute(STEP), points));
    }

    private static LatencyRow at(List<LatencyRow> rows, long window) {
        return rows.stream()
                .filter(r -> r.window() == window)
                .findFirst()
                .orElseThrow(() -> new InputException(
                        "pciebench_latency_vs_window.csv has remote rows without the window " + Position.window(window),
                        "a row for it"));
    }
}
