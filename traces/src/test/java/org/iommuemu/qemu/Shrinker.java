// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.qemu;

import java.util.ArrayList;
import java.util.List;

/** Takes DMAs out of a program that differs, as long as it still does. */
final class Shrinker {
    /** Runs a program on both machines. */
    @FunctionalInterface
    interface Trial {
        /** Whether it differs for no known reason. */
        boolean differs(Program program);
    }

    private Shrinker() {}

    static Program shrink(Program program, Trial trial) {
        Program smallest = program;
        for (int i = program.ops().size() - 1; i >= 0; i--) {
            if (program.ops().get(i) instanceof Op.Dma) {
                List<Op> fewer = new ArrayList<>(smallest.ops());
                fewer.remove(i);
                Program candidate = smallest.with(List.copyOf(fewer));
                smallest = trial.differs(candidate) ? candidate : smallest;
            }
        }
        return smallest;
    }
}
