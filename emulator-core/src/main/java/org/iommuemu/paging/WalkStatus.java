// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.paging;

/** How a walk ended. */
public enum WalkStatus {
    /** At a leaf. */
    OK,
    /** At an invalid descriptor. */
    INVALID_DESCRIPTOR,
    /** At a descriptor with a bit set that must be zero. */
    RESERVED_BITS,
    /** At a descriptor whose address is wider than is allowed. */
    ADDRESS_SIZE,
    /** At a descriptor whose read got no answer. */
    EXTERNAL_ABORT,
    /** At a descriptor that would have to be marked as accessed, see {@link TableRoot#refusesUpdates}. */
    UPDATE_REFUSED,
    /** At a descriptor that the next stage of translation did not let the walk read. */
    NOT_LOCATED
}
