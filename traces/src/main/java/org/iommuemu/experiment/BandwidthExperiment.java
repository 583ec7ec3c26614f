// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;

/**
 * V5, V6, V7: throughput against the window. What the device itself can do is an input: the first point of each curve, a window that
 * the IOTLB holds.
 */
final class BandwidthExperiment implements Experiment {
    private static final long FIRST_WINDOW = 256 << 10;
    private static final double PICOSECONDS_IN_A_MICROSECOND = 1e6;

    private final String id;
    private final String title;
    private final boolean write;
    private final Predicate<Settings> which;
    private final Map<Integer, Tolerance> tolerances;

    private BandwidthExperiment(
            String id, String title, boolean write, Predicate<Settings> which, Map<Integer, Tolerance> tolerances) {
        this.id = id;
        this.title = title;
        this.write = write;
        this.which = which;
        this.tolerances = new TreeMap<>(tolerances);
    }

    static BandwidthExperiment reads() {
        Tolerance usual = Tolerance.percent(6, 12);
        return new BandwidthExperiment(
                "V5",
                "throughput of reads against the window, 4 KiB pages",
                false,
                s -> true,
                Map.of(64, usual, 128, usual, 512, usual, 256, Tolerance.percent(12, 21)));
    }

    static BandwidthExperiment writes() {
        Tolerance usual = Tolerance.percent(5, 10);
        return new BandwidthExperiment(
                "V6",
                "throughput of posted writes against the window, 4 KiB pages",
                true,
                s -> !s.isOn(Parameter.SERIAL_LEAF_TABLES),
                Map.of(64, usual, 128, usual, 256, usual));
    }

    static BandwidthExperiment serialised() {
        return new BandwidthExperiment(
                "V7",
                "throughput of reads where walks of a leaf table follow one another",
                false,
                s -> s.isOn(Parameter.SERIAL_LEAF_TABLES),
                Map.of(64, Tolerance.percent(8, 15)));
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String title() {
        return title;
    }

    @Override
    public String across() {
        return "window";
    }

    @Override
    public List<Series> run(Measurements data) {
        List<BandwidthRow> rows = BandwidthRow.of(data).stream()
                .filter(r -> r.write() == write && r.window() >= FIRST_WINDOW)
                .toList();
        List<Series> all = new ArrayList<>();
        for (String system : rows.stream().map(BandwidthRow::system).distinct().toList()) {
            Presets.ofSystem(system)
                    .filter(which)
                    .ifPresent(s -> tolerances.forEach((size, tolerance) -> {
                        List<BandwidthRow> curve = rows.stream()
                                .filter(r -> r.system().equals(system) && r.size() == size)
                                .toList();
                        if (!curve.isEmpty()) {
                            all.add(run(s, system, curve, tolerance));
                        }
                    }));
        }
        return all;
    }

    private Series run(Settings settings, String system, List<BandwidthRow> curve, Tolerance tolerance) {
        PcieBench bench = new PcieBench(settings);
        BandwidthRow first = curve.get(0);
        long interval = Math.round(PICOSECONDS_IN_A_MICROSECOND / first.perMicrosecond());
        String name = system + " " + first.size() + " B";
        List<Point> points = new ArrayList<>();
        for (BandwidthRow r : curve) {
            double model =
                    bench.saturating(write, r.size(), interval, r.window()).perMicrosecond();
            points.add(new Point(Position.window(r.window()), r.perMicrosecond(), model));
        }
        return new Series(name, "M/s", settings.name(), tolerance, points);
    }
}
