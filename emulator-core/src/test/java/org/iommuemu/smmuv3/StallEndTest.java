// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.Verdict.Status;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Stalled transactions whose stream or machine changes, and CMD_STALL_TERM: fact sheet 1.6, 5.8, 6.3 (cases 73, 75). */
class StallEndTest {
    private static final long RETRY = 0x42_0000_1044L;

    private final SmmuBench b = SmmuBench.started(SmmuBench.withStalls(0, 4, 0));
    private final StallingPort port = StallingPort.on(b);
    private final TestCd cd = b.stage1(0x42).set(44, 44, 1);
    private final TestCd other = b.stage1(0x43).set(44, 44, 1);

    @AfterEach
    void close() {
        b.close();
    }

    // CMD_STALL_TERM (case 73).

    @Test
    void shouldEndTheTransactionsOfOneStream() {
        b.read(0x42, 0x5000);
        b.read(0x43, 0x5000);
        b.read(0x42, 0x6000);
        b.events();
        b.command(0x42_0000_0045L, 0);
        assertThat(port.ended).containsExactlyInAnyOrder("0: 42 5000 ABORT 0", "2: 42 6000 ABORT 0");
        assertThat(b.events()).isEmpty();

        other.map(0x5000, SmmuBench.DATA);
        b.command(0x43_0000_1044L, 1);
        assertThat(port.ended).hasSize(3).last().isEqualTo("1: 43 5000 OK 80000000");
    }

    @Test
    void shouldReuseTheStagsOfAnEndedStream() {
        b.read(0x42, 0x5000);
        b.read(0x43, 0x5000);
        b.events();
        b.command(0x42_0000_0045L, 0);
        b.read(0x43, 0x6000);
        assertThat(b.events()).containsExactly("0000004300000010 0000020880000000 0000000000006000 0000000000000000");
    }

    @Test
    void shouldEndUnrecordedTransactionsOfTheStreamAsWell() {
        b.write32(0x20, 0x9);
        b.read(0x42, 0x5000);
        b.read(0x43, 0x5000);
        b.command(0x42_0000_0045L, 0);
        b.write32(0x20, 0xD);
        assertThat(port.ended).containsExactly("0: 42 5000 ABORT 0");
        assertThat(b.events()).containsExactly("0000004300000010 0000020880000000 0000000000005000 0000000000000000");
    }

    @Test
    void shouldDoNothingForAStreamWithoutStalledTransactions() {
        b.read(0x43, 0x5000);
        b.command(0x42_0000_0045L, 0);
        assertThat(port.ended).isEmpty();
        assertThat(b.read32(0x60)).isZero();
    }

    @Test
    void shouldShutAStreamDown() {
        // Config=0b000, CFGI_STE, SYNC, STALL_TERM.
        b.read(0x42, 0x5000);
        b.events();
        b.ste(0x42).config(0);
        b.command(0x42_0000_0003L, 1).sync().command(0x42_0000_0045L, 0).sync();
        assertThat(b.read(0x42, 0x6000).status()).isEqualTo(Status.ABORT);
        assertThat(port.ended).containsExactly("0: 42 5000 ABORT 0");
        assertThat(b.events()).isEmpty();
    }

    // A stream that changes (case 75).

    @Test
    void shouldStayStalledWhenItsSteBecomesInvalid() {
        b.read(0x42, 0x5000);
        b.events();
        b.ste(0x42).valid(0);
        b.invalidateAll();
        assertThat(port.ended).isEmpty();

        b.command(RETRY, 0);
        assertThat(port.ended).containsExactly("0: 42 5000 ABORT 0");
        assertThat(b.events()).containsExactly("0000004200000004 0000000000000000 0000000000000000 0000000000000000");
    }

    @Test
    void shouldMeetAnInvalidCdWhenRetried() {
        b.read(0x42, 0x5000);
        b.events();
        cd.set(31, 31, 0);
        b.command(0x42_0000_0005L, 1).sync().command(RETRY, 0);
        assertThat(port.ended).containsExactly("0: 42 5000 ABORT 0");
        assertThat(b.events()).containsExactly("000000420000000a 0000000000000000 0000000000000000 0000000000000000");
    }

    @Test
    void shouldEndWithoutARecordWhenTheStreamIsDisabled() {
        b.read(0x42, 0x5000);
        b.events();
        b.ste(0x42).config(0);
        b.command(0x42_0000_0003L, 1).sync().command(RETRY, 0);
        assertThat(port.ended).containsExactly("0: 42 5000 ABORT 0");
        assertThat(b.events()).isEmpty();
    }

