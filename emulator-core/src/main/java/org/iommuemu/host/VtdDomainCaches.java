// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.iommuemu.host.Domain.Attachment;

/** What a VT-d unit and the devices behind it hold of domains: IOTLBs first, from which ATCs could be filled again (VT-d 6.5.2.5). */
final class VtdDomainCaches implements DomainCaches {
    private final VtdUnit unit;
    private final VtdInvalidations invalidations;

    VtdDomainCaches(VtdUnit unit) {
        this.unit = unit;
        invalidations = unit.invalidations();
    }

    @Override
    public void range(Domain domain, long iova, long bytes, int leafShift) {
        tlbRange(domain, iova, bytes, leafShift != 0);
        atcs(domain, iova, bytes);
    }

    /** ATCs of a domain's devices; the whole of those of devices whose first stage is behind it. */
    private void atcs(Domain domain, long iova, long bytes) {
        List<Attachment> users = List.copyOf(domain.attachments());
        for (Attachment a : users) {
            device(a).invalidateAtc(a.pasid(), iova, bytes);
            invalidations.step();
        }
        List<Domain> children = List.copyOf(domain.children());
        for (Domain child : children) {
            List.copyOf(child.attachments()).forEach(a -> {
                device(a).invalidateAtc(a.pasid(), 0, 0);
                invalidations.step();
            });
        }
        invalidations.complete();
        users.forEach(a -> device(a).distrustIfSilent());
        for (Domain child : children) {
            List.copyOf(child.attachments()).forEach(a -> device(a).distrustIfSilent());
        }
    }

    private void tlbRange(Domain domain, long iova, long bytes, boolean leaves) {
        switch (domain.kind()) {
            case FIRST_STAGE, NESTED -> {
                for (int entry : entries(domain)) {
                    invalidations.firstStageRange(domain.id(), entry, iova, bytes, leaves);
                    invalidations.step();
                }
            }
            case SECOND_STAGE -> {
                if (domain.children().isEmpty()) {
                    invalidations.domainRange(domain.id(), iova, bytes, leaves);
                } else {
                    // What both stages together have made is not known by the second's addresses.
                    domains(domain);
                }
                invalidations.step();
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

    @Override
    public void all(Domain domain) {
        switch (domain.kind()) {
            case FIRST_STAGE, NESTED -> {
                for (int entry : entries(domain)) {
                    invalidations.firstStage(domain.id(), entry);
                    invalidations.step();
                }
            }
            case SECOND_STAGE, IDENTITY -> {
                domains(domain);
                invalidations.step();
            }
        }
        atcs(domain, 0, 0);
    }

    /** A second stage, and what it is behind: each guest's first stage has a domain id of its own. */
    private void domains(Domain domain) {
        invalidations.domain(domain.id());
        domain.children().forEach(child -> invalidations.domain(child.id()));
    }

    @Override
    public void mapped(Domain domain, long iova, long bytes, boolean tableGone) {
        if (tableGone || unit.cachesMisses() && domain.kind() == Domain.Kind.SECOND_STAGE) {
            tlbRange(domain, iova, bytes, false);
            invalidations.complete();
        } else {
            unit.flushWriteBuffer();
        }
    }
}
