// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.List;
import org.iommuemu.experiment.Measurements.Columns;

/**
 * A measured latency of single 64-byte reads by command, cold.
 *
 * @param mapping {@code off}, {@code on-4k} or {@code on-superpage}
 * @param node {@code local} or {@code remote}
 * @param window bytes
 * @param median in ns
 * @param mean in ns
 */
record LatencyRow(String system, String mapping, String node, long window, double median, double mean) {
    private static final Columns COLUMNS =
            Columns.of("system", "iommu", "node", "test", "size_b", "cache", "window_b", "median_ns", "mean_ns");

    /** All, in the order of the file. */
    static List<LatencyRow> of(Measurements data) {
        return data.rows(
                "pciebench_latency_vs_window.csv",
                COLUMNS,
                r -> r.is("test", "cmd_read") && r.is("size_b", "64") && r.is("cache", "Cold")
                        ? new LatencyRow(
                                r.text("system"),
                                r.text("iommu"),
                                r.text("node"),
                                r.whole("window_b"),
                                r.decimal("median_ns"),
                                r.decimal("mean_ns"))
                        : null);
    }

    boolean is(String mappedAs, String where) {
        return mapping.equals(mappedAs) && node.equals(where);
    }
}
