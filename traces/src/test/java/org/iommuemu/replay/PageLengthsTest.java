// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.capture.CsvTable;
import org.iommuemu.capture.TraceRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PageLengthsTest {
    @TempDir
    private Path temp;

    /** Lengths of records of a stream, an address and a length or nothing each. */
    private List<Long> lengths(String... records) throws IOException {
        StringBuilder text = new StringBuilder("seq,timestamp_ns,kind,op,sid,asid,iova,len,perm,pa,detail\n");
        for (String r : records) {
            String[] f = r.split(" ", -1);
            text.append("0,0,dma,translate,")
                    .append(f[0])
                    .append(",2,")
                    .append(f[1])
                    .append(',');
            text.append(f[2]).append(",R,0x1000,\n");
        }
        Path file = Files.writeString(temp.resolve("trace.csv"), text);
        PageLengths lengths = new PageLengths();
        List<Long> all = new ArrayList<>();
        try (CsvTable table = CsvTable.open(file)) {
            TraceRecord r = new TraceRecord(table);
            while (r.next()) {
                all.add(lengths.of(r));
            }
        }
        return all;
    }

    @Test
    void shouldSpreadATransferOverTheRecordsOfItsPages() throws IOException {
        assertThat(lengths("0x10 0x5e00 9000", "0x10 0x6000 ", "0x10 0x7000 ", "0x10 0x8000 "))
                .as("9000 = 512 + 4096 + 4096 + 296")
                .containsExactly(512L, 4096L, 4096L, 296L);
    }

    @Test
    void shouldGoOnWhateverOtherStreamsDo() throws IOException {
        assertThat(lengths("0x10 0x5000 5000", "0x100 0x5000 6000", "0x10 0x6000 ", "0x100 0x6000 "))
                .containsExactly(4096L, 4096L, 904L, 1904L);
    }

    @Test
    void shouldNotKnowWhatNobodySays() throws IOException {
        assertThat(lengths("0x10 0x5000 5000", "0x10 0x9000 ", "0x10 0x6000 ", "0x10 0x6000 64"))
                .containsExactly(4096L, 0L, 0L, 64L);
    }
}
