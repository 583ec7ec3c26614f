// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.ats.AtsStatistics;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.nic.spec.NicRegisters;
import org.iommuemu.device.nic.spec.QueueRegisters;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.MessageInterrupts;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.time.Picoseconds;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Packets through a card behind an SMMUv3 or a VT-d unit, compared byte by byte with what the line has carried. */
class NicTest {
    private static final int DEVICE = 0x100;
    private static final long PHYSICAL = 0x1_0000_0000L;
    private static final long IOVA = 0x4000_0000L;
    private static final long VTD_MESSAGES = 0xFEE0_0000L;
    private static final int ALL = IommuDriver.READ | IommuDriver.WRITE;

    /** Which IOMMU translates, and whether the card asks it for translations. */
    enum Setting {
        SMMUV3(false, false),
        SMMUV3_ATS(false, true),
        VTD(true, false),
        VTD_ATS(true, true);

        private final boolean vtd;
        private final boolean ats;

        Setting(boolean vtd, boolean ats) {
            this.vtd = vtd;
            this.ats = ats;
        }
    }

    private Setting setting = Setting.SMMUV3;
    private Platform machine = Platform.smmuv3(PlatformParameters.standard());
    private IommuDriver iommu = machine.startDriver(StageLayout.STAGE_1);
    private PciFunction function = machine.addFunction(DEVICE);
    private DmaChannel channel = new DmaChannel(function);
    private Nic nic = new Nic(machine.loop(), function, channel, NicParameters.of(100));
    private final List<byte[]> received = new ArrayList<>();
    private final Map<Integer, Integer> byQueue = new HashMap<>();
    private NicDriver driver = driver(setup(4, 256, 2048));

    private static NicDriver.Setup setup(int queues, int ring, int bufferBytes) {
        return new NicDriver.Setup(queues, ring, bufferBytes, IOVA, PHYSICAL, Transaction.NO_SUBSTREAM, 2000, 16);
    }

    private NicDriver driver(NicDriver.Setup setup) {
        return new NicDriver(nic, machine.memory(), setup, (queue, packet, whole) -> {
            assertThat(whole).isTrue();
            received.add(packet);
            byQueue.merge(queue, 1, Integer::sum);
        });
    }

    private void use(Setting other) {
        setting = other;
        machine.close();
        machine = other.vtd
                ? Platform.vtd(PlatformParameters.standard())
                : Platform.smmuv3(PlatformParameters.standard());
        iommu = machine.startDriver(StageLayout.STAGE_1);
        function = machine.addFunction(DEVICE);
        channel = new DmaChannel(function);
        nic = new Nic(machine.loop(), function, channel, NicParameters.of(100));
    }

    private void start(NicDriver.Setup setup, boolean loopback) {
        driver = driver(setup);
        iommu.map(DEVICE, IommuDriver.NO_PASID, IOVA, PHYSICAL, setup.regionBytes(), 12, ALL);
        function.enableBusMaster();
        if (setting.ats) {
            iommu.enableAts(DEVICE);
            function.enableAts(0);
        }
        long doorbell = setting.vtd ? VTD_MESSAGES : iommu.mapDoorbell(DEVICE, MessageInterrupts.DOORBELL);
        for (int q = 0; q < setup.queues(); q++) {
            function.vector(q, doorbell, q);
        }
        machine.onInterrupt((requester, address, data) -> driver.poll(data));
        driver.start(loopback);
    }

