// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.List;

/** All experiments, in the order of their names. */
public final class Experiments {
    private static final List<Experiment> ALL = List.of(
            new LinkExperiment(),
            new LinkHardwareExperiment(),
            new LatencyExperiment(),
            new ReachExperiment(),
            BandwidthExperiment.reads(),
            BandwidthExperiment.writes(),
            BandwidthExperiment.serialised(),
            new LargePageExperiment(),
            new WalkCountExperiment(),
            new MissLatencyExperiment(),
            new HypersioExperiment());

    private Experiments() {}

    /** All of them. */
    public static List<Experiment> all() {
        return ALL;
    }
}
