// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.iommuemu.bits.Register;

/** Sees every write that software makes to a register, before it takes effect; for lint and tests. */
@FunctionalInterface
public interface RegisterObserver {
    /**
     * Software writes a register.
     *
     * @param register which
     * @param old its value so far
     * @param value the whole value written, before any mask; the half that a 32-bit write leaves out is that of {@code old}
     * @param writable false if the write will be ignored: a read-only register, or one whose guard forbids it
     */
    void writing(Register register, long old, long value, boolean writable);
}
