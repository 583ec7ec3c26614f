// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.Locale;
import org.iommuemu.capture.JsonObject;
import org.iommuemu.device.DmaEngine;

/** How a scenario says that a DMA ends. */
enum DmaStatus {
    /** All bytes were moved. */
    OK,
    /** It was refused, or ended where there is no memory. */
    ABORT,
    /** It waits for software. */
    STALL;

    static DmaStatus parse(JsonObject json) {
        String name = json.text("expect");
        for (DmaStatus status : values()) {
            if (status.text().equals(name)) {
                return status;
            }
        }
        throw json.wrong("expect", "\"ok\", \"abort\" or \"stall\"");
    }

    static DmaStatus of(DmaEngine.Outcome outcome) {
        return switch (outcome) {
            case DONE -> OK;
            case ABORTED, BUS_ERROR -> ABORT;
            case STALLED -> STALL;
        };
    }

    String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
