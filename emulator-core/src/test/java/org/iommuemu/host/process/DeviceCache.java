// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.process.ProcessMachine.PAGE;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/** A device that keeps translations until it is told to forget them. What it keeps must never allow more than the tables do. */
final class DeviceCache implements MmuNotifier {
    /** What it keeps of a page. */
    private record Entry(long frame, boolean isWritable) {}

    private final ProcessMachine machine;
    private final AddressSpace space;
    private final TreeMap<Long, Entry> entries = new TreeMap<>();
    private final LongConsumer touch;
    private boolean released;

    /**
     * Keeps nothing yet.
     *
     * @param touch what it does to a page at once that it was told to forget
     */
    DeviceCache(ProcessMachine machine, AddressSpace space, LongConsumer touch) {
        this.machine = machine;
        this.space = space;
        this.touch = touch;
    }

    /** Takes a page's translation from the tables, if there is one. */
    void look(long page) {
        long frame = space.tables().physical(page);
        if (!released && frame >= 0) {
            entries.putIfAbsent(page, new Entry(frame, machine.isWritable(space, page)));
        }
    }

    @Override
    public void invalidate(long start, long length) {
        assertThat(released).isFalse();
        assertThat(start % PAGE).isZero();
        assertThat(length % PAGE).isZero();
        assertThat(length).isPositive();
        entries.subMap(start, start + length).clear();
        touch.accept(start);
        look(start);
    }

    @Override
    public void release() {
        assertThat(released).isFalse();
        check();
        released = true;
        entries.clear();
    }

    boolean isReleased() {
        return released;
    }

    /** Compares all it keeps with the tables. */
    void check() {
        for (Map.Entry<Long, Entry> e : entries.entrySet()) {
            assertThat(space.tables().physical(e.getKey())).isEqualTo(e.getValue().frame);
            assertThat(!e.getValue().isWritable || machine.isWritable(space, e.getKey()))
                    .isTrue();
        }
    }
}
