// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie.spec;

import static org.iommuemu.pcie.spec.ConfigRegister.readOnly;
import static org.iommuemu.pcie.spec.ConfigRegister.row;
import static org.iommuemu.pcie.spec.ConfigRegister.writable;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** PCI Express capability (PCIe Base Specification §7.5.3); offsets are from its start. */
public final class PcieCapability {
    /** Capability id. */
    public static final int ID = 0x10;
    /** Device/Port Type: endpoint. */
    public static final int ENDPOINT = 0;
    /** Device/Port Type: root port. */
    public static final int ROOT_PORT = 4;
    /** Device/Port Type: upstream port of a switch. */
    public static final int UPSTREAM_PORT = 5;
    /** Device/Port Type: downstream port of a switch. */
    public static final int DOWNSTREAM_PORT = 6;

    private static final Layout.Builder P = Layout.builder("PCI Express Capabilities", 1, "PCIe 7.5.3.2");
    /** Version, 2. */
    public static final BitField VERSION = P.field("Capability Version", 3, 0);
    /** What it is. */
    public static final BitField PORT_TYPE = P.field("Device/Port Type", 7, 4);
    /** What it is. */
    public static final Register CAPABILITIES = row(0x02, 2, 2, 0, 0, P.build());

    private static final Layout.Builder D = Layout.builder("Device Capabilities", 1, "PCIe 7.5.3.3");
    /** log2 of the largest payload, less 7. */
    public static final BitField MPS_SUPPORTED = D.field("Max_Payload_Size Supported", 2, 0);
    /** 256 tags. */
    public static final BitField EXTENDED_TAG_SUPPORTED = D.bit("Extended Tag Field Supported", 5);
    /** Errors are told apart by their roles. */
    public static final BitField ROLE_BASED = D.bit("Role-Based Error Reporting", 15);
    /** Function-level reset. */
    public static final BitField FLR_CAPABLE = D.bit("Function Level Reset Capability", 28);
    /** What the device can. */
    public static final Register DEVICE_CAPABILITIES =
            row(0x04, 4, MPS_SUPPORTED.of(5) | EXTENDED_TAG_SUPPORTED.mask() | ROLE_BASED.mask(), 0, 0, D.build());

    private static final Layout.Builder C = Layout.builder("Device Control", 1, "PCIe 7.5.3.4");
    /** log2 of the largest payload, less 7. */
    public static final BitField MPS = C.field("Max_Payload_Size", 7, 5);
    /** 256 tags rather than 32. */
    public static final BitField EXTENDED_TAG = C.bit("Extended Tag Field Enable", 8);
    /** log2 of the largest read, less 7. */
    public static final BitField MRRS = C.field("Max_Read_Request_Size", 14, 12);
    /** Starts a function-level reset; reads as 0. */
    public static final BitField INITIATE_FLR = C.bit("Initiate Function Level Reset", 15);
    /** Device control. */
    public static final Register DEVICE_CONTROL =
            row(0x08, 2, MRRS.of(2) | EXTENDED_TAG.mask() | 0x810, 0xFFFF, 0, C.build());

    private static final Layout.Builder S = Layout.builder("Device Status", 1, "PCIe 7.5.3.5");
    /** Corrected, with advisory errors. */
    public static final BitField CORRECTABLE = S.bit("Correctable Error Detected", 0);
    /** Uncorrected and not fatal. */
    public static final BitField NON_FATAL = S.bit("Non-Fatal Error Detected", 1);
    /** Fatal. */
    public static final BitField FATAL = S.bit("Fatal Error Detected", 2);
    /** A request came that is not supported. */
    public static final BitField UNSUPPORTED_REQUEST = S.bit("Unsupported Request Detected", 3);
    /** Requests have no completion yet. */
    public static final BitField TRANSACTIONS_PENDING = S.bit("Transactions Pending", 5);
    /** Device status. */
    public static final Register DEVICE_STATUS = row(0x0A, 2, 0, 0, 0xF, S.build());

