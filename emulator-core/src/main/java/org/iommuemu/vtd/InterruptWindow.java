// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.vtd.spec.VtdRegisters;

/** DMA without PASID to 0xFEEx_xxxx: a write is an interrupt, anything else is refused while remapping is on (10.1, 1). */
final class InterruptWindow {
    private static final int PAGE_SHIFT = 12;

    private final RegisterFile file;
    private final FaultRecorder recorder;

    InterruptWindow(RegisterFile file, FaultRecorder recorder) {
        this.file = file;
        this.recorder = recorder;
    }

    /** Whether a transaction is to the window. */
    static boolean has(Transaction t) {
        long address = t.address();
        return address >= VtdLeafRules.INTERRUPT_FIRST && address <= VtdLeafRules.INTERRUPT_LAST && !t.hasSubstream();
    }

    /** Answers a transaction to the window. */
    void answer(Transaction t, Verdict v) {
        boolean on = (file.get(VtdRegisters.GSTS) & (VtdRegisters.TE.mask() | VtdRegisters.IRE.mask())) != 0;
        boolean atomic = (t.access() & Access.ATOMIC) != 0;
        if (on && (atomic || !Access.isWrite(t.access()))) {
            recorder.record(t, FaultReason.INTERRUPT_WINDOW, false, FaultRecorder.UNTRANSLATED);
            v.end(Verdict.Status.ABORT, FaultReason.INTERRUPT_WINDOW);
        } else {
            v.ok(t.address(), PAGE_SHIFT, 0);
        }
    }
}
