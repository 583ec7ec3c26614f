// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import org.iommuemu.host.Domain;
import org.iommuemu.host.DriverFeatures;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;

/** What can be attached to what, by hardware and by what is attached already. */
final class AttachRules {
    private final DriverFeatures can;
    private final Attachments attachments;
    private final int pasidEnd;

    AttachRules(DriverFeatures can, Attachments attachments, int pasidEnd) {
        this.can = can;
        this.attachments = attachments;
        this.pasidEnd = pasidEnd;
    }

    /** EINVAL if hardware cannot have it, EBUSY if PASIDs stand in the way. */
    Result<Done> check(HostDevice device, int pasid, Domain domain) {
        boolean plain = pasid == IommuDriver.NO_PASID;
        if (!plain && (pasid < 1 || pasid >= pasidEnd)) {
            return Result.err(Errno.EINVAL, device + " has no PASID " + pasid);
        }
        boolean kind = switch (domain.kind()) {
            case FIRST_STAGE -> can.firstStage();
            case SECOND_STAGE -> can.secondStage() && (plain || !can.guestContexts());
            case NESTED -> can.nested() && (plain || !can.guestContexts());
            case IDENTITY -> can.identity() && (plain || !can.guestContexts());
        };
        if (!kind) {
            return Result.err(Errno.EINVAL, "the IOMMU has no " + domain.kind() + " for " + device);
        }
        return can.guestContexts() ? checkStream(device, pasid, domain) : Result.done();
    }

    /** Where one entry says for all PASIDs which stages there are (SMMUv3's STE), those of the host need its first stage. */
    private Result<Done> checkStream(HostDevice device, int pasid, Domain domain) {
        if (pasid != IommuDriver.NO_PASID) {
            Attachment plain = attachments.get(device.stream(), IommuDriver.NO_PASID);
            return plain == null || leavesPasids(plain.domain())
                    ? Result.done()
                    : Result.err(Errno.EINVAL, device + " has no first stage of the host's");
        }
        boolean hasPasids = attachments.of(device).stream().anyMatch(a -> a.pasid() != IommuDriver.NO_PASID);
        return leavesPasids(domain) || !hasPasids
                ? Result.done()
                : Result.err(Errno.EBUSY, device + " has PASIDs attached");
    }

    private static boolean leavesPasids(Domain plain) {
        return plain.kind() == Domain.Kind.FIRST_STAGE || plain.kind() == Domain.Kind.IDENTITY;
    }
}
