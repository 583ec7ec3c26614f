// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

/** What answers an access to a range of physical addresses. */
public enum RangeState {
    /** Memory. */
    PRESENT,
    /** Nothing: the access ends in an external abort. */
    ABSENT,
    /** Memory with an uncorrectable error: the access ends in an external abort. */
    POISONED
}
