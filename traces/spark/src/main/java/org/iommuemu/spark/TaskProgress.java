// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.PrintWriter;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;

/** Says at every tenth, and every ten seconds, how many points are done; counts a task that ran twice once. */
final class TaskProgress extends SparkListener {
    private static final int STEPS = 10;
    private static final long LONGEST_SILENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

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
        int before = pointsDone;
        pointsDone += pointsOfTasks.get(task);
        long now = System.nanoTime();
        if (step(pointsDone) > step(before) || now - lastSaid >= LONGEST_SILENCE_NANOS) {
            lastSaid = now;
            out.println(pointsDone + " of " + points + " points");
        }
    }

    private long step(int count) {
        return (long) count * STEPS / points;
    }
}
