// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.spec;

import org.jspecify.annotations.Nullable;

/** The enhanced commands, all of performance counters, by their code from F0h on (VT-d architecture 11.4.14). */
public enum EnhancedCommand {
    /** Enable the counter that operand A names. */
    ENABLE_COUNTER,
    /** Disable the counter that operand A names. */
    DISABLE_COUNTER,
    /** Disable all counters and clear their configuration. */
    RESET_CONFIGURATIONS,
    /** Clear the values of all counters. */
    RESET_VALUES,
    /** Stop all counters, enabled as they are. */
    FREEZE,
    /** Let them go on. */
    UNFREEZE;

    /** The command was executed. */
    public static final int SUCCESS = 0;
    /** There is no such command. */
    public static final int UNDEFINED = 1;
    /** The command failed. */
    public static final int FAILED = 16;

    private static final int FIRST = 0xF0;
    private static final EnhancedCommand[] ALL = values();

    /** The command of a code, or null. */
    public static @Nullable EnhancedCommand of(int code) {
        return code >= FIRST && code < FIRST + ALL.length ? ALL[code - FIRST] : null;
    }
}
