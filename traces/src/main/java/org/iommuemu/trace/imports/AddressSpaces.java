// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.iommuemu.trace.TraceKind;

/**
 * What is mapped in the address space of each stream. Ranges become pages as Linux makes them of 4 KiB tables: the largest of 1 GiB,
 * 2 MiB and 4 KiB that both addresses are aligned to and that fits.
 */
final class AddressSpaces {
    private static final int[] SHIFTS = {12, 21, 30};
    /** Longest range of one record: its length has 32 bits. */
    private static final long MOST_BYTES = 1L << 31;

    /** Pages of one size, one behind the other; both addresses are of the first byte. */
    private record Run(long iova, long bytes, long physical, int shift) {
        long last() {
            return iova + bytes - 1;
        }
    }

    private final RecordSink sink;
    private final Map<Integer, NavigableMap<Long, Run>> streams = new HashMap<>();

    AddressSpaces(RecordSink sink) {
        this.sink = sink;
    }

    private NavigableMap<Long, Run> runs(int stream) {
        return streams.computeIfAbsent(stream, s -> new TreeMap<>(Long::compareUnsigned));
    }

    /** The physical address of a byte, or −1 if it is not mapped. */
    long physical(int stream, long iova) {
        Map.Entry<Long, Run> below = runs(stream).floorEntry(iova);
        if (below == null || Long.compareUnsigned(iova, below.getValue().last()) > 0) {
            return -1;
        }
        Run run = below.getValue();
        return run.physical + (iova - run.iova);
    }

    /** Whether any byte of a range is mapped. */
    boolean touches(int stream, long iova, long bytes) {
        Map.Entry<Long, Run> below = runs(stream).floorEntry(iova + bytes - 1);
        return below != null && Long.compareUnsigned(below.getValue().last(), iova) >= 0;
    }

    /**
     * Maps a range. What of it is mapped already is unmapped first, and noted.
     *
     * @param attributes permissions of the record
     */
    void map(long time, int stream, long iova, long physical, long bytes, int attributes) throws IOException {
        if (touches(stream, iova, bytes)) {
            sink.note("mapped again without an unmap; unmapped first");
            unmap(time, stream, iova, bytes);
        }
        split(time, stream, new Run(iova, bytes, physical, SHIFTS[SHIFTS.length - 1]), attributes, SHIFTS.length - 1);
    }

    private void split(long time, int stream, Run range, int attributes, int level) throws IOException {
        long page = 1L << SHIFTS[level];
        long head = Math.min(range.bytes, -range.iova & page - 1);
        long middle = range.bytes - head & -page;
        if (level > 0 && (middle == 0 || (range.iova - range.physical & page - 1) != 0)) {
            split(time, stream, range, attributes, level - 1);
            return;
        }
        long tail = range.bytes - head - middle;
        if (head != 0) {
            split(time, stream, part(range, 0, head, SHIFTS[level]), attributes, level - 1);
        }
        for (long done = 0; done < middle; done += MOST_BYTES) {
            long bytes = Math.min(middle - done, MOST_BYTES);
            Run run = part(range, head + done, bytes, SHIFTS[level]);
            runs(stream).put(run.iova, run);
            sink.begin(time, TraceKind.MAP, stream, run.iova, bytes)
                    .withAddress(run.physical)
                    .withPageShift(run.shift)
                    .withAttributes(attributes);
            sink.put();
        }
        if (tail != 0) {
            split(time, stream, part(range, head + middle, tail, SHIFTS[level]), attributes, level - 1);
        }
    }

    private static Run part(Run of, long from, long bytes, int shift) {
        return new Run(of.iova + from, bytes, of.physical + from, shift);
    }

    /**
     * Unmaps every page that a range touches. Neighbours of one size become one record, as they were one call.
     *
     * @return whether there were any
     */
    boolean unmap(long time, int stream, long iova, long bytes) throws IOException {
        long last = iova + bytes - 1;
        List<Run> gone = new ArrayList<>();
        NavigableMap<Long, Run> runs = runs(stream);
        for (Map.Entry<Long, Run> at = runs.floorEntry(last);
                at != null && Long.compareUnsigned(at.getValue().last(), iova) >= 0;
                at = runs.floorEntry(last)) {
            gone.add(cut(runs, at.getValue(), iova, last));
            if (gone.get(gone.size() - 1).iova == 0) {
                break;
            }
            last = gone.get(gone.size() - 1).iova - 1;
        }
        for (int i = gone.size() - 1; i >= 0; ) {
            Run first = gone.get(i--);
            Run end = first;
            while (i >= 0 && gone.get(i).shift == first.shift) {
                end = gone.get(i--);
            }
            write(time, stream, first.iova, end.last() - first.iova + 1, first.shift);
        }
        return !gone.isEmpty();
    }

    /** Takes the pages of a run that a range touches out of it. */
    private static Run cut(NavigableMap<Long, Run> runs, Run run, long iova, long last) {
        long page = 1L << run.shift;
        long from = Long.compareUnsigned(run.iova, iova) < 0 ? iova - run.iova & -page : 0;
        long to = Long.compareUnsigned(last, run.last()) < 0 ? (last - run.iova & -page) + page : run.bytes;
        runs.remove(run.iova);
        if (from != 0) {
            runs.put(run.iova, part(run, 0, from, run.shift));
        }
        if (to != run.bytes) {
            Run rest = part(run, to, run.bytes - to, run.shift);
            runs.put(rest.iova, rest);
        }
        return part(run, from, to - from, run.shift);
    }

    private void write(long time, int stream, long iova, long bytes, int shift) throws IOException {
        for (long done = 0; done != bytes; ) {
            long part = Math.min(bytes - done, MOST_BYTES);
            sink.begin(time, TraceKind.UNMAP, stream, iova + done, part).withPageShift(shift);
            sink.put();
            done += part;
        }
    }
}
