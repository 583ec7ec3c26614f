// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

/** Where QEMU's VT-d unit is known to differ. */
final class VtdQuirks implements Quirks {
    private static final long PASID_VALUE = 0xF_FFFFL << 40;
    private static final long REASON = 0xFFL << 32;
    private static final long OVERFLOW = 1;
    private static final int WRITE_DENIED = 5;
    private static final int READ_DENIED = 6;
    private static final int SCALABLE = 0x30;

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
            w[1] &= ~REASON;
        }
        return new FaultRecord(w, scalable ? 0 : r.kind(), r.address());
    }

    @Override
    public String reason(Op.Dma dma, Program.Seen ours, Program.Seen theirs) {
        int our = Quirks.kind(ours.records());
        boolean denied = our == WRITE_DENIED || our == READ_DENIED || scalable && our >= SCALABLE;
        if (denied && theirs.records().isEmpty()) {
            return "iotlb-perm";
        } else if (dma.quirks().contains("sm-first-level")) {
            return "sm-first-level";
        }
        return "";
    }
}
