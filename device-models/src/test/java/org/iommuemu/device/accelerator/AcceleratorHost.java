// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator;

import java.util.Arrays;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.bits.Register;
import org.iommuemu.device.WireWords;
import org.iommuemu.device.accelerator.spec.CompletionRecord;
import org.iommuemu.device.accelerator.spec.Descriptor;
import org.iommuemu.device.accelerator.spec.DeviceRegisters;
import org.iommuemu.device.accelerator.spec.Operation;
import org.iommuemu.device.accelerator.spec.QueueRegisters;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.MessageInterrupts;
import org.iommuemu.platform.Platform;

/** A small driver for tests: a machine with one accelerator, and memory of a few users. */
final class AcceleratorHost implements AutoCloseable {
    static final int DEVICE = 0x200;
    /** Where a user's memory begins, as the user sees it. */
    static final long BASE = 0x7000_0000L;
    /** How much there is for each user. */
    static final long BYTES = 1 << 20;
    /** Where records are. */
    static final long RECORDS = BASE;
    /** Beyond records. */
    static final long DATA = BASE + 0x1_0000;
    /** A user without PASID. */
    static final int NOBODY = IommuDriver.NO_PASID;

    private static final long PHYSICAL = 0x2_0000_0000L;
    private static final long DOORBELL_IOVA = 0xF000_0000L;
    private static final long VTD_DOORBELL = 0xFEE0_0000L;

    final Platform machine;
    final PciFunction function;
    final DmaChannel channel;
    final Accelerator accelerator;
    final IommuDriver driver;

    AcceleratorHost(Platform machine, AcceleratorParameters parameters, boolean ats, int... users) {
        this.machine = machine;
        driver = machine.startDriver(StageLayout.STAGE_1);
        function = machine.addFunction(DEVICE).enableBusMaster().enablePasid(false, true);
        long doorbell = VTD_DOORBELL;
        if (machine.smmu() != null) {
            driver.map(
                    DEVICE,
                    NOBODY,
                    DOORBELL_IOVA,
                    MessageInterrupts.DOORBELL & -0x1000L,
                    0x1000,
                    12,
                    IommuDriver.WRITE);
            doorbell = DOORBELL_IOVA + (MessageInterrupts.DOORBELL & 0xFFF);
        }
        for (int user : users) {
            driver.map(DEVICE, user, BASE, physical(user, BASE), BYTES, 12, IommuDriver.READ | IommuDriver.WRITE);
        }
        if (ats) {
            driver.enableAts(DEVICE);
            function.enableAts(0);
        }
        channel = new DmaChannel(function);
        accelerator = new Accelerator(machine.loop(), function, channel, parameters);
        for (int v = 0; v < parameters.vectors(); v++) {
            function.vector(v, doorbell, v);
        }
        register(DeviceRegisters.CONTROL, DeviceRegisters.ENABLE.of(1));
    }

    static long physical(int user, long address) {
        return PHYSICAL + (user + 1) * 0x1000_0000L + address - BASE;
    }

    void write(int user, long address, byte[] bytes) {
        machine.memory().write(physical(user, address), bytes, 0, bytes.length);
    }

    byte[] read(int user, long address, int count) {
        byte[] bytes = new byte[count];
        machine.memory().read(physical(user, address), bytes, 0, count);
        return bytes;
    }

    void register(Register r, long value) {
        accelerator.writeRegister(r.offset(), r.bytes(), value);
    }

    long register(Register r) {
        return accelerator.readRegister(r.offset(), r.bytes());
    }

    /** Switches a queue on. */
    AcceleratorHost queue(int id, long configuration) {
        register(QueueRegisters.of(id).configuration(), configuration);
        register(QueueRegisters.of(id).control(), 1);
        return this;
    }

    static long shared() {
        return QueueRegisters.PASID_ENABLE.mask() | QueueRegisters.BLOCK_ON_FAULT.mask();
    }

    static long dedicated(int pasid) {
        return QueueRegisters.DEDICATED.mask()
                | (pasid == NOBODY ? 0 : QueueRegisters.PASID_ENABLE.mask() | QueueRegisters.PASID.of(pasid));
    }

    /** A descriptor that wants a record. */
    static long[] descriptor(Operation operation, long source, long destination, long size, long record) {
        long[] d = new long[Descriptor.WORDS];
        Descriptor.OPERATION.set(d, operation.code());
        Descriptor.SOURCE.set(d, source);
        Descriptor.DESTINATION.set(d, destination);
        Descriptor.SIZE.set(d, size);
        Descriptor.RECORD.set(d, record);
        Descriptor.RECORD_VALID.set(d, 1);
        Descriptor.REQUEST_RECORD.set(d, 1);
        return d;
    }

    long[] record(int user, long address) {
        return WireWords.words(read(user, address, CompletionRecord.BYTES), 0, CompletionRecord.WORDS);
    }

    int code(int user, long address) {
        return CompletionRecord.CODE.getInt(record(user, address));
    }

    /** Lets a dedicated queue do it, to the end of all that goes on. */
    long[] run(int queue, int user, long[] descriptor) {
        long at = Descriptor.RECORD.get(descriptor);
        write(user, at, new byte[CompletionRecord.BYTES]);
        accelerator.submit(queue, descriptor);
        machine.loop().run();
        return record(user, at);
    }

    static byte[] pattern(int bytes, int seed) {
        byte[] data = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            data[i] = (byte) (i * 13 + (i >> 7) * 5 + seed);
        }
        return data;
    }

    static byte[] repeated(long value, int bytes) {
        byte[] eight = WireWords.bytes(value);
        byte[] all = new byte[bytes];
        Arrays.setAll(new int[bytes], i -> all[i] = eight[i % 8]);
        return all;
    }

    @Override
    public void close() {
        machine.close();
    }
}
