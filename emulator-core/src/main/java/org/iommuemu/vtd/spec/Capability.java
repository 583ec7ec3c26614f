// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** The capability register (VT-d architecture 11.4.2). */
public final class Capability {

    private static final Layout.Builder B = Layout.builder("CAP", 1, "VT-d 11.4.2");
    /** Domain-id width: 4 + 2 ND bits. */
    public static final BitField ND = B.field("ND", 2, 0);
    /** Write buffers must be flushed. */
    public static final BitField RWBF = B.bit("RWBF", 4);
    /** Protected low memory. */
    public static final BitField PLMR = B.bit("PLMR", 5);
    /** Protected high memory. */
    public static final BitField PHMR = B.bit("PHMR", 6);
    /** Caching mode. */
    public static final BitField CM = B.bit("CM", 7);
    /** Guest address widths: bit 1 for 39, bit 2 for 48, bit 3 for 57. */
    public static final BitField SAGAW = B.field("SAGAW", 12, 8);
    /** Most guest address bits, less one. */
    public static final BitField MGAW = B.field("MGAW", 21, 16);
    /** Zero-length reads of write-only pages. */
    public static final BitField ZLR = B.bit("ZLR", 22);
    /** Offset of the fault records in units of 16 bytes. */
    public static final BitField FRO = B.field("FRO", 33, 24);
    /** Large second-stage pages: bit 0 for 2 MiB, bit 1 for 1 GiB. */
    public static final BitField SSLPS = B.field("SSLPS", 37, 34);
    /** Page-selective invalidation. */
    public static final BitField PSI = B.bit("PSI", 39);
    /** Number of fault records, less one. */
    public static final BitField NFR = B.field("NFR", 47, 40);
    /** Largest address mask. */
    public static final BitField MAMV = B.field("MAMV", 53, 48);
    /** Write draining. */
    public static final BitField DWD = B.bit("DWD", 54);
    /** Read draining. */
    public static final BitField DRD = B.bit("DRD", 55);
    /** First-stage 1 GiB pages. */
    public static final BitField FS1GP = B.bit("FS1GP", 56);
    /** Posted interrupts. */
    public static final BitField PI = B.bit("PI", 59);
    /** 5-level first stage. */
    public static final BitField FS5LP = B.bit("FS5LP", 60);
    /** Enhanced commands. */
    public static final BitField ECMDS = B.bit("ECMDS", 61);
    /** Setting the interrupt table invalidates. */
    public static final BitField ESIRTPS = B.bit("ESIRTPS", 62);
    /** Setting the root table invalidates. */
    public static final BitField ESRTPS = B.bit("ESRTPS", 63);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private Capability() {}
}
