// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.capture.JoinedRow;
import org.iommuemu.capture.JoinedTrace;
import org.iommuemu.capture.RowOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowOrderTest {
    private static final int PAGE = 4096;

    @TempDir
    private Path temp;

    private long moved;

    /** Kinds and times. */
    private List<String> order(Rows rows) {
        List<String> found = new ArrayList<>();
        try (JoinedTrace trace = JoinedTrace.open(rows.write(temp))) {
            RowOrder order = new RowOrder(trace);
            for (JoinedRow row = order.next(); row != null; row = order.next()) {
                found.add(row.kind() + " " + row.time());
            }
            moved = order.moved();
        }
        return found;
    }

    @Test
    void shouldLeaveRowsWhereTheyAre() {
        Rows rows = new Rows()
                .map(10, 8, 1, 0x1000, PAGE, 0x5000, "f1")
                .dma(11, 8, 1, 0x1040, 0x5040, "f1", "ok")
                .unmap(12, 8, 1, 0x1000, PAGE, "f2", "q9")
                .map(13, 8, 1, 0x1000, PAGE, 0x6000, "f3")
                .dma(14, 8, 1, 0x1000, 0x6000, "f3", "ok");

        assertThat(order(rows)).containsExactly("MAP 10", "DMA 11", "UNMAP 12", "MAP 13", "DMA 14");
        assertThat(moved).isZero();
    }

    @Test
    void shouldPutAnAccessBehindItsMap() {
        Rows rows = new Rows()
                .dma(10, 8, 1, 0x1040, 0x5040, "f1", "ok")
                .dma(11, 8, 1, 0x9040, 0x7040, "f0", "ok")
                .map(19, 8, 1, 0x1000, PAGE, 0x5000, "f1");

        assertThat(order(rows)).containsExactly("DMA 11", "MAP 19", "DMA 10");
        assertThat(moved).isEqualTo(1);
    }

    @Test
    void shouldPutAnAccessBeforeTheUnmapOfItsPage() {
        Rows rows = new Rows()
                .map(1, 8, 1, 0x1000, 4 * PAGE, 0x5000, "f1")
                .unmap(40, 8, 1, 0x1000, 4 * PAGE, "f2", "q9")
                .dma(45, 8, 1, 0x4040, 0x8040, "f1", "ok")
                .dma(46, 8, 1, 0x5040, 0x9040, "f0", "ok");

        assertThat(order(rows)).containsExactly("MAP 1", "DMA 45", "UNMAP 40", "DMA 46");
    }

    /** Unmapped and mapped anew within some µs: the access is by the new one. */
    @Test
    void shouldNotPutAnAccessByALaterMapBeforeTheUnmap() {
        Rows rows = new Rows()
                .map(1, 8, 1, 0x1000, PAGE, 0x5000, "f1")
                .unmap(40, 8, 1, 0x1000, PAGE, "f2", "q9")
                .dma(42, 8, 1, 0x1000, 0x6000, "f3", "ok")
                .map(43, 8, 1, 0x1000, PAGE, 0x6000, "f3");

        assertThat(order(rows)).containsExactly("MAP 1", "UNMAP 40", "MAP 43", "DMA 42");
    }

    @Test
    void shouldNotMoveWhatIsFurtherApartThanClocksAre() {
        Rows rows = new Rows()
                .dma(10, 8, 1, 0x1040, 0x5040, "f1", "no_map")
                .map(35, 8, 1, 0x1000, PAGE, 0x5000, "f1")
                .unmap(60, 8, 1, 0x1000, PAGE, "f2", "q9")
                .dma(85, 8, 1, 0x1040, 0x5040, "f1", "no_map");

        assertThat(order(rows)).containsExactly("DMA 10", "MAP 35", "UNMAP 60", "DMA 85");
    }

    @Test
    void shouldPutAnAccessBehindItsMapWhereTheRecorderSaysSo() {
        Rows rows = new Rows()
                .dma(10, 8, 1, 0x1040, 0x5040, "f1", JoinedRow.BEFORE_MAP)
                .map(900, 8, 1, 0x1000, PAGE, 0x5000, "f1");

        assertThat(order(rows)).containsExactly("MAP 900", "DMA 10");
    }

    @Test
    void shouldNotLoseAnAccessWhoseMapDoesNotCome() {
        Rows rows = new Rows()
                .dma(10, 8, 1, 0x1040, 0x5040, "f1", JoinedRow.BEFORE_MAP)
                .plain(11, "SYNC", "q7");

        assertThat(order(rows)).containsExactly("COMMAND 11", "DMA 10");
    }
}
