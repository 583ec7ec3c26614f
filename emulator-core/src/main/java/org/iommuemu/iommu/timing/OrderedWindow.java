// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu.timing;

import org.iommuemu.time.InOrderWindow;
import org.iommuemu.time.Waiter;

/** A window in which large requests take more room than others. */
final class OrderedWindow {
    private final InOrderWindow window;
    private final Waiter waiter;
    private final int small;
    private final int large;
    private final int largeFrom;

    OrderedWindow(String name, TimingParameters.Window p) {
        int unit = gcd(p.requests(), p.largeRequests());
        // Room in units of which both kinds take a whole number.
        small = p.largeRequests() / unit;
        large = p.requests() / unit;
        window = new InOrderWindow(name, p.requests() * small);
        waiter = window.waiter("requests");
        largeFrom = p.largeFrom();
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    private int room(int bytes) {
        return bytes >= largeFrom ? large : small;
    }

    /** When a request that is there at a time comes in, in ps; {@link #leave} must follow. */
    long enter(int bytes, long at) {
        long in = at;
        for (int i = room(bytes); i > 0; i--) {
            in = window.enter(waiter, in);
        }
        return in;
    }

    /** When it goes out, in ps, if it could at {@code ready}. */
    long leave(int bytes, long ready) {
        long out = ready;
        for (int i = room(bytes); i > 0; i--) {
            out = window.leave(out);
        }
        return out;
    }

    InOrderWindow resource() {
        return window;
    }
}
