// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import org.iommuemu.bits.Register;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.L1Cd;
import org.iommuemu.smmuv3.spec.L1Std;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.smmuv3.spec.Ste;
import org.iommuemu.vtd.spec.PasidDirectoryEntry;
import org.iommuemu.vtd.spec.PasidEntry;
import org.iommuemu.vtd.spec.RootEntry;
import org.iommuemu.vtd.spec.ScalableContextEntry;
import org.iommuemu.vtd.spec.VtdRegisters;

/** What hardware reads for each device, found as hardware finds it: stream or context entry, contexts or PASID entries. */
final class TableImage {
    private static final int FMT_TWO_LEVEL = 1;
    private static final int S1FMT_LINEAR = 0;
    private static final int LEAF_BITS_4K = 6;
    private static final int PASID_LEAF_BITS = 6;

    private final ControlledMachine machine;
    private final PhysicalMemory memory;

    TableImage(ControlledMachine machine) {
        this.machine = machine;
        memory = machine.memory;
    }

    void append(StringBuilder text) {
        for (int stream : machine.known.keySet()) {
            if (machine.isSmmu()) {
                appendStream(text, stream);
            } else {
                appendContext(text, stream);
            }
        }
    }

    private long register(Register r) {
        return machine.iommu.readRegister(r.offset(), r.bytes());
    }

    private boolean append(StringBuilder text, String name, long at, int words) {
        StringBuilder line = new StringBuilder(name);
        boolean any = false;
        for (int i = 0; i < words; i++) {
            long word = memory.readLong(at + (long) i * Long.BYTES);
            any |= word != 0;
            line.append(' ').append(Long.toHexString(word));
        }
        if (any) {
            text.append(line).append(System.lineSeparator());
        }
        return any;
    }

    private void appendStream(StringBuilder text, int stream) {
        long base = Registers.STRTAB_ADDR.inPlace(register(Registers.STRTAB_BASE));
        long cfg = register(Registers.STRTAB_BASE_CFG);
        long at = base + (long) stream * Ste.BYTES;
        if (Registers.STRTAB_FMT.getInt(cfg) == FMT_TWO_LEVEL) {
            int split = Registers.STRTAB_SPLIT.getInt(cfg);
            long l1 = memory.readLong(base + (long) (stream >>> split) * L1Std.BYTES);
            if (L1Std.SPAN.getInt(l1) == 0) {
                return;
            }
            at = L1Std.L2_PTR.inPlace(l1) + (stream & (1L << split) - 1) * Ste.BYTES;
        }
        long[] ste = new long[Ste.WORDS];
        for (int i = 0; i < ste.length; i++) {
            ste[i] = memory.readLong(at + (long) i * Long.BYTES);
        }
        boolean hostContexts = append(text, String.format("STE %04x", stream), at, Ste.WORDS)
                && (Ste.CONFIG.get(ste) & Ste.CONFIG_STAGE_1) != 0
                && (Ste.CONFIG.get(ste) & Ste.CONFIG_STAGE_2) == 0;
        if (hostContexts) {
            appendContexts(text, stream, ste);
        }
    }

    private void appendContexts(StringBuilder text, int stream, long[] ste) {
        long pointer = Ste.S1_CONTEXT_PTR.inPlace(ste);
        int bits = Ste.S1CDMAX.getInt(ste);
        if (Ste.S1FMT.getInt(ste) == S1FMT_LINEAR) {
            for (int i = 0; i < 1 << bits; i++) {
                append(text, String.format("CD %04x.%x", stream, i), pointer + (long) i * Cd.BYTES, Cd.WORDS);
            }
            return;
        }
        for (int i = 0; i < 1 << bits - LEAF_BITS_4K; i++) {
            long l1 = memory.readLong(pointer + (long) i * L1Cd.BYTES);
            for (int j = 0; L1Cd.V.isSet(l1) && j < 1 << LEAF_BITS_4K; j++) {
                append(
                        text,
                        String.format("CD %04x.%x", stream, (i << LEAF_BITS_4K) + j),
                        L1Cd.L2_PTR.inPlace(l1) + (long) j * Cd.BYTES,
                        Cd.WORDS);
            }
        }
    }

    private void appendContext(StringBuilder text, int stream) {
        long root = VtdRegisters.RTA.inPlace(register(VtdRegisters.RTADDR));
        int devfn = stream & 0xFF;
        long half = memory.readLong(root + (stream >>> 8) * (long) RootEntry.BYTES + (devfn >>> 7) * (long) Long.BYTES);
        if (!RootEntry.P.isSet(half)) {
            return;
        }
        long at = RootEntry.CTP.inPlace(half) + (devfn & 0x7FL) * ScalableContextEntry.BYTES;
        if (!append(text, String.format("context %04x", stream), at, ScalableContextEntry.WORDS)) {
            return;
        }
        long word = memory.readLong(at);
        long directory = ScalableContextEntry.PASIDDIRPTR.inPlace(word);
        for (int i = 0; i < 1 << ScalableContextEntry.PDTS.getInt(word) + 7; i++) {
            long entry = memory.readLong(directory + (long) i * PasidDirectoryEntry.BYTES);
            for (int j = 0; PasidDirectoryEntry.P.isSet(entry) && j < 1 << PASID_LEAF_BITS; j++) {
                append(
                        text,
                        String.format("PASID %04x.%x", stream, (i << PASID_LEAF_BITS) + j),
                        PasidDirectoryEntry.SMPTBLPTR.inPlace(entry) + (long) j * PasidEntry.BYTES,
                        PasidEntry.WORDS);
            }
        }
    }
}
