// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.iommuemu.bits.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class InOrderWindowTest {
    private final InOrderWindow window = new InOrderWindow("window", 2);
    private final Waiter reads = window.waiter("reads");

    private void enterAndLeave(long at, long expectedEntry, long ready, long expectedExit) {
        assertThat(window.enter(reads, at)).isEqualTo(expectedEntry);
        assertThat(window.leave(ready)).isEqualTo(expectedExit);
    }

    @Test
    void shouldHoldBackWhatIsReadyBeforeItsPredecessorsAndAdmitNobodyWhileFull() {
        enterAndLeave(0, 0, 100, 100);
        enterAndLeave(1, 1, 20, 100);
        enterAndLeave(2, 100, 150, 150);
        enterAndLeave(3, 100, 120, 150);
        enterAndLeave(300, 300, 310, 310);

        assertThat(window.statistics(1000))
                .isEqualTo(new ResourceStatistics(
                        "window",
                        2,
                        5,
                        100 + 99 + 50 + 50 + 10,
                        0.309,
                        2,
                        List.of(
                                new Waits("head of line", "window", 5, 2, 80 + 30, 80),
                                new Waits("reads", "window", 5, 2, 98 + 97, 98))));
    }

    @Test
    void shouldAdmitInTheOrderOfTheCallsWhateverTheirTimes() {
        enterAndLeave(500, 500, 501, 501);
        enterAndLeave(10, 500, 510, 510);
    }

    @Test
    void shouldHoldSeveralWhoseEndIsNotYetKnown() {
        window.enter(reads, 0);
        window.enter(reads, 1);

        assertThatIllegalStateException().isThrownBy(() -> window.enter(reads, 2));
        assertThat(window.leave(50)).isEqualTo(50);
        assertThat(window.enter(reads, 2)).isEqualTo(50);
        assertThat(window.leave(40)).isEqualTo(50);
    }

    @Test
    void shouldNotBeLeftByMoreThanEntered() {
        assertThatIllegalStateException().isThrownBy(() -> window.leave(1));
        window.enter(reads, 10);
        assertThatIllegalArgumentException().isThrownBy(() -> window.leave(9));
    }

    static Stream<Arguments> programs() {
        return Stream.of(1, 2, 8, 33).flatMap(capacity -> Seeds.some().mapToObj(seed -> Arguments.of(capacity, seed)));
    }

    private record Stay(long entry, long exit) {}

    @ParameterizedTest(name = "capacity {0} seed={1}")
    @MethodSource("programs")
    void shouldAgreeWithAListOfStays(int capacity, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        InOrderWindow tested = new InOrderWindow("tested", capacity);
        Waiter who = tested.waiter("who");
        List<Stay> stays = new ArrayList<>();
        long now = 0;
        long peak = 0;
        for (int i = 0; i < 500; i++) {
            now += random.nextInt(200 / capacity + 2);
            long earliest = Math.max(now, stays.isEmpty() ? 0 : stays.get(i - 1).entry);
            while (inside(stays, earliest) >= capacity) {
                earliest++;
            }
            long entry = tested.enter(who, now);
            assertThat(entry).isEqualTo(earliest);
            peak = Math.max(peak, inside(stays, entry) + 1);

            long ready = entry + random.nextInt(200);
            long exit = stays.stream().mapToLong(Stay::exit).reduce(ready, Math::max);
            assertThat(tested.leave(ready)).isEqualTo(exit);
            stays.add(new Stay(entry, exit));
        }
        ResourceStatistics statistics = tested.statistics(now);
        assertThat(statistics.peak()).isEqualTo(peak);
        assertThat(statistics.busy())
                .isEqualTo(stays.stream().mapToLong(s -> s.exit - s.entry).sum());
    }

    private static long inside(List<Stay> stays, long time) {
        return stays.stream().filter(s -> s.entry <= time && time < s.exit).count();
    }
}
