// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.process.AddressSpace;
import org.jspecify.annotations.Nullable;

/** What one open {@code /dev/iommu} has: its objects, and calls on them by kind. Objects are named by their numbers. */
public final class Iommufd {
    private final ControlCore core;
    private final ObjectTable objects = new ObjectTable();
    private final Map<IommuGroup, DeviceGroup> groups = new IdentityHashMap<>();
    private final IoasCalls ioas = new IoasCalls(this);
    private final HwptCalls hwpts = new HwptCalls(this);
    private final DeviceCalls devices = new DeviceCalls(this);
    private final ViommuCalls viommus = new ViommuCalls(this);
    private @Nullable Ioas compatibility;
    private boolean countsByProcess;

    Iommufd(ControlCore core) {
        this.core = core;
    }

    /** Calls on I/O address spaces. */
    public IoasCalls ioas() {
        return ioas;
    }

    /** Calls on hardware page tables. */
    public HwptCalls hwpts() {
        return hwpts;
    }

    /** Calls on devices. */
    public DeviceCalls devices() {
        return devices;
    }

    /** Calls on guests' IOMMUs. */
    public ViommuCalls viommus() {
        return viommus;
    }

    /**
     * Destroys an object.
     *
     * @return ENOENT if there is none, EBUSY if another one, a file or a device needs it
     */
    public Result<Done> destroy(int id) {
        IommufdObject found = objects.get(id);
        Result<Done> destroyed = objects.destroy(id);
        if (destroyed.isOk() && found == compatibility) {
            compatibility = null;
        }
        return destroyed;
    }

    /** Numbers of its objects, ascending. */
    public List<Integer> ids() {
        List<Integer> ids = new ArrayList<>();
        objects.all().forEach(o -> ids.add(o.id()));
        return ids;
    }

    /** Whether locked memory is counted by process, not by user; kept, but each process' limit is its own in any case. */
    public boolean countsByProcess() {
        return countsByProcess;
    }

    /**
     * Says how locked memory is counted.
     *
     * @param capable whether the caller has CAP_SYS_RESOURCE
     * @param mode 0 by user, 1 by process
     * @return EPERM, EBUSY if there are objects, EINVAL
     */
    public Result<Done> countBy(boolean capable, long mode) {
        if (!capable) {
            return Result.err(Errno.EPERM, "how locked memory is counted");
        }
        if (!objects.isEmpty()) {
            return Result.err(Errno.EBUSY, "there are objects");
        }
        if (mode != 0 && mode != 1) {
            return Result.err(Errno.EINVAL, "mode " + mode);
        }
        countsByProcess = mode == 1;
        return Result.done();
    }

    /** The address space that VFIO's own containers are to use; ENODEV if there is none. */
    public Result<Integer> compatibility() {
        return compatibility == null
                ? Result.err(Errno.ENODEV, "an IOAS of containers")
                : Result.ok(compatibility.id());
    }

    /** Says which that is; ENOENT. */
    public Result<Done> compatibility(int id) {
        return objects.find(id, Ioas.class).then(found -> {
            compatibility = found;
            return Result.done();
        });
    }

    /** There is none any more. */
    public void clearCompatibility() {
        compatibility = null;
    }

    /**
     * Lets what is mapped count as another process', which has taken the file over (IOMMU_IOAS_CHANGE_PROCESS).
     *
     * @param to its memory, or null for a thread of the kernel
     * @return EINVAL if anything is mapped that is no file's, which cannot change hands; ENOMEM if that process may not lock as much
     */
    public Result<Done> changeProcess(@Nullable AddressSpace to) {
        Set<UserPages> all = Collections.newSetFromMap(new LinkedHashMap<>());
        objects.all().stream().filter(Ioas.class::isInstance).forEach(i -> all.addAll(((Ioas) i).pages()));
        if (to == null || !all.stream().allMatch(UserPages::isFile)) {
            return Result.err(Errno.EINVAL, "pages of a process");
        }
        List<UserPages.Move> moves = new ArrayList<>();
        for (UserPages pages : all) {
            Result<UserPages.Move> move = pages.move(to);
            if (!move.isOk()) {
                moves.forEach(UserPages.Move::undo);
                return move.fail();
            }
            moves.add(move.value());
        }
        moves.forEach(UserPages.Move::commit);
        return Result.done();
    }

    ControlCore core() {
        return core;
    }

    ObjectTable objects() {
        return objects;
    }

    /** ENOMEM, if there is no memory for something. */
    Result<Done> allocate(String what) {
        return core.fails(Step.ALLOCATION) ? Result.err(Step.ALLOCATION.errno(), what) : Result.done();
    }

    /** Adds an object; its user does not see it before the call has succeeded. */
    <T extends IommufdObject> T add(T object) {
        objects.add(object);
        return object;
    }

    DeviceGroup group(IommuGroup group) {
        return groups.computeIfAbsent(group, g -> new DeviceGroup(core, g));
    }

    boolean has(IommuGroup group) {
        return groups.containsKey(group);
    }

    void forget(IommuGroup group) {
        groups.remove(group);
    }

    /** Destroys everything; devices were unbound before, as they keep the file open. */
    void close() {
        compatibility = null;
        objects.clear();
    }
}
