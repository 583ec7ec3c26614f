// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator;

import java.util.ArrayDeque;
import java.util.TreeMap;
import java.util.TreeSet;
import org.iommuemu.device.accelerator.spec.Descriptor;
import org.iommuemu.device.accelerator.spec.QueueRegisters;
import org.iommuemu.iommu.Transaction;
import org.jspecify.annotations.Nullable;

/** A work queue from being switched on: descriptors that have not begun, and which have not ended. */
final class WorkQueue {
    private final int id;
    private final long configuration;
    private final int entries;
    private final ArrayDeque<Work> waiting = new ArrayDeque<>();
    private final TreeSet<Long> unended = new TreeSet<>();
    private final TreeMap<Long, Runnable> drains = new TreeMap<>();
    private long accepted;
    private boolean off;

    /**
     * An empty queue.
     *
     * @param configuration of its registers
     * @param most descriptors that it can hold
     */
    WorkQueue(int id, long configuration, int most) {
        this.id = id;
        this.configuration = configuration;
        int wanted = QueueRegisters.ENTRIES.getInt(configuration);
        entries = wanted == 0 ? most : wanted;
    }

    int id() {
        return id;
    }

    boolean isDedicated() {
        return QueueRegisters.DEDICATED.isSet(configuration);
    }

    boolean allowsWaiting() {
        return QueueRegisters.BLOCK_ON_FAULT.isSet(configuration);
    }

    boolean allowsPrivilege() {
        return QueueRegisters.PRIVILEGED.isSet(configuration);
    }

    /** Takes a descriptor, unless it is off or full. */
    boolean accept(long[] words) {
        if (off || waiting.size() == entries) {
            return false;
        }
        int pasid = !QueueRegisters.PASID_ENABLE.isSet(configuration)
                ? Transaction.NO_SUBSTREAM
                : isDedicated() ? QueueRegisters.PASID.getInt(configuration) : Descriptor.PASID.getInt(words);
        Work w = new Work(words, this, accepted++, pasid, false);
        waiting.addLast(w);
        unended.add(w.sequence());
        return true;
    }

    @Nullable
    Work next() {
        return waiting.pollFirst();
    }

    int occupancy() {
        return waiting.size();
    }

    /** Whether it is off and nothing of it goes on any more. */
    boolean isOver() {
        return off && unended.isEmpty();
    }

    /** Drops what has not begun; accepts nothing any more. */
    void switchOff() {
        off = true;
        waiting.forEach(w -> unended.remove(w.sequence()));
        waiting.clear();
        runDrains();
    }

    void ended(Work w) {
        unended.remove(w.sequence());
        runDrains();
    }

    /** Runs something once all that was accepted before has ended. */
    void drain(Work w, Runnable then) {
        drains.put(w.sequence(), then);
        runDrains();
    }

    private void runDrains() {
        while (!drains.isEmpty() && unended.headSet(drains.firstKey()).isEmpty()) {
            drains.pollFirstEntry().getValue().run();
        }
    }
}
