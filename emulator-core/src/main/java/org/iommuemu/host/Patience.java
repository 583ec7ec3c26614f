// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.function.BooleanSupplier;

/**
 * How software waits for hardware. A driver that waits lets time pass, and with it whatever else happens in the machine: handlers of
 * interrupts may call the driver again from within.
 */
@FunctionalInterface
public interface Patience {
    /** Longer than any device may take to answer, time-outs and queues before it included: 1,000 s. */
    long MOST_PICOSECONDS = 1_000_000_000_000_000L;

    /** Time stands still, as where hardware answers at once. */
    Patience NONE = (done, picoseconds) -> done.getAsBoolean();

    /**
     * Lets time pass until something holds.
     *
     * @param done asked first of all, and again whenever something has happened
     * @param picoseconds after which to give up
     * @return whether it holds
     */
    boolean await(BooleanSupplier done, long picoseconds);

    /** The time, in ps; where time stands still always 0. */
    default long now() {
        return 0;
    }

    /**
     * Does something after a while; at once where time stands still.
     *
     * @param picoseconds from now
     */
    default void later(long picoseconds, Runnable work) {
        work.run();
    }
}
