// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

/** Who acts when an event goes off. */
@FunctionalInterface
public interface EventHandler {
    /**
     * The event's time has come. May schedule and cancel other events, also at this very time.
     *
     * @param time now, in ps
     * @param data what was given when the event was scheduled
     */
    void fire(long time, long data);
}
