// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.scenario.ScenarioResult.Status;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.junit.jupiter.api.Test;

class FailNthResultTest {
    private static final Scenario SCENARIO =
            Scenario.readAll(Path.of("scenarios", "smmuv3-faults.jsonl")).get(0);

    @Test
    void shouldFailAsAWholeWhenARunEndsInNothingArchitected() {
        FailNthResult result = new FailNthResult(SCENARIO);
        try (PhysicalMemory memory = new PhysicalMemory()) {
            SmmuV3 smmu = new SmmuV3(memory, SmmuFeatures.full(), CacheConfiguration.none(), InterruptSink.NONE);
            ScenarioDevices devices = new ScenarioDevices(smmu, memory, SCENARIO.cannotStall(), new HashMap<>());
            // No machine makes an access when software writes memory.
            SmmuFailures failures = new SmmuFailures(smmu);
            failures.before();
            result.add(3, 1, failures.outcome(new Step.MemoryWrite(0, new byte[1]), devices));
        }

        String what = "access 3 fails in step 1: no outcome that the architecture has";
        assertThat(result.summary()).isEqualTo(new ScenarioResult(SCENARIO, Status.FAILED, -1, what));
        assertThat(result.unspecified()).isEqualTo(List.of(SCENARIO.place() + ": " + SCENARIO.name() + ", " + what));
    }

    @Test
    void shouldPassAsAWholeOtherwise() {
        FailNthResult result = new ScenarioRunner(CacheConfiguration.standard()).failNth(SCENARIO);

        assertThat(result.runs()).isPositive();
        assertThat(result.summary().status()).isEqualTo(Status.PASSED);
    }
}
