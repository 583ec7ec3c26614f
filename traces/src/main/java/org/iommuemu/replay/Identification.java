// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.iommuemu.capture.FeatureOverrides;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.RegisterValues;
import org.iommuemu.capture.Snapshot;

/** The identification registers of a capture: recorded, or from {@code features.json}. */
final class Identification {
    private final Snapshot snapshot;
    private final RegisterValues recorded;
    private final FeatureOverrides overrides;
    private final Map<Long, Long> replaced = new HashMap<>();

    Identification(Snapshot snapshot, RegisterValues recorded, FeatureOverrides overrides) {
        this.snapshot = snapshot;
        this.recorded = recorded;
        this.overrides = overrides;
    }

    /** A 32-bit register. */
    long word(String name, long offset) {
        return get(name, offset, recorded.get32(offset));
    }

    /** A 64-bit register. */
    long doubleWord(String name, long offset) {
        return get(name, offset, recorded.get64(offset));
    }

    private long get(String name, long offset, OptionalLong value) {
        OptionalLong override = overrides.value(name, offset);
        if (override.isPresent()) {
            long fields = override.getAsLong() ^ value.orElse(override.getAsLong());
            replaced.put(offset, fields & 0xFFFF_FFFFL);
            replaced.merge(offset + Integer.BYTES, fields >>> Integer.SIZE, (a, b) -> a | b);
            return override.getAsLong();
        }
        return value.orElseThrow(() -> wrong("lacks " + name, "every ID register"));
    }

    /** Those fields of the 32-bit word at an offset in which {@code features.json} differs from what was recorded. */
    long replacedFields(long offset) {
        return replaced.getOrDefault(offset, 0L);
    }

    /** The exception for registers that are not what is needed. */
    InputException wrong(String problem, String expected) {
        return new InputException(snapshot.folder().resolve("registers.json"), 0, problem, expected);
    }
}
