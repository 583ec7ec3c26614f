// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.experiment;

import org.iommuemu.pcie.LinkParameters;
import org.iommuemu.pcie.PcieLink;

/** A link that always has something to carry, without an IOMMU behind it: its throughput in Gb/s. */
final class LinkBench {
    private static final int TRANSFERS = 20_000;
    /** A read's request is not waited for: its data follow at once. */
    private static final long PROPAGATION = 0;

    private LinkBench() {}

    private static PcieLink link(LinkParameters parameters) {
        return new PcieLink(parameters, PROPAGATION, parameters.maxPayload());
    }

    static double writes(LinkParameters parameters, int bytes) {
        PcieLink link = link(parameters);
        long end = 0;
        for (int i = 0; i < TRANSFERS; i++) {
            end = link.write(0, bytes);
        }
        return gigabits(bytes, end);
    }

    static double reads(LinkParameters parameters, int bytes) {
        PcieLink link = link(parameters);
        long end = 0;
        for (int i = 0; i < TRANSFERS; i++) {
            end = Math.max(end, link.complete(link.requestRead(0, bytes), bytes));
        }
        return gigabits(bytes, end);
    }

    /** As many reads as writes at a time; the throughput of each. */
    static double readsAndWrites(LinkParameters parameters, int bytes) {
        PcieLink link = link(parameters);
        long end = 0;
        for (int i = 0; i < TRANSFERS; i++) {
            end = Math.max(end, link.complete(link.requestRead(0, bytes), bytes));
            end = Math.max(end, link.write(0, bytes));
        }
        return gigabits(bytes, end);
    }

    private static double gigabits(int bytes, long picoseconds) {
        return TRANSFERS * 8.0 * bytes * 1000 / picoseconds;
    }
}
