// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

import java.io.IOException;
import org.iommuemu.time.RandomStream;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceWriter;

/**
 * Where the tenants of made-up traces are: streams from 1 on, each with physical memory of its own, from 8 TiB on in an order that the
 * seed chooses. Writes the records that all patterns have.
 *
 * <p>Where streams have PASIDs, a tenant is a PASID of a stream; the PASIDs of a stream are neighbours, and are numbered from 1 on.
 */
final class TenantMemory {
    /** log2 of a tenant's memory, in bytes, at least. */
    static final int SHIFT = 27;

    static final int PAGE_SHIFT = 12;
    static final long PAGE = 1L << PAGE_SHIFT;

    private static final long START = 1L << 43;
    private static final int TENANT_BITS = 16;
    /** All memory together ends below 2^48. */
    private static final int ALL_BITS = 47;

    private static final int FIRST_STREAM = 1;

    private final RandomStream random;
    private final long factor;
    private final long shift;
    private final DmaRecord record = new DmaRecord();
    private final TraceWriter out;
    private final int memoryShift;
    private final int pasids;
    private long left;

    TenantMemory(long seed, TraceWriter out) {
        this(seed, out, SHIFT, 0, Long.MAX_VALUE);
    }

    /**
     * Memory.
     *
     * @param memoryShift log2 of a tenant's memory, in bytes
     * @param pasids how many each stream has, or 0
     * @param accesses behind so many, nothing more is written
     */
    TenantMemory(long seed, TraceWriter out, int memoryShift, int pasids, long accesses) {
        this.out = out;
        this.memoryShift = memoryShift;
        this.pasids = pasids;
        left = accesses;
        random = new RandomStream(seed);
        // Odd multiples, and a shift, of the numbers below a power of two are a permutation of them.
        factor = random.nextLong() | 1;
        shift = random.nextLong();
    }

    /** How many tenants there is room for. */
    static long mostSpaces(int memoryShift) {
        return 1L << Math.min(TENANT_BITS, ALL_BITS - memoryShift);
    }

    /** Whether all accesses are written. */
    boolean isDone() {
        return left <= 0;
    }

    /** The first physical address of a tenant's memory. */
    long start(int tenant) {
        return START + ((tenant * factor + shift & mostSpaces(memoryShift) - 1) << memoryShift);
    }

    /** A tenant's own random numbers. */
    RandomStream random(int tenant) {
        return random.split(tenant);
    }

    private DmaRecord record(TraceKind kind, int tenant, long time, long iova, long bytes) {
        if (pasids == 0) {
            return record.set(time, kind, FIRST_STREAM + tenant, iova, bytes);
        }
        return record.set(time, kind, FIRST_STREAM + tenant / pasids, iova, bytes)
                .withPasid(1 + tenant % pasids);
    }

    /** Maps one page, readable and writable. */
    void map(int tenant, long time, long iova, int pageShift, long physical) throws IOException {
        if (left > 0) {
            out.write(record(TraceKind.MAP, tenant, time, iova, 1L << pageShift)
                    .withAttributes(DmaRecord.READ | DmaRecord.WRITE)
                    .withPageShift(pageShift)
                    .withAddress(physical));
        }
    }

    /** Unmaps one page. */
    void unmap(int tenant, long time, long iova, int pageShift) throws IOException {
        unmap(tenant, time, iova, 1L << pageShift, pageShift);
    }

    /** Unmaps pages. */
    void unmap(int tenant, long time, long iova, long bytes, int pageShift) throws IOException {
        if (left > 0) {
            out.write(record(TraceKind.UNMAP, tenant, time, iova, bytes).withPageShift(pageShift));
        }
    }

    /** An access, with the address that it must be translated to. */
    void access(TraceKind kind, int tenant, long time, long iova, int bytes, long physical) throws IOException {
        if (left > 0) {
            out.write(record(kind, tenant, time, iova, bytes).withAddress(physical));
            left--;
        }
    }
}
