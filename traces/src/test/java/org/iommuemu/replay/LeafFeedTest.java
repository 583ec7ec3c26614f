// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.CsvTable;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Source 0x10 of a legacy-mode unit, domain 3, with an empty 3-level root table at 0x5000. */
class LeafFeedTest {
    private static final String HEADER =
            "seq,timestamp_ns,kind,op,sid,asid,iova,len,perm,pa,tlb,level,pte_addr,pte,detail\n";
    private static final long ROOT_TABLE = 0x5000;

    @TempDir
    private Path temp;

    private final PhysicalMemory memory = new PhysicalMemory();
    private final Vtd vtd = new Vtd(memory, VtdFeatures.full(), CacheConfiguration.none(), InterruptSink.NONE);

    @BeforeEach
    void context() throws IOException {
        memory.writeLong(0x1000, 0x2000 | 1);
        memory.writeLong(0x2000 + 0x10 * 16, ROOT_TABLE | 1);
        memory.writeLong(0x2000 + 0x10 * 16 + 8, 0x301);
        vtd.writeRegister(0x20, 8, 0x1000);
        Files.writeString(temp.resolve("memory.json"), "{\"page_size\": 4096, \"addresses\": [\"0x1000\"]}");
        Files.write(temp.resolve("memory.bin"), new byte[4096]);
        Files.writeString(temp.resolve("registers.json"), "{\"device\": \"VT-d\", \"registers\": []}");
    }

    private long feed(String... records) throws IOException {
        StringBuilder text = new StringBuilder(HEADER);
        for (String r : records) {
            text.append("1,0,").append(r).append('\n');
        }
        Files.writeString(temp.resolve("trace.csv"), text);
        try (LeafFeed feed = new LeafFeed(new VtdTables(vtd, memory), memory, new long[] {0x1000, 0x2000, 0x5000});
                CsvTable table = Capture.open(temp).trace()) {
            TraceRecord r = new TraceRecord(table);
            while (r.next()) {
                feed.writeBefore(r);
            }
            return feed.written();
        }
    }

    private static String dma(String iova, String pte, String mask) {
        return "dma,translate,0x10,3," + iova + ",,RW,0x0,miss,,," + pte + ",page_mask=" + mask;
    }

    /** The entries on the way to an address, by shifts written out here. */
    private long entry(long iova, int levels) {
        long table = ROOT_TABLE;
        long entry = 0;
        for (int i = 0; i < levels; i++) {
            entry = memory.readLong(table + (iova >>> 30 - 9 * i & 0x1FF) * 8);
            table = entry & 0xF_FFFF_FFFF_F000L;
        }
        return entry;
    }

    @Test
    void shouldMakeMissingTablesOnPagesThatNothingElseHas() throws IOException {
        long written = feed(dma("0x40201123", "0x7003", "0xfff"));

        assertThat(entry(0x40201123, 3)).isEqualTo(0x7003);
        assertThat(written).isEqualTo(3);
        assertThat(entry(0x40201123, 1)).isEqualTo(0x4000_0003L);
        assertThat(entry(0x40201123, 2)).isEqualTo(0x4000_1003L);
    }

    @Test
    void shouldWriteLargeLeavesWhereTheirPageSizeSays() throws IOException {
        feed(dma("0x40201123", "0x7003", "0xfff"), dma("0x40412345", "0x600083", "0x1fffff"));

        assertThat(entry(0x40400000, 2)).isEqualTo(0x60_0083);
        assertThat(entry(0x40201123, 3)).isEqualTo(0x7003);
    }

    @Test
    void shouldMakeATableWhereALargeLeafWas() throws IOException {
        feed(dma("0x40400000", "0x600083", "0x1fffff"), dma("0x40401000", "0x9003", "0xfff"));

        assertThat(entry(0x40401000, 3)).isEqualTo(0x9003);
        assertThat(entry(0x40400000, 3)).isZero();
    }

    @Test
    void shouldUnmapWhatTheDriverInvalidates() throws IOException {
        feed(
                dma("0x40200000", "0x7003", "0xfff"),
                dma("0x40201000", "0x8003", "0xfff"),
                dma("0x40202000", "0x9003", "0xfff"),
                dma("0x40400000", "0x600083", "0x1fffff"),
                "inv,iotlb,,3,0x40200000,8192,,,,,,,hi=0x40200001;lo=0x300f2");

        assertThat(entry(0x40200000, 3)).isZero();
        assertThat(entry(0x40201000, 3)).isZero();
        assertThat(entry(0x40202000, 3)).isEqualTo(0x9003);
        assertThat(entry(0x40400000, 2)).isEqualTo(0x60_0083);
    }

    @Test
    void shouldUnmapNothingOfAnotherDomainNorPartsOfALeaf() throws IOException {
        feed(
                dma("0x40200000", "0x7003", "0xfff"),
                dma("0x40400000", "0x600083", "0x1fffff"),
                "inv,iotlb,,4,0x40200000,4096,,,,,,,hi=0x40200000;lo=0x400f2",
                "inv,iotlb,,3,0x40400000,4096,,,,,,,hi=0x40400000;lo=0x300f2");

        assertThat(entry(0x40200000, 3)).isEqualTo(0x7003);
        assertThat(entry(0x40400000, 2)).isEqualTo(0x60_0083);
    }

    @Test
    void shouldWriteNothingForASourceWithoutTables() throws IOException {
        assertThat(feed("dma,translate,0x18,3,0x1000,,RW,0x0,miss,,,0x7003,page_mask=0xfff"))
                .isZero();
    }
}
