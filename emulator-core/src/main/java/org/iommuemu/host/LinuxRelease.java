// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

/** Releases of Linux, where their drivers differ. What each does was seen in captures of both. */
public enum LinuxRelease {
    /**
     * 6.1. VT-d: every invalidation has a wait of its own, and the unit's fault event is set up with interrupt remapping. SMMUv3: structures are
     * written in two steps, and a domain is left before the next is entered.
     */
    LINUX_6_1("6.1"),
    /**
     * 6.12. VT-d: what an unmapping invalidates is one batch, and the fault event is set up before translation is switched on. SMMUv3:
     * structures are written so that hardware never sees a mixture, in as few steps as that takes.
     */
    LINUX_6_12("6.12");

    private final String label;

    LinuxRelease(String label) {
        this.label = label;
    }

    /** The release's number. */
    public String label() {
        return label;
    }

    /** Whether the fault event is set up as soon as interrupts are remapped. */
    boolean raisesFaultsEarly() {
        return this == LINUX_6_1;
    }

    /** Whether what one call invalidates has one wait, rather than each descriptor its own. */
    boolean batches() {
        return this == LINUX_6_12;
    }

    /**
     * Whether page-selective IOTLB invalidations have an address that is aligned to their mask, and say when no table has gone. 6.1 loses the
     * hint between two of its functions, and leaves to the unit to overlook the low bits.
     */
    boolean hintsLeaves() {
        return this == LINUX_6_12;
    }

    /** Whether processors are interrupted by logical names, one bit for each. */
    boolean namesProcessorsByBits() {
        return this == LINUX_6_1;
    }

    /** Whether what is not translated has a domain id like any other domain. */
    boolean identityHasDomain() {
        return this == LINUX_6_1;
    }
}
