// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.iommuemu.bits.BitField;
import org.iommuemu.bits.Layout;

/** An entry of a host permission table above the last level; below, both words are permissions (ECAP.HPTS). */
public final class HostPermissionEntry {
    /** Size in bytes. */
    public static final int BYTES = 16;
    /** Size in 64-bit words. */
    public static final int WORDS = 2;

    private static final Layout.Builder B = Layout.builder("host permission table entry", WORDS, "VT-d 9");
    /** Permissions, four bits each: R, W, two reserved ones. */
    public static final BitField PERMISSIONS = B.field("PP", 63, 0);
    /** The address is valid. */
    public static final BitField AV = B.bit("AV", 64);
    /** Next table. */
    public static final BitField ADDRESS = B.address("ADDR", 115, 76);
    /** Ignored. */
    public static final BitField IGNORED = B.field("IGN", 127, 116);
    /** The whole of it. */
    public static final Layout LAYOUT = B.build();

    private HostPermissionEntry() {}
}
