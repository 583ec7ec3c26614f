// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.iommuemu.capture.InputException;
import org.iommuemu.trace.DmaRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Traces of IOMMUs alone: QEMU's log, what captures have made of it, HyperSIO's records. */
class ObservedImportTest {
    private static final String HEADER =
            "seq,timestamp_ns,kind,op,sid,asid,iova,len,perm,pa,tlb,level,pte_addr,pte,detail";

    @TempDir
    private Path temp;

    /** The capture was made of the same log, by its recorder. */
    @ParameterizedTest
    @CsvSource({"smmuv3-linux-vfio, 683", "vtd-scalable-linux-vfio, 733"})
    void shouldFindTheAccessesThatTheCaptureHasOfTheSameLog(String name, int accesses) throws IOException {
        Imports log = Imports.of(Imports.real(name + ".qemu.log.xz"), temp);
        Imports capture = Imports.of(Path.of("samples", name), temp);

        assertThat(log.summary().source()).isEqualTo(ImportSource.QEMU_LOG);
        assertThat(capture.summary().source()).isEqualTo(ImportSource.CAPTURE);
        assertThat(dma(log)).hasSize(accesses).containsExactlyElementsOf(dma(capture));
        assertThat(log.texts()).containsExactlyElementsOf(capture.texts());
    }

    private static List<String> dma(Imports made) {
        return made.records().stream()
                .filter(DmaRecord::isDma)
                .map(r -> r.time() + " " + Imports.text(r))
                .toList();
    }

    @Test
    void shouldMapAtTheFirstTouchAndUnmapWhatACommandInvalidates() throws IOException {
        Imports made = Imports.of(
                temp,
                "trace.csv",
                HEADER,
                "1,1000,dma,translate,0x10,1,0x1040,64,RW,0x41000040,miss,3,,,",
                "2,2000,dma,translate,0x10,1,0x1080,9000,RW,0x41000080,hit,,,,",
                "3,3000,dma,translate,0x10,1,0x200123,,R,0x80000123,miss,2,,,",
                "4,4000,inv,TLBI_NH_VA,,1,0x1000,4096,,,,,,,cmdq_index=1",
                "5,5000,inv,TLBI_NH_VA,,2,0x200000,4096,,,,,,,cmdq_index=2",
                "6,6000,dma,translate,0x10,1,0x1040,64,RW,0x42000040,miss,3,,,",
                "7,7000,inv,TLBI_NH_ASID,,1,,,,,,,,,cmdq_index=3",
                "8,8000,dma,translate,0x10,1,0x1040,64,W,0x43000040,miss,3,,,",
                "9,9000,fault,SMMU_EVT_F_PERMISSION,0x10,1,0x200200,,,,,,,,",
                "10,9500,mmio_read,CR0,,,0x20,4,,,,,,,value=0x0");

        assertThat(made.texts())
                .containsExactly(
                        "map 0x10 0x1000 4096 0x41000000 12 rw",
                        "read 0x10 0x1040 64 0x41000040 -",
                        "read 0x10 0x1080 3968 0x41000080 -",
                        "map 0x10 0x200000 2097152 0x80000000 21 r",
                        "read 0x10 0x200123 0 0x80000123 -",
                        "unmap 0x10 0x1000 4096 - 12",
                        "map 0x10 0x1000 4096 0x42000000 12 rw",
                        "read 0x10 0x1040 64 0x42000040 -",
                        "invalidate 0x10 0x0 0 - -",
                        "unmap 0x10 0x1000 4096 - 12",
                        "map 0x10 0x1000 4096 0x43000000 12 w",
                        "write 0x10 0x1040 64 0x43000040 -",
                        "write 0x10 0x200200 0 - -");
        assertThat(made.note("pages that were mapped elsewhere without a command; unmapped first"))
                .isEqualTo(1);
        assertThat(made.note("register accesses")).isEqualTo(1);
    }

