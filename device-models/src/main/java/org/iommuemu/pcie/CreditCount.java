// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

/**
 * The credits of one kind in one direction, in events (PCIe Base Specification §2.6); zero at initialisation are infinite ones. {@link
 * CreditPool} is the same where the end of every use is known when it begins.
 */
final class CreditCount {
    private final FlowControl.Pool pool;
    private int headers;
    private int data;

    /** All of them. */
    CreditCount(FlowControl.Pool pool) {
        this.pool = pool;
        reset();
    }

    void reset() {
        headers = pool.headers();
        data = pool.data();
    }

    private static int units(Tlp tlp) {
        return (tlp.dataBytes() + FlowControl.UNIT - 1) / FlowControl.UNIT;
    }

    boolean isEnoughFor(Tlp tlp) {
        return (pool.headers() == 0 || headers > 0) && (pool.data() == 0 || data >= units(tlp));
    }

    void take(Tlp tlp) {
        headers--;
        data -= units(tlp);
    }

    void give(Tlp tlp) {
        headers++;
        data += units(tlp);
    }
}
