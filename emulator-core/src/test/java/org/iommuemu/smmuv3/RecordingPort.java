// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;

/** Devices that keep what they are told; they could wait for stalled transactions. */
final class RecordingPort implements DevicePort {
    private final List<String> responses = new ArrayList<>();

    @Override
    public Invalidation invalidate(AtcInvalidation request) {
        return Invalidation.ENDED;
    }

    @Override
    public void respond(PageResponse r) {
        String pasid = r.substreamId() == Transaction.NO_SUBSTREAM ? "no PASID" : "PASID " + r.substreamId();
        responses.add("stream " + r.streamId() + " " + pasid + " group " + r.group() + " " + r.code());
    }

    @Override
    public boolean canStall(int streamId) {
        return true;
    }

    @Override
    public void resumed(long ticket, Transaction transaction, Verdict verdict) {}

    /** The PRG Responses since the last call, such as {@code stream 1 no PASID group 5 SUCCESS}. */
    List<String> responses() {
        List<String> taken = List.copyOf(responses);
        responses.clear();
        return taken;
    }
}
