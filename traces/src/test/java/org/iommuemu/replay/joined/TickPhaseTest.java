// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TickPhaseTest {
    private final TickPhase phase = new TickPhase(4000);

    @Test
    void shouldFindTheTickAfterWhichTimersRun() {
        for (int tick = 0; tick < 20; tick++) {
            phase.ran(1_003_500 + 4000L * tick + 110 + 60L * tick);
        }

        assertThat(phase.phase()).isEqualTo(3510);
    }

    /** Some are more than a jiffy late, so that they look like early ones. */
    @Test
    void shouldNotMindTimersThatAreLate() {
        for (int tick = 0; tick < 40; tick++) {
            phase.ran(500 + 4000L * tick + 120 + (tick % 10 == 0 ? 3950 : 20L * (tick % 10)));
        }

        assertThat(phase.phase()).isBetween(450, 560);
    }

    @Test
    void shouldSayNothingOfNothing() {
        assertThat(phase.phase()).isZero();
    }
}
