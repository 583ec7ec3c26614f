// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;
import org.iommuemu.pcie.spec.CommonHeader;

/** Puts a configuration space together: a header, and capabilities one behind the other in their two lists. */
final class ConfigSpaceBuilder {
    private static final int FIRST = 0x40;
    private static final int FIRST_EXTENDED = 0x100;
    private static final int DW = 4;
    private static final int VERSION_SHIFT = 16;
    private static final int NEXT_SHIFT = 20;
    private static final Layout HEADER =
            Layout.builder("Capability Header", 1, "PCIe 7.5.3.1, 7.6.3").build();

    private record Capability(int id, int at, int header) {}

    private final List<Register> map = new ArrayList<>();
    private final List<Capability> plain = new ArrayList<>();
    private final List<Capability> extended = new ArrayList<>();
    private int next = FIRST;
    private int nextExtended = FIRST_EXTENDED;

    ConfigSpaceBuilder(List<Register> header) {
        map.addAll(header);
    }

    /** A row with another reset value. */
    static Register with(Register r, long reset) {
        return new Register(r.name(), r.offset(), r.bytes(), reset, r.writable(), r.writeOneToClear(), r.layout());
    }

    /** A capability's row where the capability is. */
    static Register at(int base, Register r) {
        return new Register(
                r.name(), base + r.offset(), r.bytes(), r.reset(), r.writable(), r.writeOneToClear(), r.layout());
    }

    /** Adds a capability; returns its offset. */
    int capability(int id, List<Register> rows) {
        int at = next;
        plain.add(new Capability(id, at, 0));
        next = place(at, rows);
        return at;
    }

    /** Adds an extended capability; returns its offset. */
    int extended(int id, List<Register> rows) {
        int at = nextExtended;
        extended.add(new Capability(id, at, id | 1 << VERSION_SHIFT));
        nextExtended = place(at, rows);
        return at;
    }

    private int place(int at, List<Register> rows) {
        int end = at + DW;
        for (Register r : rows) {
            map.add(at(at, r));
            end = Math.max(end, at + r.offset() + r.bytes());
        }
        return end + DW - 1 & -DW;
    }

    ConfigSpace build() {
        int pointer = 0;
        for (int i = plain.size() - 1; i >= 0; i--) {
            Capability c = plain.get(i);
            map.add(new Register("Capability " + c.id, c.at, 2, c.id | (long) pointer << Byte.SIZE, 0, 0, HEADER));
            pointer = c.at;
        }
        int follower = 0;
        for (int i = extended.size() - 1; i >= 0; i--) {
            Capability c = extended.get(i);
            long header = c.header | (long) follower << NEXT_SHIFT;
            map.add(new Register("Extended Capability " + c.id, c.at, DW, header, 0, 0, HEADER));
            follower = c.at;
        }
        int first = pointer;
        map.replaceAll(r -> r.name().equals(CommonHeader.CAPABILITIES_POINTER.name()) ? with(r, first) : r);
        return new ConfigSpace(map);
    }
}
