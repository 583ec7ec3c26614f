// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.iommuemu.capture.InputException;
import org.iommuemu.capture.JoinedRow;
import org.iommuemu.capture.JoinedTrace;
import org.jspecify.annotations.Nullable;

/** What a {@code joined.csv} is of: read once, before it is replayed. */
final class Survey {
    private static final int ENOUGH_CALLS = 100;

    private final Map<Integer, Integer> domains = new TreeMap<>();
    private final Set<String> commands = new TreeSet<>();
    private final GuestClock clock = new GuestClock();
    private final List<TickPhase> ticks = new ArrayList<>();
    private int[] phases = {};
    private long flushes;
    private long calls;
    /** Of calls, addresses and sizes together. */
    private long used;
    /** The first command with a range; null if there is none. */
    private @Nullable JoinedRow range;
    /** Whether a range begins elsewhere than at a multiple of its size. */
    private boolean unaligned;

    private String rangeFields = "";

    private final Path file;
    /** Whether its commands are those of an SMMUv3; null before the first one. */
    private @Nullable Boolean smmu;

    private Survey(Path file) {
        this.file = file;
    }

    /** Reads a file. */
    static Survey of(Path file) {
        Survey survey = new Survey(file);
        try (JoinedTrace trace = JoinedTrace.open(file)) {
            for (JoinedRow row = trace.next(); row != null; row = trace.next()) {
                survey.see(row);
            }
        }
        JoinedRow range = survey.range;
        if (range != null) {
            try (RecordedFields fields = new RecordedFields(file)) {
                survey.rangeFields = fields.of(range.ref(), range.op());
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
            tellArchitecture(row);
            if (row.hasRange()) {
                range = range == null ? row : range;
                unaligned |= (row.iova() & row.bytes() - 1) != 0;
            }
        } else if (row.isCall()) {
            calls++;
            used |= row.iova() | row.bytes() | row.pa();
        }
        if (flush) {
            flushes++;
            ticks.get(clock.stops()).ran(clock.now());
        }
    }

    /** Whether unmapped ranges are invalidated later, many at once: no command has a range. */
    boolean isDeferred() {
        return flushes > 0 && range == null;
    }

    private void tellArchitecture(JoinedRow row) {
        boolean ofSmmu = DrivenSmmu.isCommand(row.op());
        if (!ofSmmu && !DrivenVtd.isCommand(row.op())) {
            throw wrong(row, "a command of an SMMUv3, such as SYNC, or of a VT-d unit, such as wait");
        }
        if (smmu != null && smmu != ofSmmu) {
            throw wrong(row, smmu ? "a command of an SMMUv3, as before" : "a command of a VT-d unit, as before");
        }
        smmu = ofSmmu;
    }

    private InputException wrong(JoinedRow row, String expected) {
        return new InputException(file, row.line(), "op is '" + row.op() + "'", expected);
    }

    /** Whether its commands are those of an SMMUv3; null if there are none. */
    @Nullable
    Boolean isSmmu() {
        return smmu;
    }

    /** Whether a command of that name is there. */
    boolean has(String op) {
        return commands.contains(op);
    }

    /** Fields of the first command with a range, as {@link RecordedFields} has them; empty if they are not known. */
    String rangeFields() {
        return rangeFields;
    }

    /** Whether a command's range begins elsewhere than at a multiple of its size. */
    boolean hasUnalignedRange() {
        return unaligned;
    }

    /** log2 of the largest page size, of 12, 14 and 16, that all calls are by; 12 if there are too few to tell. */
    int pageShift() {
        int aligned = Long.numberOfTrailingZeros(used);
        return calls < ENOUGH_CALLS || aligned < 14 ? 12 : aligned < 16 ? 14 : 16;
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
