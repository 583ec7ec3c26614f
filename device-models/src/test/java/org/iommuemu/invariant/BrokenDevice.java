// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.time.Picoseconds;

/** What devices get wrong. */
enum BrokenDevice {
    /** Answers an Invalidate Request before it does what that says. */
    ANSWERS_EARLY(5_000),
    /** Answers an Invalidate Request, and does nothing. */
    IGNORES_INVALIDATIONS(-1);

    private final long latency;

    BrokenDevice(long nanoseconds) {
        latency = nanoseconds;
    }

    /** Makes all devices of a machine such ones. */
    void install(World w) {
        for (PciFunction function : w.machine().functions()) {
            function.link().tap((tlp, up, arrival, wire) -> {
                if (tlp instanceof Tlp.InvalidateRequest r) {
                    function.link().up(new Tlp.InvalidateCompletion(function.id(), 1 << r.itag(), 1));
                    if (latency >= 0) {
                        wire.deliver(tlp, arrival + Picoseconds.ofNanoseconds(latency));
                    }
                } else {
                    wire.deliver(tlp, arrival);
                }
            });
        }
    }
}
