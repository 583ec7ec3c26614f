// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.StructureReader;
import org.iommuemu.smmuv3.spec.L1Std;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;
import org.jspecify.annotations.Nullable;

/** Finds a stream's STE, in a linear or a two-level stream table (IHI 0070 §3.3.1-3.3.2, §5.1). */
final class StreamTable {
    private static final int FMT_TWO_LEVEL = 1;
    private static final int LARGEST_SPAN = 11;

    private final RegisterFile registers;
    private final SmmuFeatures features;
    private final StructureReader reader;
    private final long[] descriptor = new long[1];
    private long address;

    StreamTable(RegisterFile registers, SmmuFeatures features, StructureReader reader) {
        this.registers = registers;
        this.features = features;
        this.reader = reader;
    }

    /**
     * Fetches an STE.
     *
     * @param ste where to put it
     * @return the rule that kept it from being fetched, or null
     */
    @Nullable
    SmmuRule fetch(int streamId, long[] ste) {
        long stream = streamId & 0xFFFF_FFFFL;
        long cfg = registers.get(Registers.STRTAB_BASE_CFG);
        int log2Size = Registers.STRTAB_LOG2SIZE.getInt(cfg);
        if (stream >>> Math.min(log2Size, features.streamIdBits()) != 0) {
            return SmmuRule.STREAM_ID_RANGE;
        }
        long base = Registers.STRTAB_ADDR.inPlace(registers.get(Registers.STRTAB_BASE));
        if (Registers.STRTAB_FMT.getInt(cfg) != FMT_TWO_LEVEL) {
            address = alignDown(base, log2Size + 6) + stream * Ste.BYTES;
        } else {
            SmmuRule refused = findInLevel2(stream, base, log2Size, split(cfg));
            if (refused != null) {
                return refused;
            }
        }
        return reader.read(Ste.LAYOUT, address, ste) ? null : SmmuRule.STE_FETCH_ABORT;
    }

    private @Nullable SmmuRule findInLevel2(long stream, long base, int log2Size, int split) {
        int alignment = Math.max(6, log2Size - split + 3);
        address = alignDown(base, alignment) + (stream >>> split) * L1Std.BYTES;
        if (!reader.read(L1Std.LAYOUT, address, descriptor)) {
            return SmmuRule.STE_FETCH_ABORT;
        }
        int span = L1Std.SPAN.getInt(descriptor);
        if (span == 0 || span > LARGEST_SPAN) {
            return SmmuRule.L1STD_SPAN_INVALID;
        }
        if (span > split + 1) {
            return SmmuRule.L1STD_SPAN_BEYOND_SPLIT;
        }
        long index = stream & (1L << split) - 1;
        if (index >>> span - 1 != 0) {
            return SmmuRule.STREAM_ID_BEYOND_SPAN;
        }
        address = alignDown(L1Std.L2_PTR.inPlace(descriptor), 6 + span - 1) + index * Ste.BYTES;
        return null;
    }

    /** Where the last structure was read, for the event of a fetch that got no answer: no wider than OAS (§7.3.4). */
    long address() {
        return address & (1L << features.outputBits()) - 1;
    }

    private static int split(long cfg) {
        int split = Registers.STRTAB_SPLIT.getInt(cfg);
        return split == 8 || split == 10 ? split : 6;
    }

    private static long alignDown(long address, int log2) {
        return log2 >= 64 ? 0 : address & -(1L << log2);
    }
}
