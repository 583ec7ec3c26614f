// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie.spec;

import static org.iommuemu.pcie.spec.ConfigRegister.row;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** PASID extended capability (PCIe Base Specification §7.8.9); offsets are from its start. */
public final class PasidCapability {
    /** Extended capability id. */
    public static final int ID = 0x1B;

    private static final Layout.Builder A = Layout.builder("PASID Capability", 1, "PCIe 7.8.9.2");
    /** Can ask for execute permission. */
    public static final BitField EXECUTE_SUPPORTED = A.bit("Execute Permission Supported", 1);
    /** Can ask for privileged mode. */
    public static final BitField PRIVILEGED_SUPPORTED = A.bit("Privileged Mode Supported", 2);
    /** Bits of a PASID. */
    public static final BitField WIDTH = A.field("Max PASID Width", 12, 8);
    /** What it can. */
    public static final Register CAPABILITY = row(0x04, 2, 0, 0, 0, A.build());

    private static final Layout.Builder C = Layout.builder("PASID Control", 1, "PCIe 7.8.9.3");
    /** In use. */
    public static final BitField ENABLE = C.bit("PASID Enable", 0);
    /** May ask for execute permission. */
    public static final BitField EXECUTE = C.bit("Execute Permission Enable", 1);
    /** May ask for privileged mode. */
    public static final BitField PRIVILEGED = C.bit("Privileged Mode Enable", 2);
    /** Control. */
    public static final Register CONTROL = row(0x06, 2, 0, 0x7, 0, C.build());

    /** All of them. */
    public static final List<Register> MAP = List.of(CAPABILITY, CONTROL);

    private PasidCapability() {}
}
