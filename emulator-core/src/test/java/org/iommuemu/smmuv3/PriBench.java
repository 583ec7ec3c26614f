// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.Transaction;

/** An {@link AtsBench} with its PRI queue on. */
final class PriBench implements AutoCloseable {
    static final long QUEUE = 0x40_0000;
    static final long PROD = 0x100C8;
    static final long CONS = 0x100CC;
    static final long OVERFLOW = 0x8000_0000L;
    /** SMMUEN, PRIQEN, EVENTQEN, CMDQEN. */
    static final long ON = 0xF;

    final AtsBench ats;
    final SmmuBench bench;
    private final int log2;

    PriBench(int log2) {
        this(log2, AtsBench.IDR0, AtsBench.IDR1, AtsBench.IDR3);
    }

    PriBench(int log2, long idr0, long idr1, long idr3) {
        ats = new AtsBench(idr0, idr1, idr3, AtsBench.IDR5);
        bench = ats.bench;
        this.log2 = log2;
        bench.write64(0xC0, QUEUE | log2);
        bench.write32(PROD, 0);
        bench.write32(CONS, 0);
        bench.write32(0x20, ON);
    }

    /** A read request without PASID for page 0x7000. */
    void request(int stream, boolean last, int group) {
        send(stream, Transaction.NO_SUBSTREAM, last, group);
    }

    /** A read request with PASID for page 0x7000. */
    void request(int stream, int pasid, boolean last, int group) {
        send(stream, pasid, last, group);
    }

    private void send(int stream, int pasid, boolean last, int group) {
        send(new PageRequest(stream, pasid, 0x7000, true, false, false, false, last, group));
    }

    void send(PageRequest request) {
        bench.smmu.requestPage(request);
    }

    /** A Stop Marker: PASID, Last, neither read nor write. */
    void stopMarker(int stream, int pasid) {
        send(new PageRequest(stream, pasid, 0, false, false, false, false, true, 0));
    }

    /** Takes the entries off the queue as a driver does, two words of hexadecimal each, and acknowledges an overflow. */
    List<String> entries() {
        List<String> entries = new ArrayList<>();
        int mask = (2 << log2) - 1;
        int producer = (int) bench.read32(PROD) & mask;
        int consumer = (int) bench.read32(CONS) & mask;
        for (; consumer != producer; consumer = consumer + 1 & mask) {
            long at = QUEUE + (consumer & mask >>> 1) * 16L;
            entries.add(String.format("%016x %016x", ats.memory.readLong(at), ats.memory.readLong(at + 8)));
        }
        bench.write32(CONS, bench.read32(PROD) & OVERFLOW | producer);
        return entries;
    }

    /** See {@link RecordingPort#responses}. */
    List<String> responses() {
        return ats.port.responses();
    }

    @Override
    public void close() {
        ats.close();
    }
}
