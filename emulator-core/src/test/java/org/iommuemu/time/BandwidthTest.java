// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.iommuemu.bits.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BandwidthTest {
    /** PCIe Gen3 x8: a byte takes 126.953125 ps. */
    private static final ByteRate GEN3_X8 = new ByteRate(64, 8125);

    static LongStream seeds() {
        return Seeds.some();
    }

    @Test
    void shouldSendOneTransferAfterTheOther() {
        Bandwidth link = new Bandwidth("downstream", new ByteRate(1, 10));
        Waiter who = link.waiter("completions");

        assertThat(link.transfer(who, 0, 20)).isEqualTo(200);
        assertThat(link.transfer(who, 50, 10)).isEqualTo(300);
        assertThat(link.transfer(who, 1000, 4)).isEqualTo(1040);
        assertThat(link.transfer(who, 1040, 4)).isEqualTo(1080);
        ResourceStatistics statistics = link.statistics(1900);
        assertThat(statistics.busy()).isEqualTo(380);
        assertThat(statistics.average()).isEqualTo(0.2);
        assertThat(statistics.peak()).isEqualTo(380.0 / Bandwidth.DEFAULT_WINDOW);
        assertThat(statistics.waits()).containsExactly(new Waits("completions", "downstream", 4, 1, 150, 150));
    }

    @Test
    void shouldNotDrift() {
        Bandwidth link = new Bandwidth("link", GEN3_X8);
        Waiter who = link.waiter("bytes");

        assertThat(link.transfer(who, 0, 1)).isEqualTo(127);
        assertThat(link.transfer(who, 0, 1)).isEqualTo(254);
        long last = 0;
        for (int i = 2; i < 1_000_000; i++) {
            last = link.transfer(who, 0, 1);
        }
        assertThat(last).isEqualTo(126_953_125);
        assertThat(link.statistics(last).busy()).isEqualTo(126_953_125);
        assertThat(link.statistics(last).average()).isEqualTo(1);
    }

    /** Windows of 64 ps for 64 bytes each. */
    @Test
    void shouldBookWhatComesOutOfOrderByTheWindow() {
        Bandwidth memory = new Bandwidth("memory", new ByteRate(1, 1), 64);
        Waiter who = memory.waiter("walks");

        assertThat(memory.transfer(who, 100, 10)).isEqualTo(110);
        assertThat(memory.transfer(who, 0, 64)).isEqualTo(64); // fills window 0
        assertThat(memory.transfer(who, 0, 10)).isEqualTo(64 + 10 + 10); // behind the 10 of window 1
        assertThat(memory.transfer(who, 70, 60)).isEqualTo(128 + 16); // 44 fill window 1
        assertThat(memory.transfer(who, 110, 5)).isEqualTo(149); // in order again: behind everything
        assertThat(memory.transfer(who, 0, 43)).isEqualTo(128 + 16 + 5 + 43); // fills window 2
        assertThat(memory.transfer(who, 0, 1)).isEqualTo(193);
        assertThat(memory.statistics(193).peak()).isEqualTo(1);
        assertThat(who.waits().longest()).isEqualTo(192);
    }

    @Test
    void shouldSpreadALargeTransferOverManyWindows() {
        Bandwidth memory = new Bandwidth("memory", new ByteRate(1, 1), 64);
        Waiter who = memory.waiter("copies");
        memory.transfer(who, 10_000, 1);

        assertThat(memory.transfer(who, 32, 5000)).isEqualTo(5032);
        assertThat(memory.transfer(who, 64, 20)).isEqualTo(4992 + 40 + 20);
    }

    /** Far beyond the windows that are remembered: the channel is behind by that much, or idle for that long. */
    @Test
    void shouldStayRightBeyondTheWindowsThatAreRemembered() {
        Bandwidth memory = new Bandwidth("memory", new ByteRate(1, 1), 64);
        Waiter who = memory.waiter("copies");

        assertThat(memory.transfer(who, 0, 10_000_000)).isEqualTo(10_000_000);
        assertThat(memory.transfer(who, 5, 1)).isEqualTo(10_000_001);
        assertThat(memory.transfer(who, 4, 1)).isEqualTo(10_000_002);
        assertThat(memory.transfer(who, 1L << 60, 1)).isEqualTo((1L << 60) + 1);
        assertThat(memory.transfer(who, 20_000_000, 1)).isEqualTo(20_000_001);
    }

    @Test
    void shouldCountAWindowAsFullThatGaveWayToALaterOne() {
        Bandwidth memory = new Bandwidth("memory", new ByteRate(1, 1), 64);
        Waiter who = memory.waiter("copies");
        memory.transfer(who, (4096 + 2) * 64, 1);

        assertThat(memory.transfer(who, 2 * 64 + 3, 1)).isEqualTo(3 * 64 + 1);
        assertThat(memory.transfer(who, 2 * 64 + 3, 1)).isEqualTo(3 * 64 + 2);
        assertThat(memory.transfer(who, 64, 1)).isEqualTo(64 + 1);
    }

    @Test
    void shouldPassNothingAtOnce() {
        Bandwidth link = new Bandwidth("link", GEN3_X8);

        assertThat(link.transfer(link.waiter("who"), 77, 0)).isEqualTo(77);
    }

    @Test
    void shouldRefuseOddWindows() {
        for (long window : new long[] {0, -64, 65, 1L << 23}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Bandwidth("link", GEN3_X8, window))
                    .withMessageContaining("window of " + window + " ps");
        }
    }

    /** In order of time: the end of each transfer as a fraction, without windows. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void shouldBeAnExactQueueInOrderOfTime(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        ByteRate rate = new ByteRate(1 + random.nextLong(10_000), 1 + random.nextLong(1_000_000));
        Bandwidth link = new Bandwidth("link", rate, 1L << random.nextInt(23));
        Waiter who = link.waiter("who");
        BigInteger perByte = BigInteger.valueOf(rate.picoseconds());
        BigInteger perPicosecond = BigInteger.valueOf(rate.bytes());
        BigInteger end = BigInteger.ZERO; // in ticks
        long now = 0;
        for (int i = 0; i < 5000; i++) {
            long bytes = random.nextLong(300);
            now += random.nextLong(300 * rate.picoseconds() / rate.bytes() + 2);
            end = end.max(BigInteger.valueOf(now).multiply(perPicosecond))
                    .add(BigInteger.valueOf(bytes).multiply(perByte));

            assertThat(link.transfer(who, now, bytes))
                    .isEqualTo(end.add(perPicosecond)
                            .subtract(BigInteger.ONE)
                            .divide(perPicosecond)
                            .longValue());
        }
    }

    private record Transfer(long at, long bytes, long end) {}

    /** In any order: a byte a picosecond, as a table of picoseconds left in every window. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void shouldAgreeWithATableOfWindows(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int window = 256;
        Bandwidth memory = new Bandwidth("memory", new ByteRate(1, 1), window);
        Waiter who = memory.waiter("who");
        Map<Long, Long> used = new HashMap<>();
        List<Transfer> transfers = new ArrayList<>();
        long latest = 0;
        long lastEnd = 0;
        long now = 0;
        int load = 40 + random.nextInt(80); // bytes offered every 100 ps
        for (int i = 0; i < 5000; i++) {
            long bytes = 1L + random.nextInt(100);
            now += bytes * 100 / load;
            long at = now + random.nextInt(3000);
            long place = at >= latest ? Math.max(at, lastEnd) : at;
            latest = Math.max(latest, at);
            long rest = bytes;
            while (true) {
                long number = place / window;
                long before = used.getOrDefault(number, 0L);
                long taken = Math.min(rest, Math.min(window - before, (number + 1) * window - place));
                used.put(number, before + taken);
                rest -= taken;
                if (rest == 0) {
                    place = Math.max(place, number * window + before) + taken;
                    break;
                }
                place = (number + 1) * window;
            }
            lastEnd = Math.max(lastEnd, place);

            assertThat(memory.transfer(who, at, bytes)).isEqualTo(place);
            transfers.add(new Transfer(at, bytes, place));
        }
        assertThat(transfers).allMatch(t -> t.end >= t.at + t.bytes);
        assertThat(memory.statistics(now).busy())
                .isEqualTo(transfers.stream().mapToLong(Transfer::bytes).sum());
        assertThat(memory.statistics(now).peak())
                .isEqualTo(used.values().stream().mapToLong(u -> u).max().orElseThrow() / (double) window);
    }

    @Test
    void shouldKnowHowLongAFineRateWasBusy() {
        Bandwidth link = new Bandwidth("link", ByteRate.bitsPerSecond(57_884_765_627L));
        Waiter who = link.waiter("any");
        for (int i = 0; i < 1000; i++) {
            link.transfer(who, 0, 1_000_000);
        }

        // 10^9 bytes are 8 * 10^9 bits, which take 138,205,621,346 ps and a part of one.
        assertThat(link.statistics(1).busy()).isEqualTo(138_205_621_346L);
    }
}
