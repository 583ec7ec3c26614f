// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.GuestCommands;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.smmuv3.spec.Command;
import org.jspecify.annotations.Nullable;

/** What becomes of a guest's commands (arm_vsmmu_convert_user_cmd): the guest's VMID and StreamIDs are replaced by the host's. */
record SmmuGuestCommands(GuestCommands commands) {
    /** Sends one; EIO for one that a guest cannot have the host send, or of a device that the guest does not have. */
    Result<Done> send(Viommu viommu, long word0, long word1) {
        int opcode = Command.OPCODE.getInt(word0);
        int vmid = viommu.memory().id();
        if (opcode == Command.TLBI_NSNH_ALL.opcode()) {
            commands.send(Command.OPCODE.of(Command.TLBI_NH_ALL.opcode()) | Command.VMID.of(vmid), 0);
            return Result.done();
        }
        if (isOne(opcode, Command.TLBI_NH_ALL, Command.TLBI_NH_ASID, Command.TLBI_NH_VA, Command.TLBI_NH_VAA)) {
            commands.send(Command.VMID.set(word0, vmid), word1);
            return Result.done();
        }
        if (isOne(opcode, Command.ATC_INV, Command.CFGI_CD, Command.CFGI_CD_ALL)) {
            @Nullable Vdevice device = viommu.device(Command.SID.get(word0));
            if (device != null) {
                long stream = Integer.toUnsignedLong(device.device().device().stream());
                commands.send(Command.SID.set(word0, stream), word1);
                return Result.done();
            }
        }
        return Result.err(Errno.EIO, "a guest's command of opcode 0x" + Integer.toHexString(opcode));
    }

    private static boolean isOne(int opcode, Command... of) {
        for (Command c : of) {
            if (c.opcode() == opcode) {
                return true;
            }
        }
        return false;
    }
}