    @Test
    void shouldUnmapARangeThatQemuInvalidatesPieceByPieceAsOne() throws IOException {
        String at = "7@1795228172.00000";
        Imports made = Imports.of(
                temp,
                "qemu.log",
                at + "1:smmu_iotlb_insert IOTLB ++ asid=1 addr=0x1000 tg=1 level=3",
                at + "2:smmuv3_translate_success region-16-2 sid=0x10 iova=0x1040 translated=0x41000040 perm=0x3",
                at + "3:smmu_iotlb_insert IOTLB ++ asid=1 addr=0x3000 tg=1 level=3",
                at + "4:smmuv3_translate_success region-16-2 sid=0x10 iova=0x3040 translated=0x43000040 perm=0x2",
                at + "5:smmuv3_s1_range_inval vmid=0 asid=1 addr=0x1000 tg=1 num_pages=0x1 ttl=3 leaf=1",
                at + "6:smmuv3_s1_range_inval vmid=0 asid=1 addr=0x2000 tg=1 num_pages=0x2 ttl=3 leaf=1",
                "a line of something else");

        assertThat(made.texts())
                .containsExactly(
                        "map 0x10 0x1000 4096 0x41000000 12 rw",
                        "read 0x10 0x1040 0 0x41000040 -",
                        "map 0x10 0x3000 4096 0x43000000 12 w",
                        "write 0x10 0x3040 0 0x43000040 -",
                        "unmap 0x10 0x1000 12288 - 12");
        assertThat(made.records().get(3).time()).isEqualTo(3_000_000);
        assertThat(made.note("lines that are no events")).isEqualTo(1);
    }

    @Test
    void shouldSayWhichLineOfALogIsWrong() {
        assertThatThrownBy(() -> Imports.of(
                        temp,
                        "qemu.log",
                        "7@1.000000:vtd_inv_desc_iotlb_global iotlb",
                        "7@1.000001:vtd_dmar_fault sid 0x50"))
                .isInstanceOf(InputException.class)
                .hasMessage(temp.resolve("qemu.log") + ":2: 'sid 0x50' has no addr; expected addr <number>");
    }

    private static byte[] hypersio(int did, long iova, int pageBits, int level, long entry) {
        ByteBuffer b = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
        b.putInt(1).putShort((short) 0x18).putShort((short) did).putLong(iova).putLong(-1L << pageBits);
        return b.putLong(level).putLong(entry).putLong(-1).array();
    }

    private Path hypersio(byte[]... records) throws IOException {
        byte[] all = new byte[48 * records.length];
        for (int i = 0; i < records.length; i++) {
            System.arraycopy(records[i], 0, all, 48 * i, 48);
        }
        return Files.write(temp.resolve("iova_trace.bin"), all);
    }

    @Test
    void shouldReadRecordsOfHypersio() throws IOException {
        Path file = hypersio(
                hypersio(5, 0xFFFF_F010L, 12, 1, 0x4100_0003),
                hypersio(0x8001, 0x8020_0123L, 21, 2, 0x1_0040_0083L),
                hypersio(5, 0xFFFF_F020L, 12, 1, 0x4100_0003));
        Imports made = Imports.of(file, temp);

        assertThat(made.summary().source()).isEqualTo(ImportSource.HYPERSIO);
        assertThat(made.texts())
                .containsExactly(
                        "map 0x5 0xfffff000 4096 0x41000000 12 rw",
                        "read 0x5 0xfffff010 0 0x41000010 -",
                        "map 0x8001 0x80200000 2097152 0x100400000 21 rw",
                        "read 0x8001 0x80200123 0 0x100400123 -",
                        "read 0x5 0xfffff020 0 0x41000020 -");
    }

    @Test
    void shouldSayWhichRecordOfHypersioIsWrong() throws IOException {
        byte[] good = hypersio(5, 0x1000, 12, 1, 0x4100_0003);
        byte[] bad = hypersio(5, 0x1000, 13, 1, 0x4100_0003);
        Path wrong = hypersio(good, bad);
        Path cut = Files.write(temp.resolve("cut.bin"), Arrays.copyOf(Files.readAllBytes(wrong), 60));

        assertThatThrownBy(() -> Imports.of(wrong, temp))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        wrong + ": record 2 at byte 48: mask is 0xffffffffffffe000; expected that of a page of 4 KiB,"
                                + " 2 MiB or 1 GiB");
        assertThatThrownBy(() -> Imports.of(cut, temp))
                .isInstanceOf(InputException.class)
                .hasMessage(cut + ": record 2 at byte 48: the file ends here; expected whole records of 48 bytes");
    }

    @Test
    void shouldSayThatAFileIsOfNoKnownKind() {
        assertThatThrownBy(() -> Imports.of(temp, "notes.txt", "nothing of ours"))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        temp.resolve("notes.txt")
                                + ": is of no known kind; expected one of joined, capture, ftrace, qemu-log, hypersio, or --from");
    }

    @Test
    void shouldSayThatAPackedLogEndsEarly() throws IOException {
        byte[] whole = Files.readAllBytes(Imports.real("smmuv3-linux-vfio.qemu.log.xz"));
        Path cut = Files.write(temp.resolve("cut.log.xz"), Arrays.copyOf(whole, 200));

        assertThatThrownBy(() -> Imports.of(cut, temp))
                .isInstanceOf(InputException.class)
                .hasMessage(cut + ": truncated: ends in the first bytes; expected a whole file");
    }
}
