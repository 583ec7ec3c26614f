// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.iommu;

import org.iommuemu.paging.WalkStatus;

/** What can go wrong between a good configuration and a physical address. */
public enum FaultKind {
    /** The address is outside the range that the tables cover. */
    INPUT_RANGE,
    /** Walks of this table are forbidden. */
    WALK_DISABLED,
    /** Unprivileged requests are kept from this table. */
    UNPRIVILEGED,
    /** A descriptor is invalid. */
    INVALID_DESCRIPTOR,
    /** A descriptor has a bit set that must be zero. */
    RESERVED_BITS,
    /** Nothing may go where the tables put the address. */
    FORBIDDEN_OUTPUT,
    /** An output or table address is too wide. */
    ADDRESS_SIZE,
    /** A descriptor read got no answer. */
    WALK_EXTERNAL_ABORT,
    /** The leaf has not been marked as accessed. */
    ACCESS_FLAG,
    /** A descriptor would have to be marked as accessed or dirty, and hardware must not. */
    UPDATE,
    /** The leaf does not allow the access. */
    PERMISSION;

    /** The fault that a walk's end stands for, if it is neither a leaf nor the other stage's affair. */
    static FaultKind of(WalkStatus status) {
        return switch (status) {
            case ADDRESS_SIZE -> ADDRESS_SIZE;
            case EXTERNAL_ABORT -> WALK_EXTERNAL_ABORT;
            case INVALID_DESCRIPTOR -> INVALID_DESCRIPTOR;
            case RESERVED_BITS -> RESERVED_BITS;
            case UPDATE_REFUSED -> UPDATE;
            case OK, NOT_LOCATED -> throw new IllegalArgumentException(status + " is no fault of the walk");
        };
    }
}
