// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.iommuemu.device.PathBench.AFTER;
import static org.iommuemu.device.PathBench.BEFORE;
import static org.iommuemu.device.PathBench.BYTE;
import static org.iommuemu.device.PathBench.LOOKUP;
import static org.iommuemu.device.PathBench.MEMORY;
import static org.iommuemu.device.PathBench.SOURCE;
import static org.iommuemu.device.PathBench.TABLE_READ;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.pcie.FlowControl;
import org.iommuemu.pcie.LinkSharing;
import org.iommuemu.pcie.RootComplex;
import org.iommuemu.time.ByteRate;
import org.iommuemu.time.ResourceStatistics;
import org.iommuemu.time.Waits;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Everything passes the IOMMU after its lookup. A write of n bytes is n + 24 on the link, a read 24 up and n + 20 down. */
class DmaPathTest {
    private static final int NONE = Transaction.NO_SUBSTREAM;

    private final PathBench bench = new PathBench();

    @AfterEach
    void close() {
        bench.close();
    }

    /** Each transfer's end is rounded up. */
    private static void assertTime(long found, double expected) {
        assertThat((double) found).isCloseTo(expected, within(30.0));
    }

    private void assertWhole(long begin, long end) {
        assertThat(bench.journey.total()).isEqualTo(end - begin);
    }

    @Test
    void shouldTakeAReadThereAndBack() {
        bench.rootComplex = new RootComplex(5_000, null);

        long end = bench.read(0, 64, 7);

        assertTime(end, 7 + BEFORE + 24 * BYTE + 5_000 + LOOKUP + MEMORY + 5_000 + 84 * BYTE + AFTER);
        assertThat(bench.journey.of(LatencyPart.LOOKUP)).isEqualTo(LOOKUP);
        assertThat(bench.journey.of(LatencyPart.MEMORY)).isEqualTo(MEMORY);
        assertThat(bench.journey.of(LatencyPart.QUEUE)).isZero();
        assertWhole(7, end);
    }

    @Test
    void shouldHaveAPostedWriteOverOnceMemoryHasIt() {
        bench.rootComplex = new RootComplex(5_000, null);

        long end = bench.write(0, 64, 7);

        assertTime(end, 7 + BEFORE + 88 * BYTE + 5_000 + LOOKUP + MEMORY + AFTER);
        assertWhole(7, end);
    }

    @Test
    void shouldSendWithAPasidFourBytesMore() {
        assertTime(bench.access(SOURCE, 5, 0, Access.WRITE, 64, 0), BEFORE + 92 * BYTE + LOOKUP + MEMORY + AFTER);
    }

    @Test
    void shouldSendTheOperandsOfAnAtomicAndGetTheOldValueBack() {
        long end = bench.access(SOURCE, NONE, 0, Access.ATOMIC, 8, 0);

        assertTime(end, BEFORE + 32 * BYTE + LOOKUP + MEMORY + 28 * BYTE + AFTER);
    }

    @Test
    void shouldGetACompletionWithoutDataForARefusedRead() {
        bench.start();

        long end = bench.read(0x5000, 4096, 0);

        // Root, context, PASID directory, PASID, and an entry of the uppermost table that is not present.
        assertThat(bench.verdict.isOk()).isFalse();
        assertTime(end, BEFORE + 24 * BYTE + LOOKUP + 5 * TABLE_READ + 20 * BYTE + AFTER);
        assertWhole(0, end);
    }

    @Test
    void shouldEndATransferWithTheFirstPageThatIsRefused() {
        bench.start().map(0x5000, 7);

        bench.write(0x5000, 0x3000, 0);

        assertThat(bench.verdict.isOk()).isFalse();
        // A page of 16 TLPs, and one TLP of the next.
        assertThat(waits("link up", "writes").uses()).isEqualTo(17);
    }

    @Test
    void shouldPipelineTheRequestsOfALargeRead() {
        long end = bench.read(0, 4096, 0);

        // Eight requests of 512 B follow one another up in 24 B each, but their data take 552 B each, so that the link
        // down is busy
        // from the first on: 2 completions of 276 B for each.
        assertTime(end, BEFORE + 24 * BYTE + LOOKUP + MEMORY + 8 * 552 * BYTE + AFTER);
        assertWhole(0, end);
    }

    @Test
    void shouldTranslateEachPageOfATransferOnce() {
        long end = bench.write(0xF80, 0x1100, 0);

        // 128 B, then a page of 16 x 256 B, then 128 B: 18 TLPs with 24 B each.
        assertThat(bench.timed.hits()).isEqualTo(3);
        assertTime(end, BEFORE + (0x1100 + 18 * 24) * BYTE + LOOKUP + MEMORY + AFTER);
        assertWhole(0, end);
    }

    @Test
    void shouldHoldATagUntilTheLastCompletion() {
        bench.tags = 2;
        bench.rootComplex = new RootComplex(100_000, null);

        long end = bench.read(0, 2048, 0);

        // Four requests in two pairs. The first two come one behind the other, and their data take so long on the link
        // that the
        // second's are right behind the first's. The third has the first one's tag when those are there, and needs no
        // lookup; it is
        // back a round trip later, when the link is idle again. So is the fourth, with the second's tag.
        double first = BEFORE + 24 * BYTE + LOOKUP + MEMORY + 200_000 + 552 * BYTE;
        double second = first + 552 * BYTE;
        assertTime(end, second + 24 * BYTE + MEMORY + 200_000 + 552 * BYTE + AFTER);
        assertWhole(0, end);
        Waits waits = waits("tags", "requests");
        assertThat(waits.waits()).isEqualTo(2);
        assertTime(waits.total(), first - BEFORE + second - BEFORE);
    }

