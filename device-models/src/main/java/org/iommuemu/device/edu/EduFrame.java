// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.edu;

import static org.iommuemu.device.edu.spec.EduRegisters.INTERRUPT_ACKNOWLEDGE;
import static org.iommuemu.device.edu.spec.EduRegisters.INTERRUPT_RAISE;

import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.bits.Register;
import org.iommuemu.device.edu.spec.EduRegisters;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.RegisterFrame;

/**
 * How software reaches the registers: each at its own offset, by 4 bytes, or from 0x80 on by 8 too. Four bytes written there clear the
 * upper half. Other aligned accesses of 4 or 8 bytes read as ones, all else as zero; neither writes anything.
 */
final class EduFrame implements RegisterFrame {
    private static final long LOW = 0xFFFF_FFFFL;

    private final RegisterFile registers;
    private final Int2ObjectHashMap<Register> at = new Int2ObjectHashMap<>();

    EduFrame(RegisterFile registers) {
        this.registers = registers;
        registers.map().forEach(r -> at.put(r.offset(), r));
    }

    private boolean accepts(long offset, int size) {
        boolean inside = offset >= 0 && offset < EduRegisters.BAR_BYTES && at.containsKey((int) offset);
        return inside && (size == 4 || size == 8 && offset >= EduRegisters.WIDE_BASE);
    }

    private static boolean isWriteOnly(long offset) {
        return offset == INTERRUPT_RAISE.offset() || offset == INTERRUPT_ACKNOWLEDGE.offset();
    }

    @Override
    public long readRegister(long offset, int size) {
        if (size != 4 && size != 8 || (offset & size - 1) != 0) {
            return 0;
        }
        boolean readable = accepts(offset, size) && !isWriteOnly(offset);
        long value = readable ? registers.read(offset, at.get((int) offset).bytes()) : -1L;
        return size == 4 ? value & LOW : value;
    }

    @Override
    public void writeRegister(long offset, int size, long value) {
        if (accepts(offset, size)) {
            registers.write(offset, at.get((int) offset).bytes(), size == 4 ? value & LOW : value);
        }
    }
}
