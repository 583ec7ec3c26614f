// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.PerfmonRegisters;

/** Where registers are whose place is fixed, so that those whose place the capabilities tell are put elsewhere. */
final class RegisterPlaces {
    private static final int LONGEST_CONFIGURATIONS = PerfmonRegisters.MOST_COUNTERS * 0x100;

    private final long cap;
    private final long ecap;

    RegisterPlaces(long cap, long ecap) {
        this.cap = cap;
        this.ecap = ecap;
    }

    /** Whether no register of a fixed place lies in a range. */
    boolean isFree(int first, int bytes) {
        boolean commands = Capability.ECMDS.isSet(cap);
        return !(overlaps(first, bytes, 0, 0xF0)
                || commands && overlaps(first, bytes, 0x400, 0x50)
                || commands && ExtendedCapability.PMS.isSet(ecap) && overlapsMonitor(first, bytes)
                || ExtendedCapability.RDTS.isSet(ecap) && overlaps(first, bytes, 0xDC0, 8)
                || ExtendedCapability.VCS.isSet(ecap) && overlaps(first, bytes, 0xE00, 0x38));
    }

    /** Counters lie beyond what FRO and IRO can say. */
    private static boolean overlapsMonitor(int first, int bytes) {
        return overlaps(first, bytes, 0x300, 0xA8)
                || overlaps(first, bytes, PerfmonRegisters.CONFIGURATION_BASE, LONGEST_CONFIGURATIONS);
    }

    /** Whether two ranges have a byte in common. */
    static boolean overlaps(int first, int bytes, int other, int otherBytes) {
        return first < other + otherBytes && other < first + bytes;
    }
}
