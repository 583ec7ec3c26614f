// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator.spec;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** The accelerator's own registers; those of its queues follow (docs/devices.md, Accelerator). */
public final class DeviceRegisters {
    private static final String SOURCE = "docs/devices.md";
    private static final List<Register> MAP = new ArrayList<>();

    private static final Layout.Builder C = Layout.builder("CAPABILITIES", 1, SOURCE);
    /** log2 of the most bytes of a descriptor. */
    public static final BitField MAX_TRANSFER = C.field("MAX_TRANSFER", 7, 0);
    /** log2 of the most descriptors of a batch. */
    public static final BitField MAX_BATCH = C.field("MAX_BATCH", 15, 8);
    /** Number of work queues. */
    public static final BitField QUEUES = C.field("QUEUES", 23, 16);
    /** Number of engines. */
    public static final BitField ENGINES = C.field("ENGINES", 31, 24);
    /** Most descriptors that a queue can hold. */
    public static final BitField MAX_ENTRIES = C.field("MAX_ENTRIES", 47, 32);
    /** Number of interrupt vectors. */
    public static final BitField VECTORS = C.field("VECTORS", 59, 48);
    /** What it can do. */
    public static final Register CAPABILITIES = add(Register.readOnly("CAPABILITIES", 0x00, 8, C.build()));

    private static final Layout.Builder T = Layout.builder("CONTROL", 1, SOURCE);
    /** Enable; from 1 to 0 is a reset of all that goes on. */
    public static final BitField ENABLE = T.bit("ENABLE", 0);
    /** Vector 0 is sent when an error is recorded. */
    public static final BitField ERROR_INTERRUPT = T.bit("ERROR_INTERRUPT", 1);
    /** Control. */
    public static final Register CONTROL = add(Register.writable("CONTROL", 0x08, 8, 0x3, T.build()));

    private static final Layout.Builder S = Layout.builder("STATUS", 1, SOURCE);
    /** Whether it is enabled, or transfers of before are still under way. */
    public static final BitField ENABLED = S.bit("ENABLED", 0);
    /** Status. */
    public static final Register STATUS = add(Register.readOnly("STATUS", 0x10, 8, S.build()));

    private static final Layout.Builder E = Layout.builder("ERROR", 1, SOURCE);
    /** There is one; writing 1 makes room for the next. */
    public static final BitField VALID = E.bit("VALID", 0);
    /** There was another one since. */
    public static final BitField OVERFLOW = E.bit("OVERFLOW", 1);
    /** {@link CompletionCode}, or 0 for a descriptor that was not accepted. */
    public static final BitField ERROR_CODE = E.field("CODE", 14, 8);
    /** It was a write. */
    public static final BitField ERROR_WRITE = E.bit("WRITE", 15);
    /** Number of the queue. */
    public static final BitField ERROR_QUEUE = E.field("QUEUE", 23, 16);
    /** Operation of the descriptor. */
    public static final BitField ERROR_OPERATION = E.field("OPERATION", 31, 24);
    /** PASID of the descriptor. */
    public static final BitField ERROR_PASID = E.field("PASID", 51, 32);
    /** PASID is of meaning. */
    public static final BitField ERROR_PASID_VALID = E.bit("PASID_VALID", 52);
    /** An error that no completion record tells. */
    public static final Register ERROR = add(new Register("ERROR", 0x18, 8, 0, 0, 0x3, E.build()));

    private static final Layout.Builder A = Layout.builder("ERROR_ADDRESS", 1, SOURCE);
    /** Address of the fault, or of the completion record. */
    public static final BitField ADDRESS = A.field("ADDRESS", 63, 0);
    /** Address that goes with {@link #ERROR}. */
    public static final Register ERROR_ADDRESS = add(Register.readOnly("ERROR_ADDRESS", 0x20, 8, A.build()));

    private DeviceRegisters() {}

    private static Register add(Register r) {
        MAP.add(r);
        return r;
    }

    /** All of them, by offset. */
    public static List<Register> map() {
        return List.copyOf(MAP);
    }
}
