// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator;

import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.accelerator.spec.Descriptor;
import org.iommuemu.device.accelerator.spec.Operation;
import org.iommuemu.iommu.Access;
import org.jspecify.annotations.Nullable;

/**
 * A descriptor that was accepted.
 *
 * @param words of it
 * @param queue by which it came
 * @param sequence its number among those of the queue
 * @param pasid with which it accesses memory, or {@link org.iommuemu.iommu.Transaction#NO_SUBSTREAM}
 * @param inBatch whether it is one of a batch
 */
record Work(long[] words, WorkQueue queue, long sequence, int pasid, boolean inBatch) {
    /** One of a batch: it has the batch's PASID and privilege. */
    Work member(long[] descriptor) {
        Descriptor.PRIV.set(descriptor, Descriptor.PRIV.get(words));
        return new Work(descriptor, queue, sequence, pasid, true);
    }

    @Nullable
    Operation operation() {
        return Operation.of(Descriptor.OPERATION.getInt(words));
    }

    /** Whether it asks to wait, allowed or not. */
    boolean asksToWait() {
        return Descriptor.BLOCK_ON_FAULT.isSet(words);
    }

    /** Whether it may wait, for its completion record too, also where it ends because it asked for what is not allowed. */
    boolean waitsForPages() {
        return asksToWait() && queue.allowsWaiting();
    }

    DmaChannel.Missing missing() {
        return waitsForPages() ? DmaChannel.Missing.REQUEST : DmaChannel.Missing.END;
    }

    /** Access code of reads: privileged only if the queue allows it, also of the completion record that says it does not. */
    int reading() {
        return Descriptor.PRIV.isSet(words) && queue.allowsPrivilege() ? Access.PRIVILEGED : Access.READ;
    }

    /** Access code of writes. */
    int writing() {
        return reading() | Access.WRITE;
    }

    long source() {
        return Descriptor.SOURCE.get(words);
    }

    long destination() {
        return Descriptor.DESTINATION.get(words);
    }

    /** Unsigned 32 bits. */
    long size() {
        return Descriptor.SIZE.get(words);
    }
}
