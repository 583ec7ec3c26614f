// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.platform.Platform;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.time.ResourceStatistics;
import org.iommuemu.time.Waits;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a device that only makes faults can take from another one is what they share in the IOMMU, and no more. */
class BandwidthShareTest {
    private static final int VICTIM = 0x100;
    private static final int ATTACKER = 0x200;
    private static final long IOVA = 0x4000_0000L;
    private static final int PAGES = 8;
    private static final int BYTES = 512;
    private static final int VICTIM_READS = 16;
    private static final int ATTACKER_READS = 256;
    private static final long TIME = Picoseconds.ofNanoseconds(400_000);
    private static final long PACE = Picoseconds.ofNanoseconds(20);
    private static final int LEVELS = 4;

    private static final class Scene implements AutoCloseable {
        private final Platform machine;
        private final PciFunction victim;
        private final PciFunction attacker;
        private long done;
        private long page;

        Scene(Setting.Architecture architecture) {
            machine = new Setting(architecture, 1, false).machine();
            IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
            driver.map(VICTIM, IommuDriver.NO_PASID, IOVA, World.FRAMES, PAGES * 4096L, 12, IommuDriver.READ);
            driver.bind(ATTACKER, IommuDriver.NO_PASID);
            victim = machine.addFunction(VICTIM).enableBusMaster();
            attacker = machine.addFunction(ATTACKER).enableBusMaster();
        }

        /** Bytes that the victim reads. */
        long run() {
            for (int i = 0; i < VICTIM_READS; i++) {
                read();
            }
            machine.loop().runUntil(TIME);
            return done;
        }

        private void read() {
            long at = IOVA + page++ % PAGES * 4096;
            victim.requester()
                    .read(
                            Tlp.AddressType.UNTRANSLATED,
                            at,
                            BYTES,
                            Transaction.NO_SUBSTREAM,
                            Access.READ,
                            (outcome, data) -> {
                                done += data.length;
                                read();
                            });
        }

        void attackByReads() {
            attacker.requester()
                    .read(
                            Tlp.AddressType.UNTRANSLATED,
                            IOVA + page++ * 4096,
                            8,
                            Transaction.NO_SUBSTREAM,
                            Access.READ,
                            (outcome, data) -> attackByReads());
        }

        void attackByWrites() {
            machine.loop()
                    .schedule(
                            machine.loop().now() + PACE,
                            (time, data) -> {
                                attacker.requester()
                                        .write(
                                                Tlp.AddressType.UNTRANSLATED,
                                                IOVA + page++ * 4096,
                                                new byte[8],
                                                Transaction.NO_SUBSTREAM,
                                                Access.WRITE);
                                attackByWrites();
                            },
                            0);
        }

        @Override
        public void close() {
            machine.close();
        }
    }

    private static long alone(Setting.Architecture architecture) {
        try (Scene s = new Scene(architecture)) {
            return s.run();
        }
    }

    /** Writes and reads have windows of their own, lookups are pipelined, and who hits needs no walker: nothing is shared. */
    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldTakeNothingFromReadsThatHitByWritesThatFault(Setting.Architecture architecture) {
        long alone = alone(architecture);
        try (Scene s = new Scene(architecture)) {
            s.attackByWrites();

            long shared = s.run();

            assertThat(alone).isPositive();
            assertThat(s.machine.bridge().refused()).isGreaterThan(10_000);
            assertThat((double) shared).isGreaterThan(0.99 * alone);
        }
    }

    /**
     * Reads leave the IOMMU in the order of entering, all through one window: a read of the victim has before it at most all reads that
     * the attacker can have outstanding, each a walk of four levels at most, as many of them at once as there are walkers.
     */
    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldTakeFromReadsNoMoreThanTheWalksBeforeThem(Setting.Architecture architecture) {
        long alone = alone(architecture);
        try (Scene s = new Scene(architecture)) {
            for (int i = 0; i < ATTACKER_READS; i++) {
                s.attackByReads();
            }

            long shared = s.run();

            long walk = LEVELS * s.machine.parameters().timing().tables().latency();
            long walkers = s.machine.parameters().timing().walk().walkers();
            double latencyAlone = (double) TIME * VICTIM_READS * BYTES / alone;
            double latencyAtMost = latencyAlone + (double) ATTACKER_READS * walk / walkers;
            assertThat((double) shared).isGreaterThan((double) TIME * VICTIM_READS * BYTES / latencyAtMost * 0.98);
            assertThat(shared).as("they do share a window").isLessThan(alone);
        }
    }

    /** What a victim's reads spend in the IOMMU, by what it reports of each. */
    private static final class Spent {
        private long reads;
        private long whole;
        private long waits;

        void observe(Platform machine) {
            machine.bridge().observe((request, at, passed, journey) -> {
                if (request.requester() == VICTIM) {
                    reads++;
                    whole += passed - at;
                    waits += journey.of(LatencyPart.QUEUE) + journey.of(LatencyPart.ORDER);
                }
            });
        }

        double waitOfOne() {
            return (double) waits / reads;
        }

        double wholeOfOne() {
            return (double) whole / reads;
        }
    }

    /**
     * What a read takes beside an attacker is what it takes alone and what it waits in the IOMMU, as that reports of each request:
     * nothing else gets slower. The rest, less than 2 %, is waiting for links and memory, of which requests have no report.
     */
    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldReportAllTheTimeThatTheAttackerTakes(Setting.Architecture architecture) {
        Spent quiet = new Spent();
        double alone;
        try (Scene s = new Scene(architecture)) {
            quiet.observe(s.machine);
            alone = (double) TIME * VICTIM_READS * BYTES / s.run();
        }
        try (Scene s = new Scene(architecture)) {
            Spent beside = new Spent();
            beside.observe(s.machine);
            for (int i = 0; i < ATTACKER_READS; i++) {
                s.attackByReads();
            }

            double shared = (double) TIME * VICTIM_READS * BYTES / s.run();

            assertThat(beside.waitOfOne()).isGreaterThan(10 * quiet.waitOfOne());
            assertThat(beside.wholeOfOne() - quiet.wholeOfOne())
                    .isCloseTo(beside.waitOfOne() - quiet.waitOfOne(), withinPercentage(2));
            assertThat(alone + beside.waitOfOne() - quiet.waitOfOne()).isCloseTo(shared, withinPercentage(2));
            // The window is one queue for all, so that its waits are everybody's; behind others' walks only hits wait,
            // the victim's.
            ResourceStatistics window = s.machine.resources().stream()
                    .map(r -> r.statistics(TIME))
                    .filter(r -> r.name().equals("read window"))
                    .findFirst()
                    .orElseThrow();
            Waits behind = waits(window, "head of line");
            Waits before = waits(window, "reads");
            double reported = (double) before.total() / before.uses() + (double) behind.total() / behind.waits();
            assertThat(alone + reported).isCloseTo(shared, withinPercentage(5));
        }
    }

    private static Waits waits(ResourceStatistics resource, String who) {
        return resource.waits().stream()
                .filter(w -> w.waiter().equals(who))
                .findFirst()
                .orElseThrow();
    }
}
