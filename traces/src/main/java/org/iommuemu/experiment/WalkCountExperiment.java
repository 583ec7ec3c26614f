// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.experiment.Measurements.Columns;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.smmuv3.SmmuV3;

/**
 * V10: how many descriptors a walk of one or two stages reads, for every state of the walk caches, as the manual of a machine with an
 * MMU-600 prints it. A state is forced by letting only the caches exist that are to hit; an access fills them.
 */
final class WalkCountExperiment implements Experiment {
    private static final String FILE = "mmu600_nested_walk_counts.csv";
    private static final List<String> STATES =
            List.of("s1_miss", "s1l0_hit", "s1l1_hit", "s1l2_hit", "s1l3_hit", "s1_bypass");
    private static final Columns COLUMNS = new Columns(
            Stream.concat(Stream.of("page", "s2_state"), STATES.stream()).toList());
    private static final int NO_HIT = -1;
    private static final int LARGE = 1024;

    @Override
    public String id() {
        return "V10";
    }

    @Override
    public String title() {
        return "descriptors that a walk reads, by the state of the walk caches, MMU-600";
    }

    @Override
    public String across() {
        return "first stage";
    }

    @Override
    public List<Series> run(Measurements data) {
        return data.rows(FILE, COLUMNS, row -> {
            String name = row.text("page") + " pages, " + row.text("s2_state");
            List<Point> points = new ArrayList<>();
            for (String state : STATES) {
                if (!row.text(state).isEmpty()) {
                    int reads = reads(row.text("page").equals("2M") ? 1 : 0, row.text("s2_state"), state);
                    points.add(new Point(Position.named(state), row.decimal(state), reads));
                }
            }
            return new Series(name, "reads", Series.NO_PRESET, Tolerance.absolute(0), points);
        });
    }

    private static int reads(int leafHeight, String secondState, String firstState) {
        boolean stage1 = !firstState.equals("s1_bypass");
        boolean stage2 = !secondState.equals("S2 bypass");
        if (!stage1 && !stage2) {
            return 0;
        }
        CacheGeometry large = CacheGeometry.fullyAssociative(LARGE, ReplacementPolicy.LRU);
        int stage1Hit = stage1 ? hitHeight(firstState.charAt(3)) : NO_HIT;
        int stage2Hit = stage2 ? hitHeight(secondState.charAt(3)) : NO_HIT;
        int firstHit = stage1 ? stage1Hit : stage2Hit;
        CacheConfiguration caches = CacheConfiguration.none()
                .withConfiguration(large)
                .withIotlb(firstHit == leafHeight ? large : CacheGeometry.none())
                .withWalk(NestedMachine.only(firstHit, leafHeight, large))
                .withIpa(stage2Hit == leafHeight ? large : CacheGeometry.none())
                .withStage2Walk(NestedMachine.only(stage2Hit, leafHeight, large));
        try (NestedMachine machine = new NestedMachine(leafHeight, stage1, stage2, caches)) {
            Transaction access =
                    new Transaction().read(NestedMachine.STREAM, stage1 ? NestedMachine.INPUT : NestedMachine.REGION);
            Verdict verdict = new Verdict();
            machine.smmu().translate(access, verdict);
            long before = reads(machine.smmu());
            machine.smmu().translate(access, verdict);
            if (!verdict.isOk()) {
                throw new IllegalStateException("the access was refused: " + verdict.rule());
            }
            return (int) (reads(machine.smmu()) - before);
        }
    }

    private static int hitHeight(char level) {
        return Character.isDigit(level) ? Aarch64Stage1.LAST_LEVEL - (level - '0') : NO_HIT;
    }

    private static long reads(SmmuV3 smmu) {
        long n = 0;
        for (int h = 0; h < TableFormat.HEIGHTS; h++) {
            n += smmu.unit().walker().accesses(h)
                    + smmu.unit().stageTwo().walker().accesses(h);
        }
        return n;
    }
}
