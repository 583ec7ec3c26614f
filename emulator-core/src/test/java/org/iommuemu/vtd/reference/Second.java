// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.reference;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.reference.Arena;

/** Second-stage tables with the domain they belong to. */
final class Second {
    final int code;
    final int width;
    final long domain;
    /** Whether accessed and dirty bits are on. */
    final long updates;
    /** What tables of a first stage behind it are moved by. */
    final long offset;
    /** Addresses worth a visit. */
    final List<Long> inputs = new ArrayList<>();
    /** PASIDs that are in use with the domain. */
    final Set<Integer> pasids = new HashSet<>();

    private final VtdDraw draw;
    private final TableWriter writer;

    Second(VtdDraw draw, ReferenceRegisters machine, PhysicalMemory memory, Arena arena, long domain) {
        this.draw = draw;
        this.domain = domain;
        int drawn = draw.of(1, 2, 2, 3);
        while (machine.width(drawn) == 0) {
            drawn = 1 + draw.below(3);
        }
        code = drawn;
        width = Math.min(machine.width(code), machine.guestBits());
        updates = machine.extended(45) && machine.extended(46) ? draw.bit() : 0;
        offset = draw.once(3) ? 0 : draw.bits(Math.min(width, machine.hostBits()) - 2) & -0x4000_0000L;
        boolean snoops = machine.extended(7);
        writer = new TableWriter(draw, memory, arena, false, (machine.width(code) - 12) / 9, 0, snoops, address -> {});
    }

    long root() {
        return writer.root;
    }

    /** Maps an address somewhere. */
    void map(long input, long target) {
        writer.write(input, target, false);
        inputs.add(input);
    }

    /** Maps an entry of first-stage tables to where it is. */
    void use(long guest) {
        writer.write(guest, guest - offset, !draw.once(20));
    }
}
