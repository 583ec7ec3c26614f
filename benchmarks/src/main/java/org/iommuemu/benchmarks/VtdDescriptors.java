// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.benchmarks;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Register;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.spec.Descriptor;
import org.iommuemu.vtd.spec.VtdRegisters;

/**
 * Invalidations by a queue of descriptors, of 128 bits or in scalable mode 256, each followed by a wait descriptor that writes a status to memory (VT-d
 * architecture 6.5.2). A source's domain is its number; in scalable mode its requests have PASID 0.
 */
final class VtdDescriptors implements Invalidation {
    private static final int SHORT = 16;
    private static final int LONG = 32;
    private static final int QUEUE_BYTES = 1 << 12;
    private static final BitField TYPE = BitField.of("Type", 3, 0);

    private final PhysicalMemory memory;
    private final Vtd vtd;
    private final boolean scalable;
    private final long queue;
    private final long status;
    private long tail;

    /**
     * For a queue that is enabled and empty.
     *
     * @param queue a page
     * @param status a word that waits write to
     */
    VtdDescriptors(PhysicalMemory memory, Vtd vtd, boolean scalable, long queue, long status) {
        this.memory = memory;
        this.vtd = vtd;
        this.scalable = scalable;
        this.queue = queue;
        this.status = status;
    }

    private void send(Descriptor descriptor, long word0, long word1) {
        write(TYPE.of(descriptor.type()) | word0, word1);
        write(
                TYPE.of(Descriptor.WAIT.type()) | Descriptor.SW.of(1) | Descriptor.STATUS_DATA.of(1),
                Descriptor.STATUS_ADDRESS.inPlace(status));
        Register doorbell = VtdRegisters.IQT;
        vtd.writeRegister(doorbell.offset(), doorbell.bytes(), tail);
    }

    private void write(long word0, long word1) {
        memory.writeLong(queue + tail, word0);
        memory.writeLong(queue + tail + Long.BYTES, word1);
        tail = tail + (scalable ? LONG : SHORT) & QUEUE_BYTES - 1;
    }

    @Override
    public void page(int stream, long address) {
        range(stream, address, 0);
    }

    @Override
    public void range(int stream, long address, int log2Pages) {
        send(
                scalable ? Descriptor.PASID_IOTLB : Descriptor.IOTLB,
                Descriptor.G.of(Descriptor.SELECTIVE) | Descriptor.DID.of(stream),
                Descriptor.ADDR.inPlace(address) | Descriptor.AM.of(log2Pages) | Descriptor.IH.of(1));
    }

    @Override
    public void space(int stream) {
        send(
                scalable ? Descriptor.PASID_IOTLB : Descriptor.IOTLB,
                Descriptor.G.of(Descriptor.DOMAIN) | Descriptor.DID.of(stream),
                0);
    }

    @Override
    public void everything() {
        send(Descriptor.IOTLB, Descriptor.G.of(Descriptor.GLOBAL), 0);
    }

    @Override
    public void device(int stream, long address) {
        send(Descriptor.DEVICE_TLB, Descriptor.SID.of(stream), Descriptor.ADDR.inPlace(address));
    }
}
