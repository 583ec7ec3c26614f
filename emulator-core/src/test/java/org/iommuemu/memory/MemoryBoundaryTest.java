// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** What is easy to get wrong at the edges. */
class MemoryBoundaryTest {
    private final PhysicalMemory memory = new PhysicalMemory();

    @Test
    void shouldRejectRangesThatOverflow() {
        assertThatThrownBy(() -> memory.mark(0x1000, Long.MAX_VALUE, RangeState.ABSENT))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> memory.mark(Long.MAX_VALUE, 4096, RangeState.ABSENT))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldTakeNoPageForASwapThatFails() {
        assertThat(memory.compareAndSetLong(0, 5, 6)).isFalse();
        assertThat(memory.pages()).isZero();

        assertThat(memory.compareAndSetLong(0, 0, 6)).isTrue();
        assertThat(memory.readLong(0)).isEqualTo(6);
    }

    @Test
    void shouldBeAsNewAfterClose() {
        memory.mark(0, 4096, RangeState.ABSENT);
        memory.failNth(1);

        memory.close();

        assertThat(memory.answers(0, 8)).isTrue();
        assertThat(memory.isFailurePending()).isFalse();
    }

    @Test
    void shouldFailExactlyTheNthAccess() {
        memory.failNth(3);

        assertThat(memory.answers(0, 8)).isTrue();
        assertThat(memory.answers(0, 8)).isTrue();
        assertThat(memory.answers(0, 8)).isFalse();
        assertThat(memory.answers(0, 8)).isTrue();
    }
}
