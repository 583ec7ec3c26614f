// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** The registers of virtual commands, there with ECAP.VCS: on units that are emulated (VT-d architecture 11.4.16). */
public final class VirtualCommandRegisters {
    private static final Layout.Builder C = Layout.builder("VCMD", 1, "VT-d 11.4.16");
    /** Operand: a PASID to be freed. */
    public static final BitField OPERAND = C.field("OA", 63, 16);
    /** Command. */
    public static final BitField COMMAND = C.field("CMD", 7, 0);
    /** Virtual command: writing it starts; reads as zero. */
    public static final Register VCMD = Register.writable("VCMD", 0xE00, 8, -1L, C.build());
    /** Operand B; reads as zero. */
    public static final Register VCMD_EO =
            Register.writable("VCMD_EO", 0xE08, 8, -1L, VtdRegisters.plain("VCMD_EO", "11.4.16"));

    private static final Layout.Builder R = Layout.builder("VCRSP", 1, "VT-d 11.4.16");
    /** Result: a PASID. */
    public static final BitField RESULT = R.field("RSLT", 63, 16);
    /** How the command ended. */
    public static final BitField STATUS = R.field("SC", 7, 1);
    /** In progress. */
    public static final BitField IN_PROGRESS = R.bit("IP", 0);
    /** Response. */
    public static final Register VCRSP = Register.readOnly("VCRSP", 0xE10, 8, R.build());

    private static final long ALL_COMMANDS = 7;
    /** Which commands there are: null, allocate a PASID, free a PASID. */
    public static final Register VCCAP =
            new Register("VCCAP", 0xE30, 8, ALL_COMMANDS, 0, 0, VtdRegisters.plain("VCCAP", "11.4.16"));

    private static final List<Register> MAP = List.of(VCMD, VCMD_EO, VCRSP, VCCAP);

    private VirtualCommandRegisters() {}

    /** All of them. */
    public static List<Register> map() {
        return MAP;
    }
}
