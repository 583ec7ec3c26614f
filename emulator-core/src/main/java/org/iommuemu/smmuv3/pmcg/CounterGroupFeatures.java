// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.pmcg;

import org.iommuemu.smmuv3.spec.PmcgRegisters;

/**
 * What a counter group can do: the value of its SMMU_PMCG_CFGR.
 *
 * @param cfgr number and size of counters, page 1, messages, capture, kind of filter; MPAM is not modelled and taken away
 */
public record CounterGroupFeatures(long cfgr) {
    private static final long MODELLED = PmcgRegisters.NCTR.mask()
            | PmcgRegisters.SIZE.mask()
            | PmcgRegisters.RELOC_CTRS.mask()
            | PmcgRegisters.MSI.mask()
            | PmcgRegisters.CAPTURE.mask()
            | PmcgRegisters.SID_FILTER_TYPE.mask();

    /**
     * Checks the size of the counters.
     *
     * @throws IllegalArgumentException if there are no counters of that size (§10.5.2.13)
     */
    public CounterGroupFeatures {
        cfgr &= MODELLED;
        switch (PmcgRegisters.SIZE.getInt(cfgr) + 1) {
            case 32, 36, 40, 44, 48, 64 -> {}
            default ->
                throw new IllegalArgumentException("SIZE is 0x" + Long.toHexString(PmcgRegisters.SIZE.get(cfgr))
                        + ", expected 31, 35, 39, 43, 47 or 63");
        }
    }

    /** Eight counters of 64 bits with a filter each, capture and messages, all registers in page 0. */
    public static CounterGroupFeatures standard() {
        return of(8, Long.SIZE);
    }

    /**
     * Counters with a filter each, capture and messages, all registers in page 0.
     *
     * @param counters 1 to 64
     * @param bits of a counter: 32, 36, 40, 44, 48 or 64
     */
    public static CounterGroupFeatures of(int counters, int bits) {
        if (counters < 1 || counters > PmcgRegisters.MOST_COUNTERS) {
            throw new IllegalArgumentException(counters + " counters, expected 1 to 64");
        }
        return new CounterGroupFeatures(PmcgRegisters.NCTR.of(counters - 1L)
                | PmcgRegisters.SIZE.of(bits - 1L)
                | PmcgRegisters.CAPTURE.mask()
                | PmcgRegisters.MSI.mask());
    }

    /** The number of counters. */
    public int counters() {
        return PmcgRegisters.NCTR.getInt(cfgr) + 1;
    }

    /** Bits of a counter. */
    public int bits() {
        return PmcgRegisters.SIZE.getInt(cfgr) + 1;
    }

    /** Whether messages can be sent. */
    public boolean hasMessages() {
        return PmcgRegisters.MSI.isSet(cfgr);
    }

    /** Whether counters can be captured. */
    public boolean hasCapture() {
        return PmcgRegisters.CAPTURE.isSet(cfgr);
    }

    /** Whether the filter of counter 0 is that of all. */
    public boolean sharesFilter() {
        return PmcgRegisters.SID_FILTER_TYPE.isSet(cfgr);
    }
}
