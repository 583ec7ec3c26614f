// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.iommuemu.experiment.Measurements.Columns;
import org.iommuemu.pcie.LinkGeneration;
import org.iommuemu.pcie.LinkParameters;

/** V2: the link against hardware, where the link and not the device is the limit. */
final class LinkHardwareExperiment implements Experiment {
    private static final String FILE = "pciebench_bandwidth_vs_size.csv";
    private static final Columns COLUMNS = Columns.of("system", "node", "test", "cache", "size_b", "gbit_s");
    private static final double LIMIT = 5;
    private static final String SYSTEM = "hsw-e5-2637v3";
    /** Others of their kind show what the device does, not the link. */
    private static final Set<Integer> READS = Set.of(512, 2048);

    private static final Set<Integer> WRITES = Set.of(512, 1024, 2048);

    @Override
    public String id() {
        return "V2";
    }

    @Override
    public String title() {
        return "a Gen3 x8 link against hardware, IOMMU off";
    }

    @Override
    public String across() {
        return "transfer size";
    }

    @Override
    public List<Series> run(Measurements data) {
        LinkParameters link = LinkParameters.of(LinkGeneration.GEN3, 8, 256, 512);
        List<Point> reads = new ArrayList<>();
        List<Point> writes = new ArrayList<>();
        data.rows(FILE, COLUMNS, row -> {
            int bytes = (int) row.whole("size_b");
            boolean taken = row.is("system", SYSTEM) && row.is("node", "local") && row.is("cache", "HWarm");
            double measured = row.decimal("gbit_s");
            if (taken && row.is("test", "BW_DMA_RD") && READS.contains(bytes)) {
                reads.add(new Point(Position.transfer(bytes), measured, LinkBench.reads(link, bytes)));
            } else if (taken && row.is("test", "BW_DMA_WR") && WRITES.contains(bytes)) {
                writes.add(new Point(Position.transfer(bytes), measured, LinkBench.writes(link, bytes)));
            }
            return row;
        });
        return List.of(
                new Series(SYSTEM + " reads", "Gb/s", Series.NO_PRESET, Tolerance.percent(LIMIT), reads),
                new Series(SYSTEM + " writes", "Gb/s", Series.NO_PRESET, Tolerance.percent(LIMIT), writes));
    }
}
