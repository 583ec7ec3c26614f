// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie.spec;

import static org.iommuemu.pcie.spec.ConfigRegister.row;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** ATS extended capability (PCIe Base Specification §10.5.1); offsets are from its start. */
public final class AtsCapability {
    /** Extended capability id. */
    public static final int ID = 0x0F;

    private static final Layout.Builder A = Layout.builder("ATS Capability", 1, "PCIe 10.5.1.2");
    /** Invalidate Requests it takes; 0 is 32. */
    public static final BitField QUEUE_DEPTH = A.field("Invalidate Queue Depth", 4, 0);
    /** Untranslated addresses are multiples of 4 KiB. */
    public static final BitField PAGE_ALIGNED = A.bit("Page Aligned Request", 5);
    /** Knows Global Invalidate. */
    public static final BitField GLOBAL_INVALIDATE = A.bit("Global Invalidate Supported", 6);
    /** What it can. */
    public static final Register CAPABILITY = row(0x04, 2, 0, 0, 0, A.build());

    private static final Layout.Builder C = Layout.builder("ATS Control", 1, "PCIe 10.5.1.3");
    /** log2 of the smallest translation, in pages of 4 KiB. */
    public static final BitField STU = C.field("Smallest Translation Unit", 4, 0);
    /** In use. */
    public static final BitField ENABLE = C.bit("Enable", 15);
    /** Control. */
    public static final Register CONTROL = row(0x06, 2, 0, 0x801F, 0, C.build());

    /** All of them. */
    public static final List<Register> MAP = List.of(CAPABILITY, CONTROL);

    private AtsCapability() {}
}
