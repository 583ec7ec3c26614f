// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.CsvTable;
import org.iommuemu.capture.MmioAccess;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.iommu.CacheConfiguration;

/**
 * Replays a driver's register accesses from reset ({@code probe-mmio.csv}) and compares every read that has a recorded value.
 * The commands come from the trace's {@code inv} records, in order; where it has none they are those of the capture's memory.
 */
public final class ProbeReplay {
    private final Capture capture;

    /** A replay of a capture's accesses. */
    public ProbeReplay(Capture capture) {
        this.capture = capture;
    }

    /** Whether the capture has the accesses. */
    public boolean isPossible() {
        return capture.probeMmio().isPresent();
    }

    /** Runs from reset. */
    public Agreement run() {
        Agreement agreement = new Agreement();
        List<MmioAccess> accesses = capture.probeMmio().orElse(List.of());
        if (accesses.isEmpty()) {
            return agreement;
        }
        try (CaptureMachine machine =
                CaptureMachine.afterReset(capture, capture.busy(), CacheConfiguration.standard())) {
            CommandFeed feed = machine.captured().commands();
            Deque<long[]> commands =
                    readCommands(accesses.get(accesses.size() - 1).seq(), feed);
            for (MmioAccess a : accesses) {
                if (a.write()) {
                    write(a, machine, feed, commands);
                } else if (a.value().isPresent()) {
                    long expected = a.value().orElse(0);
                    long found = machine.iommu().readRegister(a.offset(), a.size());
                    agreement.note(at(a), machine.compareRead(a.offset(), a.size(), found, expected));
                }
            }
        }
        return agreement;
    }

    private Deque<long[]> readCommands(long accesses, CommandFeed feed) {
        Deque<long[]> commands = new ArrayDeque<>();
        if (!capture.hasTrace()) {
            return commands;
        }
        try (CsvTable table = capture.trace()) {
            TraceRecord r = new TraceRecord(table);
            long seen = 0;
            while (seen <= accesses && r.next()) {
                switch (r.kind()) {
                    case MMIO_READ, MMIO_WRITE -> seen++;
                    case INVALIDATE -> commands.add(feed.encode(r));
                    default -> {}
                }
            }
        }
        return commands;
    }

    private static void write(MmioAccess a, CaptureMachine machine, CommandFeed feed, Deque<long[]> commands) {
        long value = a.value().orElse(0);
        feed.handOver(a.offset(), value, commands);
        machine.iommu().writeRegister(a.offset(), a.size(), value);
    }

    private String at(MmioAccess a) {
        return capture.folder().resolve("probe-mmio.csv") + ":" + a.line() + ": " + a.register() + " ";
    }
}
