// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.perfmon;

import org.iommuemu.vtd.spec.PerfmonEvent;
import org.iommuemu.vtd.spec.PerfmonRegisters;

/**
 * What a performance monitor can do: the value of its PERFCAP.
 *
 * @param perfcap number and width of counters, filters, CWE, GFS, IOS; event groups are as many as there are, the rest is not
 *     modelled and taken away
 */
public record MonitorFeatures(long perfcap) {
    private static final long MODELLED = PerfmonRegisters.NCNTR.mask()
            | PerfmonRegisters.CW.mask()
            | PerfmonRegisters.FILTERS.of(PerfmonEvent.Filter.ALL)
            | PerfmonRegisters.CWE.mask()
            | PerfmonRegisters.GFS.mask()
            | PerfmonRegisters.IOS.mask();

    /**
     * Checks number and width of the counters.
     *
     * @throws IllegalArgumentException if there are no such counters
     */
    public MonitorFeatures {
        perfcap = perfcap & MODELLED | PerfmonRegisters.EGCNT.of(PerfmonEvent.GROUPS);
        int count = PerfmonRegisters.NCNTR.getInt(perfcap);
        if (count < 1 || count > PerfmonRegisters.MOST_COUNTERS) {
            throw new IllegalArgumentException(
                    "NCNTR is " + count + ", expected 1 to " + PerfmonRegisters.MOST_COUNTERS);
        }
        int bits = PerfmonRegisters.CW.getInt(perfcap);
        if (bits < 1 || bits > Long.SIZE) {
            throw new IllegalArgumentException("CW is " + bits + ", expected 1 to 64");
        }
    }

    /** Eight counters of 48 bits that can do everything modelled. */
    public static MonitorFeatures standard() {
        return of(8, 48);
    }

    /**
     * Counters that can do everything modelled.
     *
     * @param counters 1 to 64
     * @param bits of a counter, 1 to 64
     */
    public static MonitorFeatures of(int counters, int bits) {
        long all = MODELLED & ~PerfmonRegisters.NCNTR.mask() & ~PerfmonRegisters.CW.mask();
        return new MonitorFeatures(all | PerfmonRegisters.NCNTR.of(counters) | PerfmonRegisters.CW.of(bits));
    }

    /** The number of counters. */
    public int counters() {
        return PerfmonRegisters.NCNTR.getInt(perfcap);
    }

    /** Bits of a counter. */
    public int bits() {
        return PerfmonRegisters.CW.getInt(perfcap);
    }

    /** The {@link PerfmonEvent.Filter}s that there are. */
    public int filters() {
        return PerfmonRegisters.FILTERS.getInt(perfcap);
    }
}
