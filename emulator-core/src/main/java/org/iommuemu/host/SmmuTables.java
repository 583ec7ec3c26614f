// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.paging.Aarch64Descriptor;
import org.iommuemu.paging.Aarch64Stage1;
import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.build.TableBuilder;
import org.iommuemu.paging.build.TableBuilder.EntryBits;

/**
 * The tables that a driver of an SMMUv3 builds: 48 bits in the first stage, as many as physical addresses have in the second.
 *
 * @param granule log2 of their pages' size
 * @param first of a first stage
 * @param second of a second stage
 */
record SmmuTables(int granule, TableKind first, TableKind second) {
    /** Width of the addresses that a first stage translates. */
    static final int ADDRESS_BITS = 48;

    /** Memory attributes as Linux' io-pgtable numbers them: not cached, cached, device, cached in outer caches; their sign is extended. */
    static final long MAIR = 0xFFFF_FFFF_F404_FF44L;

    private static final int CACHED = 1;
    private static final int DEVICE = 2;
    /** Of a second stage: write-back, and Device-nGnRE. */
    private static final int SECOND_CACHED = 0xF;

    private static final int SECOND_DEVICE = 1;
    private static final int INNER = 3;
    private static final int OUTER = 2;

    /** For a granule, and a width of the addresses that a second stage translates. */
    static SmmuTables of(int granule, int intermediateBits) {
        return new SmmuTables(
                granule,
                new TableKind(
                        Aarch64Stage1.format(granule, false), EntryBits.AARCH64, ADDRESS_BITS, SmmuTables::firstLeaf),
                new TableKind(
                        Aarch64Stage2.format(granule, false),
                        EntryBits.AARCH64,
                        intermediateBits,
                        true,
                        SmmuTables::secondLeaf));
    }

    /** The granule as CD.TG0 and STE.S2TG have it. */
    int granuleCode() {
        return granule == 12 ? 0 : granule == 14 ? 2 : 1;
    }

    /** STE.S2SL0: where a walk of the second stage starts. */
    int secondStart() {
        return second.startHeight() - (granule == 12 ? 1 : 0);
    }

    private static long firstLeaf(int permissions) {
        boolean writable = (permissions & IommuDriver.WRITE) != 0;
        boolean executable = (permissions & IommuDriver.EXECUTE) != 0;
        boolean privileged = (permissions & IommuDriver.PRIVILEGED) != 0;
        boolean device = (permissions & IommuDriver.MMIO) != 0;
        return (writable ? TableBuilder.READ_WRITE : TableBuilder.READ_ONLY)
                        & ~(privileged ? Aarch64Descriptor.AP_UNPRIVILEGED.mask() : 0)
                        & ~Aarch64Descriptor.SH.mask()
                | Aarch64Descriptor.SH.of(device ? OUTER : INNER)
                | Aarch64Descriptor.ATTR_INDX.of(device ? DEVICE : CACHED)
                | (executable ? 0 : Aarch64Descriptor.UXN.mask() | Aarch64Descriptor.PXN.mask());
    }

    private static long secondLeaf(int permissions) {
        boolean device = (permissions & IommuDriver.MMIO) != 0;
        return Aarch64Stage2.MEM_ATTR.of(device ? SECOND_DEVICE : SECOND_CACHED)
                | Aarch64Descriptor.SH.of(device ? OUTER : INNER)
                | Aarch64Descriptor.AF.of(1)
                | Aarch64Stage2.S2AP.of(permissions & (IommuDriver.READ | IommuDriver.WRITE))
                | Aarch64Stage2.XN.of((permissions & IommuDriver.EXECUTE) != 0 ? 0 : 2);
    }
}
