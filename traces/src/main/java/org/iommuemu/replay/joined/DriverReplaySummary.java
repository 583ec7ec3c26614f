// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.util.List;
import java.util.Map;
import org.iommuemu.capture.JoinedRow.Kind;
import org.iommuemu.measure.CacheFigures;
import org.iommuemu.replay.Agreement;
import org.jspecify.annotations.Nullable;

/**
 * What came of the replay of a kernel's calls on the model of its driver.
 *
 * @param name of the file
 * @param machine that was driven, for people
 * @param deferred whether invalidations are deferred
 * @param fieldsKnown whether fields of commands without a column were compared
 * @param rows by kind
 * @param streams with the recorded number of their domain, −1 where it is not recorded
 * @param domains recorded numbers of domains with ours
 * @param moved accesses that were not where the file has them
 * @param unknownDevices calls that name no device, which the driver was not told of
 * @param unlogged commands of ours of a kind that the recorder does not log
 * @param untold recorded commands of interrupt remapping, whose calls are not recorded
 * @param stops how often the recorded machine was stopped
 * @param caches of the machine
 * @param calls that the driver has done, of all
 * @param commands that agree
 * @param causes how often commands differ, by what is different
 * @param unmaps that have commands
 * @param exactUnmaps those whose whole batch is as recorded
 * @param flushes of deferred invalidations; null where none are deferred
 * @param addresses that agree
 */
public record DriverReplaySummary(
        String name,
        String machine,
        boolean deferred,
        boolean fieldsKnown,
        Map<Kind, Long> rows,
        Map<Integer, Integer> streams,
        Map<Integer, Integer> domains,
        long moved,
        long unknownDevices,
        long unlogged,
        long untold,
        int stops,
        List<CacheFigures> caches,
        Agreement calls,
        Agreement commands,
        Map<String, Long> causes,
        long unmaps,
        long exactUnmaps,
        @Nullable FlushFigures flushes,
        Agreement addresses) {
    /** Rows of one kind. */
    public long of(Kind kind) {
        return rows.getOrDefault(kind, 0L);
    }

    /** All rows. */
    public long total() {
        return rows.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Whether everything that was compared agrees. */
    public boolean agrees() {
        return calls.isComplete() && commands.isComplete() && addresses.isComplete();
    }
}
