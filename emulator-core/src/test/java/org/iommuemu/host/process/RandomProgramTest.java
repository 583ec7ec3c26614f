// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random programs against the reference: what each process sees, what the tables say, and what devices keep of them. */
class RandomProgramTest {
    private static final int SEEDS = 25;
    private static final int STEPS = 1500;

    @ParameterizedTest
    @ValueSource(ints = {0, 6})
    void shouldShowEveryProcessItsOwnBytes(int oneIn) {
        int failures = 0;
        for (int seed = 1; seed <= SEEDS; seed++) {
            failures += run(seed, oneIn);
        }

        assertThat(failures > SEEDS).isEqualTo(oneIn > 0);
    }

    private static int run(int seed, int oneIn) {
        int step = 0;
        try (RandomProgram program = new RandomProgram(seed, oneIn)) {
            for (; step < STEPS; step++) {
                program.step();
                program.check();
            }
            return program.failures();
        } catch (AssertionError e) {
            throw new AssertionError("seed " + seed + ", step " + step + ": " + e.getMessage(), e);
        }
    }
}
