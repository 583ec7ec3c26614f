// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.SplittableRandom;
import org.iommuemu.bits.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PipelineTest {
    @Test
    void shouldLetEnterAsManyAtOnceAsThereAreLanes() {
        Pipeline pipeline = new Pipeline("IOTLB ports", 2, 4, 10);
        Waiter who = pipeline.waiter("TBU");

        assertThat(pipeline.pass(who, 0)).isEqualTo(10);
        assertThat(pipeline.pass(who, 0)).isEqualTo(10);
        assertThat(pipeline.pass(who, 0)).isEqualTo(14); // enters at 4
        assertThat(pipeline.pass(who, 1)).isEqualTo(14); // enters at 4
        assertThat(pipeline.pass(who, 2)).isEqualTo(18); // enters at 8
        assertThat(pipeline.statistics(20))
                .isEqualTo(new ResourceStatistics(
                        "IOTLB ports", 2, 5, 20, 1, 2, List.of(new Waits("TBU", "IOTLB ports", 5, 3, 4 + 3 + 6, 6))));
    }

    @Test
    void shouldTakeTheNextWhileTheLastIsStillInside() {
        Pipeline pipeline = new Pipeline("walk cache", 1, 1000, 4000);
        Waiter who = pipeline.waiter("walker");

        assertThat(pipeline.pass(who, 0)).isEqualTo(4000);
        assertThat(pipeline.pass(who, 1000)).isEqualTo(5000);
        assertThat(pipeline.pass(who, 1500)).isEqualTo(6000);
        assertThat(pipeline.latency()).isEqualTo(4000);
    }

    @Test
    void shouldNeverWaitWithoutAnInterval() {
        Pipeline pipeline = new Pipeline("wire", 1, 0, 7);
        Waiter who = pipeline.waiter("TLPs");

        for (int i = 0; i < 10; i++) {
            assertThat(pipeline.pass(who, 100)).isEqualTo(107);
        }
        assertThat(pipeline.statistics(1000).busy()).isZero();
        assertThat(who.waits()).isEqualTo(new Waits("TLPs", "wire", 10, 0, 0, 0));
    }

    @Test
    void shouldRefuseNoLanesAndNegativeTimes() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Pipeline("p", 0, 1, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new Pipeline("p", 1, -1, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new Pipeline("p", 1, 1, -1));
    }

    static java.util.stream.LongStream seeds() {
        return Seeds.some();
    }

    /** In order of time, the n-th to enter waits only for the one that entered as many places before it as there are lanes. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void shouldFollowTheRecurrenceOfAPipeline(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int lanes = 1 + random.nextInt(4);
        long interval = random.nextInt(50);
        Pipeline pipeline = new Pipeline("pipeline", lanes, interval, 100);
        Waiter who = pipeline.waiter("who");
        long[] entered = new long[2000];
        long at = 0;
        for (int n = 0; n < entered.length; n++) {
            at += random.nextInt(30);
            entered[n] = n < lanes ? at : Math.max(at, entered[n - lanes] + interval);
            assertThat(pipeline.pass(who, at)).isEqualTo(entered[n] + 100);
        }
        assertThat(pipeline.statistics(at).busy()).isEqualTo(entered.length * interval);
    }
}
