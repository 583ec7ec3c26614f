// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EventLoopTest {
    private static final EventHandler NOBODY = (time, data) -> {};

    private final EventLoop loop = new EventLoop();
    private final List<String> log = new ArrayList<>();
    private final EventHandler logger = (time, data) -> log.add(time + ":" + data);

    @Test
    void shouldExecuteEventsInOrderOfTimeAndThenOfScheduling() {
        loop.schedule(30, logger, 1);
        loop.schedule(10, logger, 2);
        loop.schedule(30, logger, 3);
        loop.schedule(20, logger, 4);
        loop.schedule(10, logger, 5);

        loop.run();

        assertThat(log).containsExactly("10:2", "10:5", "20:4", "30:1", "30:3");
        assertThat(loop.now()).isEqualTo(30);
        assertThat(loop.executed()).isEqualTo(5);
        assertThat(loop.pending()).isZero();
    }

    @Test
    void shouldRunAnEventScheduledForNowAfterThoseThatWaitForNow() {
        loop.schedule(10, (time, data) -> loop.schedule(time, logger, 1), 0);
        loop.schedule(10, logger, 2);

        loop.run();

        assertThat(log).containsExactly("10:2", "10:1");
    }

    @Test
    void shouldStopAfterTheLastEventThatIsNotTooLate() {
        loop.schedule(10, logger, 1);
        loop.schedule(20, logger, 2);
        loop.schedule(21, logger, 3);

        loop.runUntil(20);

        assertThat(log).containsExactly("10:1", "20:2");
        assertThat(loop.now()).isEqualTo(20);
        assertThat(loop.pending()).isEqualTo(1);
    }

    @Test
    void shouldDoOneEventAStepThatIsNotTooLate() {
        loop.schedule(10, logger, 1);
        loop.schedule(20, logger, 2);

        assertThat(loop.stepUntil(15)).isTrue();
        assertThat(loop.now()).isEqualTo(10);
        assertThat(loop.stepUntil(15)).isFalse();
        assertThat(loop.stepUntil(5)).isFalse();
        assertThat(loop.now()).isEqualTo(15);
        assertThat(loop.stepUntil(20)).isTrue();
        assertThat(loop.stepUntil(30)).isFalse();
        assertThat(loop.now()).isEqualTo(20);
        assertThat(log).containsExactly("10:1", "20:2");
    }

    @Test
    void shouldMoveTheClockThoughNothingHappens() {
        loop.runUntil(1000);
        loop.runUntil(500);

        assertThat(loop.now()).isEqualTo(1000);
        assertThat(loop.step()).isFalse();
    }

    @Test
    void shouldDoOneEventAStep() {
        loop.schedule(10, logger, 1);
        loop.schedule(10, logger, 2);

        assertThat(loop.step()).isTrue();
        assertThat(log).containsExactly("10:1");
        assertThat(loop.step()).isTrue();
        assertThat(loop.step()).isFalse();
    }

    @Test
    void shouldNotExecuteACancelledEvent() {
        loop.schedule(10, logger, 1);
        long handle = loop.schedule(20, logger, 2);
        loop.schedule(30, logger, 3);

        assertThat(loop.cancel(handle)).isTrue();
        assertThat(loop.pending()).isEqualTo(2);
        loop.run();

        assertThat(log).containsExactly("10:1", "30:3");
        assertThat(loop.executed()).isEqualTo(2);
    }

    @Test
    void shouldIgnoreStaleHandlesAlsoWhenTheirRecordIsInUseAgain() {
        long gone = loop.schedule(10, logger, 1);
        loop.run();
        long cancelled = loop.schedule(20, logger, 2);
        loop.cancel(cancelled);
        loop.schedule(30, logger, 3);

        assertThat(loop.cancel(gone)).isFalse();
        assertThat(loop.cancel(cancelled)).isFalse();
        assertThat(loop.cancel(-1)).isFalse();
        assertThat(loop.cancel(Long.MAX_VALUE)).isFalse();
        assertThat(new EventLoop().cancel(0)).isFalse();
        assertThat(loop.pending()).isEqualTo(1);
    }

    @Test
    void shouldNotCancelTheEventThatIsGoingOff() {
        long[] handle = new long[1];
        List<Boolean> cancelled = new ArrayList<>();
        handle[0] = loop.schedule(10, (time, data) -> cancelled.add(loop.cancel(handle[0])), 0);

        loop.run();

        assertThat(cancelled).containsExactly(false);
    }

    @Test
    void shouldGiveDifferentHandlesToAllEvents() {
        Set<Long> handles = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            assertThat(handles.add(loop.schedule(i / 3, NOBODY, 0))).isTrue();
            if (i % 3 == 0) {
                loop.step();
            }
        }
        assertThat(handles).allMatch(handle -> handle >= 0);
    }

    @Test
    void shouldRefuseThePastNamingBothTimes() {
        loop.runUntil(700);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> loop.schedule(699, logger, 1))
                .withMessage("event at 699 ps, but it is already 700 ps");
        assertThat(loop.pending()).isZero();
    }

    @Test
    void shouldReachTheEndOfTime() {
        loop.schedule(Long.MAX_VALUE, logger, 1);
        loop.schedule(Long.MAX_VALUE, logger, 2);

        loop.runUntil(Long.MAX_VALUE - 1);
        assertThat(log).isEmpty();
        loop.run();

        assertThat(log).containsExactly(Long.MAX_VALUE + ":1", Long.MAX_VALUE + ":2");
    }

    @Test
    void shouldGoOnAfterAHandlerThrew() {
        loop.schedule(
                10,
                (time, data) -> {
                    throw new IllegalStateException("broken");
                },
                0);
        loop.schedule(20, logger, 2);

        assertThatThrownBy(loop::run).hasMessage("broken");
        assertThat(loop.now()).isEqualTo(10);
        loop.run();

        assertThat(log).containsExactly("20:2");
    }

    @Test
    void shouldLetAHandlerWaitInsideTheLoop() {
        loop.schedule(
                10,
                (time, data) -> {
                    loop.runUntil(25);
                    log.add("waited until " + loop.now());
                },
                0);
        loop.schedule(20, logger, 1);
        loop.schedule(30, logger, 2);

        loop.runUntil(15);

        assertThat(log).containsExactly("20:1", "waited until 25");
        assertThat(loop.now()).isEqualTo(25);
    }

    @Test
    void shouldHoldManyEvents() {
        int many = 100_000;
        for (int i = 0; i < many; i++) {
            loop.schedule(many - i, logger, i);
        }

        loop.run();

        assertThat(log).hasSize(many);
        assertThat(log.get(0)).isEqualTo("1:" + (many - 1));
        assertThat(log.get(many - 1)).isEqualTo(many + ":0");
    }
}
