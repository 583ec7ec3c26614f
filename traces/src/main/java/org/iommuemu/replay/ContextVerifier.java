// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.iommuemu.capture.Capture;
import org.iommuemu.capture.DecodedContext;
import org.iommuemu.capture.Snapshot;
import org.iommuemu.iommu.CacheConfiguration;

/** Has a machine in a snapshot's state look up every requester whose context the recorder decoded, and compares. */
public final class ContextVerifier {
    private final Capture capture;
    private final Snapshot snapshot;

    /** A verifier. */
    public ContextVerifier(Capture capture, Snapshot snapshot) {
        this.capture = capture;
        this.snapshot = snapshot;
    }

    /** Looks all of them up; compares nothing where there are none. */
    public Agreement run() {
        Agreement agreement = new Agreement();
        try (CaptureMachine machine = CaptureMachine.atStop(capture, snapshot, CacheConfiguration.none())) {
            for (DecodedContext c : snapshot.contexts()) {
                agreement.note(
                        String.format("%s: source 0x%x: ", snapshot.folder().resolve("tables.json"), c.sid()),
                        machine.captured().context(c));
            }
        }
        return agreement;
    }
}
