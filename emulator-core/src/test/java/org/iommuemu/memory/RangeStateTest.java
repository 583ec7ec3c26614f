// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.iommuemu.memory.RangeState.ABSENT;
import static org.iommuemu.memory.RangeState.POISONED;
import static org.iommuemu.memory.RangeState.PRESENT;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class RangeStateTest {
    private static final long END = 1L << 52;

    private final PhysicalMemory memory = new PhysicalMemory();

    @AfterEach
    void close() {
        memory.close();
    }

    @Test
    void shouldAnswerEverywhereAtFirst() {
        assertThat(memory.answers(0, 1)).isTrue();
        assertThat(memory.answers(END - 8, 8)).isTrue();
        assertThat(memory.answers(0, Integer.MAX_VALUE)).isTrue();
        assertThat(memory.stateAt(END - 1)).isEqualTo(PRESENT);
    }

    @Test
    void shouldNotAnswerBeyond52Bits() {
        assertThat(memory.answers(END, 1)).isFalse();
        assertThat(memory.answers(END - 1, 1)).isTrue();
        assertThat(memory.answers(END - 1, 2)).isFalse();
        assertThat(memory.answers(END - 7, 8)).isFalse();
        assertThat(memory.answers(-1, 1)).isFalse();
        assertThat(memory.answers(-8, 64)).isFalse();
        assertThat(memory.answers(Long.MAX_VALUE, 8)).isFalse();
    }

    @ParameterizedTest
    @EnumSource(
            value = RangeState.class,
            names = {"ABSENT", "POISONED"})
    void shouldNotAnswerAnAccessThatTouchesAMarkedRange(RangeState state) {
        memory.mark(0x1000, 0x1000, state);

        assertThat(memory.answers(0xFF8, 8)).isTrue();
        assertThat(memory.answers(0xFF9, 8)).isFalse();
        assertThat(memory.answers(0x1800, 8)).isFalse();
        assertThat(memory.answers(0x1FFF, 1)).isFalse();
        assertThat(memory.answers(0x2000, 8)).isTrue();
        assertThat(memory.answers(0, 0x10000)).isFalse();
        assertThat(memory.stateAt(0xFFF)).isEqualTo(PRESENT);
        assertThat(memory.stateAt(0x1000)).isEqualTo(state);
        assertThat(memory.stateAt(0x1FFF)).isEqualTo(state);
        assertThat(memory.stateAt(0x2000)).isEqualTo(PRESENT);
    }

    @Test
    void shouldMarkSingleBytesAtBothEndsOfTheAddressSpace() {
        memory.mark(0, 1, ABSENT);
        memory.mark(END - 1, 1, POISONED);

        assertThat(memory.answers(0, 1)).isFalse();
        assertThat(memory.answers(1, 1)).isTrue();
        assertThat(memory.answers(END - 2, 1)).isTrue();
        assertThat(memory.answers(END - 2, 2)).isFalse();
        assertThat(memory.stateAt(END - 1)).isEqualTo(POISONED);
    }

    @Test
    void shouldMarkTheWholeAddressSpace() {
        memory.mark(0, END, ABSENT);

        assertThat(memory.answers(0, 1)).isFalse();
        assertThat(memory.answers(END - 1, 1)).isFalse();
    }

    @Test
    void shouldAnswerAgainWhenARangeIsMarkedPresent() {
        memory.mark(0x1000, 0x3000, ABSENT);

        memory.mark(0x2000, 0x1000, PRESENT);

        assertThat(memory.answers(0x2000, 0x1000)).isTrue();
        assertThat(memory.answers(0x1FFF, 2)).isFalse();
        assertThat(memory.answers(0x2FFF, 2)).isFalse();
    }

    @Test
    void shouldKeepTheContentOfAMarkedRange() {
        memory.writeLong(0x1000, 77);

        memory.mark(0x1000, 8, POISONED);
        memory.writeLong(0x1008, 78);
        memory.mark(0x1000, 8, PRESENT);

        assertThat(memory.readLong(0x1000)).isEqualTo(77);
        assertThat(memory.readLong(0x1008)).isEqualTo(78);
    }

    @Test
    void shouldTellTheStateOfAnAddressCutTo52Bits() {
        memory.mark(0x1000, 8, POISONED);

        assertThat(memory.stateAt(END | 0x1000)).isEqualTo(POISONED);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "0, -1",
        "-1, 1",
        "0x10000000000000, 1",
        "0xFFFFFFFFFFFFF, 2",
        "0, 0x10000000000001",
        "-9223372036854775808, 4096"
    })
    void shouldRefuseARangeThatIsEmptyOrLeavesTheAddressSpace(String address, String length) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> memory.mark(Long.decode(address), Long.decode(length), ABSENT))
                .withMessageContaining("52 bits");
        assertThat(memory.answers(0, 1)).isTrue();
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldAgreeWithAListOfStatesAtEveryStep(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int units = 64;
        long unit = 1L << random.nextInt(0, 47);
        RangeState[] naive = new RangeState[units];
        Arrays.fill(naive, PRESENT);
        for (int step = 0; step < 3_000; step++) {
            int first = random.nextInt(units);
            int end = random.nextInt(first, units) + 1;
            if (random.nextInt(4) == 0) {
                RangeState state = RangeState.values()[random.nextInt(3)];
                memory.mark(first * unit, (end - first) * unit, state);
                Arrays.fill(naive, first, end, state);
            }
            // Lengths are 32 bits wide: a short access within the first unit, or over its end.
            int length = (int) Math.min((end - first) * unit, 4096);
            long address = random.nextBoolean() ? first * unit : end * unit - length;
            boolean expected = Arrays.stream(naive, (int) (address / unit), (int) ((address + length - 1) / unit) + 1)
                    .allMatch(PRESENT::equals);
            assertThat(memory.answers(address, length)).as("step %d", step).isEqualTo(expected);
            assertThat(memory.stateAt(first * unit)).as("step %d", step).isEqualTo(naive[first]);
            assertThat(memory.stateAt(end * unit - 1)).as("step %d", step).isEqualTo(naive[end - 1]);
        }
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("org.iommuemu.bits.Seeds#some")
    void shouldFindTheFirstStateThatIsNotPresentInAnyInterval(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        RangeMap map = new RangeMap();
        int units = 40;
        RangeState[] naive = new RangeState[units];
        Arrays.fill(naive, PRESENT);
        for (int step = 0; step < 300; step++) {
            int from = random.nextInt(units);
            int to = random.nextInt(from, units) + 1;
            RangeState state = RangeState.values()[random.nextInt(3)];
            map.set(from, to, state);
            Arrays.fill(naive, from, to, state);

            assertThat(map.isAllPresent()).isEqualTo(Arrays.stream(naive).allMatch(PRESENT::equals));
            for (int first = 0; first < units; first++) {
                RangeState worst = PRESENT;
                for (int last = first; last < units; last++) {
                    worst = worst == PRESENT ? naive[last] : worst;
                    if (map.worst(first, last) != worst) {
                        assertThat(map.worst(first, last))
                                .as("step %d, %d to %d", step, first, last)
                                .isEqualTo(worst);
                    }
                }
            }
        }
    }
}