    @Test
    void shouldReadNoFasterThanTagsTimesRequestSizeInARoundTrip() {
        bench.tags = 2;
        bench.rootComplex = new RootComplex(100_000, null);

        long end = bench.read(0, 1 << 16, 0);

        // 128 requests, two at a time; lookups, one in eight requests, add to some of the round trips of 24 + 552 B and
        // memory.
        double roundTrip = (24 + 552) * BYTE + MEMORY + 200_000;
        assertThat((double) end).isBetween(64 * roundTrip, 64 * roundTrip + 17 * LOOKUP + 552 * BYTE + BEFORE + AFTER);
    }

    @Test
    void shouldHoldAWriteBackOnceHeaderCreditsAreUsedUp() {
        bench.credits = new FlowControl(
                new FlowControl.Pool(2, 0),
                FlowControl.Pool.INFINITE,
                FlowControl.Pool.INFINITE,
                FlowControl.Pool.INFINITE,
                100_000);

        long first = bench.write(0, 64, 0);
        long second = bench.write(64, 64, 0);
        long third = bench.write(128, 64, 0);

        assertTime(first, BEFORE + 88 * BYTE + LOOKUP + MEMORY + AFTER);
        assertTime(second, BEFORE + 176 * BYTE + LOOKUP + MEMORY + AFTER);
        // The first has left the IOMMU, and its credit is back 100 ns later.
        double back = BEFORE + 88 * BYTE + LOOKUP + 100_000;
        assertTime(third, back + 88 * BYTE + LOOKUP + MEMORY + AFTER);
        assertTime(bench.journey.of(LatencyPart.QUEUE), back - BEFORE);
        assertThat(waits("link up posted header credits", "writes").waits()).isEqualTo(1);
        assertWhole(0, third);
    }

    @Test
    void shouldStopATransferAtTheByteWhereDataCreditsRunOut() {
        bench.credits = new FlowControl(
                new FlowControl.Pool(0, 32),
                FlowControl.Pool.INFINITE,
                FlowControl.Pool.INFINITE,
                FlowControl.Pool.INFINITE,
                100_000);

        long end = bench.write(0, 1024, 0);

        // 32 credits are 512 B, two TLPs of 280 on the link. The third begins when the credits of the first are back:
        // that came at 280
        // and was translated LOOKUP later. The fourth has those of the second, which came at 560 (38.7 ns later, past
        // the
        // translation), and by then has waited for the third to leave the link.
        double firstBack = BEFORE + 280 * BYTE + LOOKUP + 100_000;
        double third = firstBack + 280 * BYTE;
        double secondBack = BEFORE + 560 * BYTE + 100_000;
        assertThat(secondBack).isLessThan(third);
        assertTime(end, third + 280 * BYTE + MEMORY + AFTER);
        assertThat(waits("link up posted data credits", "writes").waits()).isEqualTo(2);
        assertWhole(0, end);
    }

    @Test
    void shouldShareTheRootComplexAmongLinks() {
        bench.sharing = LinkSharing.STREAM;
        // 1 ns a byte.
        bench.rootComplex = new RootComplex(0, new ByteRate(1, 1000));

        long first = bench.access(1, NONE, 0, Access.WRITE, 64, 0);
        long second = bench.access(2, NONE, 0, Access.WRITE, 64, 0);
        long third = bench.access(1, NONE, 0, Access.WRITE, 64, 0);

        double arrived = BEFORE + 88 * BYTE;
        assertTime(first, arrived + 88_000 + LOOKUP + MEMORY + AFTER);
        assertTime(second, arrived + 2 * 88_000 + LOOKUP + MEMORY + AFTER);
        assertTime(third, arrived + 3 * 88_000 + LOOKUP + MEMORY + AFTER);
        assertThat(waits("link 0x1 up", "writes").waits()).isEqualTo(1);
        assertThat(waits("link 0x2 up", "writes").waits()).isZero();
        assertThat(waits("root complex", "writes").waits()).isEqualTo(2);
    }

    @Test
    void shouldMoveDataNoFasterThanMemory() {
        // 1 ns a byte.
        bench.dataRate = new ByteRate(1, 1000);

        long first = bench.read(0, 256, 0);
        long second = bench.write(0, 256, 0);

        double read = BEFORE + 24 * BYTE + LOOKUP + 256_000;
        assertTime(first, read + MEMORY + 276 * BYTE + AFTER);
        assertTime(second, read + 256_000 + MEMORY + AFTER);
        assertWhole(0, second);
    }

    @Test
    void shouldSendAnInterruptBehindTheWritesBeforeIt() {
        bench.write(0, 4096, 0);
        bench.journey.clear();
        long end =
                bench.path().interrupt(new Transaction().write(SOURCE, 0xFEE0_0000L), 0, bench.verdict, bench.journey);

        // 16 TLPs of 280 B, then 28 B.
        assertTime(end, BEFORE + (16 * 280 + 28) * BYTE + LOOKUP + MEMORY + AFTER);
        Waits waits = waits("link up", "MSIs");
        assertThat(waits.uses()).isEqualTo(1);
        assertTime(waits.total(), 16 * 280 * BYTE);
        assertWhole(0, end);
    }

    private Waits waits(String resource, String waiter) {
        return bench.path().resources().stream()
                .map(r -> r.statistics(1))
                .filter(r -> r.name().equals(resource))
                .map(ResourceStatistics::waits)
                .flatMap(w -> w.stream().filter(one -> one.waiter().equals(waiter)))
                .findFirst()
                .orElseThrow();
    }
}
