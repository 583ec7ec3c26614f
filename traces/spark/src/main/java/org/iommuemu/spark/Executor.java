// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.spark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkEnv;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.iommuemu.sweep.PointFunction;
import org.iommuemu.sweep.SweepPoint;

/** The half of the job that runs on executors: points in, results out, both as lines of text. */
final class Executor {
    private Executor() {}

    /** Of one executor's JVM, whichever tasks it is given. */
    private static final class Here {
        /** Spark's own folder for blocks, which goes when the application does. */
        private static final TraceCache TRACES = new TraceCache(
                SparkEnv.get()
                        .blockManager()
                        .diskBlockManager()
                        .localDirs()[0]
                        .toPath()
                        .resolve("iommu-traces"),
                new HadoopFiles(
                        SparkHadoopUtil.get().newConfiguration(SparkEnv.get().conf())));
    }

    /**
     * Evaluates points.
     *
     * @param points as {@link SweepPoint#canonical}
     * @param traces by digest
     * @return a line for each, as {@link org.iommuemu.sweep.PointResult#line}
     */
    static List<String> evaluate(List<String> points, Map<String, RemoteTrace> traces) throws IOException {
        List<String> results = new ArrayList<>();
        for (String line : points) {
            SweepPoint point = SweepPoint.parse(line);
            RemoteTrace trace = traces.get(point.digest());
            if (trace == null) {
                throw new IllegalStateException("no trace of digest " + point.digest());
            }
            results.add(PointFunction.evaluate(point, Here.TRACES.fetch(trace)).line());
        }
        return results;
    }
}
