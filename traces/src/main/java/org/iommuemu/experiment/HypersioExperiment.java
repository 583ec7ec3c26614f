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
import org.iommuemu.time.Bandwidth;
import org.iommuemu.time.ByteRate;
import org.iommuemu.time.Waiter;

/** V13: the arithmetic of HyperSIO: packets with three translations each, all of them full nested misses, or all hits. */
final class HypersioExperiment implements Experiment {
    private static final String PRESET = "hypersio";
    private static final int PACKET = 1542;
    private static final int TRANSLATIONS = 3;
    private static final int PACKETS = 10_000;
    private static final long LINK = 200_000_000_000L;
    private static final double MISS = 2100;
    private static final double SERIAL_RATE = PACKET * 8 / (TRANSLATIONS * MISS);
    private static final double LIMIT = 1;
    private static final double NANOSECOND = 1000;
    private static final int BYTES = 64;

    private final Transaction access = new Transaction().read(NestedMachine.STREAM, NestedMachine.INPUT);
    private final Verdict verdict = new Verdict();
    private final Journey journey = new Journey();

    @Override
    public String id() {
        return "V13";
    }

    @Override
    public String title() {
        return "packets with three translations each, as HyperSIO has them";
    }

    @Override
    public String across() {
        return "traffic";
    }

    @Override
    public List<Series> run(Measurements data) {
        Settings settings = Presets.named(PRESET);
        CacheGeometry one = CacheGeometry.fullyAssociative(1, ReplacementPolicy.LRU);
        CacheConfiguration cold = CacheConfiguration.none().withConfiguration(one);
        CacheConfiguration warm =
                cold.withIotlb(MachineParameters.caches(settings).iotlb());
        return List.of(
                series("a full nested miss", "ns", MISS, miss(settings, cold)),
                series("one translation after the other, all misses", "Gb/s", SERIAL_RATE, rate(settings, cold, true)),
                series("all hits", "Gb/s", LINK / 1e9, rate(settings, warm, false)));
    }

    private static Series series(String name, String unit, double expected, double model) {
        return new Series(
                name,
                unit,
                PRESET,
                Tolerance.percent(LIMIT),
                List.of(new Point(Position.named("packets"), expected, model)));
    }

    private double miss(Settings settings, CacheConfiguration caches) {
        try (NestedMachine machine = new NestedMachine(0, true, true, caches)) {
            TimedTranslation timed = timed(machine, settings);
            long at = timed.translate(access, BYTES, 0, verdict, journey);
            return (timed.translate(access, BYTES, at, verdict, journey) - at) / NANOSECOND;
        }
    }

    /** A packet is sent once its addresses are translated; the next one does not wait for that unless everything is serial. */
    private double rate(Settings settings, CacheConfiguration caches, boolean serial) {
        try (NestedMachine machine = new NestedMachine(0, true, true, caches)) {
            TimedTranslation timed = timed(machine, settings);
            long start = timed.translate(access, BYTES, 0, verdict, journey);
            Bandwidth link = new Bandwidth("packets", ByteRate.bitsPerSecond(LINK));
            Waiter packets = link.waiter("packets");
            long at = start;
            long end = start;
            for (int i = 0; i < PACKETS; i++) {
                long ready = at;
                for (int t = 0; t < TRANSLATIONS; t++) {
                    ready = timed.translate(access, BYTES, ready, verdict, journey);
                }
                long sent = link.transfer(packets, ready, PACKET);
                end = Math.max(end, serial ? ready : sent);
                at = serial ? ready : at;
            }
            return PACKETS * 8.0 * PACKET * NANOSECOND / (end - start);
        }
    }

    private static TimedTranslation timed(NestedMachine machine, Settings settings) {
        return new TimedTranslation(
                machine.smmu(), machine.smmu().unit(), machine.smmu()::observe, MachineParameters.timing(settings));
    }
}
