// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.Set;
import org.iommuemu.smmuv3.spec.Event;

/** Where QEMU's SMMUv3 is known to differ. */
final class SmmuQuirks implements Quirks {
    private static final int F_CD_FETCH = 0x09;
    private static final int C_BAD_CD = 0x0A;
    private static final int F_TRANSLATION = 0x10;
    private static final int F_ADDR_SIZE = 0x11;
    private static final int F_ACCESS = 0x12;
    private static final int F_PERMISSION = 0x13;

    @Override
    public FaultRecord comparable(FaultRecord r) {
        long[] w = r.words().clone();
        if (r.kind() >= F_TRANSLATION && r.kind() <= F_PERMISSION) {
            Event.CLASS.set(w, 0);
        }
        if (r.kind() == F_CD_FETCH) {
            w[2] = 0;
            w[3] = 0;
            return new FaultRecord(w, r.kind(), 0);
        }
        return new FaultRecord(w, r.kind(), r.address());
    }

    @Override
    public String reason(Op.Dma dma, Program.Seen ours, Program.Seen theirs) {
        Set<String> known = dma.quirks();
        int our = Quirks.kind(ours.records());
        int their = Quirks.kind(theirs.records());
        // With CD.R=0 our fault leaves no record.
        boolean silent = known.contains("unrecorded") && our == 0;
        if (known.contains("iova-48") && theirs.records().isEmpty()) {
            return "iova-48";
        } else if (known.contains("access-flag") && (our == F_ACCESS || silent) && their != F_ACCESS) {
            return "access-flag";
        } else if (known.contains("unprivileged") && (our == F_PERMISSION || silent) && their == 0) {
            return "unprivileged";
        } else if (known.contains("aptable-tlb") && (our == F_PERMISSION || silent) && their == 0) {
            return "aptable-tlb";
        } else if (known.contains("aptable-tlb") && our == F_TRANSLATION && their == F_PERMISSION) {
            return "aptable-order";
        } else if (known.contains("addr-size") && (our == F_ADDR_SIZE || silent) && their != F_ADDR_SIZE) {
            return "addr-size";
        } else if (known.contains("ttb1-select") && (our == F_TRANSLATION || silent)) {
            return "ttb1-select";
        } else if (known.contains("cd-tsz") && (our == C_BAD_CD || their == C_BAD_CD)) {
            return "cd-tsz";
        } else if (known.contains("cd-httu") && their == C_BAD_CD) {
            return "cd-httu";
        }
        return "";
    }
}
