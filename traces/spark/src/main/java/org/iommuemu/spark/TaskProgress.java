// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.PrintWriter;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;

/** Says now and then how many points are done, counting a task that ran twice once. */
final class TaskProgress extends SparkListener {
    private static final long BETWEEN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final PrintWriter out;
    private final List<Integer> pointsOfTasks;
    private final int points;
    private final BitSet done = new BitSet();
    private int pointsDone;
    private long lastSaid = System.nanoTime();

    TaskProgress(PrintWriter out, List<Integer> pointsOfTasks) {
        this.out = out;
        this.pointsOfTasks = pointsOfTasks;
        points = pointsOfTasks.stream().mapToInt(Integer::intValue).sum();
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd end) {
        int task = end.taskInfo().index();
        if (!end.taskInfo().successful() || done.get(task)) {
            return;
        }
        done.set(task);
        pointsDone += pointsOfTasks.get(task);
        long now = System.nanoTime();
        if (now - lastSaid >= BETWEEN_NANOS) {
            lastSaid = now;
            out.println(pointsDone + " of " + points + " points");
        }
    }
}
