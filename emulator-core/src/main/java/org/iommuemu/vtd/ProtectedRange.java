// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.Rule;

/** The rule of protected memory, which is no fault and is not recorded. */
enum ProtectedRange implements Rule {
    /** The one rule. */
    RULE;

    @Override
    public String field() {
        return "PMEN.EPM";
    }

    @Override
    public String text() {
        return "the address lies in a protected range";
    }

    @Override
    public String section() {
        return "VT-d 11.4.8";
    }
}
