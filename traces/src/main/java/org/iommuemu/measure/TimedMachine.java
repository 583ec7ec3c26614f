// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.timing.TimedCommands;
import org.iommuemu.paging.WalkObserver;
import org.jspecify.annotations.Nullable;

/**
 * A machine whose transactions are to be timed.
 *
 * @param iommu the machine
 * @param unit its pipeline
 * @param observation how to see what it reads from memory
 * @param commands how to let software's commands take time
 * @param level the architecture's number for a height of tables
 */
public record TimedMachine(
        Iommu iommu,
        TranslationUnit unit,
        Observation observation,
        Consumer<TimedCommands> commands,
        IntUnaryOperator level) {
    /** Shows what a machine reads from memory to one observer at a time. */
    @FunctionalInterface
    public interface Observation {
        /** Shows every structure and descriptor read from now on; nulls end it. */
        void observe(@Nullable StructureObserver onStructure, @Nullable WalkObserver onDescriptor);
    }
}
