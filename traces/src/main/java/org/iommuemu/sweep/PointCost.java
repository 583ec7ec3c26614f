// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How long a point takes, roughly: to begin with long ones, and to say what is left. */
public final class PointCost {
    /** How much longer a record takes when it takes time. */
    private static final int TIMED = 5;

    private PointCost() {}

    /**
     * A number that grows with a point's time; only relations count.
     *
     * @param trace its trace
     */
    public static long of(SweepPoint point, Path trace) {
        try {
            return (1 + Files.size(trace)) * (point.timed() ? TIMED : 1);
        } catch (IOException e) {
            return 1; // The point says itself that its trace is not there.
        }
    }
}
