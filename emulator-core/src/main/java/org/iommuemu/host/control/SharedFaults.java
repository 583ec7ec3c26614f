// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.jspecify.annotations.Nullable;

/** Does for a device what a page fault does for the CPU (Linux' {@code iommu_sva_iopf_handler}). */
final class SharedFaults {
    private final Attachments attachments;
    private final SharedDomains domains;

    SharedFaults(Attachments attachments, SharedDomains domains) {
        this.attachments = attachments;
        this.domains = domains;
    }

    /** The first failure sticks: the rest of the group is not looked at. */
    void handle(FaultGroup group) {
        AddressSpace mm = memoryOf(group);
        boolean wasAlive = mm != null && mm.tryGet();
        boolean good = mm != null && wasAlive;
        for (PageRequest r : group.requests()) {
            good = good
                    && mm != null
                    && r.hasSubstream()
                    && mm.fault(r.address(), access(r)).isOk();
        }
        group.respond(good ? PageResponse.Code.SUCCESS : PageResponse.Code.INVALID);
        if (mm != null && wasAlive) {
            mm.put();
        }
    }

    private @Nullable AddressSpace memoryOf(FaultGroup group) {
        Attachment a = attachments.get(group.device().stream(), group.pasid());
        return a == null ? null : domains.of(a.domain());
    }

    private static int access(PageRequest r) {
        return (r.read() ? IommuDriver.READ : 0)
                | (r.write() ? IommuDriver.WRITE : 0)
                | (r.execute() ? IommuDriver.EXECUTE : 0);
    }
}
