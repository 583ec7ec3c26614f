// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.timing.LookupParameters;
import org.iommuemu.iommu.timing.TableMemoryParameters;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.iommu.timing.TimingParameters;
import org.iommuemu.iommu.timing.TimingParameters.Commands;
import org.iommuemu.iommu.timing.TimingParameters.Ordering;
import org.iommuemu.iommu.timing.TimingParameters.Prefetch;
import org.iommuemu.iommu.timing.WalkParameters.Recovery;
import org.iommuemu.smmuv3.spec.Command;
import org.junit.jupiter.api.Test;

/** Commands in time: fetch 3,000, execution 1,000, invalidation 4,000 more, lookups blocked for 6,000, SYNC 500. */
class TimedCommandsTest extends TimedSmmu {
    private static final Commands COSTS = new Commands(3_000, 1_000, 4_000, 6_000, 500);

    private final List<String> ended = new ArrayList<>();

    private TimedTranslation machineWithCommands(SmmuFixture f) {
        TimedTranslation timed = warm(
                f,
                new TimingParameters(
                        new LookupParameters(1, 1_000, LOOKUP),
                        walk(4, Recovery.NONE, false),
                        new TableMemoryParameters(READ, 0, 0, 1),
                        new Ordering(8, 8, Ordering.Scope.ALL),
                        COSTS,
                        Prefetch.NONE));
        f.smmu.time(timed.commands());
        timed.commands()
                .listen((kind, told, begin, end) -> ended.add(kind + " " + (begin - told) + " " + (end - told)));
        return timed;
    }

    @Test
    void shouldExecuteCommandsOneAfterTheOther() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = machineWithCommands(f);
            timed.commands().toldAt(LATER);
            f.command(Command.TLBI_NSNH_ALL.opcode(), 0);
            f.command(Command.SYNC.opcode(), 0);
            f.command(Command.PREFETCH_CONFIG.opcode(), 0);

            assertThat(ended).containsExactly("INVALIDATION 0 8000", "SYNC 8000 12500", "OTHER 12500 16500");
            assertThat(timed.commands().count()).isEqualTo(3);
            assertThat(timed.commands().lastEnd()).isEqualTo(LATER + 16_500);
        }
    }

    @Test
    void shouldWaitForTransactionsInFlight() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = machineWithCommands(f);
            at(timed, LATER, 1);
            timed.commands().toldAt(LATER + 10_000);
            f.command(Command.SYNC.opcode(), 0);

            // The miss is over at MISS, which is 10,000 less after the SYNC was told of.
            assertThat(ended).containsExactly("SYNC 0 " + (MISS - 10_000 + 500));
        }
    }

    @Test
    void shouldWaitForDevices() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = machineWithCommands(f);
            timed.commands().toldAt(LATER);
            timed.commands().answeredAt(LATER + 70_000);
            f.command(Command.SYNC.opcode(), 0);

            assertThat(ended).containsExactly("SYNC 0 70500");
        }
    }

    @Test
    void shouldKeepLookupsWaitingDuringAnInvalidation() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = machineWithCommands(f);
            at(timed, LATER, 1);
            at(timed, LATER, 2);
            timed.commands().toldAt(2 * LATER);
            f.command(Command.TLBI_NH_VA.opcode() | 1L << 48, 1L << 12);

            // Of an address: page 2 stays. The port is taken from 4,000 to 10,000.
            assertThat(at(timed, 2 * LATER + 5_000, 2)).isEqualTo(5_000 + LOOKUP);
        }
    }

    /** What is to come does not hold up what is there already. */
    @Test
    void shouldNotKeepLookupsWaitingForInvalidationsToCome() {
        try (SmmuFixture f = machine(CacheConfiguration.standard())) {
            TimedTranslation timed = machineWithCommands(f);
            at(timed, LATER, 1);
            at(timed, LATER, 2);
            timed.commands().toldAt(2 * LATER);
            for (int i = 0; i < 50; i++) {
                f.command(Command.TLBI_NH_VA.opcode() | 1L << 48, 1L << 12);
            }

            // The first of them takes the port from 4,000 on.
            assertThat(at(timed, 2 * LATER + 1_000, 2)).isEqualTo(LOOKUP);
        }
    }
}
