// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.Map;
import java.util.Set;

/**
 * Where QEMU's VT-d unit is known to differ. In scalable mode it records the reasons of legacy mode; which of them it may record for one
 * of scalable mode, a table says.
 */
final class VtdQuirks implements Quirks {
    private static final long PASID_VALUE = 0xF_FFFFL << 40;
    private static final long PASID_PRESENT = 1L << 31;
    private static final long REASON = 0xFFL << 32;
    private static final long OVERFLOW = 1;
    private static final int WRITE_DENIED = 5;
    private static final int READ_DENIED = 6;
    private static final int RESERVED = 0xC;
    private static final int SCALABLE = 0x30;

    private static final Map<Integer, Set<Integer>> LEGACY_REASONS = Map.ofEntries(
            Map.entry(0x38, Set.of(0x8)),
            Map.entry(0x39, Set.of(0x1)),
            Map.entry(0x40, Set.of(0x9)),
            Map.entry(0x41, Set.of(0x2)),
            Map.entry(0x50, Set.of(0x58)),
            Map.entry(0x51, Set.of(0x58)),
            Map.entry(0x59, Set.of(0x58)),
            Map.entry(0x5B, Set.of(0x58)),
            Map.entry(0x78, Set.of(0x7)),
            Map.entry(0x79, Set.of(0x5, 0x6)),
            Map.entry(0x7A, Set.of(0xC, 0x5, 0x6)),
            Map.entry(0x7B, Set.of(0x3)),
            Map.entry(0x84, Set.of(0x4)),
            Map.entry(0x85, Set.of(0x5)),
            Map.entry(0x86, Set.of(0x6)));

    private final boolean scalable;

    VtdQuirks(boolean scalable) {
        this.scalable = scalable;
    }

    @Override
    public FaultRecord comparable(FaultRecord r) {
        long[] w = r.words().clone();
        w[1] &= ~PASID_VALUE;
        w[2] &= ~OVERFLOW;
        if (scalable) {
            w[1] &= ~(REASON | PASID_PRESENT);
        }
        return new FaultRecord(w, r.kind(), r.address());
    }

    @Override
    public String kinds(int ours, int theirs) {
        boolean same = ours == theirs;
        boolean listed = scalable && LEGACY_REASONS.getOrDefault(ours, Set.of()).contains(theirs);
        return same ? "" : listed ? "sm-reason" : UNKNOWN;
    }

    @Override
    public String reason(Op.Dma dma, Program.Seen ours, Program.Seen theirs) {
        int our = Quirks.kind(ours.records());
        int their = Quirks.kind(theirs.records());
        boolean denied = our == WRITE_DENIED || our == READ_DENIED || scalable && our >= SCALABLE;
        if (denied && theirs.records().isEmpty()) {
            return "iotlb-perm";
        } else if (our == RESERVED && (their == WRITE_DENIED || their == READ_DENIED)) {
            return "permission-order";
        } else if (dma.quirks().contains("sm-first-level")) {
            return "sm-first-level";
        }
        return "";
    }
}
