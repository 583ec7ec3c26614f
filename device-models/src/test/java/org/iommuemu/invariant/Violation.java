// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

/** An invariant does not hold. */
final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Invariant invariant;

    Violation(Invariant invariant, String what) {
        super(invariant + ": " + what);
        this.invariant = invariant;
    }

    Violation(RuntimeException cause) {
        super(Invariant.NO_EXCEPTION + ": " + cause, cause);
        invariant = Invariant.NO_EXCEPTION;
    }

    Invariant invariant() {
        return invariant;
    }
}
