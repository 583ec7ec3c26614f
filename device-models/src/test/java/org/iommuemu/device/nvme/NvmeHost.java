// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import java.util.List;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.bits.Register;
import org.iommuemu.device.WireWords;
import org.iommuemu.device.nvme.spec.CompletionEntry;
import org.iommuemu.device.nvme.spec.ControllerRegisters;
import org.iommuemu.device.nvme.spec.Opcode;
import org.iommuemu.device.nvme.spec.SubmissionEntry;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.MessageInterrupts;
import org.iommuemu.platform.Platform;
import org.iommuemu.time.Picoseconds;

/** A small driver for tests: a machine with one drive, queues in mapped memory, commands one at a time or many. */
final class NvmeHost implements AutoCloseable {
    static final int DEVICE = 0x100;
    /** Where memory for the drive begins, as the drive sees it. */
    static final long IOVA = 0x4000_0000L;
    /** Where it is. */
    static final long PHYSICAL = 0x1_2345_0000L;
    /** How much there is. */
    static final long BYTES = 1 << 22;
    /** Beyond the queues. */
    static final long FREE = IOVA + 0x10_0000;

    private static final long QUEUE_BYTES = 0x4000;
    private static final long DOORBELL_IOVA = 0xF000_0000L;
    private static final long VTD_DOORBELL = 0xFEE0_0000L;

    final Platform machine;
    final PciFunction function;
    final NvmeController controller;
    final IommuDriver driver;
    final Ring[] rings = new Ring[8];

    /** A pair of queues as the host knows it. */
    static final class Ring {
        final int id;
        final int entries;
        int tail;
        int head;
        int phase = 1;

        Ring(int id, int entries) {
            this.id = id;
            this.entries = entries;
        }

        long submission() {
            return IOVA + id * 2 * QUEUE_BYTES;
        }

        long completion() {
            return submission() + QUEUE_BYTES;
        }
    }

    NvmeHost(Platform machine, NvmeParameters parameters, Namespace... namespaces) {
        this.machine = machine;
        driver = machine.startDriver(StageLayout.STAGE_1);
        map(IOVA, PHYSICAL, BYTES, IommuDriver.READ | IommuDriver.WRITE);
        function = machine.addFunction(DEVICE);
        function.enableBusMaster();
        long doorbell = VTD_DOORBELL;
        if (machine.smmu() != null) {
            map(DOORBELL_IOVA, MessageInterrupts.DOORBELL & -0x1000L, 0x1000, IommuDriver.WRITE);
            doorbell = DOORBELL_IOVA + (MessageInterrupts.DOORBELL & 0xFFF);
        }
        controller =
                new NvmeController(machine.loop(), function, new DmaChannel(function), parameters, List.of(namespaces));
        for (int v = 0; v < parameters.vectors(); v++) {
            function.vector(v, doorbell, v);
        }
    }

    /** Switches ATS on in both. */
    NvmeHost withAts() {
        driver.enableAts(DEVICE);
        function.enableAts(0);
        return this;
    }

    void map(long iova, long physical, long bytes, int permissions) {
        driver.map(DEVICE, IommuDriver.NO_PASID, iova, physical, bytes, 12, permissions);
    }

    static long physical(long iova) {
        return iova - IOVA + PHYSICAL;
    }

    void write(long iova, byte[] bytes) {
        machine.memory().write(physical(iova), bytes, 0, bytes.length);
    }

    byte[] read(long iova, int count) {
        byte[] bytes = new byte[count];
        machine.memory().read(physical(iova), bytes, 0, count);
        return bytes;
    }

    long register(Register r) {
        return controller.readRegister(r.offset(), r.bytes());
    }

    void register(Register r, long value) {
        controller.writeRegister(r.offset(), r.bytes(), value);
    }

    long status() {
        return register(ControllerRegisters.CSTS);
    }

    void settle() {
        machine.loop().run();
    }

    /** Enables the controller with admin queues of 32 entries. */
    NvmeHost enable() {
        rings[0] = new Ring(0, 32);
        machine.memory().write(physical(IOVA), new byte[(int) (FREE - IOVA)], 0, (int) (FREE - IOVA));
        register(ControllerRegisters.AQA, ControllerRegisters.ASQS.of(31) | ControllerRegisters.ACQS.of(31));
        register(ControllerRegisters.ASQ, rings[0].submission());
        register(ControllerRegisters.ACQ, rings[0].completion());
        register(
                ControllerRegisters.CC,
                ControllerRegisters.IOSQES.of(SubmissionEntry.SHIFT)
                        | ControllerRegisters.IOCQES.of(CompletionEntry.SHIFT)
                        | ControllerRegisters.EN.mask());
        boolean ready = machine.await(
                () -> ControllerRegisters.RDY.isSet(status()), machine.loop().now() + Picoseconds.PER_SECOND);
        if (!ready) {
            throw new AssertionError("not ready");
        }
        return this;
    }

