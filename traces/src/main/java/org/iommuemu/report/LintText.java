// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.report;

import java.util.stream.Collectors;
import org.iommuemu.iommu.LintLog;

/** Lint findings as text, a line each. */
public final class LintText {
    private LintText() {}

    /** The lines, each ended; none without findings. */
    public static String of(LintLog log) {
        String lines =
                log.findings().stream().map(f -> "lint  " + f.text() + "\n").collect(Collectors.joining());
        return log.dropped() == 0 ? lines : lines + "lint  " + log.dropped() + " more, not kept\n";
    }
}
