// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.ats.AddressTranslationCache;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.pcie.FlowControl;
import org.iommuemu.pcie.PcieLink;
import org.iommuemu.pcie.RootComplex;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.time.Pipeline;
import org.iommuemu.time.Resource;
import org.iommuemu.time.Slots;
import org.iommuemu.time.Waiter;
import org.jspecify.annotations.Nullable;

/** A device's end of the way: its own pace, its tags, and its link, with the root complex behind that. All times in ps. */
final class Endpoint {
    private final PcieLink link;
    private final RootComplex rootComplex;
    private final Slots tags;
    private final Waiter requests;
    private final @Nullable Pipeline sending;
    private final @Nullable Pipeline taking;
    private final @Nullable AddressTranslationCache atc;
    private long latest;

    /**
     * An idle end.
     *
     * @param suffix what sets its resources apart from those of others in reports
     */
    Endpoint(String suffix, PathParameters p, RootComplex rootComplex) {
        this.rootComplex = rootComplex;
        FlowControl credits = p.credits();
        link = new PcieLink("link" + suffix, p.link(), credits, p.propagation(), p.completionBytes());
        tags = new Slots("tags" + suffix, p.device().tags());
        requests = tags.waiter("requests");
        long interval = p.device().interval();
        sending = interval == 0 ? null : new Pipeline("device out" + suffix, 1, interval, 0);
        taking = interval == 0 ? null : new Pipeline("device in" + suffix, 1, interval, 0);
        atc = p.ats().isOn()
                ? new AddressTranslationCache("ATC" + suffix, p.ats().atc())
                : null;
    }

    /** Waits until the device can send another write. */
    long send(long at, Journey j) {
        return sending == null ? at : pace(sending, "writes", at, j);
    }

    /** Waits until the device can take the data of another read. */
    long take(long at, Journey j) {
        return taking == null ? at : pace(taking, "completions", at, j);
    }

    private static long pace(Pipeline stage, String who, long at, Journey j) {
        long start = stage.pass(stage.waiter(who), at);
        j.add(LatencyPart.QUEUE, start - at);
        return start;
    }

    /** Takes a tag; {@link #giveTag} must follow. */
    long takeTag(long at, Journey j) {
        long start = tags.acquire(requests, at);
        j.add(LatencyPart.QUEUE, start - at);
        return start;
    }

    void giveTag(long from, long until) {
        tags.release(from, until);
    }

    /**
     * Something is ready to be sent: behind what has waited for a tag before it.
     *
     * @param ready when it would be, but for a tag of its own
     * @param tagged when it has that
     */
    long inTurn(long ready, long tagged, Journey j) {
        if (tagged > ready) {
            latest = Math.max(latest, tagged);
        }
        long start = Math.max(tagged, latest);
        j.add(LatencyPart.QUEUE, start - tagged);
        return start;
    }

    /** Sends a TLP up; {@link #drained} must follow. Returns when it is at the IOMMU. */
    long up(TlpKind kind, int data, boolean pasid, long at, Journey j) {
        int bytes = link.parameters().tlpBytes(kind, data, pasid);
        long there = rootComplex.in(kind, link.send(kind, at, data, pasid), bytes);
        return spent(at, there, link.alone(bytes) + rootComplex.alone(bytes), j);
    }

    /** The root complex has passed on the TLP that came up last. */
    void drained(TlpKind kind, int data, long at) {
        link.drained(kind, at, data);
    }

    /** Sends a TLP down, from the IOMMU or memory; returns when it is at the device, which takes it at once. */
    long down(TlpKind kind, int data, boolean pasid, long at, Journey j) {
        long there = link.send(kind, rootComplex.out(at), data, pasid);
        link.drained(kind, there, data);
        int bytes = link.parameters().tlpBytes(kind, data, pasid);
        return spent(at, there, rootComplex.latency() + link.alone(bytes), j);
    }

    /** Sends the data of a read down; returns when the last of them are at the device. */
    long complete(long address, int data, long at, Journey j) {
        long there = link.complete(rootComplex.out(at), address, data);
        int headers = link.completions(address, data) * link.parameters().tlpBytes(TlpKind.COMPLETION, 0, false);
        return spent(at, there, rootComplex.latency() + link.alone(headers + data), j);
    }

    private static long spent(long from, long to, long alone, Journey j) {
        j.add(LatencyPart.LINK, alone);
        j.add(LatencyPart.QUEUE, to - from - alone);
        return to;
    }

    /** Its ATC, if it has one. */
    @Nullable
    AddressTranslationCache atc() {
        return atc;
    }

    List<Resource> resources() {
        List<Resource> all = new ArrayList<>(List.of(tags));
        if (sending != null && taking != null) {
            all.add(0, sending);
            all.add(taking);
        }
        all.addAll(link.resources());
        return all;
    }
}
