// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import org.iommuemu.ats.DmaChannel;
import org.iommuemu.iommu.Access;
import org.iommuemu.pcie.TlpLink;
import org.iommuemu.time.EventLoop;

/**
 * DMA of the card. A write has ended when its bytes are on the wire, so that buffers fill up when the link does; nothing ends before
 * the call that began it has returned.
 */
record Dma(EventLoop loop, DmaChannel channel, TlpLink link) {
    void read(long address, byte[] into, int pasid, DmaChannel.Done done) {
        channel.read(address, into, pasid, Access.READ, (status, moved) -> later(status, moved, done));
    }

    void write(long address, byte[] from, int pasid, DmaChannel.Done done) {
        channel.write(address, from, pasid, Access.WRITE, (status, moved) -> {
            if (status == DmaChannel.Status.OK) {
                link.afterPosted(() -> done.ended(status, moved));
            } else {
                later(status, moved, done);
            }
        });
    }

    private void later(DmaChannel.Status status, int moved, DmaChannel.Done done) {
        loop.schedule(loop.now(), (time, data) -> done.ended(status, moved), 0);
    }
}
