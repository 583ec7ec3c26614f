// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

/** Who may touch what a link carries: loses, delays, repeats, changes TLPs. */
@FunctionalInterface
public interface LinkTap {
    /** A good link. */
    LinkTap NONE = (tlp, up, arrival, wire) -> wire.deliver(tlp, arrival);

    /**
     * A TLP has been sent.
     *
     * @param up whether towards the host
     * @param arrival when it would be at the other end, in ps
     * @param wire what takes it there; what is not delivered is lost
     */
    void carry(Tlp tlp, boolean up, long arrival, Delivery wire);

    /** Brings TLPs to the other end. */
    @FunctionalInterface
    interface Delivery {
        /**
         * A TLP arrives.
         *
         * @param at when, in ps, not before now
         */
        void deliver(Tlp tlp, long at);
    }
}
