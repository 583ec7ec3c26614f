// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie.spec;

import static org.iommuemu.pcie.spec.ConfigRegister.row;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** MSI-X capability and table (PCIe Base Specification §7.7.2, §6.1.4); offsets are from their starts. */
public final class MsixCapability {
    /** Capability id. */
    public static final int ID = 0x11;

    private static final Layout.Builder C = Layout.builder("MSI-X Message Control", 1, "PCIe 7.7.2.2");
    /** Vectors, less 1. */
    public static final BitField TABLE_SIZE = C.field("Table Size", 10, 0);
    /** All vectors are masked. */
    public static final BitField FUNCTION_MASK = C.bit("Function Mask", 14);
    /** In use. */
    public static final BitField ENABLE = C.bit("MSI-X Enable", 15);
    /** Message control. */
    public static final Register CONTROL = row(0x02, 2, 0, 0xC000, 0, C.build());

    private static final Layout.Builder T = Layout.builder("MSI-X Table Offset / BIR", 1, "PCIe 7.7.2.3");
    /** Which BAR. */
    public static final BitField BIR = T.field("BIR", 2, 0);
    /** From the start of the BAR. */
    public static final BitField OFFSET = T.address("Offset", 31, 3);
    /** Where the table is. */
    public static final Register TABLE = row(0x04, 4, 0, 0, 0, T.build());
    /** Where the pending bits are. */
    public static final Register PBA = ConfigRegister.readOnly("MSI-X PBA Offset / BIR", 0x08, 4);

    /** All of them. */
    public static final List<Register> MAP = List.of(CONTROL, TABLE, PBA);

    /** Bytes of a vector's entry: address, data, control. */
    public static final int ENTRY_BYTES = 16;

    private static final Layout.Builder E = Layout.builder("MSI-X Table Entry", 2, "PCIe 6.1.4.2");
    /** Address. */
    public static final BitField ADDRESS = E.address("Message Address", 63, 2);
    /** Data. */
    public static final BitField DATA = E.field("Message Data", 95, 64);
    /** Masked. */
    public static final BitField MASK = E.bit("Mask Bit", 96);
    /** A vector's entry. */
    public static final Layout ENTRY = E.build();

    private MsixCapability() {}
}