    @Test
    void shouldBypassWhenRetriedInAStreamThatBypassesNow() {
        b.read(0x42, 0x5000);
        b.ste(0x42).config(4);
        b.command(0x42_0000_0003L, 1).sync().command(RETRY, 0);
        assertThat(port.ended).containsExactly("0: 42 5000 OK 5000");
    }

    @Test
    void shouldTerminateARetryWhereFaultsTerminateNow() {
        // 3.5: S=0, R=0, A=0.
        b.read(0x42, 0x5000);
        b.events();
        cd.set(44, 44, 0).records(0).aborts(0);
        b.command(0x42_0000_0005L, 1).sync().command(RETRY, 0);
        assertThat(port.ended).containsExactly("0: 42 5000 READ_ZERO_WRITE_IGNORED 0");
        assertThat(b.events()).isEmpty();
    }

    // SMMUEN (case 75).

    @Test
    void shouldAbortEverythingWhenTranslationIsDisabled() {
        b.read(0x42, 0x5000);
        b.read(0x43, 0x5000);
        b.events();
        b.write32(0x20, 0xC);
        assertThat(b.read32(0x24)).isEqualTo(0xC);
        assertThat(port.ended).containsExactlyInAnyOrder("0: 42 5000 ABORT 0", "1: 43 5000 ABORT 0");
        assertThat(b.events()).isEmpty();
    }

    @Test
    void shouldRecycleTheStagsWhenTranslationIsDisabled() {
        b.read(0x42, 0x5000);
        b.write32(0x20, 0xC);
        b.events();
        b.write32(0x20, 0xD);
        b.command(RETRY, 0);
        assertThat(port.ended).hasSize(1);
        b.read(0x43, 0x6000);
        assertThat(b.events()).containsExactly("0000004300000010 0000020880000000 0000000000006000 0000000000000000");
    }

    @Test
    void shouldNotRecordWhatHasEndedByDisablingTranslation() {
        b.write32(0x20, 0x9);
        b.read(0x42, 0x5000);
        b.write32(0x20, 0x8);
        b.write32(0x20, 0xD);
        assertThat(port.ended).containsExactly("0: 42 5000 ABORT 0");
        assertThat(b.events()).isEmpty();
    }

    @Test
    void shouldBypassWhatADeviceSendsAsItsStalledTransactionEnds() {
        // 1.6: new transactions follow GBPA from then on.
        List<String> next = new ArrayList<>();
        port.afterwards = v -> next.add(
                b.read(0x42, 0x6000).status() + " " + b.smmu.statistics().stalled());
        b.read(0x42, 0x5000);
        b.write32(0x20, 0xC);
        assertThat(next).containsExactly("OK 0");
    }

    // Reset.

    @Test
    void shouldAbortEverythingAtReset() {
        b.read(0x42, 0x5000);
        b.write32(0x20, 0x9);
        b.read(0x42, 0x6000);
        b.smmu.reset();
        assertThat(port.ended).containsExactlyInAnyOrder("0: 42 5000 ABORT 0", "1: 42 6000 ABORT 0");
        assertThat(b.smmu.statistics().stalled()).isZero();
    }

    @Test
    void shouldNotUseATicketAgainAfterReset() {
        long first = b.read(0x42, 0x5000).ticket();
        b.smmu.reset();
        b.start();
        assertThat(b.read(0x42, 0x5000).ticket()).isNotEqualTo(first);
        assertThat(b.events()).containsExactly("0000004200000010 0000020880000000 0000000000005000 0000000000000000");
    }

    // Devices that go on at once.

    @Test
    void shouldTakeTheNextTransactionFromWithinTheEndOfOne() {
        port.afterwards = v -> {
            if (port.ended.size() < 3) {
                assertThat(b.read(0x42, 0x6000).status()).isEqualTo(Status.STALLED);
            }
        };
        b.read(0x42, 0x5000);
        for (int i = 0; i < 3; i++) {
            assertThat(b.events()).hasSize(1);
            b.command(0x42_0000_2044L, 0);
        }
        assertThat(port.ended).containsExactly("0: 42 5000 ABORT 0", "1: 42 6000 ABORT 0", "2: 42 6000 ABORT 0");
        assertThat(b.smmu.statistics().stalled()).isZero();
    }

    @Test
    void shouldTakeCommandsFromWithinTheEndOfATransaction() {
        // The driver's own device: it resumes the other transaction as soon as the first has ended.
        b.read(0x42, 0x5000);
        b.read(0x42, 0x6000);
        port.afterwards = v -> {
            if (port.ended.size() == 1) {
                b.command(0x42_0000_2044L, 1);
            }
        };
        b.command(0x42_0000_2044L, 0);
        assertThat(port.ended).containsExactly("0: 42 5000 ABORT 0", "1: 42 6000 ABORT 0");
        assertThat(b.read32(0x9C)).isEqualTo(b.read32(0x98));
    }
}