    private void expectTranslations() {
        long lookups = machine.unit().iotlb().cache().counters().lookups();
        long asked = channel.statistics().get(AtsStatistics.Counter.LOOKUPS);
        assertThat(lookups).isPositive();
        assertThat(asked > 0).isEqualTo(setting.ats);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    /** A source that remembers what it gave. */
    private static final class Recorded implements PacketSource {
        private final PacketSource from;
        private final List<byte[]> given = new ArrayList<>();

        Recorded(PacketSource from) {
            this.from = from;
        }

        @Override
        public byte[] next() {
            byte[] packet = from.next();
            if (packet != null) {
                given.add(packet);
            }
            return packet;
        }

        @Override
        public long gap() {
            return from.gap();
        }
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void shouldReceiveEveryPacketIntoTheBuffersOfItsQueue(Setting where) {
        use(where);
        start(setup(4, 256, 2048), false);
        Recorded line = new Recorded(new RandomPackets(64, PacketSizes.imix(), 0, false, 5000, 7));

        nic.connect(line);
        machine.loop().run();

        assertThat(received).containsExactlyInAnyOrderElementsOf(line.given);
        assertThat(byQueue).hasSize(4).allSatisfy((q, n) -> assertThat(n).isGreaterThan(500));
        assertThat(nic.statistics().of(NicCounter.RECEIVED)).isEqualTo(5000);
        expectTranslations();
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void shouldKeepTheOrderOfAFlow(Setting where) {
        use(where);
        start(setup(4, 64, 2048), false);
        Recorded line = new Recorded(new RandomPackets(1, PacketSizes.uniform(60, 1514), 0, false, 500, 3));

        nic.connect(line);
        machine.loop().run();

        assertThat(received).containsExactlyElementsOf(line.given);
        expectTranslations();
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void shouldScatterAPacketOverSeveralDescriptors(Setting where) {
        use(where);
        start(setup(1, 64, 256), false);
        Recorded line = new Recorded(new RandomPackets(1, PacketSizes.uniform(60, 9000), 0, false, 200, 5));

        nic.connect(line);
        machine.loop().run();

        assertThat(received).containsExactlyElementsOf(line.given);
        expectTranslations();
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void shouldReadAndSendPacketsInOrder(Setting where) {
        use(where);
        start(setup(1, 64, 2048), false);
        List<byte[]> sent = new ArrayList<>();
        nic.connect((packet, time) -> sent.add(packet));
        Recorded packets = new Recorded(new RandomPackets(4, PacketSizes.uniform(60, 1514), 0, false, 300, 9));

        for (byte[] p = packets.next(); p != null; p = packets.next()) {
            while (!driver.send(0, p)) {
                assertThat(machine.loop().step()).isTrue();
            }
        }
        machine.loop().run();

        assertThat(sent).containsExactlyElementsOf(packets.given);
        assertThat(nic.readRegister(
                        NicRegisters.COUNTERS.get(NicCounter.SENT.ordinal()).offset(), 8))
                .isEqualTo(300);
        expectTranslations();
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void shouldReceiveWhatItSendsRoundTheLoop(Setting where) {
        use(where);
        start(setup(2, 64, 2048), true);
        byte[] packet = new RandomPackets(1, PacketSizes.fixed(700), 0, false, 1, 1).next();

        driver.send(1, packet);
        machine.loop().run();

        assertThat(received).containsExactly(packet);
        expectTranslations();
    }

    @Test
    void shouldTakeNoLessThanTheLineNeeds() {
        start(setup(4, 256, 2048), false);
        nic.connect(new RandomPackets(64, PacketSizes.fixed(1514), 0, false, 1000, 1));

        machine.await(() -> nic.statistics().of(NicCounter.RECEIVED) == 1000, Picoseconds.PER_SECOND);

        // 1,538 bytes with all that is around them, at 100 Gbit/s, and then the way to memory.
        long line = 1000L * 1538 * 80;
        assertThat(machine.loop().now()).isBetween(line, line + 10 * Picoseconds.PER_MICROSECOND);
    }

    @Test
    void shouldSendFewerInterruptsThanDescriptorsWhenModerated() {
        start(setup(1, 256, 2048), false);
        nic.connect(new RandomPackets(1, PacketSizes.fixed(64), 0, false, 1600, 1));

        machine.loop().run();

        assertThat(received).hasSize(1600);
        assertThat(nic.interrupts(0)).isBetween(1L, 1600L / 16 + 1);
    }

    @Test
    void shouldCountWhatItDropsWhenThereAreNoDescriptors() {
        start(setup(1, 8, 2048), false);
        machine.onInterrupt((requester, address, data) -> {});
        nic.connect(new RandomPackets(1, PacketSizes.fixed(1000), Picoseconds.PER_MICROSECOND, false, 100, 1));

        machine.loop().run();

        // Seven are in memory, and 65,536 bytes of them in the card.
        assertThat(nic.statistics().of(NicCounter.RECEIVED)).isEqualTo(7);
        assertThat(nic.statistics().of(NicCounter.NO_DESCRIPTORS)).isEqualTo(100 - 7 - 65);
    }

    @Test
    void shouldStopOneQueueWhenItsDescriptorsCannotBeReadAndGoOnWithTheOthers() {
        start(setup(4, 64, 2048), false);
        QueueRegisters first = NicRegisters.SEND.get(0);
        nic.writeRegister(first.control().offset(), 4, 0);
        nic.writeRegister(first.base().offset(), 8, 0x7777_0000L);
        nic.writeRegister(first.control().offset(), 4, QueueRegisters.EN.of(1));
        List<byte[]> sent = new ArrayList<>();
        nic.connect((packet, time) -> sent.add(packet));

        nic.writeRegister(first.tail().offset(), 4, 3);
        driver.send(1, new byte[100]);
        machine.loop().run();

        long status = nic.readRegister(first.status().offset(), 4);
        assertThat(QueueRegisters.STOPPED.isSet(status)).isTrue();
        assertThat(QueueRegisters.ACTIVE.isSet(status)).isFalse();
        assertThat(QueueRegisters.CAUSE.get(status)).isEqualTo(StopCause.DESCRIPTOR_READ.ordinal());
        assertThat(QueueRegisters.DMA.get(status)).isEqualTo(DmaChannel.Status.REFUSED.ordinal());
        assertThat(sent).hasSize(1);
    }

    @Test
    void shouldStopAQueueWhoseTailIsBeyondItsRing() {
        start(setup(1, 64, 2048), false);
        QueueRegisters queue = NicRegisters.SEND.get(0);

        nic.writeRegister(queue.tail().offset(), 4, 64);

        long status = nic.readRegister(queue.status().offset(), 4);
        assertThat(QueueRegisters.CAUSE.get(status)).isEqualTo(StopCause.TAIL.ordinal());
    }

    private long status(QueueRegisters r) {
        return nic.readRegister(r.status().offset(), 4);
    }

    @Test
    void shouldBeActiveUntilTheLastTransferHasEnded() {
        start(setup(1, 64, 2048), false);
        QueueRegisters queue = NicRegisters.RECEIVE.get(0);
        nic.connect(new RandomPackets(4, PacketSizes.fixed(1514), 0, false, 40, 7));
        machine.loop().runUntil(machine.loop().now() + 2 * Picoseconds.PER_MICROSECOND);

        nic.writeRegister(queue.control().offset(), 4, 0);
        long atOnce = status(queue);
        machine.loop().run();

        assertThat(atOnce).isEqualTo(1);
        assertThat(status(queue)).isZero();
    }

    @Test
    void shouldBeIdleAtOnceWhenItsFunctionIsReset() {
        start(setup(1, 64, 2048), false);
        QueueRegisters queue = NicRegisters.RECEIVE.get(0);
        nic.connect(new RandomPackets(4, PacketSizes.fixed(1514), 0, false, 40, 7));
        machine.loop().runUntil(machine.loop().now() + 2 * Picoseconds.PER_MICROSECOND);

        function.reset();
        long atOnce = status(queue);
        machine.loop().run();

        assertThat(atOnce).isZero();
        assertThat(status(queue)).isZero();
    }

    @Test
    void shouldForgetPacketsThatHaveNotLeftWhenItIsReset() {
        start(setup(1, 64, 2048), false);
        List<byte[]> line = new ArrayList<>();
        nic.connect((packet, time) -> line.add(packet));
        for (int i = 0; i < 20; i++) {
            driver.send(0, new byte[1514]);
        }
        while (line.size() < 2) {
            machine.loop().step();
        }

        function.reset();
        machine.loop().run();

        assertThat(line).hasSize(2);
        assertThat(nic.statistics().of(NicCounter.SENT)).isZero();
    }

    @Test
    void shouldSendAnInterruptSoonerWhenTheIntervalIsMadeShorter() {
        InterruptModeration m = new InterruptModeration(machine.loop(), function, 0);
        long on = NicRegisters.INTERRUPT.of(1) | NicRegisters.COUNT.of(255);
        m.set(on | NicRegisters.INTERVAL.of(0xFFFF));
        m.written(1);
        machine.loop().runUntil(machine.loop().now() + 500_000);

        m.set(on | NicRegisters.INTERVAL.of(16)); // 1,024 ns from when it was written
        machine.loop().runUntil(machine.loop().now() + 523_000);
        long before = m.sent();
        machine.loop().runUntil(machine.loop().now() + 2_000);

        assertThat(before).isZero();
        assertThat(m.sent()).isEqualTo(1);
    }
}
