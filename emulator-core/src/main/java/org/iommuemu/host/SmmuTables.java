// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.paging.Aarch64Descriptor;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.build.TableBuilder;
import org.iommuemu.paging.build.TableBuilder.EntryBits;

/** The tables that a driver of an SMMUv3 builds: 4 KiB granules, 48-bit addresses. */
final class SmmuTables {
    static final int GRANULE = 12;
    static final int ADDRESS_BITS = 48;

    static final TableKind FIRST =
            new TableKind(Aarch64Stage1.format(GRANULE, false), EntryBits.AARCH64, ADDRESS_BITS, SmmuTables::firstLeaf);
    static final TableKind SECOND = new TableKind(
            Aarch64Stage2.format(GRANULE, false), EntryBits.AARCH64, ADDRESS_BITS, SmmuTables::secondLeaf);

    private SmmuTables() {}

    private static long firstLeaf(int permissions) {
        boolean writable = (permissions & IommuDriver.WRITE) != 0;
        boolean executable = (permissions & IommuDriver.EXECUTE) != 0;
        boolean privileged = (permissions & IommuDriver.PRIVILEGED) != 0;
        return (writable ? TableBuilder.READ_WRITE : TableBuilder.READ_ONLY)
                        & ~(privileged ? Aarch64Descriptor.AP_UNPRIVILEGED.mask() : 0)
                | (executable ? 0 : Aarch64Descriptor.UXN.mask() | Aarch64Descriptor.PXN.mask());
    }

    /** A second stage's leaf: write-back, inner shareable, accessed. */
    private static long secondLeaf(int permissions) {
        return Aarch64Stage2.MEM_ATTR.of(0xF)
                | Aarch64Descriptor.SH.of(3)
                | Aarch64Descriptor.AF.of(1)
                | Aarch64Stage2.S2AP.of(permissions & (IommuDriver.READ | IommuDriver.WRITE))
                | Aarch64Stage2.XN.of((permissions & IommuDriver.EXECUTE) != 0 ? 0 : 2);
    }
}
