// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Register;
import org.iommuemu.platform.Platform;
import org.iommuemu.smmuv3.spec.Event;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.FaultRecord;
import org.iommuemu.vtd.spec.VtdRegisters;

/** Takes fault records as software does, and counts: one for each refused request, unless the IOMMU says that some are lost. */
final class TakenFaults {
    private static final int OFFSET_UNIT = 16;
    private static final int BYTES = 16;

    private final Platform machine;
    private final List<String> records = new ArrayList<>();
    private long refused;
    /** Software's own index: where the next record is. */
    private int next;

    TakenFaults(Platform machine) {
        this.machine = machine;
    }

    /** Takes all there are. */
    void take() {
        int before = records.size();
        boolean lost = machine.smmu() != null ? takeEvents() : takeFaults();
        long expected = machine.bridge().refused() - refused;
        refused += expected;
        int taken = records.size() - before;
        if (lost ? taken >= expected : taken != expected) {
            throw new Violation(
                    Invariant.NO_RECORD_LOST_UNSEEN,
                    String.format("%d requests were refused, %d records taken, overflow is %s", expected, taken, lost));
        }
    }

    private long read(Register r) {
        return machine.iommu().readRegister(r.offset(), r.bytes());
    }

    private boolean takeEvents() {
        long base = read(Registers.EVENTQ_BASE);
        int entries = 1 << Registers.QUEUE_LOG2SIZE.getInt(base);
        long producer = read(Registers.EVENTQ_PROD);
        long consumer = read(Registers.EVENTQ_CONS);
        int wrap = 2 * entries - 1;
        while (next != (Registers.QUEUE_INDEX.getInt(producer) & wrap)) {
            long event = Registers.QUEUE_ADDR.inPlace(base) + (long) (next & entries - 1) * Event.BYTES;
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < Event.BYTES; i += Long.BYTES) {
                text.append(String.format("%016x ", machine.memory().readLong(event + i)));
            }
            records.add(text.toString());
            next = next + 1 & wrap;
        }
        machine.iommu().writeRegister(Registers.EVENTQ_CONS.offset(), Registers.EVENTQ_CONS.bytes(), producer);
        return ((producer ^ consumer) & Registers.OVERFLOW.mask()) != 0;
    }

    private boolean takeFaults() {
        long capability = read(VtdRegisters.CAP);
        long first = Capability.FRO.get(capability) * OFFSET_UNIT;
        int count = Capability.NFR.getInt(capability) + 1;
        boolean lost = VtdRegisters.PFO.isSet(read(VtdRegisters.FSTS));
        for (int i = 0; i < count; i++) {
            long at = first + (long) next * BYTES;
            long word1 = machine.iommu().readRegister(at + Long.BYTES, Long.BYTES);
            if (!FaultRecord.F.isSet(word1)) {
                break;
            }
            records.add(String.format("%016x %016x", machine.iommu().readRegister(at, Long.BYTES), word1));
            machine.iommu().writeRegister(at + Long.BYTES, Long.BYTES, word1);
            next = (next + 1) % count;
        }
        if (lost) {
            machine.iommu().writeRegister(VtdRegisters.FSTS.offset(), 4, VtdRegisters.PFO.mask());
        }
        return lost;
    }

    /** All that were taken. */
    List<String> records() {
        return records;
    }
}
