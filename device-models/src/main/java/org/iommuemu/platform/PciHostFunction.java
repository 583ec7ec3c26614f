// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import org.iommuemu.host.Patience;
import org.iommuemu.host.control.DeviceFunction;
import org.iommuemu.pcie.PageRequestControl;
import org.iommuemu.pcie.PciFunction;

/** A function's configuration space, as the kernel's core uses it. */
final class PciHostFunction implements DeviceFunction {
    private final PciFunction function;
    private final Patience patience;

    PciHostFunction(PciFunction function, Patience patience) {
        this.function = function;
        this.patience = patience;
    }

    @Override
    public int pasids() {
        int bits = function.controls().pasidBits();
        return bits < 0 ? 0 : 1 << bits;
    }

    @Override
    public boolean hasAts() {
        return function.controls().hasAts();
    }

    @Override
    public boolean hasPageRequests() {
        return function.controls().pageRequests().isPresent();
    }

    @Override
    public void pasid(boolean on) {
        if (on) {
            function.enablePasid(false, false);
        } else {
            function.disablePasid();
        }
    }

    @Override
    public void ats(boolean on) {
        if (on) {
            function.enableAts(0);
        } else {
            function.disableAts();
        }
    }

    /** As Linux' {@code pci_enable_pri} and {@code pci_disable_pri}; a device that does not stop is reset when it is enabled next. */
    @Override
    public void pageRequests(boolean on) {
        PageRequestControl control = function.controls().pageRequests();
        if (on) {
            function.resetPri().enablePri(control.capacity());
        } else {
            function.disablePri();
            patience.await(control::isStopped, Patience.MOST_PICOSECONDS);
        }
    }
}
