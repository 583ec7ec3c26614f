// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie.spec;

import static org.iommuemu.pcie.spec.ConfigRegister.readOnly;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** The header of an endpoint's function (PCIe Base Specification §7.5.1.2). */
public final class Type0Header {
    /** Base address registers. */
    public static final int BARS = 6;

    private static final Layout.Builder B = Layout.builder("Base Address Register", 1, "PCIe 7.5.1.2.1");
    /** 0: memory. */
    public static final BitField IO = B.bit("Memory Space Indicator", 0);
    /** Whether the next register has the upper half of the address. */
    public static final BitField TYPE = B.field("Type", 2, 1, "32 bits", "", "64 bits");
    /** Reads have no side effects. */
    public static final BitField PREFETCHABLE = B.bit("Prefetchable", 3);
    /** Address. */
    public static final BitField BASE = B.address("Base Address", 31, 4);

    private static final Layout BAR_LAYOUT = B.build();
    /** Base address registers; which bits can be written depends on their sizes. */
    public static final List<Register> BAR = IntStream.range(0, BARS)
            .mapToObj(i -> new Register("Base Address " + i, 0x10 + 4 * i, 4, 0, 0, 0, BAR_LAYOUT))
            .toList();
    /** Subsystem vendor. */
    public static final Register SUBSYSTEM_VENDOR_ID = readOnly("Subsystem Vendor ID", 0x2C, 2);
    /** Subsystem. */
    public static final Register SUBSYSTEM_ID = readOnly("Subsystem ID", 0x2E, 2);
    /** Absent. */
    public static final Register EXPANSION_ROM = readOnly("Expansion ROM Base Address", 0x30, 4);

    /** All of them. */
    public static final List<Register> MAP = Stream.of(
                    CommonHeader.MAP,
                    BAR,
                    List.of(
                            readOnly("Cardbus CIS Pointer", 0x28, 4),
                            SUBSYSTEM_VENDOR_ID,
                            SUBSYSTEM_ID,
                            EXPANSION_ROM,
                            readOnly("Min_Gnt", 0x3E, 1),
                            readOnly("Max_Lat", 0x3F, 1)))
            .flatMap(List::stream)
            .toList();

    private Type0Header() {}
}