    static long[] command(int opcode, int id, int namespace, long prp1, long prp2) {
        long[] c = new long[SubmissionEntry.WORDS];
        SubmissionEntry.OPC.set(c, opcode);
        SubmissionEntry.CID.set(c, id);
        SubmissionEntry.NSID.set(c, namespace);
        SubmissionEntry.PRP1.set(c, prp1);
        SubmissionEntry.PRP2.set(c, prp2);
        return c;
    }

    static long[] blocks(int opcode, int id, long first, int count, long prp1, long prp2) {
        long[] c = command(opcode, id, 1, prp1, prp2);
        SubmissionEntry.SLBA.set(c, first);
        SubmissionEntry.NLB.set(c, count - 1);
        return c;
    }

    /** Creates a pair of I/O queues, whose vector is its number. */
    NvmeHost createQueues(int id, int entries) {
        Ring ring = new Ring(id, entries);
        long[] cq = command(Opcode.CREATE_CQ, 1, 0, ring.completion(), 0);
        SubmissionEntry.QID.set(cq, id);
        SubmissionEntry.QSIZE.set(cq, entries - 1);
        SubmissionEntry.PC.set(cq, 1);
        SubmissionEntry.IEN.set(cq, 1);
        SubmissionEntry.IV.set(cq, id);
        expectSuccess(run(0, cq));
        long[] sq = command(Opcode.CREATE_SQ, 2, 0, ring.submission(), 0);
        SubmissionEntry.QID.set(sq, id);
        SubmissionEntry.QSIZE.set(sq, entries - 1);
        SubmissionEntry.PC.set(sq, 1);
        SubmissionEntry.CQID.set(sq, id);
        expectSuccess(run(0, sq));
        rings[id] = ring;
        return this;
    }

    private static void expectSuccess(long[] completion) {
        if (status(completion) != 0) {
            throw new AssertionError("status " + Integer.toHexString(status(completion)));
        }
    }

    /** SCT and SC of a completion, as 0xTCC. */
    static int status(long[] completion) {
        return CompletionEntry.SCT.getInt(completion) << 8 | CompletionEntry.SC.getInt(completion);
    }

    /** Puts a command into a queue, without the doorbell. */
    void put(int queue, long[] command) {
        Ring ring = rings[queue];
        write(ring.submission() + (long) ring.tail * SubmissionEntry.BYTES, WireWords.bytes(command));
        ring.tail = (ring.tail + 1) % ring.entries;
    }

    void doorbell(int index, int value) {
        controller.writeRegister(ControllerRegisters.DOORBELLS + 4L * index, 4, value);
    }

    void ring(int queue) {
        doorbell(2 * queue, rings[queue].tail);
    }

    /** The next completion if there is one, otherwise an empty array; the host does not say that it took it. */
    long[] peek(int queue) {
        Ring ring = rings[queue];
        byte[] bytes = read(ring.completion() + (long) ring.head * CompletionEntry.BYTES, CompletionEntry.BYTES);
        long[] entry = WireWords.words(bytes, 0, CompletionEntry.WORDS);
        return CompletionEntry.P.getInt(entry) == ring.phase ? entry : new long[0];
    }

    /** Waits for the next completion and takes it. */
    long[] take(int queue) {
        boolean came =
                machine.await(() -> peek(queue).length != 0, machine.loop().now() + 10 * Picoseconds.PER_SECOND);
        if (!came) {
            throw new AssertionError("no completion in queue " + queue + ", CSTS " + Long.toHexString(status()));
        }
        long[] entry = peek(queue);
        Ring ring = rings[queue];
        ring.head = (ring.head + 1) % ring.entries;
        if (ring.head == 0) {
            ring.phase ^= 1;
        }
        doorbell(2 * queue + 1, ring.head);
        return entry;
    }

    /** Has one command carried out. */
    long[] run(int queue, long[] command) {
        put(queue, command);
        ring(queue);
        return take(queue);
    }

    @Override
    public void close() {
        machine.close();
    }
}
