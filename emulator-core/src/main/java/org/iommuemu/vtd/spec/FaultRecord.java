// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** A fault recording register (VT-d architecture 11.4.10). */
public final class FaultRecord {
    /** Size in bytes. */
    public static final int BYTES = 16;
    /** Size in 64-bit words. */
    public static final int WORDS = 2;

    private static final Layout.Builder B = Layout.builder("FRCD", WORDS, "VT-d 11.4.10");
    /** Page that faulted, or index of an interrupt. */
    public static final BitField FI = B.address("FI", 63, 12);
    /** Requester. */
    public static final BitField SID = B.field("SID", 79, 64);
    /** Type, second bit. */
    public static final BitField T2 = B.bit("T2", 92);
    /** Privileged. */
    public static final BitField PRIV = B.bit("PRIV", 93);
    /** Execute. */
    public static final BitField EXE = B.bit("EXE", 94);
    /** PASID present. */
    public static final BitField PP = B.bit("PP", 95);
    /** Reason. */
    public static final BitField FR = B.field("FR", 103, 96);
    /** PASID. */
    public static final BitField PV = B.field("PV", 123, 104);
    /** Address type. */
    public static final BitField AT = B.field("AT", 125, 124);
    /** Type, first bit. */
    public static final BitField T1 = B.bit("T1", 126);
    /** There is a fault. */
    public static final BitField F = B.bit("F", 127);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private FaultRecord() {}
}
