// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.host.Domain;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ContainerLock;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.FaultHandler;
import org.iommuemu.host.control.HostDevice;
import org.jspecify.annotations.Nullable;

/** Guests' first stages that a container has bound to PASIDs: each of them on all its devices, or on none. */
final class GuestBonds {
    private final ControlCore core;
    private final Domain memory;
    private final ContainerLock lock;
    private final List<HostDevice> devices = new ArrayList<>();
    private final TreeMap<Integer, Domain> bonds = new TreeMap<>();
    private @Nullable FaultHandler handler;

    /**
     * None.
     *
     * @param memory the second stage behind them
     * @param lock what all but {@link #exited} is called under
     */
    GuestBonds(ControlCore core, Domain memory, ContainerLock lock) {
        this.core = core;
        this.memory = memory;
        this.lock = lock;
    }

    boolean isBound(int pasid) {
        return bonds.containsKey(pasid);
    }

    int size() {
        return bonds.size();
    }

    /** Its devices, in the order in which they came. */
    List<HostDevice> devices() {
        return Collections.unmodifiableList(devices);
    }

    /** Who is given the page faults of guests from now on. */
    void handler(FaultHandler by) {
        handler = by;
        bonds.values().forEach(nested -> core.faults().handler(nested, by));
    }

    Result<Done> bind(int pasid, GuestTables.FirstStage tables) {
        if (isBound(pasid)) {
            return Result.err(Errno.EBUSY, "PASID " + pasid + " has a table");
        }
        if (core.fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "a nested domain");
        }
        return core.nest(memory, tables).then(nested -> bind(pasid, nested));
    }

    private Result<Done> bind(int pasid, Domain nested) {
        FaultHandler by = handler;
        if (by != null) {
            core.faults().handler(nested, by);
        }
        Result<Done> attached = attach(devices, pasid, nested);
        if (attached.isOk()) {
            bonds.put(pasid, nested);
        } else {
            free(nested);
        }
        return attached;
    }

    /** On all of some devices, or on none of them. */
    private Result<Done> attach(List<HostDevice> to, int pasid, Domain nested) {
        List<HostDevice> done = new ArrayList<>();
        for (HostDevice device : to) {
            Result<Done> attached = core.isSvaEnabled(device)
                    ? core.attach(device, pasid, nested)
                    : Result.err(Errno.ENODEV, device + " has no PASIDs, ATS and page requests");
            if (!attached.isOk()) {
                detach(done, pasid);
                return attached;
            }
            done.add(device);
        }
        return Result.done();
    }

    /** The last one first. */
    private void detach(List<HostDevice> from, int pasid) {
        List<HostDevice> reverse = new ArrayList<>(from);
        Collections.reverse(reverse);
        reverse.forEach(device -> core.detach(device, pasid));
    }

    private void free(Domain nested) {
        core.faults().removeHandler(nested);
        core.driver().free(nested);
    }

    Result<Done> unbind(int pasid) {
        Domain nested = bonds.remove(pasid);
        if (nested == null) {
            return Result.err(Errno.ESRCH, "PASID " + pasid + " has no table");
        }
        detach(devices, pasid);
        free(nested);
        return Result.done();
    }

    /**
     * Unbinds all, now or when the call is over that is under way.
     *
     * @param then follows it
     */
    void exited(Runnable then) {
        lock.holdWhenFree(() -> {
            clear();
            then.run();
        });
    }

    private void clear() {
        while (!bonds.isEmpty()) {
            unbind(bonds.firstKey());
        }
    }

    /** More devices get all that is bound, or nothing of it. */
    Result<Done> add(List<HostDevice> more) {
        List<Integer> done = new ArrayList<>();
        for (Map.Entry<Integer, Domain> bond : bonds.entrySet()) {
            Result<Done> attached = attach(more, bond.getKey(), bond.getValue());
            if (!attached.isOk()) {
                Collections.reverse(done);
                done.forEach(pasid -> detach(more, pasid));
                return attached;
            }
            done.add(bond.getKey());
        }
        devices.addAll(more);
        return Result.done();
    }

    /** Devices lose all that is bound, which is forgotten with the last of them. */
    void remove(List<HostDevice> some) {
        if (some.containsAll(devices)) {
            clear();
        }
        bonds.keySet().forEach(pasid -> detach(some, pasid));
        devices.removeAll(some);
    }
}
