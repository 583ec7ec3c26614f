// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.vtd.perfmon.PerformanceMonitor;
import org.iommuemu.vtd.spec.EnhancedCommand;
import org.iommuemu.vtd.spec.EnhancedCommandRegisters;
import org.jspecify.annotations.Nullable;

/** Enhanced commands: ECMD starts one, and at the next read ECRSP says how it ended (VT-d architecture 11.4.14). */
final class EnhancedCommands {
    private static final long ALL = -1L;

    private final RegisterFile file;
    private final @Nullable PerformanceMonitor monitor;

    /** The commands of a register file that their registers are part of. */
    EnhancedCommands(RegisterFile file, @Nullable PerformanceMonitor monitor) {
        this.file = file;
        this.monitor = monitor;
        file.onRead(EnhancedCommandRegisters.ECMD, () -> 0);
        file.onRead(EnhancedCommandRegisters.ECEO, () -> 0);
        file.onWrite(
                EnhancedCommandRegisters.ECMD,
                (old, requested) -> file.set(
                        EnhancedCommandRegisters.ECRSP, EnhancedCommandRegisters.STATUS.of(execute(requested))));
    }

    /** The register file has been reset. */
    void reset() {
        file.set(
                EnhancedCommandRegisters.ECCAP3,
                monitor == null ? 0 : EnhancedCommandRegisters.COUNTER_COMMANDS.of(ALL));
    }

    private int execute(long request) {
        EnhancedCommand command = EnhancedCommand.of(EnhancedCommandRegisters.COMMAND.getInt(request));
        if (command == null || monitor == null) {
            return EnhancedCommand.UNDEFINED;
        }
        long counter = EnhancedCommandRegisters.OPERAND_A.get(request);
        boolean done = true;
        switch (command) {
            case ENABLE_COUNTER -> done = monitor.enable(counter);
            case DISABLE_COUNTER -> done = monitor.disable(counter);
            case RESET_CONFIGURATIONS -> monitor.resetConfigurations();
            case RESET_VALUES -> monitor.resetValues();
            case FREEZE -> monitor.freeze(true);
            case UNFREEZE -> monitor.freeze(false);
        }
        return done ? EnhancedCommand.SUCCESS : EnhancedCommand.FAILED;
    }
}
