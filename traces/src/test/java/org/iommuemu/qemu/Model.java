// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.edu.EduDevice;
import org.iommuemu.device.edu.EduParameters;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.iommuemu.pcie.LinkGeneration;
import org.iommuemu.pcie.LinkParameters;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.vtd.VtdFeatures;

/** This project's machine, with the features that another one's identification registers show. */
final class Model implements Side {
    private final Platform machine;
    private final List<RegisterFrame> devices = new ArrayList<>();

    Model(Target target, Side like) {
        PlatformParameters p = wide(PlatformParameters.standard());
        machine = target.isArm()
                ? Platform.smmuv3(
                        p,
                        new SmmuFeatures(
                                like.readRegister(0x00, 4),
                                like.readRegister(0x04, 4),
                                like.readRegister(0x0C, 4),
                                like.readRegister(0x14, 4),
                                like.readRegister(0x18, 4),
                                like.readRegister(0x1C, 4)))
                : Platform.vtd(
                        p,
                        new VtdFeatures(like.readRegister(0, 4), like.readRegister(8, 8), like.readRegister(0x10, 8)));
        machine.memory().mark(0, 1L << PhysicalMemory.ADDRESS_BITS, RangeState.ABSENT);
        machine.memory().mark(target.memory, Target.MEMORY_BYTES, RangeState.PRESENT);
        for (int slot : SLOTS) {
            PciFunction function = machine.addFunction(slot << 3);
            function.enableBusMaster();
            EduParameters parameters = EduParameters.standard().withDmaMask(-1);
            EduDevice device = new EduDevice(machine.loop(), function, new DmaChannel(function), parameters);
            if (device.isBusy()) {
                throw new IllegalStateException("a device is busy at reset");
            }
            devices.add(Objects.requireNonNull(function.frame(0)));
        }
    }

    /** Requests of up to a page, so that there is one record where a larger packet faults. */
    private static PlatformParameters wide(PlatformParameters p) {
        int page = PhysicalMemory.PAGE_BYTES;
        return new PlatformParameters(
                p.caches(),
                p.timing(),
                LinkParameters.of(LinkGeneration.GEN4, 1, page, page),
                p.credits(),
                p.propagation(),
                p.completionBytes(),
                p.rootComplex(),
                p.memoryLatency(),
                p.memoryRate(),
                p.tags(),
                p.completionTimeout(),
                p.invalidationTimeout(),
                p.interruptLatency());
    }

    @Override
    public void store(long address, byte[] data) {
        machine.memory().write(address, data, 0, data.length);
    }

    @Override
    public byte[] load(long address, int bytes) {
        byte[] data = new byte[bytes];
        machine.memory().read(address, data, 0, bytes);
        return data;
    }

    @Override
    public void writeRegister(long offset, int size, long value) {
        machine.iommu().writeRegister(offset, size, value);
    }

    @Override
    public long readRegister(long offset, int size) {
        return machine.iommu().readRegister(offset, size);
    }

    @Override
    public void writeDevice(int device, long offset, int size, long value) {
        devices.get(device).writeRegister(offset, size, value);
    }

    @Override
    public long readDevice(int device, long offset, int size) {
        return devices.get(device).readRegister(offset, size);
    }

    @Override
    public void settle(int device) {
        machine.loop().run();
    }

    @Override
    public void close() {
        machine.close();
    }
}
