// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import org.iommuemu.pcie.spec.AcsCapability;
import org.jspecify.annotations.Nullable;

/** What a switch does with a request from below whose address is in its own window (PCIe Base Specification §6.12.1, §6.12.3). */
enum PeerRoute {
    /** To the peer. */
    DIRECT,
    /** To the root complex, which may translate it. */
    UPSTREAM,
    /** Nowhere: an ACS violation. */
    VIOLATION,
    /** Nowhere: no port has the address, or that from which it came. */
    UNSUPPORTED;

    /** The route by the services of the port through which the request came. */
    static PeerRoute of(DownstreamPort from, @Nullable DownstreamPort to, Tlp.MemoryRequest r) {
        BridgeFunction acs = from.bridge();
        if (from.equals(to)) {
            return acs.is(AcsCapability.UF) ? UPSTREAM : UNSUPPORTED;
        }
        boolean redirected = acs.is(AcsCapability.RR);
        if (to == null) {
            return redirected ? UPSTREAM : UNSUPPORTED;
        }
        if (r.type() == Tlp.AddressType.TRANSLATED && acs.is(AcsCapability.DT)) {
            return DIRECT;
        }
        if (acs.is(AcsCapability.EC)) {
            // With egress control, redirection concerns only the ports of the vector.
            boolean controlled = acs.isEgressControlled(to.number());
            return !controlled ? DIRECT : redirected ? UPSTREAM : VIOLATION;
        }
        return redirected ? UPSTREAM : DIRECT;
    }
}
