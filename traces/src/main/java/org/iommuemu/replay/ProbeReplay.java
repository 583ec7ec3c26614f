// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.CsvTable;
import org.iommuemu.capture.MmioAccess;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Registers;

/**
 * Replays a driver's register accesses from reset ({@code probe-mmio.csv}) and compares every read that has a recorded value.
 * The commands come from the capture's memory, or from the trace's {@code inv} records where memory lacks them.
 */
public final class ProbeReplay {
    private record QueuedCommand(Command command, long word0, long word1) {}

    private final Capture capture;
    private final Map<Long, QueuedCommand> commands = new HashMap<>();

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
        readCommands(accesses.get(accesses.size() - 1).seq());
        try (CaptureMachine machine =
                CaptureMachine.afterReset(capture, capture.busy(), CacheConfiguration.standard())) {
            CommandSlots slots = new CommandSlots(machine.smmu(), machine.memory());
            for (MmioAccess a : accesses) {
                if (a.write()) {
                    write(a, machine, slots);
                } else if (a.value().isPresent()) {
                    compare(a, machine, agreement);
                }
            }
        }
        return agreement;
    }

    /** Queue slots are used in order, and not twice before the queue has gone round. */
    private void readCommands(long accesses) {
        if (!capture.hasTrace()) {
            return;
        }
        CommandEncoder encoder = new CommandEncoder();
        try (CsvTable table = capture.trace()) {
            TraceRecord r = new TraceRecord(table);
            long seen = 0;
            while (seen <= accesses && r.next()) {
                switch (r.kind()) {
                    case MMIO_READ, MMIO_WRITE -> seen++;
                    case INVALIDATE -> {
                        Command command = encoder.encode(r);
                        QueuedCommand queued = new QueuedCommand(command, encoder.word0(), encoder.word1());
                        commands.putIfAbsent(r.detail("cmdq_index"), queued);
                    }
                    default -> {}
                }
            }
        }
    }

    private void write(MmioAccess a, CaptureMachine machine, CommandSlots slots) {
        long value = a.value().orElse(0);
        if (a.offset() == Registers.CMDQ_PROD.offset()) {
            int mask = 2 * machine.smmu().commandQueue().capacity() - 1;
            int pending = (int) value - machine.smmu().commandQueue().consumer() & mask;
            for (int i = 0; i < pending; i++) {
                long index = slots.next() + i & mask >>> 1;
                QueuedCommand c = commands.get(index);
                if (c != null) {
                    slots.put(index, c.command(), c.word0(), c.word1());
                }
            }
        }
        machine.smmu().writeRegister(a.offset(), a.size(), value);
    }

    private void compare(MmioAccess a, CaptureMachine machine, Agreement agreement) {
        long expected = a.value().orElse(0);
        long found = machine.smmu().readRegister(a.offset(), a.size());
        if (found == expected) {
            agreement.agree();
        } else if (machine.isUnmodelled(a.offset(), a.size(), found, expected)) {
            agreement.agree(AgreementRule.FEATURE_NOT_MODELLED);
        } else {
            agreement.differ(String.format(
                    "%s:%d: %s is 0x%x, expected 0x%x",
                    capture.folder().resolve("probe-mmio.csv"), a.line(), a.register(), found, expected));
        }
    }
}
