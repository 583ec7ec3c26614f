// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** A PASID directory entry (VT-d architecture 9.5). */
public final class PasidDirectoryEntry {
    /** Size in bytes. */
    public static final int BYTES = 8;
    /** Size in 64-bit words. */
    public static final int WORDS = 1;

    private static final Layout.Builder B = Layout.builder("PASID directory entry", WORDS, "VT-d 9.5");
    /** Present. */
    public static final BitField P = B.bit("P", 0);
    /** Fault processing disable. */
    public static final BitField FPD = B.bit("FPD", 1);
    /** PASID table. */
    public static final BitField SMPTBLPTR = B.address("SMPTBLPTR", 63, 12);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private PasidDirectoryEntry() {}
}
