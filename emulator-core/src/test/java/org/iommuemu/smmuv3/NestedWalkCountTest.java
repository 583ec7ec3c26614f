// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.WalkCaches;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * How many descriptors a walk of one or two stages reads, for every state of the walk caches: the table that the manual of a
 * machine with an MMU-600 prints (Agilex 5 HPS TRM 814346, §4.3.9.2.1; one misprinted cell is corrected in the file).
 */
class NestedWalkCountTest {
    private static final int NO_HIT = -1;
    private static final int STREAM = 1;
    private static final long STREAM_TABLE = 0x10_0000;
    private static final long CD = 0x11_0000;
    /** Everything that stage 2 maps: the tables of stage 1 and what they map, within 2 MiB. */
    private static final long REGION = 0x4000_0000L;

    private static final long IOVA = 0x12_3456_7000L;
    private static final long S2_ATTRIBUTES = 0x7FC; // MemAttr 0b1111, S2AP 0b11, SH 0b11, AF

    private final PhysicalMemory memory = new PhysicalMemory();

    static Stream<Arguments> cells() throws IOException {
        List<Arguments> cells = new ArrayList<>();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(NestedWalkCountTest.class.getResourceAsStream("nested-walk-counts.csv")),
                StandardCharsets.UTF_8))) {
            List<String> lines = in.lines().filter(l -> !l.startsWith("#")).toList();
            String[] columns = lines.get(0).split(",");
            for (String line : lines.subList(1, lines.size())) {
                String[] row = line.split(",", -1);
                for (int c = 2; c < columns.length; c++) {
                    if (!row[c].isEmpty()) {
                        cells.add(Arguments.of(row[0], row[1], columns[c], Integer.parseInt(row[c])));
                    }
                }
            }
        }
        assertThat(cells).hasSize(61);
        return cells.stream();
    }

    @ParameterizedTest(name = "{0} pages, {1}, {2}: {3} reads")
    @MethodSource("cells")
    void shouldReadAsManyDescriptorsAsTheManualSays(String page, String s2State, String s1State, int reads) {
        int leafHeight = page.equals("2M") ? 1 : 0;
        boolean stage1 = !s1State.equals("s1_bypass");
        boolean stage2 = !s2State.equals("S2 bypass");
        if (!stage1 && !stage2) {
            assertThat(reads).isZero();
            return;
        }
        // A state is forced by letting only the caches exist that are to hit; an access fills them.
        CacheGeometry large = CacheGeometry.fullyAssociative(1024, ReplacementPolicy.LRU);
        int stage1Hit = stage1 ? hitHeight(s1State.charAt(3)) : NO_HIT;
        int stage2Hit = stage2 ? hitHeight(s2State.charAt(3)) : NO_HIT;
        int firstHit = stage1 ? stage1Hit : stage2Hit;
        CacheConfiguration caches = CacheConfiguration.none()
                .withConfiguration(large)
                .withIotlb(firstHit == leafHeight ? large : CacheGeometry.none())
                .withWalk(only(firstHit, leafHeight, large))
                .withIpa(stage2Hit == leafHeight ? large : CacheGeometry.none())
                .withStage2Walk(only(stage2Hit, leafHeight, large));
        SmmuV3 smmu = machine(leafHeight, stage1, stage2, caches);
        Transaction access = new Transaction().read(STREAM, stage1 ? IOVA : REGION);
        Verdict verdict = new Verdict();
        smmu.translate(access, verdict);
        assertThat(verdict.isOk()).as("%s", verdict.rule()).isTrue();

        long before = reads(smmu);
        smmu.translate(access, verdict);

        assertThat(verdict.isOk()).isTrue();
        assertThat(reads(smmu) - before).isEqualTo(reads);
        memory.close();
    }

    private static int hitHeight(char level) {
        return Character.isDigit(level) ? Aarch64Stage1.LAST_LEVEL - (level - '0') : NO_HIT;
    }

    private static List<CacheGeometry> only(int height, int leafHeight, CacheGeometry geometry) {
        List<CacheGeometry> geometries = new ArrayList<>();
        for (int h = 1; h <= WalkCaches.COUNT; h++) {
            geometries.add(h == height && h != leafHeight ? geometry : CacheGeometry.none());
        }
        return geometries;
    }

    private static long reads(SmmuV3 smmu) {
        long n = 0;
        for (int h = 0; h < TableFormat.HEIGHTS; h++) {
            n += smmu.unit().walker().accesses(h)
                    + smmu.unit().stageTwo().walker().accesses(h);
        }
        return n;
    }

    private SmmuV3 machine(int leafHeight, boolean stage1, boolean stage2, CacheConfiguration caches) {
        PageAllocator inRegion = new PageAllocator(REGION + 0x1000);
        TableBuilder first = new TableBuilder(memory, inRegion, Aarch64Stage1.format(12, false), 48);
        first.map(IOVA & -(1L << 12 + 9 * leafHeight), REGION, leafHeight, TableBuilder.READ_WRITE);
        TableBuilder second =
                new TableBuilder(memory, new PageAllocator(0x8000_0000L), Aarch64Stage2.format(12, false), 48);
        int leafBits = 12 + 9 * leafHeight;
        for (long ipa = REGION; ipa < REGION + (1 << 21); ipa += 1L << leafBits) {
            second.map(ipa, ipa, leafHeight, S2_ATTRIBUTES);
        }
        // STE: V, Config, S1ContextPtr; S2VMID 0, S2T0SZ 16, S2SL0 2 (level 0), S2PS 48 bits, S2AA64, S2R; S2TTB.
        long config = 4 | (stage1 ? 1 : 0) | (stage2 ? 2 : 0);
        long cd = stage2 ? REGION + 0x10_0000 : CD;
        memory.writeLong(STREAM_TABLE + 64, 1 | config << 1 | cd);
        memory.writeLong(STREAM_TABLE + 80, 16L << 32 | 2L << 38 | 5L << 48 | 1L << 51 | 1L << 58);
        memory.writeLong(STREAM_TABLE + 88, second.root());
        // CD: T0SZ 16, EPD1, V, IPS 48 bits, AA64, R, A; TTB0; MAIR.
        memory.writeLong(cd, 16 | 1L << 30 | 1L << 31 | 5L << 32 | 1L << 41 | 1L << 45 | 1L << 46);
        memory.writeLong(cd + 8, first.root());
        memory.writeLong(cd + 24, 0xFF);
        SmmuV3 smmu = new SmmuV3(memory, SmmuFeatures.full(), caches, InterruptSink.NONE);
        smmu.writeRegister(0x80, 8, STREAM_TABLE);
        smmu.writeRegister(0x88, 4, 1);
        smmu.writeRegister(0x20, 4, 1);
        return smmu;
    }
}
