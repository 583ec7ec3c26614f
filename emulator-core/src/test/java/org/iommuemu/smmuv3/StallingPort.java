// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;

/** Devices that can wait, and note what they are told. */
final class StallingPort implements DevicePort {
    /** Ended transactions: ticket, StreamID, address, status, output; all but the ticket in hexadecimal. */
    final List<String> ended = new ArrayList<>();

    final List<AtcInvalidation> invalidations = new ArrayList<>();
    final List<PageResponse> responses = new ArrayList<>();
    /** What becomes of Invalidate Requests. */
    Invalidation answer = Invalidation.ENDED;
    /** The one stream that cannot wait. */
    int impatient = -1;
    /** What a device does when a transaction of its has ended. */
    Consumer<Verdict> afterwards = v -> {};
    /** What a device does when an Invalidate Request arrives. */
    Consumer<AtcInvalidation> onInvalidation = r -> {};

    /** Connected to a bench's machine. */
    static StallingPort on(SmmuBench bench) {
        StallingPort port = new StallingPort();
        bench.smmu.connect(port);
        return port;
    }

    @Override
    public Invalidation invalidate(AtcInvalidation request) {
        invalidations.add(request);
        onInvalidation.accept(request);
        return answer;
    }

    @Override
    public void respond(PageResponse response) {
        responses.add(response);
    }

    @Override
    public boolean canStall(int streamId) {
        return streamId != impatient;
    }

    @Override
    public void resumed(long ticket, Transaction t, Verdict v) {
        ended.add(String.format("%d: %x %x %s %x", ticket, t.streamId(), t.address(), v.status(), v.address()));
        afterwards.accept(v);
    }
}
