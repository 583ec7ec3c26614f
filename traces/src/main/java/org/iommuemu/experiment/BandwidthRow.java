// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.List;
import org.iommuemu.experiment.Measurements.Columns;

/**
 * A measured throughput of saturating requests, 4 KiB mappings, local memory, data in the cache.
 *
 * @param size of requests, in bytes
 * @param window bytes
 * @param perMicrosecond requests
 */
record BandwidthRow(String system, boolean write, int size, long window, double perMicrosecond) {
    private static final Columns COLUMNS =
            Columns.of("system", "iommu", "node", "op", "size_b", "cache", "window_b", "mtrans_s");

    /** All, in the order of the file. */
    static List<BandwidthRow> of(Measurements data) {
        return data.rows(
                "pciebench_bandwidth_vs_window.csv",
                COLUMNS,
                r -> r.is("iommu", "on-4k") && r.is("node", "local") && r.is("cache", "DWarm")
                        ? new BandwidthRow(
                                r.text("system"),
                                r.is("op", "write"),
                                (int) r.whole("size_b"),
                                r.whole("window_b"),
                                r.decimal("mtrans_s"))
                        : null);
    }
}
