// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie.spec;

import org.iommuemu.bits.Layout;
import org.iommuemu.bits.Register;

/** Rows of the tables of configuration registers. */
final class ConfigRegister {
    private ConfigRegister() {}

    static Register readOnly(String name, int offset, int bytes) {
        return row(name, offset, bytes, 0, 0, 0);
    }

    static Register writable(String name, int offset, int bytes, long mask) {
        return row(name, offset, bytes, 0, mask, 0);
    }

    static Register row(String name, int offset, int bytes, long reset, long writable, long writeOneToClear) {
        return row(
                offset,
                bytes,
                reset,
                writable,
                writeOneToClear,
                Layout.builder(name, 1, "PCIe 7.5").build());
    }

    static Register row(int offset, int bytes, long reset, long writable, long writeOneToClear, Layout layout) {
        return new Register(layout.name(), offset, bytes, reset, writable, writeOneToClear, layout);
    }
}
