// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;

/** V3: latency of a single read against the window, and with it what a hit and a miss cost. */
final class LatencyExperiment implements Experiment {
    /** Two steps of the device's timer. */
    private static final double MEDIAN_LIMIT = 27;

    private static final double MEAN_LIMIT = 4;
    private static final long SMALLEST_WINDOW = 4096;
    private static final double NANOSECOND = 1000;

    @Override
    public String id() {
        return "V3";
    }

    @Override
    public String title() {
        return "latency of single reads against the window, 4 KiB pages";
    }

    @Override
    public String across() {
        return "window";
    }

    @Override
    public List<Series> run(Measurements data) {
        List<LatencyRow> rows = LatencyRow.of(data).stream()
                .filter(r -> r.is("on-4k", "local") && r.window() >= SMALLEST_WINDOW)
                .toList();
        List<Series> all = new ArrayList<>();
        for (String system : rows.stream().map(LatencyRow::system).distinct().toList()) {
            Presets.ofSystem(system).ifPresent(s -> run(system, s, rows, all));
        }
        return all;
    }

    private static void run(String system, Settings settings, List<LatencyRow> rows, List<Series> all) {
        PcieBench bench = new PcieBench(settings);
        List<Point> medians = new ArrayList<>();
        List<Point> means = new ArrayList<>();
        for (LatencyRow r : rows) {
            if (r.system().equals(system)) {
                RandomWindow.Result result = bench.commandReads(r.window(), false, false);
                Position at = Position.window(r.window());
                medians.add(new Point(at, r.median(), result.medianLatency() / NANOSECOND));
                means.add(new Point(at, r.mean(), result.meanLatency() / NANOSECOND));
            }
        }
        all.add(new Series(system + " median", "ns", settings.name(), Tolerance.absolute(MEDIAN_LIMIT), medians));
        all.add(new Series(system + " mean", "ns", settings.name(), Tolerance.percent(MEAN_LIMIT), means));
    }
}
