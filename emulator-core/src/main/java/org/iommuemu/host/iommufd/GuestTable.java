// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.GuestTables;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.iommufd.spec.HwptStructures.VtdS1;
import org.iommuemu.smmuv3.spec.Ste;

/** What a guest says of a table of its own. */
public sealed interface GuestTable {
    /** EOPNOTSUPP or EIO for what no guest's table can be. */
    Result<Done> check();

    /** For the driver. */
    GuestTables tables();

    /**
     * {@code struct iommu_hwpt_vtd_s1}.
     *
     * @param flags SRE, EAFE, WPE
     * @param root guest-physical address of the first table
     * @param addressWidth 48 or 57
     */
    record VtdFirstStage(long flags, long root, int addressWidth) implements GuestTable {
        private static final long PAGE = 1L << 12;

        @Override
        public Result<Done> check() {
            return (flags & ~(VtdS1.SRE | VtdS1.EAFE | VtdS1.WPE)) == 0
                    ? Result.done()
                    : Result.err(Errno.EOPNOTSUPP, "flags 0x" + Long.toHexString(flags) + " of a first stage");
        }

        @Override
        public GuestTables.FirstStage tables() {
            return new GuestTables.FirstStage(
                    root & -PAGE,
                    (flags & VtdS1.SRE) != 0,
                    (flags & VtdS1.EAFE) != 0,
                    (flags & VtdS1.WPE) != 0,
                    addressWidth);
        }
    }

    /**
     * {@code struct iommu_hwpt_arm_smmuv3}: the first two words of a guest's STE.
     *
     * @param word0 V, Config, S1Fmt, S1ContextPtr, S1CDMax
     * @param word1 S1DSS, S1CIR, S1COR, S1CSH, S1STALLD, EATS
     */
    record SmmuStreamEntry(long word0, long word1) implements GuestTable {
        private static final int CONFIG_ABORT = 0;
        private static final int CONFIG_BYPASS = 4;
        private static final int CONFIG_S1 = 5;
        private static final int EATS_NONE = 0;
        private static final int EATS_FULL = 1;

        /** EIO for bits or values that a guest's entry cannot have; all are ignored of one that is not valid. */
        @Override
        public Result<Done> check() {
            if (!Ste.V.isSet(word0)) {
                return Result.done();
            }
            long allowed0 = Ste.V.mask()
                    | Ste.CONFIG.mask()
                    | Ste.S1FMT.mask()
                    | Ste.S1_CONTEXT_PTR.mask()
                    | Ste.S1CDMAX.mask();
            long allowed1 = Ste.S1DSS.mask()
                    | Ste.S1CIR.mask()
                    | Ste.S1COR.mask()
                    | Ste.S1CSH.mask()
                    | Ste.S1STALLD.mask()
                    | Ste.EATS.mask();
            int config = Ste.CONFIG.getInt(word0);
            int eats = Ste.EATS.getInt(word1);
            boolean valid = (word0 & ~allowed0) == 0
                    && (word1 & ~allowed1) == 0
                    && (config == CONFIG_ABORT || config == CONFIG_BYPASS || config == CONFIG_S1)
                    && (eats == EATS_NONE || eats == EATS_FULL);
            return valid ? Result.done() : Result.err(Errno.EIO, "a guest's stream table entry");
        }

        /** Whether it has contexts, else it lets nothing, or everything, through to the second stage. */
        boolean isTranslating() {
            return Ste.V.isSet(word0) && Ste.CONFIG.getInt(word0) == CONFIG_S1;
        }

        /** An entry that is not valid lets nothing through. */
        @Override
        public GuestTables tables() {
            boolean valid = Ste.V.isSet(word0);
            return new GuestTables.Contexts(valid ? word0 : 0, valid ? word1 : 0);
        }
    }
}