    private static final Layout.Builder L = Layout.builder("Link Capabilities", 1, "PCIe 7.5.3.6");
    /** 1 for 2.5 GT/s, ... */
    public static final BitField MAX_SPEED = L.field("Max Link Speed", 3, 0);
    /** Lanes. */
    public static final BitField MAX_WIDTH = L.field("Maximum Link Width", 9, 4);
    /** Number of the port. */
    public static final BitField PORT_NUMBER = L.field("Port Number", 31, 24);
    /** What the link can. */
    public static final Register LINK_CAPABILITIES = row(0x0C, 4, 0, 0, 0, L.build());
    /** Of no effect. */
    public static final Register LINK_CONTROL = writable("Link Control", 0x10, 2, 0x1CB);

    private static final Layout.Builder T = Layout.builder("Link Status", 1, "PCIe 7.5.3.8");
    /** As {@link #MAX_SPEED}. */
    public static final BitField SPEED = T.field("Current Link Speed", 3, 0);
    /** Lanes. */
    public static final BitField WIDTH = T.field("Negotiated Link Width", 9, 4);
    /** Link Status. */
    public static final Register LINK_STATUS = row(0x12, 2, 0, 0, 0, T.build());

    private static final Layout.Builder D2 = Layout.builder("Device Capabilities 2", 1, "PCIe 7.5.3.15");
    /** A to D. */
    public static final BitField TIMEOUT_RANGES = D2.field("Completion Timeout Ranges Supported", 3, 0);
    /** Time-outs can be switched off. */
    public static final BitField TIMEOUT_DISABLE_SUPPORTED = D2.bit("Completion Timeout Disable Supported", 4);
    /** TLPs may have end-to-end prefixes, such as PASID. */
    public static final BitField PREFIX_SUPPORTED = D2.bit("End-End TLP Prefix Supported", 21);
    /** What the device can. */
    public static final Register DEVICE_CAPABILITIES_2 = row(
            0x24,
            4,
            TIMEOUT_RANGES.mask() | TIMEOUT_DISABLE_SUPPORTED.mask() | PREFIX_SUPPORTED.mask(),
            0,
            0,
            D2.build());

    private static final Layout.Builder C2 = Layout.builder("Device Control 2", 1, "PCIe 7.5.3.16");
    /** Range of the completion time-out. */
    public static final BitField TIMEOUT = C2.field("Completion Timeout Value", 3, 0);
    /** No time-out. */
    public static final BitField TIMEOUT_DISABLE = C2.bit("Completion Timeout Disable", 4);
    /** Device control 2. */
    public static final Register DEVICE_CONTROL_2 = row(0x28, 2, 0, 0x1F, 0, C2.build());

    /** All of them. */
    public static final List<Register> MAP = List.of(
            CAPABILITIES,
            DEVICE_CAPABILITIES,
            DEVICE_CONTROL,
            DEVICE_STATUS,
            LINK_CAPABILITIES,
            LINK_CONTROL,
            LINK_STATUS,
            readOnly("Slot Capabilities", 0x14, 4),
            readOnly("Slot Control", 0x18, 2),
            readOnly("Slot Status", 0x1A, 2),
            readOnly("Root Control", 0x1C, 2),
            readOnly("Root Capabilities", 0x1E, 2),
            readOnly("Root Status", 0x20, 4),
            DEVICE_CAPABILITIES_2,
            DEVICE_CONTROL_2,
            readOnly("Device Status 2", 0x2A, 2),
            readOnly("Link Capabilities 2", 0x2C, 4),
            readOnly("Link Control 2", 0x30, 2),
            readOnly("Link Status 2", 0x32, 2),
            readOnly("Slot Capabilities 2", 0x34, 4),
            readOnly("Slot Control 2", 0x38, 2),
            readOnly("Slot Status 2", 0x3A, 2));

    private PcieCapability() {}
}
