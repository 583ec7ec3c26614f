// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Random programs find what is wrong with drivers, and become small. */
class BrokenDriverTest {
    private static final int MOST_PROGRAMS = 2_000;
    private static final int STEPS = 100;
    private static final int FEW = 8;

    @ParameterizedTest
    @EnumSource(BrokenDriver.class)
    void shouldBeFoundAndShrunkWithAnSmmu(BrokenDriver broken) {
        shouldBeFoundAndShrunk(Setting.Architecture.SMMUV3, broken);
    }

    @ParameterizedTest
    // Here a wait has memory written when it is over; there is nothing that a driver could leave out.
    @EnumSource(value = BrokenDriver.class, mode = EnumSource.Mode.EXCLUDE, names = "NO_WAIT")
    void shouldBeFoundAndShrunkWithVtd(BrokenDriver broken) {
        shouldBeFoundAndShrunk(Setting.Architecture.VTD, broken);
    }

    private static void shouldBeFoundAndShrunk(Setting.Architecture architecture, BrokenDriver broken) {
        Program failing = null;
        Violation violation = null;
        for (long seed = 0; violation == null && seed < MOST_PROGRAMS; seed++) {
            failing = Program.random(new Setting(architecture, 1, false), seed, STEPS);
            violation = Execution.run(failing, broken::install).violation();
        }

        assertThat(violation).isNotNull();
        Program small = Failures.shrink(failing, violation, broken::install);

        System.out.println(broken + " " + violation.getMessage() + "\n" + small.asJava());
        assertThat(violation.invariant()).isEqualTo(broken.breaks());
        assertThat(small.steps()).hasSizeLessThanOrEqualTo(FEW);
        assertThat(Execution.run(small).violation())
                .as("with the driver as it is")
                .isNull();
    }
}
