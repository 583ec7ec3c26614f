// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/** What a guest says of tables of its own, which are in its memory. */
public sealed interface GuestTables {
    /** Width of the addresses of a first stage of four levels on VT-d. */
    int FOUR_LEVEL_BITS = 48;
    /** Width of those of five levels. */
    int FIVE_LEVEL_BITS = 57;

    /**
     * One first stage of a guest on VT-d, for one PASID (VT-d 9.6, PGTT 011).
     *
     * @param root guest-physical address of its first table
     * @param supervisor SRE: requests with supervisor privilege may be made
     * @param extendedAccess EAFE
     * @param writeProtect WPE
     * @param addressBits width of addresses: 57 for five levels (FSPM), else 48
     */
    record FirstStage(long root, boolean supervisor, boolean extendedAccess, boolean writeProtect, int addressBits)
            implements GuestTables {
        /** One of four levels. */
        public FirstStage(long root, boolean supervisor, boolean extendedAccess, boolean writeProtect) {
            this(root, supervisor, extendedAccess, writeProtect, FOUR_LEVEL_BITS);
        }
    }

    /**
     * A guest's table of context descriptors on SMMUv3, for all PASIDs and none, as words 0 and 1 of its STE (IHI 0070 §5.2): Config says
     * abort, bypass, or the first stage.
     *
     * @param word0 V, Config, S1Fmt, S1ContextPtr, S1CDMax
     * @param word1 S1DSS, S1CIR, S1COR, S1CSH, S1STALLD, EATS
     */
    record Contexts(long word0, long word1) implements GuestTables {}
}
