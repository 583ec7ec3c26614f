// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.bits.Register;
import org.iommuemu.device.PostedDma;
import org.iommuemu.device.nic.spec.NicRegisters;
import org.iommuemu.device.nic.spec.QueueRegisters;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.time.EventLoop;

/**
 * A network card. Software finds {@link NicRegisters} behind base address register 0; what it does wrong stops the queue that it did it
 * to, with a cause in the queue's status, and the others go on. Vector q of MSI-X is of receive queue q and send queue q.
 */
public final class Nic implements RegisterFrame {
    private final EventLoop loop;
    private final NicParameters parameters;
    private final PostedDma dma;
    private final RegisterFile file;
    private final NicStatistics statistics;
    private final Port port;
    private final List<InterruptModeration> interrupts = new ArrayList<>();
    private final List<ReceiveQueue> receive = new ArrayList<>();
    private final List<SendQueue> send = new ArrayList<>();
    private final byte[] key = new byte[NicRegisters.KEY_BYTES];

    /** A card that is off, behind a function whose base address register 0 it takes. */
    public Nic(EventLoop loop, PciFunction function, DmaChannel channel, NicParameters parameters) {
        this.loop = loop;
        this.parameters = parameters;
        dma = new PostedDma(loop, function, channel);
        file = new RegisterFile(NicRegisters.map(parameters.queues()));
        statistics = new NicStatistics(parameters.queues());
        port = new Port(
                loop,
                parameters.line(),
                () -> NicRegisters.LOOPBACK.isSet(file.get(NicRegisters.CTRL)),
                this::takes,
                this::arrived);
        NicQueues shared = new Shared();
        for (int q = 0; q < parameters.queues(); q++) {
            interrupts.add(new InterruptModeration(loop, function, q));
            receive.add(new ReceiveQueue(shared, q));
            send.add(new SendQueue(shared, q));
            handlers(q);
        }
        for (NicCounter c : NicCounter.values()) {
            file.onRead(NicRegisters.COUNTERS.get(c.ordinal()), () -> statistics.of(c));
        }
        file.onWrite(NicRegisters.CTRL, this::control);
        for (Register k : NicRegisters.KEY) {
            file.onWrite(k, (old, requested) -> {
                file.set(k, requested);
                readKey();
            });
        }
        reset();
        function.bar(0, NicRegisters.BAR_BYTES, this);
        function.onReset(this::functionReset);
    }

    private void handlers(int q) {
        switching(NicRegisters.RECEIVE.get(q), receive.get(q).ring());
        switching(NicRegisters.SEND.get(q), send.get(q).ring());
        Register moderation = NicRegisters.MODERATION.get(q);
        file.onWrite(moderation, (old, requested) -> {
            file.set(moderation, requested);
            interrupts.get(q).set(requested);
        });
    }

    private void switching(QueueRegisters registers, DescriptorRing ring) {
        file.onWrite(registers.control(), (old, requested) -> {
            file.set(registers.control(), requested);
            boolean was = QueueRegisters.EN.isSet(old);
            boolean is = QueueRegisters.EN.isSet(requested);
            if (is && !was && isOn()) {
                ring.start();
            } else if (was && !is) {
                ring.end();
            }
        });
    }

    private boolean isOn() {
        return NicRegisters.EN.isSet(file.get(NicRegisters.CTRL));
    }

    private void control(long old, long requested) {
        if (NicRegisters.RST.isSet(requested)) {
            reset();
            return;
        }
        file.set(NicRegisters.CTRL, requested);
        boolean was = NicRegisters.EN.isSet(old);
        boolean is = NicRegisters.EN.isSet(requested);
        if (was == is) {
            return;
        }
        for (int q = 0; q < parameters.queues(); q++) {
            switched(is, NicRegisters.RECEIVE.get(q), receive.get(q).ring());
            switched(is, NicRegisters.SEND.get(q), send.get(q).ring());
        }
    }

    private void switched(boolean on, QueueRegisters registers, DescriptorRing ring) {
        if (!on) {
            ring.end();
        } else if (QueueRegisters.EN.isSet(file.get(registers.control()))) {
            ring.start();
        }
    }

    private void reset() {
        file.reset();
        file.set(
                NicRegisters.CAP,
                NicRegisters.QUEUES.of(parameters.queues())
                        | NicRegisters.RING.of(parameters.ringShift())
                        | NicRegisters.FRAME.of(parameters.mostFrame()));
        readKey();
        receive.forEach(q -> q.ring().end());
        send.forEach(q -> q.ring().end());
        interrupts.forEach(InterruptModeration::reset);
        port.reset();
        statistics.reset();
    }

    private void functionReset() {
        reset();
        receive.forEach(q -> q.ring().forget());
        send.forEach(q -> q.ring().forget());
    }

    private void readKey() {
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) (file.get(NicRegisters.KEY.get(i / 4)) >>> Byte.SIZE * (i % 4));
        }
    }

    private int queueOf(int hash) {
        if (!NicRegisters.RSS.isSet(file.get(NicRegisters.CTRL))) {
            return 0;
        }
        int entry = hash & NicRegisters.TABLE_ENTRIES - 1;
        long word = file.get(NicRegisters.TABLE.get(entry / 4));
        return (int) (word >>> Byte.SIZE * (entry % 4) & 0xFF) % parameters.queues();
    }

    private boolean takes(byte[] packet) {
        return receive.get(queueOf(FlowHash.of(packet, key))).takes(packet);
    }

    private void arrived(byte[] packet) {
        int hash = FlowHash.of(packet, key);
        receive.get(queueOf(hash)).receive(packet, hash);
    }

    /** Says who takes what is sent. */
    public void connect(PacketSink sink) {
        port.connect(sink);
    }

    /** Says where packets come from, from now on; one that is on the line still comes. */
    public void connect(PacketSource source) {
        port.connect(source);
    }

    @Override
    public long readRegister(long offset, int size) {
        return file.read(offset, size);
    }

    @Override
    public void writeRegister(long offset, int size, long value) {
        file.write(offset, size, value);
        port.room();
    }

    /** What it has counted since its reset. */
    public NicStatistics statistics() {
        return statistics;
    }

    /** Interrupts of a vector. */
    public long interrupts(int vector) {
        return interrupts.get(vector).sent();
    }

    /** What it is made of. */
    public NicParameters parameters() {
        return parameters;
    }

    private final class Shared implements NicQueues {
        @Override
        public NicParameters parameters() {
            return parameters;
        }

        @Override
        public NicStatistics statistics() {
            return statistics;
        }

        @Override
        public InterruptModeration interrupt(int queue) {
            return interrupts.get(queue);
        }

        @Override
        public Port port() {
            return port;
        }

        @Override
        public QueueRegisters receiveRegisters(int queue) {
            return NicRegisters.RECEIVE.get(queue);
        }

        @Override
        public QueueRegisters sendRegisters(int queue) {
            return NicRegisters.SEND.get(queue);
        }

        @Override
        public DescriptorRing ring(QueueRegisters registers, DescriptorRing.Owner owner) {
            return new DescriptorRing(loop, dma, parameters, file, registers, owner);
        }

        @Override
        public void roomToReceive() {
            port.room();
        }
    }
}
