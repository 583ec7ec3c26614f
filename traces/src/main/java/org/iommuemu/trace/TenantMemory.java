// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.io.IOException;
import org.iommuemu.time.RandomStream;

/**
 * Where the tenants of made-up traces are: streams from 1 on, 128 MiB of physical memory each, from 8 TiB on in an order that the seed
 * chooses. Writes the records that all patterns have.
 */
final class TenantMemory {
    /** Bytes of a tenant's memory, as log2. */
    static final int SHIFT = 27;

    static final int PAGE_SHIFT = 12;
    static final long PAGE = 1L << PAGE_SHIFT;

    private static final long START = 1L << 43;
    private static final int TENANT_BITS = 16;
    private static final int FIRST_STREAM = 1;

    private final RandomStream random;
    private final long factor;
    private final long shift;
    private final DmaRecord record = new DmaRecord();
    private final TraceWriter out;

    TenantMemory(long seed, TraceWriter out) {
        this.out = out;
        random = new RandomStream(seed);
        // Odd multiples, and a shift, of the numbers below a power of two are a permutation of them.
        factor = random.nextLong() | 1;
        shift = random.nextLong();
    }

    /** The first physical address of a tenant's memory. */
    long start(int tenant) {
        return START + ((tenant * factor + shift & (1L << TENANT_BITS) - 1) << SHIFT);
    }

    /** A tenant's own random numbers. */
    RandomStream random(int tenant) {
        return random.split(tenant);
    }

    /** Maps one page, readable and writable. */
    void map(int tenant, long time, long iova, int pageShift, long physical) throws IOException {
        record.set(time, TraceKind.MAP, FIRST_STREAM + tenant, iova, 1L << pageShift)
                .withAttributes(DmaRecord.READ | DmaRecord.WRITE)
                .withPageShift(pageShift)
                .withAddress(physical);
        out.write(record);
    }

    /** Unmaps one page. */
    void unmap(int tenant, long time, long iova, int pageShift) throws IOException {
        record.set(time, TraceKind.UNMAP, FIRST_STREAM + tenant, iova, 1L << pageShift)
                .withPageShift(pageShift);
        out.write(record);
    }

    /** An access, with the address that it must be translated to. */
    void access(TraceKind kind, int tenant, long time, long iova, int bytes, long physical) throws IOException {
        record.set(time, kind, FIRST_STREAM + tenant, iova, bytes).withAddress(physical);
        out.write(record);
    }
}
