// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.util.List;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;

/** A group of a container (Linux' vfio_group of the type-1 driver). */
final class AttachedGroup {
    private final VfioGroup group;
    private final ControlCore core;
    private final List<HostDevice> devices;
    private boolean svaEnabled;

    AttachedGroup(VfioGroup group) {
        this.group = group;
        core = group.core();
        devices = List.copyOf(group.iommuGroup().devices());
    }

    VfioGroup group() {
        return group;
    }

    boolean isSvaEnabled() {
        return svaEnabled;
    }

    /** Attaches all its devices to a domain, or none. */
    Result<Done> attach(Domain domain) {
        for (int i = 0; i < devices.size(); i++) {
            Result<Done> attached = core.attach(devices.get(i), IommuDriver.NO_PASID, domain);
            if (!attached.isOk()) {
                for (int back = i - 1; back >= 0; back--) {
                    core.detach(devices.get(back), IommuDriver.NO_PASID);
                }
                return attached;
            }
        }
        return Result.done();
    }

    /** Detaches all its devices, then shuts SVA down, which takes all bonds off them. */
    void detach(Iterable<? extends Bond> bonds) {
        for (Bond b : bonds) {
            if (b instanceof PasidTableBond) {
                unbind(b);
            }
        }
        devices.forEach(d -> core.detach(d, IommuDriver.NO_PASID));
        bonds.forEach(this::unbind);
        shutDown();
    }

    /** Binds on every device, of which there can be one only. SVA is switched on if it is not, and stays on if that succeeds. */
    Result<Done> bind(Bond bond, Domain domain) {
        boolean wasEnabled = svaEnabled;
        Result<Done> enabled = wasEnabled ? Result.done() : enable();
        if (!enabled.isOk()) {
            return enabled;
        }
        int count = 0;
        for (HostDevice d : devices) {
            count++;
            Result<Done> bound = count > 1
                    ? Result.err(Errno.EINVAL, "SVA of more than one device of " + group)
                    : bond.bind(core, d, domain);
            if (!bound.isOk()) {
                unbind(bond);
                if (!wasEnabled) {
                    shutDown();
                }
                return bound;
            }
        }
        return Result.done();
    }

    /** Takes a bond off all its devices; those that it is not bound on make no difference. */
    void unbind(Bond bond) {
        devices.forEach(d -> bond.unbind(core, d));
    }

    private Result<Done> enable() {
        for (int i = 0; i < devices.size(); i++) {
            Result<Done> enabled = core.enableSva(devices.get(i));
            if (!enabled.isOk()) {
                for (int back = i - 1; back >= 0; back--) {
                    core.disableSva(devices.get(back));
                }
                return enabled;
            }
        }
        svaEnabled = true;
        return Result.done();
    }

    private void shutDown() {
        if (svaEnabled) {
            devices.forEach(core::disableSva);
            svaEnabled = false;
        }
    }
}
