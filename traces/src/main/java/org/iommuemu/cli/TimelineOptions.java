// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import java.nio.file.Path;
import org.iommuemu.capture.InputException;
import org.iommuemu.measure.TransactionListener;
import org.iommuemu.report.ResultFile;
import org.iommuemu.report.timeline.Timeline;
import org.iommuemu.report.timeline.TimelineJson;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that write a timed replay's transactions as a time line. */
final class TimelineOptions {
    private static final int MOST_SLICES = 1_000_000;

    @Option(
            names = "--timeline",
            paramLabel = "FILE",
            description = "write counted transactions as slices of time, a JSON trace that Perfetto opens")
    private @Nullable Path timeline;

    @Option(
            names = "--timeline-from",
            paramLabel = "N",
            description = "leave out the first N counted transactions there")
    private @Nullable Long from;

    @Option(
            names = "--timeline-count",
            paramLabel = "N",
            description = "write N transactions at most (default: " + Timeline.USUAL_COUNT + ")")
    private @Nullable Integer count;

    private @Nullable Timeline slices;

    /**
     * Checks what can be checked before long work.
     *
     * @throws InputException if options do not go together, or a value is out of range
     */
    void check(boolean timed) {
        if (timeline == null && (from != null || count != null)) {
            throw new InputException("--timeline-from or --timeline-count without a file", "--timeline with it");
        }
        if (timeline != null && !timed) {
            throw new InputException("--timeline without a machine", "--preset or --config with it");
        }
        if (from != null && from < 0) {
            throw new InputException("--timeline-from is " + from, "a number from 0");
        }
        if (count != null && (count < 1 || count > MOST_SLICES)) {
            throw new InputException("--timeline-count is " + count, "a number from 1 to " + MOST_SLICES);
        }
        if (timeline != null) {
            ResultFile.check(timeline);
        }
    }

    /** Who is to be shown the transactions that are counted, or null. */
    @Nullable
    TransactionListener listener() {
        if (timeline == null) {
            return null;
        }
        slices = new Timeline(from == null ? 0 : from, count == null ? Timeline.USUAL_COUNT : count);
        return slices;
    }

    /**
     * Writes what was collected, if anybody asked.
     *
     * @param counted transactions of the replay
     * @throws InputException if they ended before the first one that is to be written
     */
    void write(long counted) {
        Timeline kept = slices;
        if (timeline == null || kept == null) {
            return;
        }
        if (kept.size() == 0 && from != null) {
            throw new InputException(
                    "--timeline-from is " + from, "less than the " + counted + " transactions that are counted");
        }
        ResultFile.writeText(timeline, out -> TimelineJson.write(kept, out));
    }
}
