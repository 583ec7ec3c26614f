// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

/**
 * Memory attributes as the tables and prose of fact sheet 4.7 and 7.5 have them, spelt out in words: a type per level of
 * cache, hints per level, shareability. Slow and plain; nothing is shared with the model.
 */
final class NaiveAttributes {
    /** nGnRnE, nGnRE, nGRE, GRE; empty for Normal memory. */
    String device = "";
    /** NC, WT or WB. */
    final String[] level = {"WB", "WB"};

    final boolean[] readAllocate = {true, true};
    final boolean[] writeAllocate = {true, true};
    final boolean[] passing = {false, false};
    String shareability = "NSH";

    private static final String[] DEVICES = {"nGnRnE", "nGnRE", "nGRE", "GRE"};

    static NaiveAttributes incoming() {
        return new NaiveAttributes();
    }

    /** A MAIR byte without reserved codes. */
    static NaiveAttributes mair(int mair, int sh) {
        NaiveAttributes a = new NaiveAttributes();
        a.shareability = shareability(sh);
        if (mair >>> 4 == 0) {
            a.device = DEVICES[mair >>> 2 & 3];
        }
        for (int i = 0; i < 2; i++) {
            int nibble = i == 0 ? mair >>> 4 : mair & 0xF;
            a.level[i] = nibble == 4 ? "NC" : (nibble & 4) != 0 ? "WB" : "WT";
            a.readAllocate[i] = (nibble & 2) != 0;
            a.writeAllocate[i] = (nibble & 1) != 0;
            a.passing[i] = nibble < 8;
        }
        return a;
    }

    /** A stage 2 MemAttr without reserved codes; its hints never restrict. */
    static NaiveAttributes memAttr(int memAttr, int sh) {
        NaiveAttributes a = new NaiveAttributes();
        a.shareability = shareability(sh);
        if (memAttr < 4) {
            a.device = DEVICES[memAttr];
        }
        String[] types = {"", "NC", "WT", "WB"};
        a.level[0] = types[memAttr >>> 2];
        a.level[1] = types[memAttr & 3];
        return a;
    }

    private static String shareability(int sh) {
        return sh == 2 ? "OSH" : sh == 3 ? "ISH" : "NSH";
    }

    /** MTCFG and MemAttr, ALLOCCFG, SHCFG. */
    static NaiveAttributes overridden(int mtcfg, int memAttr, int alloccfg, int shcfg) {
        boolean reserved = memAttr == 4 || memAttr == 8 || memAttr == 12;
        NaiveAttributes a = mtcfg == 0 ? incoming() : memAttr(reserved ? 0 : memAttr, 0);
        for (int i = 0; i < 2 && alloccfg >= 8; i++) {
            a.readAllocate[i] = (alloccfg & 4) != 0;
            a.writeAllocate[i] = (alloccfg & 2) != 0;
            a.passing[i] = (alloccfg & 1) != 0;
        }
        a.shareability = shareability(shcfg);
        return a;
    }

    /** Stage 1, with the hints of what comes in where that is cacheable. */
    NaiveAttributes translatedTo(NaiveAttributes stage1) {
        for (int i = 0; i < 2; i++) {
            if (device.isEmpty() && !level[i].equals("NC")) {
                stage1.readAllocate[i] &= readAllocate[i];
                stage1.writeAllocate[i] &= writeAllocate[i];
                stage1.passing[i] |= passing[i];
            }
        }
        return stage1;
    }

    /** Stage 2 behind this. */
    NaiveAttributes combinedWith(NaiveAttributes stage2) {
        shareability = weakerShareability(made(), stage2.made());
        if (!device.isEmpty() || !stage2.device.isEmpty()) {
            String weakest = "";
            for (String type : new String[] {"GRE", "nGRE", "nGnRE", "nGnRnE"}) {
                if (type.equals(device) || type.equals(stage2.device)) {
                    weakest = type;
                }
            }
            device = weakest;
            return this;
        }
        for (int i = 0; i < 2; i++) {
            for (String type : new String[] {"WT", "NC"}) {
                if (stage2.level[i].equals(type) && !level[i].equals("NC")) {
                    level[i] = type;
                }
            }
        }
        return this;
    }

    /** Stage 2 with S2FWB=1; {@code memAttr} without reserved codes. */
    NaiveAttributes forcedBy(int memAttr, int sh) {
        switch (memAttr & 7) {
            case 6 -> {
                shareability = weakerShareability(made(), memAttr(15, sh).made());
                for (int i = 0; i < 2; i++) {
                    if (!device.isEmpty() || level[i].equals("NC")) {
                        readAllocate[i] = true;
                        writeAllocate[i] = true;
                        passing[i] = false;
                    }
                    level[i] = "WB";
                }
                device = "";
            }
            case 7 -> combinedWith(memAttr(15, sh));
            case 5 -> combinedWith(memAttr(5, sh));
            default -> combinedWith(memAttr(memAttr & 3, sh));
        }
        return this;
    }

    private static String weakerShareability(NaiveAttributes a, NaiveAttributes b) {
        for (String sh : new String[] {"OSH", "ISH"}) {
            if (a.shareability.equals(sh) || b.shareability.equals(sh)) {
                return sh;
            }
        }
        return "NSH";
    }

    /** Consistency: Device and non-cacheable are outer shareable; no allocation means not transient. */
    private NaiveAttributes made() {
        if (!device.isEmpty() || level[0].equals("NC") && level[1].equals("NC")) {
            shareability = "OSH";
        }
        return this;
    }

    /** As {@code Verdict.attributes()} gives them. */
    long encoded() {
        made();
        long sh = shareability.equals("OSH") ? 2 : shareability.equals("ISH") ? 3 : 0;
        if (!device.isEmpty()) {
            for (int i = 0; i < 4; i++) {
                if (DEVICES[i].equals(device)) {
                    return sh << 8 | (long) i << 2;
                }
            }
        }
        return sh << 8 | nibble(0) << 4 | nibble(1);
    }

    private long nibble(int i) {
        if (level[i].equals("NC")) {
            return 4;
        }
        boolean allocates = readAllocate[i] || writeAllocate[i];
        return (passing[i] && allocates ? 0 : 8)
                | (level[i].equals("WB") ? 4 : 0)
                | (readAllocate[i] ? 2 : 0)
                | (writeAllocate[i] ? 1 : 0);
    }
}
