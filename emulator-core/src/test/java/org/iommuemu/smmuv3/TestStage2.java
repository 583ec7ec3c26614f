// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import org.iommuemu.paging.Aarch64Stage2;
import org.iommuemu.paging.build.TableBuilder;

/** Stage 2 tables of the 4 KiB granule, written into an STE of a bench (fact sheet 2.2, 4.4). */
final class TestStage2 {
    /** A leaf without MemAttr and SH: accessed, read-write. */
    static final long LEAF = 0x4C0;
    /** {@link #LEAF} of Normal write-back, inner shareable memory. */
    static final long WRITE_BACK = LEAF | 0x33C;

    private TestStage2() {}

    /** Gives a stream empty tables: 39-bit IPAs from level 1, 48-bit output; faults are recorded. */
    static TableBuilder empty(SmmuBench b, int stream, int vmid) {
        TableBuilder tables = new TableBuilder(b.memory, b.allocator, Aarch64Stage2.format(12, false), 39);
        // S2T0SZ 25, S2SL0 1, S2PS 5, S2AA64, S2R.
        b.ste(stream).set(143, 128, vmid).set(165, 160, 25).set(167, 166, 1).set(178, 176, 5);
        b.ste(stream).set(179, 179, 1).set(186, 186, 1).set(243, 196, tables.root() >>> 4);
        return tables;
    }

    /** Gives a stream tables that map the bench's low memory and its data to themselves. */
    static TableBuilder identity(SmmuBench b, int stream, int vmid) {
        TableBuilder tables = empty(b, stream, vmid);
        for (long ipa = 0; ipa < 0x1_0000_0000L; ipa += 0x4000_0000L) {
            tables.map(ipa, ipa, 2, WRITE_BACK);
        }
        return tables;
    }
}
