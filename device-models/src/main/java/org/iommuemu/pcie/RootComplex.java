// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.List;
import org.iommuemu.time.Bandwidth;
import org.iommuemu.time.ByteRate;
import org.iommuemu.time.Resource;
import org.jspecify.annotations.Nullable;

/**
 * What is between the links and the IOMMU: a latency each way, and one queue upwards through which the TLPs of all links pass, each as
 * soon as it is there as a whole. All times in ps.
 */
public final class RootComplex {
    private final long latency;
    private final @Nullable ByteRate rate;
    private final @Nullable Bandwidth ingress;
    private final @Nullable KindWaiters waiters;

    /**
     * An idle root complex.
     *
     * @param latency each way
     * @param rate of the queue, by bytes on the link; null for one in which nobody waits
     */
    public RootComplex(long latency, @Nullable ByteRate rate) {
        if (latency < 0) {
            throw new IllegalArgumentException("latency of a root complex must not be negative");
        }
        this.latency = latency;
        this.rate = rate;
        ingress = rate == null ? null : new Bandwidth("root complex", rate);
        waiters = ingress == null ? null : new KindWaiters(ingress);
    }

    /**
     * A TLP comes from a link.
     *
     * @param bytes on the wire
     * @return when it is at the IOMMU
     */
    public long in(TlpKind kind, long at, int bytes) {
        return (ingress == null || waiters == null ? at : ingress.transfer(waiters.of(kind), at, bytes)) + latency;
    }

    /** A TLP goes to a link; returns when it is there. */
    public long out(long at) {
        return at + latency;
    }

    /** How long {@link #in} takes for so many bytes on the wire if they need not wait. */
    public long alone(int bytes) {
        return latency + (rate == null ? 0 : rate.timeOf(bytes));
    }

    /** Each way. */
    public long latency() {
        return latency;
    }

    /** Its queue, if that has a rate. */
    public List<Resource> resources() {
        return ingress == null ? List.of() : List.of(ingress);
    }
}
