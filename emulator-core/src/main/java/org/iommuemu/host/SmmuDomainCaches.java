// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.host.Domain.Attachment;

/** What an SMMUv3 and the devices behind it hold of domains: IOTLBs first, from which ATCs could be filled again (IHI 0070 §3.9.1). */
final class SmmuDomainCaches implements DomainCaches {
    private final SmmuInvalidations invalidations;

    SmmuDomainCaches(SmmuInvalidations invalidations) {
        this.invalidations = invalidations;
    }

    @Override
    public void range(Domain domain, long iova, long bytes, int leafShift) {
        switch (domain.kind()) {
            case FIRST_STAGE -> invalidations.asidRange(vmid(domain), domain.id(), iova, bytes, leafShift);
            case SECOND_STAGE -> {
                if (domain.children().isEmpty()) {
                    invalidations.guestRange(domain.id(), iova, bytes, leafShift);
                } else {
                    // What both stages together have made is not known by the second's addresses.
                    invalidations.guest(domain.id());
                }
            }
            case NESTED -> invalidations.guest(domain.id());
            case IDENTITY -> {}
        }
        for (Attachment a : domain.attachments()) {
            if (domain.kind() == Domain.Kind.NESTED) {
                everything(a);
            } else {
                device(a).invalidateAtc(a.pasid(), iova, bytes);
            }
        }
        children(domain);
    }

    private static int vmid(Domain domain) {
        GuestMemory guest = domain.guestMemory();
        return guest == null ? 0 : guest.tag();
    }

    private static SmmuDevice device(Attachment a) {
        return (SmmuDevice) a.device();
    }

    /** All PASIDs of a device with a guest's contexts, of which only the guest knows. */
    private static void everything(Attachment a) {
        device(a).invalidateAtc(IommuDriver.NO_PASID, 0, 0);
        device(a).invalidateAllPasids();
    }

    private static void children(Domain domain) {
        for (Domain child : domain.children()) {
            child.attachments().forEach(SmmuDomainCaches::everything);
        }
    }

    @Override
    public void all(Domain domain) {
        tlbs(domain);
        for (Attachment a : domain.attachments()) {
            if (domain.kind() == Domain.Kind.NESTED) {
                everything(a);
            } else {
                device(a).invalidateAtc(a.pasid(), 0, 0);
            }
        }
        children(domain);
    }

    /** IOTLBs alone. */
    void tlbs(Domain domain) {
        switch (domain.kind()) {
            case FIRST_STAGE -> invalidations.asid(vmid(domain), domain.id());
            case SECOND_STAGE, NESTED -> invalidations.guest(domain.id());
            case IDENTITY -> {}
        }
    }

    @Override
    public void mapped(Domain domain, long iova, long bytes, boolean tableGone) {
        if (tableGone) {
            range(domain, iova, bytes, 0);
        }
    }
}
