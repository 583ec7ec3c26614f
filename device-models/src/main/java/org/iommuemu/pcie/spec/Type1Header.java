// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie.spec;

import static org.iommuemu.pcie.spec.ConfigRegister.readOnly;
import static org.iommuemu.pcie.spec.ConfigRegister.row;
import static org.iommuemu.pcie.spec.ConfigRegister.writable;

import java.util.List;
import java.util.stream.Stream;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** The header of a root port or switch port (PCIe Base Specification §7.5.1.3). */
public final class Type1Header {
    /** Log2 of the granularity of memory windows. */
    public static final int WINDOW_SHIFT = 20;
    /** The bus above. */
    public static final Register PRIMARY_BUS = writable("Primary Bus Number", 0x18, 1, 0xFF);
    /** The bus below. */
    public static final Register SECONDARY_BUS = writable("Secondary Bus Number", 0x19, 1, 0xFF);
    /** The last bus below. */
    public static final Register SUBORDINATE_BUS = writable("Subordinate Bus Number", 0x1A, 1, 0xFF);
    /** What came from below. */
    public static final Register SECONDARY_STATUS = row("Secondary Status", 0x1E, 2, 0, 0, 0xF900);

    private static final Layout.Builder W = Layout.builder("Memory Base", 1, "PCIe 7.5.1.3.8");
    /** Address bits 31:20. */
    public static final BitField WINDOW = W.field("Address[31:20]", 15, 4);
    /** First megabyte of the window. */
    public static final Register MEMORY_BASE = row(0x20, 2, 0, 0xFFF0, 0, W.build());
    /** Last megabyte of the window; below the base if there is none. */
    public static final Register MEMORY_LIMIT = writable("Memory Limit", 0x22, 2, 0xFFF0);
    /** First megabyte of the window for prefetchable memory; bit 0: 64 bits. */
    public static final Register PREFETCHABLE_BASE = row("Prefetchable Memory Base", 0x24, 2, 1, 0xFFF0, 0);
    /** Its last. */
    public static final Register PREFETCHABLE_LIMIT = row("Prefetchable Memory Limit", 0x26, 2, 1, 0xFFF0, 0);
    /** Upper half. */
    public static final Register PREFETCHABLE_BASE_UPPER =
            writable("Prefetchable Base Upper 32 Bits", 0x28, 4, 0xFFFF_FFFFL);
    /** Upper half. */
    public static final Register PREFETCHABLE_LIMIT_UPPER =
            writable("Prefetchable Limit Upper 32 Bits", 0x2C, 4, 0xFFFF_FFFFL);

    private static final Layout.Builder C = Layout.builder("Bridge Control", 1, "PCIe 7.5.1.3.13");
    /** Hot reset of all that is below, as long as it is set. */
    public static final BitField SECONDARY_BUS_RESET = C.bit("Secondary Bus Reset", 6);
    /** Bridge control. */
    public static final Register BRIDGE_CONTROL = row(0x3E, 2, 0, 0x43, 0, C.build());

    /** All of them. */
    public static final List<Register> MAP = Stream.of(
                    CommonHeader.MAP,
                    List.of(
                            readOnly("Base Address 0", 0x10, 4),
                            readOnly("Base Address 1", 0x14, 4),
                            PRIMARY_BUS,
                            SECONDARY_BUS,
                            SUBORDINATE_BUS,
                            readOnly("Secondary Latency Timer", 0x1B, 1),
                            readOnly("I/O Base", 0x1C, 1),
                            readOnly("I/O Limit", 0x1D, 1),
                            SECONDARY_STATUS,
                            MEMORY_BASE,
                            MEMORY_LIMIT,
                            PREFETCHABLE_BASE,
                            PREFETCHABLE_LIMIT,
                            PREFETCHABLE_BASE_UPPER,
                            PREFETCHABLE_LIMIT_UPPER,
                            readOnly("I/O Base Upper 16 Bits", 0x30, 2),
                            readOnly("I/O Limit Upper 16 Bits", 0x32, 2),
                            readOnly("Expansion ROM Base Address", 0x38, 4),
                            BRIDGE_CONTROL))
            .flatMap(List::stream)
            .toList();

    private Type1Header() {}
}
