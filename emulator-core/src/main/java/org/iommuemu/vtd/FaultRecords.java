// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.vtd.spec.FaultRecord;
import org.iommuemu.vtd.spec.VtdRegisters;

/** The fault recording registers and FSTS (VT-d architecture 7.2, 7.3, 11.4.10). */
final class FaultRecords {
    private static final int BYTES = 16;
    private static final long ERRORS =
            VtdRegisters.IQE.mask() | VtdRegisters.ICE.mask() | VtdRegisters.ITE.mask() | VtdRegisters.PFO.mask();

    private final RegisterFile file;
    private final Register[] low;
    private final Register[] high;
    private final EventInterrupt event;
    private int next;
    /** Records whose fault is still to be served. */
    private int pending;

    private long recorded;
    private long lost;
    private boolean compresses;
    private long compressed;

    /** The records of a register file that {@link #registers} are part of. */
    FaultRecords(RegisterFile file, List<Register> registers, EventInterrupt event) {
        this.file = file;
        this.event = event;
        low = new Register[registers.size() / 2];
        high = new Register[low.length];
        for (int i = 0; i < low.length; i++) {
            low[i] = registers.get(2 * i);
            high[i] = registers.get(2 * i + 1);
        }
        for (Register r : high) {
            file.onWrite(r, (old, requested) -> {
                file.set(r, requested);
                pending -= FaultRecord.F.isSet(old & ~requested) ? 1 : 0;
                updatePending();
            });
        }
    }

    /** The registers of {@code count} records from an offset, low and high half of each in turn. */
    static List<Register> registers(int offset, int count) {
        List<Register> registers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Layout layout = FaultRecord.LAYOUT;
            registers.add(Register.readOnly("FRCD" + i + "[63:0]", offset + i * BYTES, 8, layout));
            registers.add(new Register(
                    "FRCD" + i + "[127:64]", offset + i * BYTES + 8, 8, 0, 0, FaultRecord.F.mask(), layout));
        }
        return registers;
    }

    /** Records a fault, unless there is no room. */
    void record(long word0, long word1) {
        long status = file.get(VtdRegisters.FSTS);
        if (VtdRegisters.PFO.isSet(status)) {
            lost++;
            return;
        }
        if (compresses && isAnyOf(FaultRecord.SID.get(word1))) {
            compressed++;
            return;
        }
        if (FaultRecord.F.isSet(file.get(high[next]))) {
            lost++;
            raise(VtdRegisters.PFO.mask());
            return;
        }
        boolean first = !VtdRegisters.PPF.isSet(status);
        file.set(low[next], word0);
        file.set(high[next], word1 | FaultRecord.F.mask());
        if (first) {
            file.set(VtdRegisters.FSTS, VtdRegisters.FRI.set(status, next));
        }
        recorded++;
        pending++;
        next = next + 1 == high.length ? 0 : next + 1;
        if (first) {
            raise(VtdRegisters.PPF.mask());
        }
    }

    /** Whether a fault of a source is still to be served. */
    private boolean isAnyOf(long source) {
        for (int i = 0; i < high.length; i++) {
            long word1 = file.get(high[i]);
            if (FaultRecord.F.isSet(word1) && FaultRecord.SID.get(word1) == source) {
                return true;
            }
        }
        return false;
    }

    /** Whether a source has one record at a time, and its other faults are dropped silently (7.2). */
    void compress(boolean on) {
        compresses = on;
    }

    /** Faults dropped because their source had one that was still to be served. */
    long compressed() {
        return compressed;
    }

    /** Sets a status bit, with an interrupt if no other was set. */
    void raise(long bit) {
        long status = file.get(VtdRegisters.FSTS);
        boolean quiet = (status & (ERRORS | VtdRegisters.PPF.mask())) == 0;
        file.set(VtdRegisters.FSTS, status | bit);
        if (quiet) {
            event.raise();
        }
    }

    private void updatePending() {
        long status = file.get(VtdRegisters.FSTS);
        file.set(VtdRegisters.FSTS, VtdRegisters.PPF.set(status, pending > 0 ? 1 : 0));
        event.served(isAnyPending());
    }

    /** Whether a fault or an error is there. */
    boolean isAnyPending() {
        return (file.get(VtdRegisters.FSTS) & (ERRORS | VtdRegisters.PPF.mask())) != 0;
    }

    /** The register file has been reset. */
    void reset() {
        pending = 0;
        restart();
    }

    /** Translation and interrupt remapping are both off: recording starts over at the first record. */
    void restart() {
        next = 0;
    }

    /** Faults recorded so far. */
    long recorded() {
        return recorded;
    }

    /** Faults that found no room. */
    long lost() {
        return lost;
    }
}
