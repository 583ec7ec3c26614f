// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import java.util.ArrayDeque;
import org.agrona.collections.Int2ObjectHashMap;

/** Whose turn it is to send writes: with each PASID, and without one, in the order in which they were asked for. */
final class WriteOrder {
    private static final class Line {
        private final ArrayDeque<Transfer> transfers = new ArrayDeque<>();
        private boolean moving;
    }

    private final Int2ObjectHashMap<Line> lines = new Int2ObjectHashMap<>();

    /** A transfer begins; if it is the first of its line, it has its turn at once. */
    void begin(Transfer t) {
        Line line = lines.computeIfAbsent(t.pasid(), pasid -> new Line());
        line.transfers.addLast(t);
        if (line.transfers.getFirst() == t) {
            t.takeTurn();
        } else {
            t.proceed();
        }
    }

    /** A transfer is over; once its owner knows of it, the next one has its turn. */
    void ended(Transfer t) {
        Line line = lines.get(t.pasid());
        if (line != null) {
            line.transfers.remove(t);
            t.then(() -> move(t.pasid(), line));
        }
    }

    /** Not one within the other, however many are ready. */
    private void move(int pasid, Line line) {
        if (line.moving) {
            return;
        }
        line.moving = true;
        while (!line.transfers.isEmpty() && !line.transfers.getFirst().hasTurn()) {
            line.transfers.getFirst().takeTurn();
        }
        line.moving = false;
        if (line.transfers.isEmpty()) {
            lines.remove(pasid, line);
        }
    }

    /** Forgets all lines: the function was reset. */
    void clear() {
        lines.values().forEach(line -> line.transfers.clear());
        lines.clear();
    }
}
