// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.platform.Platform;

/** Sees to it that a machine, left to itself, ends what it does and writes only where it may. */
public final class MemoryGuard {
    private static final long MOST_EVENTS = 2_000_000;

    private record Range(long from, long to) {}

    private final Platform machine;
    private final List<Range> allowed = new ArrayList<>();
    private final List<String> violations = new ArrayList<>();
    private boolean armed;
    private long writes;

    /** A guard that allows nothing. */
    public MemoryGuard(Platform machine) {
        this.machine = machine;
        machine.memory().watchWrites((address, bytes) -> {
            if (armed) {
                writes++;
                if (allowed.stream().noneMatch(r -> address >= r.from && address + bytes <= r.to)) {
                    violations.add(Long.toHexString(address) + " + " + bytes);
                }
            }
        });
    }

    /** Allows a range of physical memory. */
    public MemoryGuard allow(long address, long bytes) {
        allowed.add(new Range(address, address + bytes));
        return this;
    }

    /** Lets the machine run until nothing is left to do. */
    public void run() {
        armed = true;
        long events = 0;
        while (machine.loop().step()) {
            if (++events > MOST_EVENTS) {
                throw new AssertionError("it does not end");
            }
        }
        armed = false;
        if (!violations.isEmpty()) {
            throw new AssertionError("written where nothing is mapped: " + violations.get(0));
        }
    }

    /** Writes that it saw. */
    public long writes() {
        return writes;
    }
}
