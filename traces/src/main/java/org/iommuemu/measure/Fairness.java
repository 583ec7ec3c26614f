// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Jain's fairness index over the streams: 1 if all get the same, 1/n if one of n gets everything (Jain, Chiu, Hawe: DEC-TR-301,
 * 1984).
 *
 * @param bandwidth over their bytes in the window
 * @param latency over their mean latencies
 */
public record Fairness(double bandwidth, double latency) {
    /** The indices of those streams that were counted one by one. */
    static Fairness of(List<StreamFigures> all) {
        List<StreamFigures> streams =
                all.stream().filter(s -> s.stream() != StreamFigures.OTHERS).toList();
        return new Fairness(
                index(streams, StreamFigures::bytes),
                index(streams, s -> s.latency().mean()));
    }

    /** The square of the sum by n times the sum of squares; 1 without anything to share. */
    private static double index(List<StreamFigures> streams, ToDoubleFunction<StreamFigures> share) {
        double sum = 0;
        double squares = 0;
        for (StreamFigures s : streams) {
            double x = share.applyAsDouble(s);
            sum += x;
            squares += x * x;
        }
        return squares == 0 ? 1 : sum * sum / (streams.size() * squares);
    }
}
