// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** The registers of enhanced commands, there with CAP.ECMDS (VT-d architecture 11.4.14). */
public final class EnhancedCommandRegisters {
    private static final Layout.Builder C = Layout.builder("ECMD", 1, "VT-d 11.4.14");
    /** Operand A. */
    public static final BitField OPERAND_A = C.field("OA", 63, 16);
    /** Command. */
    public static final BitField COMMAND = C.field("CMD", 7, 0);
    /** Enhanced command: writing it starts; reads as zero. */
    public static final Register ECMD = Register.writable("ECMD", 0x400, 8, -1L, C.build());
    /** Operand B; reads as zero. */
    public static final Register ECEO = Register.writable("ECEO", 0x408, 8, -1L, VtdRegisters.plain("ECEO", "11.4.14"));

    private static final Layout.Builder R = Layout.builder("ECRSP", 1, "VT-d 11.4.14");
    /** Result. */
    public static final BitField RESULT = R.field("RSLT", 63, 16);
    /** Status: how the command ended. */
    public static final BitField STATUS = R.field("SC", 7, 1);
    /** In progress. */
    public static final BitField IN_PROGRESS = R.bit("IP", 0);
    /** Response. */
    public static final Register ECRSP = Register.readOnly("ECRSP", 0x410, 8, R.build());

    private static final Layout ZERO = VtdRegisters.plain("ECSTS", "11.4.14");
    private static final Layout.Builder K = Layout.builder("ECCAP3", 1, "VT-d 11.4.14");
    /** The performance counter commands, from {@link EnhancedCommand#ENABLE_COUNTER} on. */
    public static final BitField COUNTER_COMMANDS = K.field("counter commands", 53, 48);

    private static final Layout SUPPORTED = K.build();
    /** Which commands F0h to F5h there are. */
    public static final Register ECCAP3 = Register.readOnly("ECCAP3", 0x448, 8, SUPPORTED);

    private static final List<Register> MAP = List.of(
            ECMD,
            ECEO,
            ECRSP,
            Register.readOnly("ECSTS0", 0x420, 8, ZERO),
            Register.readOnly("ECSTS1", 0x428, 8, ZERO),
            Register.readOnly("ECCAP0", 0x430, 8, SUPPORTED),
            Register.readOnly("ECCAP1", 0x438, 8, SUPPORTED),
            Register.readOnly("ECCAP2", 0x440, 8, SUPPORTED),
            ECCAP3);

    private EnhancedCommandRegisters() {}

    /** All of them. */
    public static List<Register> map() {
        return MAP;
    }
}
