// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import java.util.List;
import org.iommuemu.bits.Register;

/**
 * The registers of one of the unit's own interrupts (VT-d architecture 11.4.7).
 *
 * @param control mask and pending
 * @param data what the message says
 * @param address where it goes
 * @param upperAddress bits 63:32 of that
 */
public record EventRegisters(Register control, Register data, Register address, Register upperAddress) {
    /** All four. */
    public List<Register> all() {
        return List.of(control, data, address, upperAddress);
    }
}
