// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator.spec;

import java.util.List;
import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/**
 * Registers of one work queue (docs/devices.md, Accelerator).
 *
 * @param configuration what it is; writable while the queue is off
 * @param control switches it on and off
 * @param status how it is
 */
public record QueueRegisters(Register configuration, Register control, Register status) {
    /** Offset of the first queue's. */
    public static final int BASE = 0x100;
    /** From one queue to the next. */
    public static final int STRIDE = 0x20;
    /** Offset of the first queue's portal. */
    public static final int PORTALS = 0x10000;
    /** From one queue's portal to the next. */
    public static final int PORTAL_STRIDE = 0x1000;

    private static final String SOURCE = "docs/devices.md";
    private static final Layout.Builder C = Layout.builder("QUEUE_CONFIGURATION", 1, SOURCE);
    /** One user, posted writes; otherwise many, and enqueues that are answered. */
    public static final BitField DEDICATED = C.bit("DEDICATED", 0, "shared", "dedicated");
    /** Descriptors may wait for pages. */
    public static final BitField BLOCK_ON_FAULT = C.bit("BLOCK_ON_FAULT", 1);
    /** Descriptors may be privileged. */
    public static final BitField PRIVILEGED = C.bit("PRIVILEGED", 2);
    /** Requests carry a PASID; a shared queue cannot do without. */
    public static final BitField PASID_ENABLE = C.bit("PASID_ENABLE", 3);
    /** Descriptors that it can hold; 0 for as many as possible. */
    public static final BitField ENTRIES = C.field("ENTRIES", 31, 16);
    /** PASID of a dedicated queue. */
    public static final BitField PASID = C.field("PASID", 51, 32);

    private static final Layout CONFIGURATION = C.build();

    private static final Layout.Builder T = Layout.builder("QUEUE_CONTROL", 1, SOURCE);
    /** Takes descriptors; from 1 to 0 drops those that have not begun. */
    public static final BitField ENABLE = T.bit("ENABLE", 0);

    private static final Layout CONTROL = T.build();

    private static final Layout.Builder S = Layout.builder("QUEUE_STATUS", 1, SOURCE);
    /** On, or descriptors of before are still being carried out. */
    public static final BitField ACTIVE = S.bit("ACTIVE", 0);
    /** Descriptors that have not begun. */
    public static final BitField OCCUPANCY = S.field("OCCUPANCY", 31, 16);
    /** Descriptors that were not accepted, so far. */
    public static final BitField REFUSED = S.field("REFUSED", 63, 32);

    private static final Layout STATUS = S.build();

    /** Those of a queue. */
    public static QueueRegisters of(int queue) {
        int at = BASE + queue * STRIDE;
        return new QueueRegisters(
                Register.writable("QUEUE_CONFIGURATION" + queue, at, 8, 0x000F_FFFF_FFFF_000FL, CONFIGURATION),
                Register.writable("QUEUE_CONTROL" + queue, at + 8, 8, 1, CONTROL),
                Register.readOnly("QUEUE_STATUS" + queue, at + 0x10, 8, STATUS));
    }

    /** All three. */
    public List<Register> map() {
        return List.of(configuration, control, status);
    }
}
