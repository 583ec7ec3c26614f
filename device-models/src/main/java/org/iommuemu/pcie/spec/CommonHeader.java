// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie.spec;

import static org.iommuemu.pcie.spec.ConfigRegister.readOnly;
import static org.iommuemu.pcie.spec.ConfigRegister.row;
import static org.iommuemu.pcie.spec.ConfigRegister.writable;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** What type 0 and type 1 headers have in common (PCIe Base Specification §7.5.1.1). */
public final class CommonHeader {
    /** Vendor ID. */
    public static final Register VENDOR_ID = readOnly("Vendor ID", 0x00, 2);
    /** Device ID. */
    public static final Register DEVICE_ID = readOnly("Device ID", 0x02, 2);

    private static final Layout.Builder C = Layout.builder("Command", 1, "PCIe 7.5.1.1.3");
    /** The function answers to its memory BARs, a bridge to its windows. */
    public static final BitField MEMORY_SPACE = C.bit("Memory Space Enable", 1);
    /** The function may send requests, a bridge forward them upwards. */
    public static final BitField BUS_MASTER = C.bit("Bus Master Enable", 2);
    /** Reports of poisoned data. */
    public static final BitField PARITY_RESPONSE = C.bit("Parity Error Response", 6);
    /** Reports of errors to the root complex. */
    public static final BitField SERR = C.bit("SERR# Enable", 8);
    /** No INTx. */
    public static final BitField INTERRUPT_DISABLE = C.bit("Interrupt Disable", 10);
    /** Command. There is no I/O space. */
    public static final Register COMMAND = row(0x04, 2, 0, 0x546, 0, C.build());

    private static final Layout.Builder S = Layout.builder("Status", 1, "PCIe 7.5.1.1.4");
    /** There are capabilities. */
    public static final BitField CAPABILITIES_LIST = S.bit("Capabilities List", 4);
    /** A poisoned completion came, or a poisoned write was sent. */
    public static final BitField MASTER_DATA_PARITY = S.bit("Master Data Parity Error", 8);
    /** Completer Abort was sent. */
    public static final BitField SIGNALED_TARGET_ABORT = S.bit("Signaled Target Abort", 11);
    /** Completer Abort came. */
    public static final BitField RECEIVED_TARGET_ABORT = S.bit("Received Target Abort", 12);
    /** Unsupported Request came. */
    public static final BitField RECEIVED_MASTER_ABORT = S.bit("Received Master Abort", 13);
    /** An error was reported to the root complex. */
    public static final BitField SIGNALED_SYSTEM_ERROR = S.bit("Signaled System Error", 14);
    /** A poisoned TLP came. */
    public static final BitField DETECTED_PARITY = S.bit("Detected Parity Error", 15);
    /** Status. */
    public static final Register STATUS = row(0x06, 2, CAPABILITIES_LIST.mask(), 0, 0xF900, S.build());

    private static final Layout.Builder K = Layout.builder("Class Code and Revision ID", 1, "PCIe 7.5.1.1.5-6");
    /** Revision. */
    public static final BitField REVISION = K.field("Revision ID", 7, 0);
    /** Class, sub-class, programming interface. */
    public static final BitField CLASS_CODE = K.field("Class Code", 31, 8);
    /** Class code and revision. */
    public static final Register CLASS = row(0x08, 4, 0, 0, 0, K.build());
    /** Of no effect. */
    public static final Register CACHE_LINE_SIZE = writable("Cache Line Size", 0x0C, 1, 0xFF);
    /** Hard-wired. */
    public static final Register LATENCY_TIMER = readOnly("Latency Timer", 0x0D, 1);

    private static final Layout.Builder H = Layout.builder("Header Type", 1, "PCIe 7.5.1.1.9");
    /** 0 or 1. */
    public static final BitField HEADER_LAYOUT = H.field("Header Layout", 6, 0);
    /** The device has more than one function. */
    public static final BitField MULTI_FUNCTION = H.bit("Multi-Function Device", 7);
    /** Header type. */
    public static final Register HEADER_TYPE = row(0x0E, 1, 0, 0, 0, H.build());
    /** Absent. */
    public static final Register BIST = readOnly("BIST", 0x0F, 1);
    /** Offset of the first capability. */
    public static final Register CAPABILITIES_POINTER = readOnly("Capabilities Pointer", 0x34, 1);
    /** For software. */
    public static final Register INTERRUPT_LINE = writable("Interrupt Line", 0x3C, 1, 0xFF);
    /** 0: no INTx. */
    public static final Register INTERRUPT_PIN = readOnly("Interrupt Pin", 0x3D, 1);

    /** All of them. */
    public static final List<Register> MAP = List.of(
            VENDOR_ID,
            DEVICE_ID,
            COMMAND,
            STATUS,
            CLASS,
            CACHE_LINE_SIZE,
            LATENCY_TIMER,
            HEADER_TYPE,
            BIST,
            CAPABILITIES_POINTER,
            INTERRUPT_LINE,
            INTERRUPT_PIN);

    private CommonHeader() {}
}
