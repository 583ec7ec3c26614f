// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code replay --driver} of files that it was not made for: one line each, which says where and what. */
class DriverReplayInputTest {
    private static final String HEADER = "t_us,kind,op,sid,asid,iova,size,pa,ref,partner\n";

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path temp;

    private int replay(Path file) {
        return Main.run(new PrintWriter(out), new PrintWriter(err), "replay", file.toString(), "--driver");
    }

    private Path file(String rows) throws IOException {
        return Files.writeString(temp.resolve("any-name.csv"), HEADER + rows);
    }

    private void assertRefused(Path file, int line, String flaw) {
        assertThat(replay(file)).isEqualTo(2);
        assertThat(err.toString()).isEqualTo("iommu-emu: " + file + ":" + line + ": " + flaw + System.lineSeparator());
        assertThat(out.toString()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"FOO", "sync", "Wait"})
    void shouldRefuseACommandThatNoArchitectureHas(String name) throws IOException {
        Path file = file("1,inv,SYNC,,,,,,q1,\n2,inv," + name + ",,,,,,q2,\n");

        assertRefused(
                file,
                3,
                "op is '" + name + "'; expected a command of an SMMUv3, such as SYNC, or of a VT-d unit, such as wait");
    }

    @ParameterizedTest
    @CsvSource({"SYNC, wait, an SMMUv3", "wait, SYNC, a VT-d unit"})
    void shouldRefuseCommandsOfBothArchitectures(String first, String second, String expected) throws IOException {
        Path file = file("1,inv," + first + ",,,,,,q1,\n2,inv," + second + ",,,,,,q2,\n");

        assertRefused(file, 3, "op is '" + second + "'; expected a command of " + expected + ", as before");
    }

    @ParameterizedTest
    @CsvSource({"'map,,0x17777,5,0x1000,4096,0x2000,f2,'", "'dma,,0x17777,5,0x1000,,0x2000,q2,'"})
    void shouldRefuseAStreamThatIsNoRequesterId(String row) throws IOException {
        Path file = file("1,inv,wait,,,,,,q1,\n2," + row + "\n");

        assertRefused(file, 3, "stream is 0x17777; expected a requester id, below 0x10000");
    }

    @Test
    void shouldRefuseMoreDomainsThanTheUnitHas() throws IOException {
        StringBuilder rows = new StringBuilder("1,inv,wait,,,,,,q1,\n");
        for (int domain = 0; domain < 0x10000; domain++) {
            rows.append("2,map,,,").append(domain).append(",0x1000,4096,0x2000,,\n");
        }

        // Ids 0 and 1 are reserved: after the header and a command there is room for the first 65,534.
        assertRefused(
                file(rows.toString()),
                2 + 0xFFFE + 1,
                "more address spaces than domain ids; expected fewer than 65536");
    }

    /** It would be done page by page: for hours. */
    @ParameterizedTest
    @CsvSource({"map, 0x0", "unmap, ''"})
    void shouldRefuseACallThatIsLargerThanAnyMemory(String call, String address) throws IOException {
        Path file = file("1,inv,SYNC,,,,,,q1,\n2," + call + ",,0x10,1,0x0,281474976710656," + address + ",f1,\n");

        assertRefused(file, 3, "size is '281474976710656'; expected a number from 4096 to 68719476736");
    }

    @Test
    void shouldSaySoWhenAStreamHasNoMapping() throws IOException {
        Path file = file("1,inv,SYNC,,,,,,q1,\n2,dma,,0x7777,,0x1000,,0x2000,q2,\n");

        assertThat(replay(file)).isEqualTo(Main.DISAGREED);
        assertThat(err.toString()).isEmpty();
        assertThat(out.toString())
                .contains("line 3: stream 0x7777 0x1000: refused (")
                .endsWith("agreement     0 of 1 addresses agree\n");
    }

    /** Its commands alone say that a second stage translates: registers are those of a QEMU that has one. */
    @Test
    void shouldReplayASecondStageWithoutRegisters() throws IOException {
        Path file = file("""
                1,map,,0x10,1,0x1000,4096,0x2000,f1,
                2,dma,,0x10,1,0x1008,,0x2008,q1,f1
                3,unmap,,0x10,1,0x1000,4096,,f2,q2
                4,inv,TLBI_S2_IPA,,1,0x1000,4096,,q2,f2
                5,inv,SYNC,,,,,,q3,
                """);

        replay(file);

        assertThat(err.toString()).isEmpty();
        assertThat(out.toString())
                .contains("machine       SMMUv3, second stage; Linux 6.1; invalidation strict\n")
                .contains("unmaps        1 of 1 unmaps send exactly their recorded batch\n")
                .endsWith("agreement     1 of 1 addresses agree\n");
    }

    @Test
    void shouldSayWhereACompressedFileIsCut() throws IOException {
        byte[] whole = Files.readAllBytes(Path.of("samples/smmuv3-ftrace-strict/joined.csv.zst"));
        Path file = Files.write(temp.resolve("joined.csv.zst"), Arrays.copyOf(whole, whole.length / 2));

        assertThat(replay(temp)).isEqualTo(2);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .startsWith("iommu-emu: " + file + ":")
                .contains("truncated");
    }

    @Test
    void shouldRefuseACaptureWithoutAJoinedFile() {
        assertThat(replay(Path.of("samples/smmuv3-linux-nvme"))).isEqualTo(2);
        assertThat(err.toString().lines())
                .containsExactly("iommu-emu: samples/smmuv3-linux-nvme: has no joined.csv; expected a folder with one,"
                        + " compressed or not");
    }

    @Test
    void shouldRefuseAnEmptyFile() throws IOException {
        Path file = Files.writeString(temp.resolve("empty.csv"), "");

        assertRefused(file, 1, "no header row; expected the names of the columns");
    }
}
