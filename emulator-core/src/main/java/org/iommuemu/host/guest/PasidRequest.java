// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.UserStructure;
import org.iommuemu.host.guest.spec.CarrierLayout;
import org.iommuemu.host.guest.spec.PasidRequestLayout;

/** VFIO_IOMMU_PASID_REQUEST: what the caller's bytes say. */
final class PasidRequest {
    private final GuestContainer container;
    private final PasidDialect dialect;
    private final FailurePlan failures;

    PasidRequest(GuestContainer container, PasidDialect dialect, FailurePlan failures) {
        this.container = container;
        this.dialect = dialect;
        this.failures = failures;
    }

    long call(UserBuffer argument) {
        UserStructure request = new UserStructure(argument, 0, PasidRequestLayout.UNION_BYTES, failures);
        if (!request.copyIn(0, CarrierLayout.DATA)) {
            return Errno.EFAULT.returned();
        }
        int flags = request.getInt(PasidRequestLayout.FLAGS);
        boolean allocates = flags == PasidRequestLayout.ALLOC;
        if (!allocates && flags != PasidRequestLayout.FREE) {
            return Errno.EINVAL.returned();
        }
        if (request.get(PasidRequestLayout.ARGSZ) < least(allocates)) {
            return Errno.EINVAL.returned();
        }
        int end = dialect == PasidDialect.UNION && !allocates
                ? PasidRequestLayout.FREE_PASID.end()
                : PasidRequestLayout.MAX.end();
        if (!request.copyIn(CarrierLayout.DATA, end)) {
            return Errno.EFAULT.returned();
        }
        return allocates ? allocate(request) : free(request);
    }

    private int least(boolean allocates) {
        return switch (dialect) {
            case UNION -> allocates ? PasidRequestLayout.UNION_BYTES : PasidRequestLayout.FREE_PASID.end();
            case RANGE -> PasidRequestLayout.RANGE_BYTES;
        };
    }

    private long allocate(UserStructure request) {
        Result<Integer> pasid =
                container.allocatePasid(request.get(PasidRequestLayout.MIN), request.get(PasidRequestLayout.MAX));
        if (!pasid.isOk()) {
            return pasid.returned();
        }
        if (dialect == PasidDialect.RANGE) {
            return pasid.value();
        }
        if (!request.copyOut(PasidRequestLayout.RESULT, pasid.value())) {
            container.freePasid(pasid.value());
            return Errno.EFAULT.returned();
        }
        return 0;
    }

    private long free(UserStructure request) {
        return dialect == PasidDialect.UNION
                ? container
                        .freePasid(request.get(PasidRequestLayout.FREE_PASID))
                        .returned()
                : container
                        .freePasids(request.get(PasidRequestLayout.MIN), request.get(PasidRequestLayout.MAX))
                        .returned();
    }
}
