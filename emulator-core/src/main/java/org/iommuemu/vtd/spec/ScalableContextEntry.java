// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** A scalable-mode context entry (VT-d architecture 9.4). */
public final class ScalableContextEntry {
    /** Size in bytes. */
    public static final int BYTES = 32;
    /** Size in 64-bit words. */
    public static final int WORDS = 4;

    private static final Layout.Builder B = Layout.builder("scalable-mode context entry", WORDS, "VT-d 9.4");
    /** Present. */
    public static final BitField P = B.bit("P", 0);
    /** Fault processing disable. */
    public static final BitField FPD = B.bit("FPD", 1);
    /** Device TLB enable. */
    public static final BitField DTE = B.bit("DTE", 2);
    /** PASID enable. */
    public static final BitField PASIDE = B.bit("PASIDE", 3);
    /** Page request enable. */
    public static final BitField PRE = B.bit("PRE", 4);
    /** Host permission table enable. */
    public static final BitField HPTE = B.bit("HPTE", 5);
    /** PASID on translated requests. */
    public static final BitField EPTR = B.bit("EPTR", 6);
    /** Directory size. */
    public static final BitField PDTS = B.field("PDTS", 11, 9);
    /** PASID directory. */
    public static final BitField PASIDDIRPTR = B.address("PASIDDIRPTR", 63, 12);
    /** PASID of requests without one. */
    public static final BitField RID_PASID = B.field("RID_PASID", 83, 64);
    /** Privilege of requests without PASID. */
    public static final BitField RID_PRIV = B.bit("RID_PRIV", 84);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private ScalableContextEntry() {}
}
