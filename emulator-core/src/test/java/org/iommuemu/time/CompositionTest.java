// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Resources together, as a walker's path uses them: an in-order window, one walk at a time in a region, walkers. */
class CompositionTest {
    private static final long WALK = 100;

    private final InOrderWindow window = new InOrderWindow("window", 2);
    private final SerialRegions regions = new SerialRegions("regions");
    private final Slots walkers = new Slots("walkers", 2);
    private final Waiter atWindow = window.waiter("reads");
    private final Waiter atRegions = regions.waiter("reads");
    private final Waiter atWalkers = walkers.waiter("reads");

    private long walk(long at, long region) {
        long admitted = window.enter(atWindow, at);
        long mayStart = regions.acquire(atRegions, region, admitted);
        long start = walkers.reserve(atWalkers, mayStart, WALK);
        regions.release(region, mayStart, start + WALK);
        return window.leave(start + WALK);
    }

    @Test
    void shouldTellWhatWaitedForWhat() {
        assertThat(walk(0, 1)).isEqualTo(100);
        assertThat(walk(10, 1)).isEqualTo(200); // 90 for the region
        assertThat(walk(20, 2)).isEqualTo(200); // 80 for the window, until 100
        assertThat(walk(30, 3)).isEqualTo(300); // 170 for the window, until 200
        assertThat(walk(200, 4)).isEqualTo(300);
        assertThat(walk(310, 5)).isEqualTo(410);

        assertThat(atWindow.waits()).isEqualTo(new Waits("reads", "window", 6, 2, 80 + 170, 170));
        assertThat(atRegions.waits()).isEqualTo(new Waits("reads", "regions", 6, 1, 90, 90));
        assertThat(atWalkers.waits()).isEqualTo(new Waits("reads", "walkers", 6, 0, 0, 0));
        assertThat(walkers.statistics(1000).average()).isEqualTo(0.6);
    }

    /** Requests that circulate: throughput is that of the walkers, or that of the requests when there are fewer. */
    @ParameterizedTest
    @CsvSource({"32, 5, 56000", "5, 5, 56000", "2, 5, 140000", "1, 1, 280000"})
    void shouldReachTheThroughputOfTheNarrowestStage(int requests, int count, long expectedNanoseconds) {
        EventLoop loop = new EventLoop();
        Slots pool = new Slots("walkers", count);
        Waiter who = pool.waiter("reads");
        long duration = Picoseconds.ofNanoseconds(280);
        long[] completed = new long[2];
        EventHandler[] arrive = new EventHandler[1];
        EventHandler complete = (time, data) -> {
            if (++completed[0] == 1000) {
                completed[1] = time;
            } else if (completed[0] < 1000) {
                arrive[0].fire(time, data);
            }
        };
        arrive[0] = (time, data) -> loop.schedule(pool.reserve(who, time, duration) + duration, complete, data);
        for (int request = 0; request < requests; request++) {
            loop.schedule(0, arrive[0], request);
        }

        loop.run();

        assertThat(completed[1]).isEqualTo(Picoseconds.ofNanoseconds(expectedNanoseconds));
        assertThat(pool.statistics(completed[1]).peak()).isEqualTo(Math.min(requests, count));
    }
}
