// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.OptionalLong;
import org.iommuemu.capture.FeatureOverrides;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.RegisterValues;
import org.iommuemu.capture.Snapshot;

/**
 * The identification registers of a capture: recorded, or from {@code features.json}.
 *
 * @param snapshot whose registers
 * @param recorded its registers
 * @param overrides values that take their place
 */
record Identification(Snapshot snapshot, RegisterValues recorded, FeatureOverrides overrides) {
    /** A 32-bit register. */
    long word(String name, long offset) {
        return get(name, offset, recorded.get32(offset));
    }

    /** A 64-bit register. */
    long doubleWord(String name, long offset) {
        return get(name, offset, recorded.get64(offset));
    }

    private long get(String name, long offset, OptionalLong value) {
        return overrides
                .value(name, offset)
                .orElseGet(() -> value.orElseThrow(() -> wrong("lacks " + name, "every ID register")));
    }

    /** The exception for registers that are not what is needed. */
    InputException wrong(String problem, String expected) {
        return new InputException(snapshot.folder().resolve("registers.json"), 0, problem, expected);
    }
}
