// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.io.IOException;
import org.iommuemu.trace.reuse.MissCurve;

/** A miss curve as CSV: a row for every size at which misses become fewer; sizes between two rows miss as the smaller one. */
public final class MissCurveCsv {
    private MissCurveCsv() {}

    /** Writes it, size 0 first. */
    public static void write(MissCurve c, Appendable out) throws IOException {
        out.append("entries,misses,miss_ratio\n");
        for (int size = 0; size <= c.longest(); size++) {
            if (size == 0 || c.atDistance(size) > 0) {
                out.append(size + "," + c.misses(size) + "," + c.missRatio(size) + "\n");
            }
        }
    }
}
