// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.nio.ByteBuffer;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.iommufd.spec.EventStructures.FaultAlloc;
import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;
import org.iommuemu.host.iommufd.spec.HwptStructures.GetDirtyBitmap;
import org.iommuemu.host.iommufd.spec.HwptStructures.HwInfo;
import org.iommuemu.host.iommufd.spec.HwptStructures.Invalidate;
import org.iommuemu.host.iommufd.spec.HwptStructures.SetDirtyTracking;
import org.iommuemu.host.process.FileTable;

/** Requests that concern hardware page tables, out of their structures. */
final class HwptRequests {
    private static final int DIRTY_CAPABILITY = 0;

    private final Iommufd iommufd;
    private final IommufdFile file;

    HwptRequests(Iommufd iommufd, IommufdFile file) {
        this.iommufd = iommufd;
        this.file = file;
    }

    Result<Done> allocate(Call call) {
        int type = call.getInt(Alloc.DATA_TYPE);
        long length = call.get(Alloc.DATA_LEN);
        Result<Done> reserved = call.zero(Alloc.RESERVED);
        if (!reserved.isOk()) {
            return reserved;
        }
        if ((type == Alloc.DATA_NONE) != (length == 0)) {
            return Result.err(Errno.EINVAL, "data of type " + type + " and length " + length);
        }
        GuestData data = type == Alloc.DATA_NONE
                ? GuestData.NONE
                : new UserGuestData(call.memory(), type, call.get(Alloc.DATA_UPTR), length);
        return iommufd.hwpts()
                .allocate(
                        call.getInt(Alloc.FLAGS),
                        call.getInt(Alloc.DEV_ID),
                        call.getInt(Alloc.PT_ID),
                        data,
                        call.getInt(Alloc.FAULT_ID))
                .then(id -> call.respond(Alloc.OUT_HWPT_ID, id, () -> iommufd.destroy(id)));
    }

    Result<Done> info(Call call) {
        boolean asks = (call.getInt(HwInfo.FLAGS) & HwInfo.INPUT_TYPE) != 0;
        Result<Done> reserved = call.zero(HwInfo.RESERVED0, HwInfo.RESERVED1, HwInfo.RESERVED2);
        if (!reserved.isOk() || (call.getInt(HwInfo.FLAGS) & ~HwInfo.INPUT_TYPE) != 0) {
            return Call.unsupported("flags or reserved fields");
        }
        int wanted = asks ? call.getInt(HwInfo.DATA_TYPE) : HwInfo.TYPE_DEFAULT;
        return iommufd.devices().info(call.getInt(HwInfo.DEV_ID)).then(info -> {
            if (wanted != HwInfo.TYPE_DEFAULT && wanted != info.type()) {
                return Call.unsupported("information of type " + wanted);
            }
            long room = call.get(HwInfo.DATA_LEN);
            long at = call.get(HwInfo.DATA_UPTR);
            ByteBuffer structure = info.structure();
            int bytes = structure.limit();
            Result<Done> written = call.memory().write(at, structure.limit((int) Math.min(room, bytes)));
            if (written.isOk() && room > bytes) {
                written = call.memory().clear(at + bytes, room - bytes);
            }
            call.put(HwInfo.DATA_LEN, bytes);
            call.put(HwInfo.DATA_TYPE, info.type());
            call.put(HwInfo.OUT_CAPABILITIES, DIRTY_CAPABILITY);
            call.put(
                    HwInfo.OUT_MAX_PASID_LOG2,
                    info.pasids() == 0 ? 0 : 31 - Integer.numberOfLeadingZeros(info.pasids()));
            return written.then(done -> call.respond());
        });
    }

    Result<Done> setDirtyTracking(Call call) {
        if ((call.getInt(SetDirtyTracking.FLAGS) & ~SetDirtyTracking.ENABLE) != 0) {
            return Call.unsupported("flags");
        }
        return call.zero(SetDirtyTracking.RESERVED)
                .then(done -> iommufd.hwpts().dirtyTracking(call.getInt(SetDirtyTracking.HWPT_ID)));
    }

    Result<Done> getDirtyBitmap(Call call) {
        if ((call.getInt(GetDirtyBitmap.FLAGS) & ~GetDirtyBitmap.NO_CLEAR) != 0) {
            return Call.unsupported("flags");
        }
        return call.zero(GetDirtyBitmap.RESERVED)
                .then(done -> iommufd.hwpts().dirtyTracking(call.getInt(GetDirtyBitmap.HWPT_ID)));
    }

    /** How many entries were processed is told in any case. */
    Result<Done> invalidate(Call call) {
        Invalidations.Outcome outcome = new Invalidations(iommufd, call).perform();
        call.put(Invalidate.ENTRY_NUM, outcome.processed());
        return call.respond().then(done -> outcome.result());
    }

    Result<Done> allocateFaultQueue(Call call) {
        return call.zero(FaultAlloc.FLAGS)
                .then(done -> iommufd.allocate("a fault queue"))
                .then(done -> {
                    FaultQueue queue = iommufd.add(new FaultQueue());
                    FileTable files = call.caller().process().files();
                    int fd = files.open(new FaultQueueFile(iommufd.core(), queue, file));
                    call.put(FaultAlloc.OUT_FAULT_ID, queue.id());
                    return call.respond(FaultAlloc.OUT_FAULT_FD, fd, () -> {
                        files.close(fd);
                        iommufd.destroy(queue.id());
                    });
                });
    }
}
