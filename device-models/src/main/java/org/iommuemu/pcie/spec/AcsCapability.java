// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie.spec;

import static org.iommuemu.pcie.spec.ConfigRegister.row;
import static org.iommuemu.pcie.spec.ConfigRegister.writable;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** Access Control Services extended capability (PCIe Base Specification §7.7.11); offsets are from its start. */
public final class AcsCapability {
    /** Extended capability id. */
    public static final int ID = 0x0D;
    /** Ports that an egress control vector has bits for. */
    public static final int EGRESS_PORTS = 32;

    private static final Layout.Builder C = Layout.builder("ACS Control", 1, "PCIe 7.7.11.3");
    /** Requester's buses are checked. */
    public static final BitField SV = C.bit("ACS Source Validation", 0);
    /** Only untranslated requests may pass. */
    public static final BitField TB = C.bit("ACS Translation Blocking", 1);
    /** Requests to peers go up. */
    public static final BitField RR = C.bit("ACS P2P Request Redirect", 2);
    /** Completions to peers go up. */
    public static final BitField CR = C.bit("ACS P2P Completion Redirect", 3);
    /** What would go back to where it came from goes up. */
    public static final BitField UF = C.bit("ACS Upstream Forwarding", 4);
    /** Requests to some peers are blocked, or with RR go up. */
    public static final BitField EC = C.bit("ACS P2P Egress Control", 5);
    /** Translated requests go to peers directly. */
    public static final BitField DT = C.bit("ACS Direct Translated P2P", 6);

    private static final Layout CONTROL_LAYOUT = C.build();
    private static final Layout.Builder A =
            Layout.builder("ACS Capability", 1, "PCIe 7.7.11.2").with(SV, TB, RR, CR, UF, EC, DT);
    /** Bits in the egress control vector. */
    public static final BitField VECTOR_SIZE = A.field("Egress Control Vector Size", 15, 8);
    /** What it can: all. */
    public static final Register CAPABILITY = row(0x04, 2, 0x7F | VECTOR_SIZE.of(EGRESS_PORTS), 0, 0, A.build());
    /** Control. */
    public static final Register CONTROL = row(0x06, 2, 0, 0x7F, 0, CONTROL_LAYOUT);
    /** A bit for each egress port, by port number. */
    public static final Register EGRESS_VECTOR = writable("Egress Control Vector", 0x08, 4, 0xFFFF_FFFFL);

    /** All of them. */
    public static final List<Register> MAP = List.of(CAPABILITY, CONTROL, EGRESS_VECTOR);

    private AcsCapability() {}
}
