// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.jspecify.annotations.Nullable;

/** A group all of whose devices are VFIO's. It is opened by one at a time, and in one container at most. */
public final class VfioGroup {
    private final ControlCore core;
    private final IommuGroup iommuGroup;
    private final boolean coherent;
    private final boolean mediated;
    private final List<VfioDevice> devices = new ArrayList<>();
    private @Nullable VfioContainer container;
    /** How many keep it in its container: its file, and files of devices. */
    private int users;

    private boolean opened;

    private VfioGroup(ControlCore core, IommuGroup iommuGroup, boolean coherent, boolean mediated) {
        this.core = core;
        this.iommuGroup = iommuGroup;
        this.coherent = coherent;
        this.mediated = mediated;
        iommuGroup.devices().forEach(d -> devices.add(new VfioDevice(this, d)));
    }

    /** A group of devices, whose DMA is coherent with caches. */
    public VfioGroup(ControlCore core, IommuGroup iommuGroup) {
        this(core, iommuGroup, true, false);
    }

    /** A group of devices on a bus whose DMA is not coherent with caches, so that it cannot share domains with those whose is. */
    public static VfioGroup incoherent(ControlCore core, IommuGroup iommuGroup) {
        return new VfioGroup(core, iommuGroup, false, false);
    }

    /** A group of mediated devices, which no IOMMU translates for. */
    public static VfioGroup mediated(ControlCore core, IommuGroup iommuGroup) {
        return new VfioGroup(core, iommuGroup, true, true);
    }

    ControlCore core() {
        return core;
    }

    IommuGroup iommuGroup() {
        return iommuGroup;
    }

    boolean isCoherent() {
        return coherent;
    }

    boolean isMediated() {
        return mediated;
    }

    /** The container that it is in, if any. */
    public @Nullable VfioContainer container() {
        return container;
    }

    /** Its devices. */
    public List<VfioDevice> devices() {
        return List.copyOf(devices);
    }

    /** One of its devices. */
    public VfioDevice device(HostDevice device) {
        return devices.stream()
                .filter(d -> d.device() == device)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(device + " is asked for, expected one of " + this));
    }

    /**
     * Opens it: {@code /dev/vfio/N}.
     *
     * @return EBUSY if it is open, or a device of it keeps it in a container
     */
    public Result<VfioGroupFile> open() {
        if (opened || container != null) {
            return Result.err(Errno.EBUSY, this + " is in use");
        }
        opened = true;
        return Result.ok(new VfioGroupFile(this));
    }

    void closed() {
        opened = false;
        dropUser();
    }

    Result<Done> join(VfioContainer other) {
        if (container != null) {
            return Result.err(Errno.EINVAL, this + " is in a container");
        }
        Result<Done> added = other.add(this);
        if (added.isOk()) {
            container = other;
            users = 1;
        }
        return added;
    }

    Result<Done> leave() {
        if (users == 0) {
            return Result.err(Errno.EINVAL, this + " is in no container");
        }
        if (users != 1) {
            return Result.err(Errno.EBUSY, this + " has devices open");
        }
        dropUser();
        return Result.done();
    }

    /**
     * Opens a device.
     *
     * @param name as {@link VfioDevice#name}
     * @return EINVAL if it is in no container, or that has no kind of IOMMU; ENODEV if there is no such device
     */
    public Result<VfioDeviceFile> openDevice(String name) {
        VfioContainer its = container;
        if (its == null || !its.hasIommu()) {
            return Result.err(Errno.EINVAL, this + " without IOMMU");
        }
        for (VfioDevice d : devices) {
            if (d.name().equals(name)) {
                users++;
                return Result.ok(new VfioDeviceFile(d));
            }
        }
        return Result.err(Errno.ENODEV, String.format(Locale.ROOT, "'%s' in %s", name, this));
    }

    /** With the last user it leaves its container. */
    void dropUser() {
        VfioContainer its = container;
        if (its != null && --users == 0) {
            container = null;
            its.remove(this);
        }
    }

    void tell(Consumer<PasidHook> what) {
        devices.forEach(d -> d.tell(what));
    }

    @Override
    public String toString() {
        return iommuGroup.toString();
    }
}
