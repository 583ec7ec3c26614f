// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.iommuemu.host.Domain.Attachment;

/** What a VT-d unit and the devices behind it hold of domains: IOTLBs first, from which ATCs could be filled again (VT-d 6.5.2.5). */
final class VtdDomainCaches implements DomainCaches {
    private final VtdInvalidations invalidations;
    private final boolean cachesMisses;

    /**
     * The caches of a unit.
     *
     * @param cachesMisses CAP.CM: what is not present may be cached too
     */
    VtdDomainCaches(VtdInvalidations invalidations, boolean cachesMisses) {
        this.invalidations = invalidations;
        this.cachesMisses = cachesMisses;
    }

    @Override
    public void range(Domain domain, long iova, long bytes, int leafShift) {
        boolean leaves = leafShift != 0;
        tlbRange(domain, iova, bytes, leaves);
        List<Attachment> users = List.copyOf(domain.attachments());
        users.forEach(a -> device(a).invalidateAtc(a.pasid(), iova, bytes));
        children(domain);
        complete(domain, users);
    }

    private void tlbRange(Domain domain, long iova, long bytes, boolean leaves) {
        switch (domain.kind()) {
            case FIRST_STAGE, NESTED ->
                entries(domain).forEach(e -> invalidations.firstStageRange(domain.id(), e, iova, bytes, leaves));
            case SECOND_STAGE -> {
                if (domain.children().isEmpty()) {
                    invalidations.domainRange(domain.id(), iova, bytes, leaves);
                } else {
                    // What both stages together have made is not known by the second's addresses.
                    invalidations.domain(domain.id());
                }
            }
            case IDENTITY -> {}
        }
    }

    /** Entries of PASID tables that lead to a domain, each number once. */
    private static Set<Integer> entries(Domain domain) {
        Set<Integer> entries = new LinkedHashSet<>();
        domain.attachments().forEach(a -> entries.add(VtdDevice.entryOf(a.pasid())));
        return entries;
    }

    private static VtdDevice device(Attachment a) {
        return (VtdDevice) a.device();
    }

    private static void children(Domain domain) {
        for (Domain child : domain.children()) {
            child.attachments().forEach(a -> device(a).invalidateAtc(a.pasid(), 0, 0));
        }
    }

    private void complete(Domain domain, List<Attachment> users) {
        List<Domain> children = List.copyOf(domain.children());
        invalidations.complete();
        users.forEach(a -> device(a).distrustIfSilent());
        for (Domain child : children) {
            List.copyOf(child.attachments()).forEach(a -> device(a).distrustIfSilent());
        }
    }

    @Override
    public void all(Domain domain) {
        tlbs(domain);
        List<Attachment> users = List.copyOf(domain.attachments());
        users.forEach(a -> device(a).invalidateAtc(a.pasid(), 0, 0));
        children(domain);
        complete(domain, users);
    }

    private void tlbs(Domain domain) {
        switch (domain.kind()) {
            case FIRST_STAGE, NESTED -> entries(domain).forEach(e -> tlbs(domain, e));
            case SECOND_STAGE, IDENTITY -> invalidations.domain(domain.id());
        }
    }

    /** Adds what drops a domain's translations by one entry of PASID tables. */
    void tlbs(Domain domain, int entry) {
        switch (domain.kind()) {
            case FIRST_STAGE, NESTED -> invalidations.firstStage(domain.id(), entry);
            case SECOND_STAGE, IDENTITY -> invalidations.domain(domain.id());
        }
    }

    @Override
    public void mapped(Domain domain, long iova, long bytes, boolean tableGone) {
        if (tableGone || cachesMisses && domain.kind() == Domain.Kind.SECOND_STAGE) {
            tlbRange(domain, iova, bytes, !tableGone);
            invalidations.complete();
        }
    }
}
