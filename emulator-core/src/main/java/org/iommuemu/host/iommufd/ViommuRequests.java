// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.iommufd.spec.EventStructures.VeventqAlloc;
import org.iommuemu.host.iommufd.spec.ViommuStructures.HwQueueAlloc;
import org.iommuemu.host.iommufd.spec.ViommuStructures.VdeviceAlloc;
import org.iommuemu.host.iommufd.spec.ViommuStructures.ViommuAlloc;
import org.iommuemu.host.process.FileTable;

/** Requests that concern guests' IOMMUs, out of their structures. */
final class ViommuRequests {
    private final Iommufd iommufd;
    private final IommufdFile file;

    ViommuRequests(Iommufd iommufd, IommufdFile file) {
        this.iommufd = iommufd;
        this.file = file;
    }

    Result<Done> allocate(Call call) {
        return call.zero(ViommuAlloc.FLAGS, ViommuAlloc.RESERVED)
                .then(done -> iommufd.viommus()
                        .allocate(
                                call.getInt(ViommuAlloc.TYPE),
                                call.getInt(ViommuAlloc.DEV_ID),
                                call.getInt(ViommuAlloc.HWPT_ID)))
                .then(id -> call.respond(ViommuAlloc.OUT_VIOMMU_ID, id, () -> iommufd.destroy(id)));
    }

    Result<Done> allocateDevice(Call call) {
        return iommufd.viommus()
                .allocateDevice(
                        call.getInt(VdeviceAlloc.VIOMMU_ID),
                        call.getInt(VdeviceAlloc.DEV_ID),
                        call.get(VdeviceAlloc.VIRT_ID))
                .then(id -> call.respond(VdeviceAlloc.OUT_VDEVICE_ID, id, () -> iommufd.destroy(id)));
    }

    Result<Done> allocateQueue(Call call) {
        return call.zero(VeventqAlloc.FLAGS, VeventqAlloc.RESERVED)
                .then(done -> iommufd.viommus()
                        .allocateQueue(
                                call.getInt(VeventqAlloc.VIOMMU_ID),
                                call.getInt(VeventqAlloc.TYPE),
                                call.get(VeventqAlloc.VEVENTQ_DEPTH)))
                .then(queue -> {
                    FileTable files = call.caller().process().files();
                    int fd = files.open(new EventQueueFile(iommufd.core(), queue, file));
                    call.put(VeventqAlloc.OUT_VEVENTQ_ID, queue.id());
                    return call.respond(VeventqAlloc.OUT_VEVENTQ_FD, fd, () -> {
                        files.close(fd);
                        iommufd.destroy(queue.id());
                    });
                });
    }

    /** No queue of the hardware can be a guest's (Tegra241's CMDQV). */
    Result<Done> allocateHardwareQueue(Call call) {
        return Call.unsupported("a queue of type " + call.getInt(HwQueueAlloc.TYPE));
    }
}
