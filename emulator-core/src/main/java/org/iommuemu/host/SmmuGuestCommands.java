// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import org.iommuemu.smmuv3.spec.Command;
import org.jspecify.annotations.Nullable;

/** A guest's commands, as Linux lets them through ({@code arm_vsmmu_cache_invalidate}): with the VMID, or the StreamID, that the guest has. */
final class SmmuGuestCommands {
    /** A command as it is to be sent. */
    record Rewritten(long word0, long word1) {}

    private SmmuGuestCommands() {}

    /**
     * What is to be sent for a guest's command.
     *
     * @param vmid the guest's
     * @param stream whose device is meant, by those that name a device
     * @return null if guests may not send it
     */
    static @Nullable Rewritten rewrite(int vmid, int stream, long word0, long word1) {
        Command command = Command.of(word0);
        if (command == null) {
            return null;
        }
        return switch (command) {
            case TLBI_NSNH_ALL ->
                new Rewritten(Command.OPCODE.of(Command.TLBI_NH_ALL.opcode()) | Command.VMID.of(vmid), 0);
            case TLBI_NH_ALL, TLBI_NH_ASID, TLBI_NH_VA, TLBI_NH_VAA ->
                new Rewritten(Command.VMID.set(word0, vmid), word1);
            case ATC_INV, CFGI_CD, CFGI_CD_ALL ->
                new Rewritten(Command.SID.set(word0, Integer.toUnsignedLong(stream)), word1);
            default -> null;
        };
    }
}
