// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.WalkCaches;
import org.iommuemu.paging.build.PageAllocator;
import org.iommuemu.paging.build.TableBuilder;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;

/** An SMMUv3 with one stream of one or two stages, four levels of 4 KiB tables each, in which a single page or block is mapped. */
final class NestedMachine implements AutoCloseable {
    static final int STREAM = 1;

    /** What is mapped, if there is a first stage. */
    static final long INPUT = 0x12_3456_7000L;

    /** Everything that the second stage maps: the tables of the first and what they map, within 2 MiB. */
    static final long REGION = 0x4000_0000L;

    private static final int INPUT_BITS = 48;
    private static final int GRANULE = 12;
    private static final int STRIDE = 9;
    private static final long STREAM_TABLE = 0x10_0000;
    private static final long CD = 0x11_0000;
    private static final long CD_IN_REGION = REGION + 0x10_0000;
    private static final long SECOND_TABLES = 0x8000_0000L;
    private static final long SIZE_48_BITS = 5;
    private static final long LEVEL_0 = 2;
    /** MemAttr write-back, S2AP read and write, SH inner, AF. */
    private static final long STAGE_2_ATTRIBUTES = 0x7FC;

    private final PhysicalMemory memory = new PhysicalMemory();
    private final SmmuV3 smmu;

    /**
     * A machine.
     *
     * @param leafHeight 0 for a page, 1 for a block of 2 MiB, of both stages
     */
    NestedMachine(int leafHeight, boolean stage1, boolean stage2, CacheConfiguration caches) {
        int leafBits = GRANULE + STRIDE * leafHeight;
        TableBuilder first = new TableBuilder(
                memory, new PageAllocator(REGION + 0x1000), Aarch64Stage1.format(GRANULE, false), INPUT_BITS);
        first.map(INPUT & -(1L << leafBits), REGION, leafHeight, TableBuilder.READ_WRITE);
        TableBuilder second = new TableBuilder(
                memory, new PageAllocator(SECOND_TABLES), Aarch64Stage2.format(GRANULE, false), INPUT_BITS);
        for (long ipa = REGION; ipa < REGION + (1 << 21); ipa += 1L << leafBits) {
            second.map(ipa, ipa, leafHeight, STAGE_2_ATTRIBUTES);
        }
        long cd = stage2 ? CD_IN_REGION : CD;
        long[] ste = new long[Ste.BYTES / Long.BYTES];
        Ste.V.set(ste, 1);
        Ste.CONFIG.set(ste, Ste.CONFIG_ENABLE | (stage1 ? Ste.CONFIG_STAGE_1 : 0) | (stage2 ? Ste.CONFIG_STAGE_2 : 0));
        ste[0] |= cd;
        Ste.S2T0SZ.set(ste, 64 - INPUT_BITS);
        Ste.S2SL0.set(ste, LEVEL_0);
        Ste.S2PS.set(ste, SIZE_48_BITS);
        Ste.S2AA64.set(ste, 1);
        Ste.S2R.set(ste, 1);
        ste[3] |= second.root();
        write(STREAM_TABLE + STREAM * (long) Ste.BYTES, ste);
        long[] context = new long[Cd.BYTES / Long.BYTES];
        Cd.T0SZ.set(context, 64 - INPUT_BITS);
        Cd.EPD1.set(context, 1);
        Cd.V.set(context, 1);
        Cd.IPS.set(context, SIZE_48_BITS);
        Cd.AA64.set(context, 1);
        Cd.R.set(context, 1);
        Cd.A.set(context, 1);
        context[1] |= first.root();
        context[3] = 0xFF;
        write(cd, context);
        smmu = new SmmuV3(memory, SmmuFeatures.full(), caches, InterruptSink.NONE);
        smmu.writeRegister(Registers.STRTAB_BASE.offset(), Long.BYTES, STREAM_TABLE);
        smmu.writeRegister(Registers.STRTAB_BASE_CFG.offset(), Integer.BYTES, STREAM);
        smmu.writeRegister(Registers.CR0.offset(), Integer.BYTES, Registers.SMMUEN.mask());
    }

    private void write(long address, long[] words) {
        for (int i = 0; i < words.length; i++) {
            memory.writeLong(address + i * (long) Long.BYTES, words[i]);
        }
    }

    SmmuV3 smmu() {
        return smmu;
    }

    /** Caches of walks of which only that of one height has entries; none has if that is the height of leaves. */
    static List<CacheGeometry> only(int height, int leafHeight, CacheGeometry geometry) {
        List<CacheGeometry> geometries = new ArrayList<>();
        for (int h = 1; h <= WalkCaches.COUNT; h++) {
            geometries.add(h == height && h != leafHeight ? geometry : CacheGeometry.none());
        }
        return geometries;
    }

    @Override
    public void close() {
        memory.close();
    }
}
