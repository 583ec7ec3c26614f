// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.util.LinkedHashMap;
import java.util.Map;
import org.iommuemu.host.Domain;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;

/** Something that is attached to a PASID which is its own. */
abstract class PasidBond implements Bond {
    private record Use(ControlCore core, Domain domain) {}

    private final Map<HostDevice, Use> uses = new LinkedHashMap<>();
    private final PasidClaim claim;

    /**
     * Bound nowhere.
     *
     * @param pasid which, or {@link #NO_PASID} for whichever is free when it is first bound
     */
    PasidBond(int pasid) {
        claim = new PasidClaim(pasid);
    }

    /** What a device is to be attached to. */
    abstract Result<Domain> acquire(ControlCore core, Domain plain);

    /** Gives up what {@link #acquire} returned. */
    abstract void release(ControlCore core, Domain domain);

    @Override
    public final int pasid() {
        return claim.pasid();
    }

    @Override
    public final Result<Done> bind(ControlCore core, HostDevice device, Domain plain) {
        return claim.on(core).then(done -> acquire(core, plain)).then(domain -> {
            Result<Done> attached = core.attach(device, pasid(), domain);
            if (attached.isOk()) {
                uses.put(device, new Use(core, domain));
            } else {
                release(core, domain);
            }
            return attached;
        });
    }

    @Override
    public final void unbind(ControlCore core, HostDevice device) {
        Use use = uses.remove(device);
        if (use != null) {
            core.detach(device, pasid());
            release(core, use.domain);
        }
        if (uses.values().stream().noneMatch(u -> u.core == core)) {
            claim.leave(core);
        }
    }

    @Override
    public final void end() {
        claim.end();
    }
}
