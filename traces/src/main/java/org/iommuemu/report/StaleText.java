// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Locale;
import org.iommuemu.iommu.StaleEntry;
import org.iommuemu.replay.StaleReport;

/** Stale translations as text, a line each. */
public final class StaleText {
    /** Resident translations shown at most; all are in the JSON. */
    private static final int MOST_ENTRIES = 10;

    private StaleText() {}

    /** The lines of a replay, each ended. */
    public static String of(StaleReport report) {
        StringBuilder out = new StringBuilder();
        report.hits().forEach(h -> out.append("stale  ").append(h.text()).append('\n'));
        if (report.stop() >= 0) {
            out.append(String.format(
                    Locale.ROOT,
                    "stale  after record %,d: %,d translations in the IOTLB are no longer in the tables%n",
                    report.stop(),
                    report.entries().size()));
            report.entries().stream()
                    .limit(MOST_ENTRIES)
                    .forEach(e -> out.append("stale    ").append(of(e)).append('\n'));
            if (report.entries().size() > MOST_ENTRIES) {
                out.append("stale    ... and ")
                        .append(report.entries().size() - MOST_ENTRIES)
                        .append(" more\n");
            }
        }
        out.append(String.format(
                Locale.ROOT, "stale  %,d pages, %,d accesses%n", report.hits().size(), report.accesses()));
        return out.toString();
    }

    private static String of(StaleEntry e) {
        return String.format("%s 0x%x (2^%d bytes) -> 0x%x", e.addressSpace(), e.address(), e.pageShift(), e.output());
    }
}
