// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.List;
import org.iommuemu.time.Credits;
import org.iommuemu.time.Resource;
import org.jspecify.annotations.Nullable;

/** Header and data credits of one kind in one direction. Either may be infinite. */
final class CreditPool {
    private final @Nullable Credits headers;
    private final @Nullable Credits data;
    private final @Nullable KindWaiters forHeaders;
    private final @Nullable KindWaiters forData;
    private final long update;
    private long headerStart;
    private long dataStart;

    /**
     * A full pool.
     *
     * @param name what reports call it
     * @param largest bytes of data in the largest TLP
     * @throws IllegalArgumentException if the largest TLP could never be sent (PCIe Base Specification §2.6.1)
     */
    CreditPool(String name, FlowControl.Pool pool, long update, int largest) {
        if (pool.data() > 0 && pool.data() < units(largest)) {
            throw new IllegalArgumentException(
                    name + " data credits are " + pool.data() + ", expected 0 or at least " + units(largest));
        }
        this.update = update;
        headers = pool.headers() == 0 ? null : new Credits(name + " header credits", pool.headers());
        data = pool.data() == 0 ? null : new Credits(name + " data credits", pool.data());
        forHeaders = headers == null ? null : new KindWaiters(headers);
        forData = data == null ? null : new KindWaiters(data);
    }

    private static int units(int bytes) {
        return (bytes + FlowControl.UNIT - 1) / FlowControl.UNIT;
    }

    /** Takes what a TLP needs; returns when that is there. */
    long take(TlpKind kind, int bytes, long at) {
        long start = at;
        if (headers != null && forHeaders != null) {
            start = headers.acquire(forHeaders.of(kind), 1, start);
            headerStart = start;
        }
        if (data != null && forData != null && bytes > 0) {
            start = data.acquire(forData.of(kind), units(bytes), start);
            dataStart = start;
        }
        return start;
    }

    /** The TLP that was last taken for is drained. */
    void drained(int bytes, long at) {
        if (headers != null) {
            headers.release(headerStart, at + update);
        }
        if (data != null && bytes > 0) {
            data.release(dataStart, at + update);
        }
    }

    /** Those that are finite. */
    List<Resource> resources() {
        return headers == null
                ? data == null ? List.of() : List.of(data)
                : data == null ? List.of(headers) : List.of(headers, data);
    }
}
