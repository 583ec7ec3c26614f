// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import org.iommuemu.ats.DmaChannel;
import org.iommuemu.iommu.Access;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.time.EventLoop;

/** DMA of a function whose writes end when they are on the wire; nothing ends before the call that began it has returned. */
public record PostedDma(EventLoop loop, PciFunction function, DmaChannel channel) {
    /** Reads, see {@link DmaChannel#read}. */
    public void read(long address, byte[] into, int pasid, int access, DmaChannel.Done done) {
        channel.read(address, into, pasid, access, (status, moved) -> later(status, moved, done));
    }

    /** Writes, see {@link DmaChannel#write}. */
    public void write(long address, byte[] from, int pasid, int access, DmaChannel.Done done) {
        channel.write(address, from, pasid, access | Access.WRITE, (status, moved) -> {
            if (status == DmaChannel.Status.OK) {
                function.link().afterPosted(() -> done.ended(status, moved));
            } else {
                later(status, moved, done);
            }
        });
    }

    private void later(DmaChannel.Status status, int moved, DmaChannel.Done done) {
        loop.schedule(loop.now(), (time, data) -> done.ended(status, moved), 0);
    }
}
