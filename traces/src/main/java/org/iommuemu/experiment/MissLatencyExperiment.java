// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Presets;
import org.iommuemu.preset.Settings;

/** V11: a miss of an MMU-600 with cold walk caches, four levels, against the latency that the manual of Agilex 5 gives. */
final class MissLatencyExperiment implements Experiment {
    private static final double MEASURED = 290;
    private static final double LIMIT = 15;
    private static final double NANOSECOND = 1000;
    private static final int BYTES = 64;
    private static final long LATER = 1_000_000;

    @Override
    public String id() {
        return "V11";
    }

    @Override
    public String title() {
        return "latency of a miss of four levels, MMU-600 in Agilex 5";
    }

    @Override
    public String across() {
        return "descriptors";
    }

    @Override
    public List<Series> run(Measurements data) {
        Settings settings = Presets.named("arm-mmu-600");
        // The structures of the stream are cached, and no table is.
        CacheConfiguration caches =
                CacheConfiguration.none().withConfiguration(CacheGeometry.fullyAssociative(1, ReplacementPolicy.LRU));
        try (NestedMachine machine = new NestedMachine(0, true, false, caches)) {
            TimedTranslation timed = new TimedTranslation(
                    machine.smmu(), machine.smmu().unit(), machine.smmu()::observe, MachineParameters.timing(settings));
            Transaction access = new Transaction().read(NestedMachine.STREAM, NestedMachine.INPUT);
            Verdict verdict = new Verdict();
            Journey journey = new Journey();
            timed.translate(access, BYTES, 0, verdict, journey);
            double model = (timed.translate(access, BYTES, LATER, verdict, journey) - LATER) / NANOSECOND;
            Point point = new Point(Position.named("4 reads"), MEASURED, model);
            return List.of(new Series("Agilex 5", "ns", settings.name(), Tolerance.percent(LIMIT), List.of(point)));
        }
    }
}
