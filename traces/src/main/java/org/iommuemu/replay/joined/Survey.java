// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.iommuemu.capture.JoinedRow;
import org.iommuemu.capture.JoinedTrace;
import org.iommuemu.smmuv3.spec.Command;
import org.jspecify.annotations.Nullable;

/** What a {@code joined.csv} is of: read once, before it is replayed. */
final class Survey {
    private final Map<Integer, Integer> domains = new TreeMap<>();
    private final Set<String> commands = new TreeSet<>();
    private final GuestClock clock = new GuestClock();
    private final List<TickPhase> ticks = new ArrayList<>();
    private int[] phases = {};
    private boolean ranges;
    private long flushes;

    private Survey() {}

    /** Reads a file. */
    static Survey of(Path file) {
        Survey survey = new Survey();
        try (JoinedTrace trace = JoinedTrace.open(file)) {
            for (JoinedRow row = trace.next(); row != null; row = trace.next()) {
                survey.see(row);
            }
        }
        survey.phases = survey.ticks.stream().mapToInt(TickPhase::phase).toArray();
        return survey;
    }

    private void see(JoinedRow row) {
        boolean flush = clock.see(row);
        while (clock.stops() >= ticks.size()) {
            ticks.add(new TickPhase(DriverReplay.JIFFY));
        }
        if (row.stream() != JoinedRow.NONE && row.domain() != JoinedRow.NONE) {
            domains.putIfAbsent(row.stream(), row.domain());
        }
        if (row.kind() == JoinedRow.Kind.COMMAND) {
            commands.add(row.op());
            ranges |= row.hasRange();
        }
        if (flush) {
            flushes++;
            ticks.get(clock.stops()).ran(clock.now());
        }
    }

    /** Whether unmapped ranges are invalidated later, many at once: no command has a range. */
    boolean isDeferred() {
        return flushes > 0 && !ranges;
    }

    /** Whether its commands are those of an SMMUv3; null if there are none. */
    @Nullable
    Boolean isSmmu() {
        return commands.isEmpty() ? null : commands.stream().anyMatch(Survey::isOfSmmu);
    }

    private static boolean isOfSmmu(String op) {
        for (Command c : Command.values()) {
            if (c.name().equals(op)) {
                return true;
            }
        }
        return false;
    }

    /** Whether a command of that name is there. */
    boolean has(String op) {
        return commands.contains(op);
    }

    /** The domain that a stream is in first, as recorded; {@link JoinedRow#NONE} if no row tells. */
    int domainOf(int stream) {
        return domains.getOrDefault(stream, JoinedRow.NONE);
    }

    /** When in a jiffy ticks come, by how often the machine was stopped, in µs. */
    int[] phases() {
        return phases.clone();
    }
}
