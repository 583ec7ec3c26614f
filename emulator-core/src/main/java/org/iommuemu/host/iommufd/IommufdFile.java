// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.iommufd.spec.IommufdRequest;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.OpenFile;

/** An open {@code /dev/iommu}. It lives as long as descriptors, bound devices or open queues of its need it. */
public final class IommufdFile extends OpenFile {
    private final ControlCore core;
    private final Iommufd iommufd;
    private final Runnable onRelease;
    private final IoasRequests ioas;
    private final HwptRequests hwpts;
    private final ViommuRequests viommus;

    IommufdFile(ControlCore core, Runnable onRelease) {
        this.core = core;
        this.onRelease = onRelease;
        iommufd = new Iommufd(core);
        ioas = new IoasRequests(iommufd);
        hwpts = new HwptRequests(iommufd, this);
        viommus = new ViommuRequests(iommufd, this);
    }

    /** The same calls without structures. */
    public Iommufd iommufd() {
        return iommufd;
    }

    @Override
    public long ioctl(Caller caller, int request, UserBuffer argument) {
        if (!IommufdRequest.isNumber(request)) {
            return Errno.ENOTTY.returned();
        }
        IommufdRequest known = IommufdRequest.of(request);
        Result<Call> read = Call.read(core, caller, known, argument);
        return known == null
                ? read.returned()
                : read.then(call -> perform(known, call)).returned();
    }

    private Result<Result.Done> perform(IommufdRequest request, Call call) {
        return switch (request) {
            case DESTROY -> ioas.destroy(call);
            case IOAS_ALLOC -> ioas.allocate(call);
            case IOAS_ALLOW_IOVAS -> ioas.allow(call);
            case IOAS_COPY -> ioas.copy(call);
            case IOAS_IOVA_RANGES -> ioas.ranges(call);
            case IOAS_MAP -> ioas.map(call);
            case IOAS_UNMAP -> ioas.unmap(call);
            case OPTION -> ioas.option(call);
            case VFIO_IOAS -> ioas.compatibility(call);
            case IOAS_MAP_FILE -> ioas.mapFile(call);
            case IOAS_CHANGE_PROCESS -> ioas.changeProcess(call);
            case HWPT_ALLOC -> hwpts.allocate(call);
            case GET_HW_INFO -> hwpts.info(call);
            case HWPT_SET_DIRTY_TRACKING -> hwpts.setDirtyTracking(call);
            case HWPT_GET_DIRTY_BITMAP -> hwpts.getDirtyBitmap(call);
            case HWPT_INVALIDATE -> hwpts.invalidate(call);
            case FAULT_QUEUE_ALLOC -> hwpts.allocateFaultQueue(call);
            case VIOMMU_ALLOC -> viommus.allocate(call);
            case VDEVICE_ALLOC -> viommus.allocateDevice(call);
            case VEVENTQ_ALLOC -> viommus.allocateQueue(call);
            case HW_QUEUE_ALLOC -> viommus.allocateHardwareQueue(call);
        };
    }

    @Override
    protected void release() {
        onRelease.run();
        iommufd.close();
    }
}
