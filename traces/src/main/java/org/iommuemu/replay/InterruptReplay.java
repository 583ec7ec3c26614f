// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.capture.Capture;
import org.iommuemu.capture.CsvTable;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.iommu.CacheConfiguration;

/**
 * Replays what of a capture's trace concerns interrupts, from reset: register writes, commands and every interrupt message of a
 * device, which is compared with the message that the recording model passed on.
 */
public final class InterruptReplay {
    private final Capture capture;
    private final CacheConfiguration caches;

    /** A replay of a capture with certain caches. */
    public InterruptReplay(Capture capture, CacheConfiguration caches) {
        this.capture = capture;
        this.caches = caches;
    }

    /** Runs from reset; compares nothing where the trace has no interrupt messages. */
    public Agreement run() {
        Agreement agreement = new Agreement();
        if (!capture.hasTrace() || capture.isSmmuV3()) {
            return agreement;
        }
        try (CsvTable trace = capture.trace();
                CaptureMachine machine = CaptureMachine.beforeReplay(capture, caches)) {
            CommandFeed commands = machine.captured().commands();
            TraceRecord r = new TraceRecord(trace);
            while (r.next()) {
                switch (r.kind()) {
                    case MMIO_WRITE -> commands.write(r, machine.iommu());
                    case INVALIDATE -> commands.consume(r);
                    case INTERRUPT_MESSAGE ->
                        agreement.note(
                                "trace record " + r.seq() + ": ",
                                machine.captured().interrupt(r));
                    default -> {}
                }
            }
        }
        return agreement;
    }
}
