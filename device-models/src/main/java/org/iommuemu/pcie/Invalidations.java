// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.time.EventLoop;

/** The Invalidate Requests that a root complex has sent for its IOMMU, to any function. */
final class Invalidations {
    private static final long NO_TICKET = -1L << Integer.SIZE;

    /** Sends a TLP down. */
    @FunctionalInterface
    interface Sender {
        void send(int requester, Tlp tlp);
    }

    private final EventLoop loop;
    private final Iommu iommu;
    private final StreamMap streams;
    private final long timeout;
    private final Sender sender;
    private final Int2ObjectHashMap<InvalidationTags> tags = new Int2ObjectHashMap<>();
    private long unexpected;

    Invalidations(EventLoop loop, Iommu iommu, StreamMap streams, long timeout, Sender sender) {
        this.loop = loop;
        this.iommu = iommu;
        this.streams = streams;
        this.timeout = timeout;
        this.sender = sender;
    }

    /** Sends one as soon as there is an ITag; where there is no requester nobody has to answer. */
    DevicePort.Invalidation begin(AtcInvalidation request) {
        int requester = streams.requesterOf(request.streamId());
        if (requester == StreamMap.NONE) {
            return DevicePort.Invalidation.ENDED;
        }
        tagsOf(requester).begin(request);
        return DevicePort.Invalidation.PENDING;
    }

    /** A completion has come. */
    void completed(Tlp.InvalidateCompletion message) {
        tagsOf(message.source()).completed(message);
    }

    private InvalidationTags tagsOf(int requester) {
        return tags.computeIfAbsent(
                requester,
                id -> new InvalidationTags(loop, timeout, new InvalidationTags.Host() {
                    @Override
                    public void send(AtcInvalidation i, int itag) {
                        sender.send(
                                id,
                                new Tlp.InvalidateRequest(
                                        id, itag, i.substreamId(), i.global(), i.address(), i.log2Bytes()));
                    }

                    @Override
                    public void ended(AtcInvalidation i, boolean answered) {
                        iommu.invalidationEnded(i.ticket(), answered);
                    }

                    @Override
                    public void unexpected() {
                        unexpected++;
                        iommu.invalidationEnded(NO_TICKET | streams.streamOf(id) & 0xFFFF_FFFFL, true);
                    }
                }));
    }

    /** Completions that nobody waited for. */
    long unexpected() {
        return unexpected;
    }
}
