// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.nic.spec.Descriptor;
import org.iommuemu.device.nic.spec.NicRegisters;
import org.iommuemu.device.nic.spec.QueueRegisters;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.memory.WriteWatch;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.time.Picoseconds;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.api.Test;

/**
 * Random programs of a card: registers with random and with nearly right values, random descriptors, packets of any length. Nothing
 * throws, every program ends, and memory that is not mapped for the card stays as it is.
 */
class NicFuzzTest {
    private static final int PROGRAMS = 300_000;
    private static final int PROGRAMS_OF_A_MACHINE = 2_000;
    private static final int DEVICE = 0x100;
    private static final long IOVA = 0x4000_0000L;
    private static final long PHYSICAL = 0x1_0000_0000L;
    private static final long BYTES = 0x8000;
    private static final int QUEUES = 2;
    private static final int MOST_STEPS = 8;
    private static final int MOST_EVENTS = 200_000;

    /** Sees writes of the card, and whether each is where it may write. */
    private static final class Guard implements WriteWatch {
        private final long events;
        private final long eventBytes;
        private boolean on;
        private long writes;
        private long outside;

        /** The SMMU itself writes events. */
        Guard(SmmuV3 smmu) {
            long base = smmu.readRegister(Registers.EVENTQ_BASE.offset(), 8);
            events = base & 0xF_FFFF_FFFF_FFE0L;
            eventBytes = 32L << (base & 0x1F);
        }

        @Override
        public void written(long address, int bytes) {
            if (on) {
                boolean inside = address >= PHYSICAL && address + bytes <= PHYSICAL + BYTES;
                writes += inside ? 1 : 0;
                boolean event = address >= events && address + bytes <= events + eventBytes;
                outside += inside || event ? 0 : 1;
            }
        }
    }

    private final RandomStream random = new RandomStream(20_260_101);
    private long received;
    private long sent;
    private long stops;

    @Test
    void shouldEndEveryProgramAndTouchNothingThatIsNotMapped() {
        long writes = 0;
        for (int done = 0; done < PROGRAMS; done += PROGRAMS_OF_A_MACHINE) {
            try (Platform machine = Platform.smmuv3(PlatformParameters.standard())) {
                writes += programs(machine);
            }
        }

        assertThat(writes).isPositive();
        assertThat(received).isGreaterThan(PROGRAMS / 100);
        assertThat(sent).isGreaterThan(PROGRAMS / 100);
        assertThat(stops).isGreaterThan(PROGRAMS / 100);
    }

    private long programs(Platform machine) {
        IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
        driver.map(DEVICE, IommuDriver.NO_PASID, IOVA, PHYSICAL, BYTES, 12, IommuDriver.READ | IommuDriver.WRITE);
        PciFunction function = machine.addFunction(DEVICE);
        Guard guard = new Guard(Objects.requireNonNull(machine.smmu()));
        machine.memory().watchWrites(guard);
        Nic nic = new Nic(
                machine.loop(),
                function,
                new DmaChannel(function),
                new NicParameters(
                        QUEUES,
                        5,
                        2048,
                        NicParameters.of(100).line(),
                        8192,
                        8192,
                        8,
                        4,
                        100 * Picoseconds.PER_NANOSECOND));
        for (int i = 0; i < PROGRAMS_OF_A_MACHINE; i++) {
            guard.on = false;
            driver.takeFaults();
            memory(machine);
            guard.on = true;
            function.enableBusMaster();
            program(nic, machine);
            received += nic.statistics().of(NicCounter.RECEIVED);
            sent += nic.statistics().of(NicCounter.SENT);
            nic.writeRegister(NicRegisters.CTRL.offset(), 4, NicRegisters.RST.mask());
            settle(machine);
        }
        assertThat(guard.outside).isZero();
        return guard.writes;
    }

    private void memory(Platform machine) {
        for (int i = 0; i < 32; i++) {
            long[] words = new long[2];
            boolean wild = random.nextBelow(8) == 0;
            Descriptor.ADDRESS.set(words, wild ? random.nextLong() : IOVA + random.nextBelow(BYTES));
            Descriptor.LENGTH.set(words, random.nextBelow(random.nextBelow(4) == 0 ? 65536 : 600));
            Descriptor.EOP.set(words, random.nextBelow(3));
            long at = PHYSICAL + random.nextBelow(64) * Descriptor.BYTES;
            machine.memory().writeLong(at, words[0]);
            machine.memory().writeLong(at + Long.BYTES, random.nextBelow(16) == 0 ? random.nextLong() : words[1]);
        }
    }

    private void program(Nic nic, Platform machine) {
        if (random.nextBelow(4) != 0) {
            nic.writeRegister(NicRegisters.CTRL.offset(), 4, NicRegisters.EN.mask() | random.nextBelow(8));
        }
        int steps = 1 + (int) random.nextBelow(MOST_STEPS);
        for (int i = 0; i < steps; i++) {
            switch ((int) random.nextBelow(6)) {
                case 0 -> nic.writeRegister(random.nextBelow(NicRegisters.BAR_BYTES), 4, random.nextLong());
                case 1, 2 -> queue(nic, random.nextBelow(2) == 0);
                case 3 ->
                    nic.connect(new RandomPackets(
                            4,
                            PacketSizes.uniform(0, 2200),
                            random.nextBelow(2) * 10_000,
                            false,
                            1 + random.nextBelow(6),
                            random.nextLong()));
                case 4 -> machine.loop().runUntil(machine.loop().now() + random.nextBelow(3_000_000));
                default -> nic.readRegister(random.nextLong(), 1 + (int) random.nextBelow(8));
            }
        }
        settle(machine);
        for (int q = 0; q < QUEUES; q++) {
            for (QueueRegisters r : new QueueRegisters[] {NicRegisters.RECEIVE.get(q), NicRegisters.SEND.get(q)}) {
                stops +=
                        QueueRegisters.STOPPED.isSet(nic.readRegister(r.status().offset(), 4)) ? 1 : 0;
            }
        }
    }

    private void queue(Nic nic, boolean send) {
        int q = (int) random.nextBelow(QUEUES);
        QueueRegisters r = send ? NicRegisters.SEND.get(q) : NicRegisters.RECEIVE.get(q);
        boolean wild = random.nextBelow(8) == 0;
        nic.writeRegister(r.control().offset(), 4, 0);
        nic.writeRegister(r.base().offset(), 8, wild ? random.nextLong() : IOVA + 128 * random.nextBelow(4));
        nic.writeRegister(r.size().offset(), 4, wild ? random.nextLong() : 8 + 8 * random.nextBelow(4));
        nic.writeRegister(r.tail().offset(), 4, random.nextBelow(8));
        nic.writeRegister(r.control().offset(), 4, QueueRegisters.EN.of(1) | (wild ? random.nextLong() : 0));
        nic.writeRegister(r.tail().offset(), 4, random.nextBelow(wild ? 64 : 8));
    }

    /** Everything ends by itself, and soon; what is far away are completion time-outs that were cancelled. */
    private static void settle(Platform machine) {
        int events = 0;
        while (machine.loop().step()) {
            events++;
            assertThat(events).isLessThan(MOST_EVENTS);
        }
    }
}
