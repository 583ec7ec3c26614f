// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JoinedTraceTest {
    private static final String HEADER =
            "n,t_us,source,kind,op,sid,device,asid,iova,size,pa,perm,ref,partner,partner_kind,check,cpu,task\n";
    private static final String MAP =
            "1,10,guest,map,,0x10,0000:00:02.0,3,0xfffff000,4096,0x8090000,,f19,,,,1,kworker/u4:0-9\n";
    private static final String DMA = "2,11,qemu,dma,translate,0x10,,3,0xfffff040,,0x8090040,RW,q102,f19,,ok,,\n";
    private static final String UNMAP = "3,12,guest,unmap,,0x10,0000:00:02.0,3,0xfffff000,4096,,,f23,q103,,,0,\n";
    private static final String COMMAND = "4,13,qemu,inv,TLBI_NH_VA,,,3,0xfffff000,4096,,,q103,f23+f24,,,,\n";

    @TempDir
    private Path temp;

    private Path file(String text) throws IOException {
        return Files.writeString(temp.resolve("joined.csv"), text);
    }

    private static List<JoinedRow> rows(Path file) {
        List<JoinedRow> rows = new ArrayList<>();
        try (JoinedTrace trace = JoinedTrace.open(file)) {
            for (JoinedRow row = trace.next(); row != null; row = trace.next()) {
                rows.add(row);
            }
        }
        return rows;
    }

    @Test
    void shouldReadEveryKindOfRow() throws IOException {
        Path file = file(HEADER + MAP + DMA + UNMAP + COMMAND + "5,13,qemu,inv,SYNC,,,,,,,,q104,,,,,\n");

        List<JoinedRow> rows = rows(file);

        assertThat(rows)
                .extracting(JoinedRow::kind)
                .containsExactly(
                        JoinedRow.Kind.MAP,
                        JoinedRow.Kind.DMA,
                        JoinedRow.Kind.UNMAP,
                        JoinedRow.Kind.COMMAND,
                        JoinedRow.Kind.COMMAND);
        JoinedRow map = rows.get(0);
        assertThat(map.stream()).isEqualTo(0x10);
        assertThat(map.domain()).isEqualTo(3);
        assertThat(map.iova()).isEqualTo(0xfffff000L);
        assertThat(map.bytes()).isEqualTo(4096);
        assertThat(map.pa()).isEqualTo(0x8090000);
        assertThat(map.ref()).isEqualTo(19);
        assertThat(map.cpu()).isEqualTo(1);
        assertThat(map.device()).isEqualTo("0000:00:02.0");
        JoinedRow dma = rows.get(1);
        assertThat(dma.pa()).isEqualTo(0x8090040);
        assertThat(dma.check()).isEqualTo("ok");
        assertThat(dma.partners().areCalls()).isTrue();
        assertThat(dma.partners().get(0)).isEqualTo(19);
        assertThat(rows.get(2).partners().areCalls()).isFalse();
        JoinedRow command = rows.get(3);
        assertThat(command.op()).isEqualTo("TLBI_NH_VA");
        assertThat(command.partners().count()).isEqualTo(2);
        assertThat(command.partners().get(1)).isEqualTo(24);
        JoinedRow sync = rows.get(4);
        assertThat(sync.hasRange()).isFalse();
        assertThat(sync.domain()).isEqualTo(JoinedRow.NONE);
        assertThat(sync.stream()).isEqualTo(JoinedRow.NONE);
        assertThat(sync.partners().isEmpty()).isTrue();
    }

    @Test
    void shouldReadFilesWithoutTheColumnsThatAreNotNeeded() throws IOException {
        Path file = file("t_us,kind,op,sid,asid,iova,size,pa,ref,partner\n10,map,,0x10,3,0x1000,4096,0x2000,f1,\n");

        List<JoinedRow> rows = rows(file);

        assertThat(rows).hasSize(1);
        assertThat(rows.get(0).cpu()).isZero();
        assertThat(rows.get(0).check()).isEmpty();
        assertThat(rows.get(0).device()).isEmpty();
    }

    @Test
    void shouldTellAStreamByThePciName() throws IOException {
        Path file = file(HEADER + MAP.replace(",0x10,0000:00:02.0,", ",,0001:02:1f.7,"));

        assertThat(rows(file).get(0).stream()).isEqualTo(0x2ff);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1,x,guest,map,,0x10,,3,0x1000,4096,0x2000,,f1,,,,0, | t_us is 'x'; expected a decimal number",
                "1,9,guest,mop,,0x10,,3,0x1000,4096,0x2000,,f1,,,,0, | kind is 'mop'; expected map, unmap, inv or dma",
                "1,9,guest,map,,,0000:00:42.0,3,0x1000,4096,0x2000,,f1,,,,0, | device is '0000:00:42.0'; expected a PCI name",
                "1,9,guest,map,,16,,3,0x1000,4096,0x2000,,f1,,,,0, | sid is '16'; expected a hexadecimal number",
                "1,9,guest,map,,0x10,,x,0x1000,4096,0x2000,,f1,,,,0, | asid is 'x'; expected a decimal number or",
                "1,9,guest,map,,0x10,,3,0x1001,4096,0x2000,,f1,,,,0, | iova is '0x1001'; expected a multiple of 4096",
                "1,9,guest,map,,0x10,,3,,4096,0x2000,,f1,,,,0, | iova is empty; expected a hexadecimal number",
                "1,9,guest,map,,0x10,,3,0x1000,4097,0x2000,,f1,,,,0, | size is '4097'; expected a multiple of 4096",
                "1,9,guest,map,,0x10,,3,0x1000,0,0x2000,,f1,,,,0, | size is '0'; expected a number from 4096 to",
                "1,9,guest,unmap,,0x10,,3,0x1000,,,,f1,,,,0, | size is empty; expected a decimal number or",
                "1,9,guest,map,,0x10,,3,0x1000,4096,,,f1,,,,0, | pa is empty; expected a hexadecimal number",
                "1,9,guest,map,,0x10,,3,0x1000,4096,0x10000000000000,,f1,,,,0, | pa is '0x10000000000000'; expected a value below 2^52",
                "1,9,guest,map,,0x10,,3,0x1000,4096,0x2000,,q1,,,,0, | ref is 'q1'; expected f<number>",
                "1,9,qemu,dma,,0x10,,3,0x1000,,0x2000,,f1,,,,, | ref is 'f1'; expected q<number>",
                "1,9,qemu,dma,,,,3,0x1000,,0x2000,,q1,,,,, | sid is empty; expected a hexadecimal number",
                "1,9,qemu,inv,,,,3,0x1000,4096,,,q1,,,,, | op is empty; expected the name of a command",
                "1,9,qemu,inv,SYNC,,,,,,,,q1,f1+q2,,,, | partner is 'f1+q2'; expected f<line> or q<seq>",
                "1,9,qemu,inv,SYNC,,,,,,,,q1,f1+,,,, | partner is 'f1+'; expected f<line> or q<seq>",
                "1,9,qemu,inv,SYNC,,,,,,,,q1,f-1,,,, | partner is 'f-1'; expected f<line> or q<seq>",
                "1,9,guest,map,,0x10,,3,0x1000,4096,0x2000,,f1,,,,x, | cpu is 'x'; expected a decimal number or",
                "1,9,guest,map,,0x10 | the row has 6 fields; expected 18, as many as the header"
            })
    void shouldSayWhatIsWrongWithARow(String row, String message) throws IOException {
        Path file = file(HEADER + row + "\n");

        assertThatThrownBy(() -> rows(file))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(file + ":2: " + message);
    }

    @Test
    void shouldRefuseRowsThatGoBackInTime() throws IOException {
        Path file = file(HEADER + DMA.replace("2,11,", "2,100011,") + MAP.replace("1,10,", "1,11,") + MAP);

        assertThatThrownBy(() -> rows(file))
                .hasMessage(file + ":4: t_us is '10'; expected at least 11, 100 ms before the latest one");
    }

    @Test
    void shouldRefuseFilesWithoutANeededColumn() throws IOException {
        Path file = file("t_us,kind,op,sid,asid,iova,size,pa,ref\n");

        assertThatThrownBy(() -> JoinedTrace.open(file))
                .hasMessage(file + ":1: no column 'partner'; expected a header with it");
    }

    @Test
    void shouldFindTheFileInItsFolder() throws IOException {
        Path file = file(HEADER);

        assertThat(JoinedTrace.in(temp)).isEqualTo(file);
        assertThat(JoinedTrace.in(file)).isEqualTo(file);
        Files.delete(file);
        assertThatThrownBy(() -> JoinedTrace.in(temp))
                .hasMessage(temp + ": has no joined.csv; expected a folder with one, compressed or not");
    }
}
