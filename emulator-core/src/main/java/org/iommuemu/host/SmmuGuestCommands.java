// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.OptionalInt;
import java.util.function.LongFunction;
import org.iommuemu.smmuv3.spec.Command;
import org.jspecify.annotations.Nullable;

/** A guest's commands, as Linux lets them through ({@code arm_vsmmu_cache_invalidate}): with the VMID, or the StreamID, that the guest has. */
final class SmmuGuestCommands {
    /**
     * A command as it is to be sent.
     *
     * @param stream the device that it names, if it names one
     */
    record Rewritten(OptionalInt stream, long word0, long word1) {}

    private SmmuGuestCommands() {}

    /**
     * What is to be sent for a guest's command.
     *
     * @param vmid the guest's
     * @param streams which StreamID the host has for the guest's, if the guest has such a device
     * @return null if guests may not send it, or not for this device
     */
    static @Nullable Rewritten rewrite(int vmid, LongFunction<OptionalInt> streams, long word0, long word1) {
        Command command = Command.of(word0);
        if (command == null) {
            return null;
        }
        return switch (command) {
            case TLBI_NSNH_ALL ->
                new Rewritten(
                        OptionalInt.empty(),
                        Command.OPCODE.of(Command.TLBI_NH_ALL.opcode()) | Command.VMID.of(vmid),
                        0);
            case TLBI_NH_ALL, TLBI_NH_ASID, TLBI_NH_VA, TLBI_NH_VAA ->
                new Rewritten(OptionalInt.empty(), Command.VMID.set(word0, vmid), word1);
            case ATC_INV, CFGI_CD, CFGI_CD_ALL -> {
                OptionalInt stream = streams.apply(Command.SID.get(word0));
                yield stream.isEmpty()
                        ? null
                        : new Rewritten(
                                stream, Command.SID.set(word0, Integer.toUnsignedLong(stream.getAsInt())), word1);
            }
            default -> null;
        };
    }
}
