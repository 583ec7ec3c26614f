// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceKind;

/**
 * Mappings as an IOMMU's own trace shows them: a page is mapped when it is first accessed, to where the access went, and unmapped when a
 * command invalidates its range. An invalidation of a whole address space says nothing of any page, so it is written as what it is.
 */
final class TouchedPages {
    /** An invalidation of all domains. */
    static final int EVERY_DOMAIN = -1;

    static final long PAGE = 1 << 12;

    private final RecordSink sink;
    private final AddressSpaces spaces;
    /** The domain that a stream was in when it last accessed anything. */
    private final Map<Integer, Integer> domains = new TreeMap<>();

    TouchedPages(RecordSink sink) {
        this.sink = sink;
        spaces = new AddressSpaces(sink);
    }

    /**
     * A translated access.
     *
     * @param time ps
     * @param permissions of its page, {@link DmaRecord#READ} and so on
     * @param page bytes of its page, as far as they are known
     * @param bytes of the transfer, 0 if they are not known
     */
    void access(long time, int stream, int domain, long iova, long physical, int permissions, long page, long bytes)
            throws IOException {
        domains.put(stream, domain);
        long known = spaces.physical(stream, iova);
        if (known != physical) {
            if (known >= 0) {
                sink.note("pages that were mapped elsewhere without a command; unmapped first");
                spaces.unmap(time, stream, iova, 1);
            }
            map(time, stream, iova, physical, permissions, page);
        }
        begin(time, stream, iova, (permissions & DmaRecord.READ) == 0, bytes).withAddress(physical);
        sink.put();
    }

    private void map(long time, int stream, long iova, long physical, int permissions, long page) throws IOException {
        boolean whole = (iova - physical & page - 1) == 0 && !spaces.touches(stream, iova & -page, page);
        long bytes = whole ? page : PAGE;
        spaces.map(time, stream, iova & -bytes, physical & -bytes, bytes, permissions);
    }

    /** A refused access. */
    void refused(long time, int stream, long iova, boolean write) throws IOException {
        sink.note("refused accesses; written without an address");
        begin(time, stream, iova, write, 0);
        sink.put();
    }

    /** What is traced is one translation: of a longer transfer the part in its page. */
    private DmaRecord begin(long time, int stream, long iova, boolean write, long bytes) {
        TraceKind kind = write ? TraceKind.WRITE_DMA : TraceKind.READ_DMA;
        return sink.begin(time, kind, stream, iova, Math.min(bytes, PAGE - (iova & PAGE - 1)));
    }

    /**
     * An invalidation.
     *
     * @param domain whose, or {@link #EVERY_DOMAIN}
     * @param bytes of its range; 0 if it has none
     */
    void invalidate(long time, int domain, long iova, long bytes) throws IOException {
        sink.note(
                bytes != 0
                        ? "invalidations of a range; what is mapped there is unmapped"
                        : "invalidations of address spaces; mappings stay");
        for (Map.Entry<Integer, Integer> stream : domains.entrySet()) {
            if (domain != EVERY_DOMAIN && stream.getValue() != domain) {
                continue;
            }
            if (bytes != 0) {
                spaces.unmap(time, stream.getKey(), iova, bytes);
            } else {
                sink.begin(time, TraceKind.INVALIDATE, stream.getKey(), 0, 0);
                sink.put();
            }
        }
    }
}
