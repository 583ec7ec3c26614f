// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.sweep;

import java.nio.file.Path;
import org.iommuemu.trace.TracePattern;

/** Where a sweep has a trace from. */
public sealed interface TraceSource {
    /** What results call it; of a plan's traces each has a name of its own. */
    String name();

    /**
     * A file that is there.
     *
     * @param name what results call it
     * @param file as the sweep's file has it; relative to that
     */
    record Recorded(String name, Path file) implements TraceSource {}

    /**
     * A trace that is made up when it is needed.
     *
     * @param name what results call it
     * @param pattern of what
     * @param parameters how many of it
     */
    record Generated(String name, TracePattern pattern, TracePattern.Parameters parameters) implements TraceSource {}
}
