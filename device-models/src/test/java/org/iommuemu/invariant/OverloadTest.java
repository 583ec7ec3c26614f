// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.host.DmaFault;
import org.iommuemu.host.FaultListener;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Requester.Outcome;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.platform.Platform;
import org.iommuemu.smmuv3.spec.L1Std;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;
import org.iommuemu.time.Picoseconds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Queues that a device fills by itself, with ATS and PRI on: others go on, what is lost is said, and software recovers. */
class OverloadTest {
    private static final int ATTACKER = 0x200;
    private static final int VICTIM = 0x100;
    private static final int PASID = Transaction.NO_SUBSTREAM;
    private static final long IOVA = 0x4000_0000L;
    private static final int PAGE = 4096;
    private static final int ATTEMPTS = 6_000;
    private static final int GROUPS = 1 << 9;
    private static final int VICTIM_PAGES = 16;
    private static final int MOST_EVENTS_OF_AN_ATTEMPT = 64;
    private static final long HANDLING = Picoseconds.ofNanoseconds(1_000);

    private static Platform machine(Setting.Architecture architecture) {
        return new Setting(architecture, 1, false).machine();
    }

    private static PciFunction function(Platform machine, IommuDriver driver, int requester) {
        PciFunction f = machine.addFunction(requester).enableBusMaster();
        driver.bind(requester, IommuDriver.NO_PASID);
        driver.enableAts(requester);
        f.enableAts(0);
        driver.enablePageRequests(requester);
        f.enablePri(4);
        return f;
    }

    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldBringPagesInForOthersInAStormOfPageRequests(Setting.Architecture architecture) {
        try (Platform machine = machine(architecture)) {
            IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
            int[] handled = new int[1];
            Set<Long> there = new HashSet<>();
            driver.onPageRequest(
                    group -> {
                        PageRequest last = group.get(group.size() - 1);
                        if (last.streamId() != VICTIM) {
                            handled[0]++;
                            return PageResponse.Code.INVALID;
                        }
                        for (PageRequest r : group) {
                            long to = World.FRAMES + (r.address() - IOVA);
                            if (there.add(r.address())) {
                                driver.map(VICTIM, IommuDriver.NO_PASID, r.address(), to, PAGE, 12, IommuDriver.READ);
                            }
                        }
                        return PageResponse.Code.SUCCESS;
                    },
                    HANDLING);
            PciFunction attacker = function(machine, driver, ATTACKER);
            int[] answers = new int[1];
            attacker.link().connectDevice((tlp, buffer) -> {
                answers[0] += tlp instanceof Tlp.PrgResponse ? 1 : 0;
                buffer.drained(0);
            });
            DmaChannel channel = new DmaChannel(function(machine, driver, VICTIM));
            List<DmaChannel.Status> ends = new ArrayList<>();
            // Software is busy until the storm is over.
            boolean[] busy = {true};
            machine.wires(line -> !busy[0]);

            for (int i = 0; i < ATTEMPTS; i++) {
                long address = IOVA + (long) i * PAGE;
                attacker.link()
                        .up(new Tlp.PageRequestMessage(
                                new PageRequest(ATTACKER, PASID, address, true, true, false, false, true, i % GROUPS)));
                if (i % (ATTEMPTS / VICTIM_PAGES) == 0) {
                    long at = IOVA + (long) (i / (ATTEMPTS / VICTIM_PAGES)) * PAGE;
                    channel.read(at, new byte[64], PASID, Access.READ, (status, moved) -> ends.add(status));
                }
            }
            machine.loop().runUntil(Picoseconds.ofNanoseconds(1_000_000));
            busy[0] = false;
            driver.takePageRequests();
            machine.loop().run();

            assertThat(answers[0]).as("one response for each group").isEqualTo(ATTEMPTS);
            assertThat(handled[0]).as("the others by overflow").isBetween(1, ATTEMPTS - 1);
            assertThat(ends).hasSize(VICTIM_PAGES).containsOnly(DmaChannel.Status.OK);
            assertThat(machine.loop().executed()).isLessThan((long) ATTEMPTS * MOST_EVENTS_OF_AN_ATTEMPT);
            // It is over: the next page comes without an overflow.
            int before = handled[0];
            channel.read(IOVA + 0x10_0000, new byte[64], PASID, Access.READ, (status, moved) -> ends.add(status));
            machine.loop().run();
            assertThat(ends).hasSize(VICTIM_PAGES + 1).containsOnly(DmaChannel.Status.OK);
            assertThat(handled[0]).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldSayWhatEndlessFaultsHaveOverwhelmed(Setting.Architecture architecture) {
        try (Platform machine = machine(architecture)) {
            IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
            int[] records = new int[1];
            int[] overflows = new int[1];
            driver.onFault(new FaultListener() {
                @Override
                public void refused(DmaFault fault) {
                    records[0]++;
                }

                @Override
                public void overflowed() {
                    overflows[0]++;
                }
            });
            // Software never hears, so that the queue stays full.
            machine.wires(line -> false);
            driver.map(VICTIM, IommuDriver.NO_PASID, IOVA, World.FRAMES, PAGE, 12, IommuDriver.READ);
            driver.bind(ATTACKER, IommuDriver.NO_PASID);
            PciFunction attacker = machine.addFunction(ATTACKER).enableBusMaster();
            DmaChannel channel = new DmaChannel(machine.addFunction(VICTIM).enableBusMaster());
            List<DmaChannel.Status> ends = new ArrayList<>();

            for (int i = 0; i < ATTEMPTS; i++) {
                attacker.requester().write(Tlp.AddressType.UNTRANSLATED, IOVA, new byte[8], PASID, Access.WRITE);
                if (i % 100 == 0) {
                    channel.read(IOVA, new byte[64], PASID, Access.READ, (status, moved) -> ends.add(status));
                }
            }
            machine.loop().run();

            assertThat(ends).hasSize(ATTEMPTS / 100).containsOnly(DmaChannel.Status.OK);
            assertThat(machine.bridge().refused()).isEqualTo(ATTEMPTS);
            assertThat(machine.loop().executed()).isLessThan((long) ATTEMPTS * MOST_EVENTS_OF_AN_ATTEMPT);
            driver.takeFaults();
            assertThat(records[0]).isBetween(1, ATTEMPTS - 1);
            assertThat(overflows[0]).isEqualTo(1);
            int before = records[0];
            attacker.requester().write(Tlp.AddressType.UNTRANSLATED, IOVA, new byte[8], PASID, Access.WRITE);
            machine.loop().run();
            driver.takeFaults();
            assertThat(records[0]).as("there is room again").isEqualTo(before + 1);
            assertThat(overflows[0]).isEqualTo(1);
        }
    }

    /** Interrupts that nobody asked for go to nobody else, and take the victim's transfers nothing. */
    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldEndAStormOfInterrupts(Setting.Architecture architecture) {
        try (Platform machine = machine(architecture)) {
            IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
            driver.map(VICTIM, IommuDriver.NO_PASID, IOVA, World.FRAMES, PAGE, 12, IommuDriver.READ);
            PciFunction attacker = function(machine, driver, ATTACKER);
            DmaChannel channel = new DmaChannel(machine.addFunction(VICTIM).enableBusMaster());
            List<Integer> sources = new ArrayList<>();
            machine.onInterrupt((requester, address, data) -> sources.add(requester));
            List<DmaChannel.Status> ends = new ArrayList<>();

            for (int i = 0; i < ATTEMPTS; i++) {
                attacker.requester().interrupt(0xFEE0_0000L + 4L * (i % 1024), i);
                if (i % 100 == 0) {
                    channel.read(IOVA, new byte[64], PASID, Access.READ, (status, moved) -> ends.add(status));
                }
            }
            machine.loop().run();

            assertThat(ends).hasSize(ATTEMPTS / 100).containsOnly(DmaChannel.Status.OK);
            assertThat(sources).doesNotContain(VICTIM);
            assertThat(machine.loop().executed()).isLessThan((long) ATTEMPTS * MOST_EVENTS_OF_AN_ATTEMPT);
        }
    }

    /** With split-stage ATS a translated request still goes through the second stage, where the host decides (IHI 0070 §3.9.1). */
    @Test
    void shouldHoldForgedTranslationsInTheSecondStageWithSplitStageAts() {
        try (Platform machine = machine(Setting.Architecture.SMMUV3)) {
            splitStage(machine);
            IommuDriver driver = machine.startDriver(StageLayout.NESTED);
            driver.map(ATTACKER, IommuDriver.NO_PASID, IOVA, World.FRAMES, PAGE, 12, IommuDriver.READ);
            driver.map(VICTIM, IommuDriver.NO_PASID, IOVA, World.FRAMES + PAGE, PAGE, 12, IommuDriver.READ);
            machine.memory().writeLong(World.FRAMES, 0x1111);
            machine.memory().writeLong(World.FRAMES + PAGE, 0x2222);
            PciFunction attacker = machine.addFunction(ATTACKER).enableBusMaster();
            driver.enableAts(ATTACKER);
            attacker.enableAts(0);
            List<Long> read = new ArrayList<>();
            List<Long> guest = new ArrayList<>();

            attacker.requester().translate(IOVA, 1, PASID, Access.READ, (outcome, data) -> {
                assertThat(outcome).isEqualTo(Outcome.SUCCESS);
                guest.add(word(data) & -PAGE);
            });
            machine.loop().run();
            List<Long> addresses = new ArrayList<>(guest);
            addresses.add(World.FRAMES);
            for (int i = 0; i < 64; i++) {
                addresses.add(World.FRAMES + (long) i * PAGE);
                addresses.add(guest.get(0) + (i + 1L) * PAGE);
            }
            for (long address : addresses) {
                attacker.requester()
                        .read(Tlp.AddressType.TRANSLATED, address, 8, PASID, Access.READ, (outcome, data) -> {
                            if (outcome == Outcome.SUCCESS) {
                                read.add(word(data));
                            }
                        });
                machine.loop().run();
            }

            assertThat(machine.smmu().statistics().translatedForwarded()).isPositive();
            assertThat(read)
                    .as("its own page, and none of the victim's")
                    .contains(0x1111L)
                    .doesNotContain(0x2222L);
            assertThat(machine.bridge().refused()).isGreaterThan(64);
        }
    }

    private static long word(byte[] data) {
        long word = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            word |= (data[i] & 0xFFL) << Byte.SIZE * i;
        }
        return word;
    }

    /** Makes of full ATS split-stage ATS, where the driver writes the attacker's entry. */
    private static void splitStage(Platform machine) {
        machine.memory().watchWrites((address, bytes) -> {
            long table = Registers.STRTAB_ADDR.inPlace(
                    machine.iommu().readRegister(Registers.STRTAB_BASE.offset(), Long.BYTES));
            long first = machine.memory().readLong(table + (ATTACKER >>> 8) * (long) L1Std.BYTES);
            long word = L1Std.L2_PTR.inPlace(first) + (ATTACKER & 0xFF) * (long) Ste.BYTES + Long.BYTES;
            if (first != 0 && address <= word && word < address + bytes) {
                long now = machine.memory().readLong(word);
                long split = now & ~(3L << 28) | (long) Ste.EATS_SPLIT << 28;
                if ((now >>> 28 & 3) == Ste.EATS_FULL) {
                    machine.memory().writeLong(word, split);
                }
            }
        });
    }
}
