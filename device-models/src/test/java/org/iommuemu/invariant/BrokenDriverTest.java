// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Random programs find what is wrong with drivers, and become small. */
class BrokenDriverTest {
    private static final int MOST_PROGRAMS = 2_000;
    private static final int STEPS = 100;
    private static final int FEW = 8;

    @ParameterizedTest
    @EnumSource(value = BrokenDriver.class, mode = EnumSource.Mode.EXCLUDE, names = "NO_RESPONSE")
    void shouldBeFoundAndShrunkWithAnSmmu(BrokenDriver broken) {
        shouldBeFoundAndShrunk(Setting.Architecture.SMMUV3, broken.breaks(), w -> broken.install(w.machine()));
    }

    @ParameterizedTest
    // Here a wait has memory written when it is over; there is nothing that a driver could leave out.
    @EnumSource(
            value = BrokenDriver.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"NO_WAIT", "NO_RESPONSE"})
    void shouldBeFoundAndShrunkWithVtd(BrokenDriver broken) {
        shouldBeFoundAndShrunk(Setting.Architecture.VTD, broken.breaks(), w -> broken.install(w.machine()));
    }

    @ParameterizedTest
    @EnumSource(BrokenDevice.class)
    void shouldFindBrokenDevices(BrokenDevice broken) {
        shouldBeFoundAndShrunk(Setting.Architecture.SMMUV3, Invariant.NO_ACCESS_AFTER_UNMAP, broken::install);
        shouldBeFoundAndShrunk(Setting.Architecture.VTD, Invariant.NO_ACCESS_AFTER_UNMAP, broken::install);
    }

    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldFindRecordsThatAreLostWithoutTheOverflowIndication(Setting.Architecture architecture) {
        shouldBeFoundAndShrunk(
                architecture, Invariant.NO_RECORD_LOST_UNSEEN, w -> UnseenOverflow.install(w.machine()), 4);
    }

    private static void shouldBeFoundAndShrunk(
            Setting.Architecture architecture, Invariant expected, Consumer<World> sabotage) {
        shouldBeFoundAndShrunk(architecture, expected, sabotage, 0);
    }

    private static void shouldBeFoundAndShrunk(
            Setting.Architecture architecture, Invariant expected, Consumer<World> sabotage, int faults) {
        Program failing = Program.of(new Setting(architecture, 1, false));
        Violation found = null;
        for (long seed = 0; found == null && seed < MOST_PROGRAMS; seed++) {
            failing = Program.random(new Setting(architecture, 1, false), seed, STEPS, faults);
            found = Execution.run(failing, sabotage).violation();
        }

        Violation violation = Objects.requireNonNull(found, "is not found");
        Program small = Failures.shrink(failing, violation, sabotage);

        assertThat(violation.invariant()).isEqualTo(expected);
        assertThat(small.steps()).hasSizeLessThanOrEqualTo(FEW);
        assertThat(Execution.run(small).violation())
                .as("with the driver as it is")
                .isNull();
    }
}
