// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What software has mapped when, and what was in memory when, in plain Java: knows nothing of tables, caches and links, and says whether
 * what devices saw and did is allowed.
 */
final class Oracle {
    private final List<List<Mapping>> spaces = new ArrayList<>();
    private final int pasids;
    private final PageContents contents = new PageContents();
    private final Map<Long, Dma> writes = new HashMap<>();
    private long turn;
    private long authors;

    Oracle(int functions, int pasids) {
        this.pasids = pasids;
        for (int i = 0; i < functions * pasids; i++) {
            spaces.add(new ArrayList<>());
        }
    }

    private List<Mapping> space(int function, int pasid) {
        return spaces.get(function * pasids + pasid);
    }

    long nextTurn() {
        return ++turn;
    }

    /** Somebody who writes. */
    long newAuthor() {
        return ++authors;
    }

    Mapping mapping(int function, int pasid, long iova, int shift, long physical, boolean writable) {
        Mapping m = new Mapping(function, pasid, iova, shift, physical, writable, nextTurn());
        space(function, pasid).add(m);
        return m;
    }

    /** The mapping of an address that is not being unmapped. */
    @Nullable
    Mapping open(int function, int pasid, long address) {
        for (Mapping m : space(function, pasid)) {
            if (m.isOpen() && m.holds(address)) {
                return m;
            }
        }
        return null;
    }

    /** All mappings of a space that can be used. */
    List<Mapping> allOpen(int function, int pasid) {
        List<Mapping> all = new ArrayList<>(space(function, pasid));
        all.removeIf(m -> !m.isOpen());
        return all;
    }

    /** Software itself writes a page. */
    void filled(long address, int bytes, long author) {
        contents.written(nextTurn(), address, bytes, author);
    }

    /** A device is about to read, write, or both. */
    void issued(Dma dma) {
        dma.issued = nextTurn();
        if (dma.writes) {
            writes.put(dma.author, dma);
        }
    }

    /** A word of memory that devices may write was written by somebody else than software, in this turn. */
    void landed(long address, long word) {
        Dma dma = PageContents.isMarked(word) ? writes.get(PageContents.author(word)) : null;
        if (dma == null) {
            throw new Violation(
                    Invariant.NO_ACCESS_WITHOUT_MAPPING,
                    String.format("0x%x was written with 0x%x, which nobody has sent", address, word));
        }
        Mapping used = null;
        for (Mapping m : space(dma.function, dma.pasid)) {
            long iova = m.iova + (address - m.physical);
            if (address - m.physical >>> m.shift == 0 && m.writable && dma.holds(iova)) {
                used = m;
                if (m.isOpen()) {
                    contents.written(turn, address, PageContents.WORD, dma.author);
                    dma.landed++;
                    return;
                }
            }
        }
        throw used == null
                ? new Violation(
                        Invariant.NO_ACCESS_WITHOUT_MAPPING,
                        String.format("0x%x was written, where %s has no mapping", address, dma))
                : new Violation(
                        Invariant.NO_ACCESS_AFTER_UNMAP,
                        String.format("%s was written by the mapping [%s], now is %d", dma, used, turn));
    }

    /** A device has read. */
    void read(Dma dma, byte[] data, int count) {
        dma.ended = nextTurn();
        for (int i = 0; i < count; i++) {
            judge(dma, dma.iova + i, data[i]);
        }
    }

    private void judge(Dma dma, long iova, byte value) {
        boolean stale = false;
        for (Mapping m : space(dma.function, dma.pasid)) {
            if (!m.holds(iova) || dma.writes && !m.writable) {
                continue;
            }
            long from = Math.max(m.from, dma.issued);
            long until = Math.min(m.until, dma.ended);
            if (from <= until && contents.couldBe(value, m.output(iova), from, until)) {
                return;
            }
            stale |= contents.couldBe(value, m.output(iova), m.from, dma.ended);
        }
        throw new Violation(
                stale ? Invariant.NO_ACCESS_AFTER_UNMAP : Invariant.NO_ACCESS_WITHOUT_MAPPING,
                String.format(
                        "%s got 0x%02x at 0x%x, expected what %s holds",
                        dma, value, iova, describe(dma.function, dma.pasid, iova)));
    }

    private List<Mapping> describe(int function, int pasid, long iova) {
        List<Mapping> all = new ArrayList<>(space(function, pasid));
        all.removeIf(m -> !m.holds(iova));
        return all;
    }

    /** Whether all of a transfer could be done from when it was issued until now. */
    boolean wasAccessible(Dma dma) {
        for (long at = dma.iova; at < dma.iova + dma.bytes; at = (at | PageContents.PAGE - 1) + 1) {
            boolean covered = false;
            for (Mapping m : space(dma.function, dma.pasid)) {
                if (m.holds(at) && m.covers(dma.issued, turn) && (!dma.writes || m.writable)) {
                    covered = true;
                }
            }
            if (!covered) {
                return false;
            }
        }
        return true;
    }

    long turn() {
        return turn;
    }
}
