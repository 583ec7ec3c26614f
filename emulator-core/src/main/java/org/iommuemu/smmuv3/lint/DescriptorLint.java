// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.lint;

import org.iommuemu.iommu.LintLog;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.paging.Aarch64Descriptor;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.TableRoot;

/** What is wrong with a descriptor that a walk takes all the same (DDI 0487 §D8.3). */
final class DescriptorLint {
    private static final int BLOCK = 1;
    private static final int RESERVED_SHAREABILITY = 1;
    private static final int FIRST_RESERVED_OF_BLOCKS = 17;
    private static final long ADDRESS = (1L << 48) - (1L << 12);
    private static final long UPPER_RESERVED = 3L << 48;
    private static final int GRANULE_64K = 16;

    private final PhysicalMemory memory;
    private final LintLog log;

    DescriptorLint(PhysicalMemory memory, LintLog log) {
        this.memory = memory;
        this.log = log;
    }

    void check(TableRoot root, int height, long address, long d) {
        TableFormat format = root.format();
        boolean table = format.isTable(d, height);
        boolean leaf = format.isLeaf(d, height);
        boolean wide = format.nextTable(-1L) >>> 48 != 0;
        if (!table && !leaf) {
            report(SmmuLintRule.DESCRIPTOR_TYPE_RESERVED, root, address, d, Aarch64Descriptor.TYPE.getInt(d) == BLOCK);
            return;
        }
        report(
                SmmuLintRule.DESCRIPTOR_RESERVED_BITS,
                root,
                address,
                d,
                (d & reserved(format, height, leaf, wide)) != 0);
        if (!leaf) {
            return;
        }
        boolean ownShareability = !wide || format.granuleShift() == GRANULE_64K;
        report(
                SmmuLintRule.DESCRIPTOR_SHAREABILITY_RESERVED,
                root,
                address,
                d,
                ownShareability && Aarch64Descriptor.SH.getInt(d) == RESERVED_SHAREABILITY);
        int type = Aarch64Stage2.MEM_ATTR.getInt(d);
        report(
                SmmuLintRule.DESCRIPTOR_MEMORY_TYPE_RESERVED,
                root,
                address,
                d,
                root.stage() == 2 && (type & 3) == 0 && type != 0);
        if (Aarch64Descriptor.CONTIGUOUS.isSet(d)) {
            contiguous(root, height, address, d, wide);
        }
    }

    /** Bits below the address that its size leaves over, and those above it. */
    private static long reserved(TableFormat format, int height, boolean leaf, boolean wide) {
        int granule = format.granuleShift();
        long low = wide && granule == GRANULE_64K || !leaf && wide ? 0 : (1L << granule) - (1L << 12);
        long block = leaf && height > 0 ? (1L << format.shift(height)) - (1L << FIRST_RESERVED_OF_BLOCKS) : 0;
        // Bits 15:12 of a block are below its address and above bit 11, and so reserved like those of a large page.
        return (leaf && height > 0 ? low & ~Aarch64Descriptor.NT.mask() : low)
                | block
                | (wide && granule != GRANULE_64K ? 0 : UPPER_RESERVED);
    }

    /** Each entry of the run must be a leaf that continues the address with the same attributes, marked like the others. */
    private void contiguous(TableRoot root, int height, long address, long d, boolean wide) {
        TableFormat format = root.format();
        int entryShift = format.shift(height);
        int entriesLog2 = format.spanShift(d, height) - entryShift;
        if (entriesLog2 == 0 || wide) {
            return;
        }
        long first = address & -(8L << entriesLog2);
        long dirty = Aarch64Descriptor.DBM.isSet(d) ? Aarch64Descriptor.AP_READ_ONLY.mask() : 0;
        long compared = ~(ADDRESS | Aarch64Descriptor.AF.mask() | Aarch64Descriptor.SOFTWARE.mask() | dirty);
        long base = format.output(d, height) & -(1L << entryShift + entriesLog2);
        boolean consistent = true;
        for (int i = 0; i < 1 << entriesLog2; i++) {
            long other = memory.readLong(first + i * 8L);
            other = root.isBigEndian() ? Long.reverseBytes(other) : other;
            consistent &= format.isLeaf(other, height)
                    && ((other ^ d) & compared) == 0
                    && format.output(other, height) == base + ((long) i << entryShift);
        }
        report(SmmuLintRule.CONTIGUOUS_INCONSISTENT, root, first, d, !consistent);
    }

    private void report(SmmuLintRule rule, TableRoot root, long address, long seen, boolean broken) {
        if (broken) {
            log.add(rule, "stage " + root.stage() + " descriptor at 0x" + Long.toHexString(address), seen);
        }
    }
}
