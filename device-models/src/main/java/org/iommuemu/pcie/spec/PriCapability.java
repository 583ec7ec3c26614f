// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie.spec;

import static org.iommuemu.pcie.spec.ConfigRegister.readOnly;
import static org.iommuemu.pcie.spec.ConfigRegister.row;
import static org.iommuemu.pcie.spec.ConfigRegister.writable;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** Page Request extended capability (PCIe Base Specification §10.5.2); offsets are from its start. */
public final class PriCapability {
    /** Extended capability id. */
    public static final int ID = 0x13;

    private static final Layout.Builder C = Layout.builder("Page Request Control", 1, "PCIe 10.5.2.2");
    /** Page Requests may be sent. */
    public static final BitField ENABLE = C.bit("Enable", 0);
    /** Forgets what is outstanding, while not enabled; reads as 0. */
    public static final BitField RESET = C.bit("Reset", 1);
    /** Control. */
    public static final Register CONTROL = row(0x04, 2, 0, 0x3, 0, C.build());

    private static final Layout.Builder S = Layout.builder("Page Request Status", 1, "PCIe 10.5.2.3");
    /** A Response Failure came. */
    public static final BitField RF = S.bit("Response Failure", 0);
    /** A response came for a group that is not outstanding. */
    public static final BitField UPRGI = S.bit("Unexpected Page Request Group Index", 1);
    /** Not enabled, and nothing outstanding. */
    public static final BitField STOPPED = S.bit("Stopped", 8);
    /** Responses to requests with PASID have the PASID. */
    public static final BitField RESPONSE_PASID = S.bit("PRG Response PASID Required", 15);
    /** Status. */
    public static final Register STATUS = row(0x06, 2, STOPPED.mask(), 0, RF.mask() | UPRGI.mask(), S.build());
    /** Requests it could have outstanding. */
    public static final Register CAPACITY = readOnly("Outstanding Page Request Capacity", 0x08, 4);
    /** Requests it may have outstanding. */
    public static final Register ALLOCATION = writable("Outstanding Page Request Allocation", 0x0C, 4, 0xFFFF_FFFFL);

    /** All of them. */
    public static final List<Register> MAP = List.of(CONTROL, STATUS, CAPACITY, ALLOCATION);

    private PriCapability() {}
}
