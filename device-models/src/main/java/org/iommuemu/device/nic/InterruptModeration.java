// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nic;

import static org.iommuemu.device.nic.spec.NicRegisters.COUNT;
import static org.iommuemu.device.nic.spec.NicRegisters.INTERRUPT;
import static org.iommuemu.device.nic.spec.NicRegisters.INTERVAL;
import static org.iommuemu.device.nic.spec.NicRegisters.INTERVAL_UNIT;

import org.iommuemu.pcie.PciFunction;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.Picoseconds;

/** The interrupt of a pair of queues, which waits for further descriptors, but not for ever. */
final class InterruptModeration {
    private final EventLoop loop;
    private final PciFunction function;
    private final int vector;
    private long register;
    private int pending;
    /** When the first of them was. */
    private long since;

    private long timer = -1;
    private long sent;

    InterruptModeration(EventLoop loop, PciFunction function, int vector) {
        this.loop = loop;
        this.function = function;
        this.vector = vector;
    }

    /** The register was written. */
    void set(long value) {
        register = value;
        loop.cancel(timer);
        timer = -1;
        if (pending > 0) {
            consider();
        }
    }

    /** Descriptors were written back. */
    void written(int descriptors) {
        add(descriptors);
        consider();
    }

    private void add(int events) {
        since = pending == 0 ? loop.now() : since;
        pending += events;
    }

    private void consider() {
        long interval = Picoseconds.ofNanoseconds((long) INTERVAL.getInt(register) * INTERVAL_UNIT);
        if (!INTERRUPT.isSet(register)) {
            return;
        }
        long due = since + interval;
        if (due <= loop.now() || pending >= Math.max(1, COUNT.getInt(register))) {
            fire();
        } else if (timer < 0) {
            timer = loop.schedule(due, (time, data) -> fire(), 0);
        }
    }

    private void fire() {
        loop.cancel(timer);
        timer = -1;
        if (INTERRUPT.isSet(register) && pending > 0) {
            pending = 0;
            sent++;
            function.interrupt(vector);
        }
    }

    /** Something has gone wrong: without delay. */
    void urgent() {
        add(1);
        fire();
    }

    void reset() {
        loop.cancel(timer);
        timer = -1;
        pending = 0;
        register = 0;
    }

    long sent() {
        return sent;
    }
}
