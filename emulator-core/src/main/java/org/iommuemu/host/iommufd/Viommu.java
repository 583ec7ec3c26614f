// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.iommuemu.host.Domain;
import org.jspecify.annotations.Nullable;

/** An IOMMU as a guest sees it: part of the host's, with the guest's memory behind it. */
final class Viommu extends IommufdObject {
    private final PagingHwpt parent;
    private final TreeMap<Long, Vdevice> devices = new TreeMap<>(Long::compareUnsigned);
    private final List<EventQueue> queues = new ArrayList<>();

    Viommu(PagingHwpt parent) {
        this.parent = parent;
        parent.get();
    }

    PagingHwpt parent() {
        return parent;
    }

    /** The guest's number of VMs: its second stage's. */
    Domain memory() {
        return parent.domain();
    }

    /** The device that the guest knows by a number, or null. */
    @Nullable
    Vdevice device(long virtualId) {
        return devices.get(virtualId);
    }

    /** The host's StreamID of the device that the guest knows by a number, if the guest has it. */
    OptionalInt stream(long virtualId) {
        Vdevice device = devices.get(virtualId);
        return device == null ? OptionalInt.empty() : OptionalInt.of(device.device().device().stream());
    }

    void add(Vdevice device) {
        devices.put(device.virtualId(), device);
        get();
    }

    void remove(Vdevice device) {
        devices.remove(device.virtualId());
        put();
    }

    /** Its queue of events of a type, or null. */
    @Nullable
    EventQueue queue(int type) {
        return queues.stream().filter(q -> q.type() == type).findFirst().orElse(null);
    }

    void add(EventQueue queue) {
        queues.add(queue);
        get();
    }

    void remove(EventQueue queue) {
        queues.remove(queue);
        put();
    }

    @Override
    void destroyed() {
        parent.put();
    }
}
