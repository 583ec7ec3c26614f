// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.iommuemu.experiment.Measurements.Columns;
import org.iommuemu.experiment.Measurements.Row;
import org.iommuemu.pcie.LinkGeneration;
import org.iommuemu.pcie.LinkParameters;

/** V1: the link against the analytic model of pcie-bench. */
final class LinkExperiment implements Experiment {
    private static final String FILE = "pcie_model_reference.csv";
    private static final Columns COLUMNS =
            Columns.of("gen", "lanes", "mps", "mrrs", "size_b", "write_gbit_s", "read_gbit_s", "readwrite_each_gbit_s");
    private static final double LIMIT = 0.5;

    @Override
    public String id() {
        return "V1";
    }

    @Override
    public String title() {
        return "a PCIe link in steady state, against the analytic model of pcie-bench";
    }

    @Override
    public String across() {
        return "transfer size";
    }

    @Override
    public List<Series> run(Measurements data) {
        Map<String, List<Point>> series = new LinkedHashMap<>();
        data.rows(FILE, COLUMNS, row -> {
            LinkParameters link = link(row);
            int bytes = (int) row.whole("size_b");
            String name = row.text("gen") + " " + row.text("lanes") + " MPS " + row.text("mps");
            add(series, name + " writes", bytes, row.decimal("write_gbit_s"), LinkBench.writes(link, bytes));
            add(series, name + " reads", bytes, row.decimal("read_gbit_s"), LinkBench.reads(link, bytes));
            double both = LinkBench.readsAndWrites(link, bytes);
            add(series, name + " reads and writes, each", bytes, row.decimal("readwrite_each_gbit_s"), both);
            return row;
        });
        List<Series> all = new ArrayList<>();
        series.forEach((name, points) ->
                all.add(new Series(name, "Gb/s", Series.NO_PRESET, Tolerance.percent(LIMIT), points)));
        return all;
    }

    private static LinkParameters link(Row row) {
        return LinkParameters.of(
                LinkGeneration.valueOf(row.text("gen").toUpperCase(Locale.ROOT)),
                Integer.parseInt(row.text("lanes").substring(1)),
                (int) row.whole("mps"),
                (int) row.whole("mrrs"));
    }

    private static void add(Map<String, List<Point>> series, String name, int bytes, double measured, double model) {
        series.computeIfAbsent(name, k -> new ArrayList<>()).add(new Point(Position.transfer(bytes), measured, model));
    }
}
