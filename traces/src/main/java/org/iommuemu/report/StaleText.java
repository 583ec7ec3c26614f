// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.Locale;
import org.iommuemu.iommu.StaleEntry;
import org.iommuemu.iommu.StaleHit;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.replay.StaleReport;

/** Stale translations as text, a line each. */
public final class StaleText {
    /** Resident translations shown at most; all are in the JSON. */
    private static final int MOST_ENTRIES = 10;

    private StaleText() {}

    /** The lines of a replay, each ended. */
    public static String of(StaleReport report) {
        StringBuilder out = new StringBuilder();
        report.hits().forEach(h -> out.append("stale  ").append(of(h)).append('\n'));
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

    /** One page in one line. */
    public static String of(StaleHit h) {
        String who = String.format("stream 0x%x", h.streamId())
                + (h.substreamId() == Transaction.NO_SUBSTREAM
                        ? ""
                        : String.format(" substream 0x%x", h.substreamId()));
        String age = h.commands() < 0
                ? "age unknown"
                : h.commands() + " commands and " + h.dmas() + " DMAs after the change";
        String closest = h.detail().isEmpty() ? "" : " (closest: " + h.detail() + ")";
        return who
                + String.format(
                        " 0x%x, %s: used %s, tables say %s; ",
                        h.address(), h.addressSpace(), page(h.used()), page(h.now()))
                + age + "; " + h.cause().text() + closest;
    }

    private static String page(long address) {
        return address < 0 ? "no access" : "0x" + Long.toHexString(address);
    }
}
