// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.List;
import org.iommuemu.experiment.Measurements.Columns;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;

/** V4: how many pages the IOTLB reaches, derived from latencies of the model as it was from measured ones. */
final class ReachExperiment implements Experiment {
    private static final Columns COLUMNS = Columns.of("system", "node", "window_b", "pages", "effective_entries");
    private static final long FITTING = 16 << 10;
    private static final long WINDOW = 512 << 10;
    private static final long EXCEEDING = 1536 << 10;
    private static final double LIMIT = 3;

    @Override
    public String id() {
        return "V4";
    }

    @Override
    public String title() {
        return "pages that the IOTLB reaches, derived from latencies at 512 KiB";
    }

    @Override
    public String across() {
        return "window";
    }

    @Override
    public List<Series> run(Measurements data) {
        return data.rows("pciebench_derived_iotlb.csv", COLUMNS, row -> {
            boolean taken = row.is("node", "local") && row.whole("window_b") == WINDOW;
            String system = row.text("system");
            double measured = row.decimal("effective_entries");
            double pages = row.decimal("pages");
            return taken
                    ? Presets.ofSystem(system)
                            .map(s -> series(system, s, measured, reach(s, pages)))
                            .orElse(null)
                    : null;
        });
    }

    private static Series series(String system, Settings settings, double measured, double model) {
        Point point = new Point(Position.window(WINDOW), measured, model);
        return new Series(system, "pages", settings.name(), Tolerance.absolute(LIMIT), List.of(point));
    }

    /** A walk is what the median rises by once most reads miss; the mean tells how many do. */
    private static double reach(Settings settings, double pages) {
        PcieBench bench = new PcieBench(settings);
        RandomWindow.Result fitting = bench.commandReads(FITTING, false, false);
        double walk = bench.commandReads(EXCEEDING, false, false).medianLatency() - fitting.medianLatency();
        double misses = (bench.commandReads(WINDOW, false, false).meanLatency() - fitting.meanLatency()) / walk;
        return (1 - misses) * pages;
    }
}
