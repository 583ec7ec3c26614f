// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.ats.AtsBench.NONE;
import static org.iommuemu.ats.AtsBench.R;
import static org.iommuemu.ats.AtsBench.W;
import static org.iommuemu.ats.AtsBench.page;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.ats.DmaChannel.Status;
import org.iommuemu.iommu.Access;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a device sees of its transfers: order, how many bytes, how they end. */
class TransferTest {
    private final AtsBench bench = new AtsBench();

    private List<Long> written() {
        return bench.sent(TlpKind.WRITE).stream()
                .map(t -> ((Tlp.MemoryRequest) t).address())
                .toList();
    }

    @Test
    void shouldSendAReadsPagesSideBySide() {
        AtsBench.Outcome o = bench.read(0x5000, 0x2000, NONE);
        bench.translate(1, page(0x9000_0000L, R));
        boolean second = bench.count(TlpKind.READ) == 8;
        bench.translate(0, page(0x8000_0000L, R));

        for (int i = 0; i < 16; i++) {
            bench.complete(i);
        }

        assertThat(second).as("the second page does not wait for the first").isTrue();
        assertThat(o.status).isEqualTo(Status.OK);
        assertThat(o.moved).isEqualTo(0x2000);
    }

    @Test
    void shouldNotHaveMorePagesUnderWayThanItMay() {
        AtsBench many = new AtsBench(AtcParameters.standard().withRequests(1, 64, false));
        many.read(0, 40 * 0x1000, NONE);
        int before = many.count(TlpKind.TRANSLATION_REQUEST);

        many.translate(0, page(0x8000_0000L, R));
        for (int i = 0; i < 8; i++) {
            many.complete(i);
        }

        assertThat(before).isEqualTo(32);
        assertThat(many.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(33);
    }

    @Test
    void shouldSendWritesInOrderWhateverComesFirst() {
        AtsBench.Outcome first = bench.write(0x5000, 0x1100, NONE);
        AtsBench.Outcome second = bench.write(0x9000, 4, NONE);
        bench.translate(2, page(0x7000_0000L, W));
        bench.translate(1, page(0x9000_0000L, W));
        int early = bench.count(TlpKind.WRITE);

        bench.translate(0, page(0x8000_0000L, W));

        assertThat(early).isZero();
        assertThat(first.status).isEqualTo(Status.OK);
        assertThat(second.status).isEqualTo(Status.OK);
        assertThat(written()).hasSize(18).endsWith(0x8000_0F00L, 0x9000_0000L, 0x7000_0000L);
    }

    @Test
    void shouldNotLetOnePasidsWritesWaitForAnothers() {
        bench.write(0x5000, 4, NONE);
        bench.write(0x5000, 4, 7);

        bench.translate(1, page(0x7000_0000L, W));

        assertThat(written()).containsExactly(0x7000_0000L);
    }

    @Test
    void shouldSendAnInterruptBehindWritesThatWait() {
        bench.function.vector(0, 0xFEE0_0000L, 5);
        bench.write(0x5000, 4, NONE);
        bench.write(0x6000, 4, 7);

        bench.dma.interrupt(0);
        bench.translate(1, page(0x7000_0000L, W));
        int early = bench.count(TlpKind.INTERRUPT);
        bench.translate(0, page(0x8000_0000L, W));

        assertThat(early).isZero();
        assertThat(bench.sent.get(bench.sent.size() - 1).kind()).isEqualTo(TlpKind.INTERRUPT);
    }

    @Test
    void shouldSayHowManyBytesWereReadBeforeThePageThatIsMissing() {
        AtsBench.Outcome o = bench.read(0x5800, 0x2000, NONE);
        bench.translate(1, page(0, 0));
        boolean early = o.times > 0;
        bench.translate(0, page(0x8000_0000L, R));
        for (int i = 0; i < 4; i++) {
            bench.complete(i);
        }
        bench.translate(2, page(0x9000_0000L, R));

        assertThat(early).isFalse();
        assertThat(o.status).isEqualTo(Status.NO_PAGE);
        assertThat(o.moved).isEqualTo(0x800);
        assertThat(o.times).isEqualTo(1);
        assertThat(bench.count(TlpKind.READ)).as("pages behind it are left out").isEqualTo(4);
    }

    @Test
    void shouldSayHowManyBytesWereWrittenBeforeThePageThatIsMissing() {
        AtsBench.Outcome o = bench.write(0x5F00, 0x1200, NONE);
        AtsBench.Outcome next = bench.write(0xA000, 4, NONE);
        bench.translate(1, page(0, 0));
        bench.translate(2, page(0x9000_0000L, W));
        bench.translate(3, page(0xA000_0000L, W));
        bench.translate(0, page(0x8000_0000L, W));

        assertThat(o.status).isEqualTo(Status.NO_PAGE);
        assertThat(o.moved).isEqualTo(0x100);
        assertThat(next.status).isEqualTo(Status.OK);
        assertThat(written()).containsExactly(0x8000_0F00L, 0xA000_0000L);
    }

    @Test
    void shouldNotSendTranslatedRequestsOnceAtsIsDisabled() {
        bench.write(0x5000, 0x1004, NONE);
        bench.translate(1, page(0x9000_0000L, W));

        bench.function.disableAts();
        bench.translate(0, page(0x8000_0000L, W));

        assertThat(bench.sent(TlpKind.WRITE))
                .hasSize(17)
                .extracting(t -> ((Tlp.MemoryRequest) t).type())
                .containsOnly(Tlp.AddressType.UNTRANSLATED);
    }

    @Test
    void shouldDropWritesThatWaitWhenBusMasteringIsSwitchedOff() {
        AtsBench.Outcome o = bench.write(0x5000, 4, NONE);

        bench.function.disableBusMaster();
        bench.invalidate(3, NONE, false, 0x5000, 12);
        bench.translate(0, page(0x8000_0000L, W));

        assertThat(o.status).isEqualTo(Status.OFF);
        assertThat(bench.count(TlpKind.WRITE)).isZero();
        assertThat(bench.count(TlpKind.INVALIDATE_COMPLETION)).isEqualTo(1);
    }

    @Test
    void shouldRefuseAPasidThatIsNotEnabled() {
        bench.function.disableAts().disablePasid();

        AtsBench.Outcome o = bench.read(0x5000, 4, 7);

        assertThat(o.status).isEqualTo(Status.OFF);
        assertThat(bench.sent).isEmpty();
    }

    @Test
    void shouldAskToWriteForAnAtomicOpAndSendItTranslated() {
        byte[] old = new byte[8];
        AtsBench.Outcome o = new AtsBench.Outcome();
        bench.dma.atomic(0x5008, Tlp.AtomicOp.SWAP, new byte[8], NONE, Access.READ, old, o);
        bench.settle();

        bench.translate(0, page(0x8000_0000L, R | W));
        Tlp.MemoryRequest atomic = bench.request(TlpKind.ATOMIC, 0);
        bench.link.down(new Tlp.Completion(
                TlpKind.COMPLETION,
                AtsBench.ID,
                atomic.tag(),
                Tlp.Status.SUCCESS,
                8,
                new byte[] {1, 2, 3, 4, 5, 6, 7, 8},
                false));
        bench.settle();

        assertThat(bench.request(TlpKind.TRANSLATION_REQUEST, 0).access()).isEqualTo(Access.WRITE);
        assertThat(atomic.address()).isEqualTo(0x8000_0008L);
        assertThat(o.status).isEqualTo(Status.OK);
        assertThat(old).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    }

    @Test
    void shouldSendAnyNumberOfWritesThatWaitForOne() {
        List<Status> ended = new ArrayList<>();
        bench.dma.write(0x5000, new byte[4], NONE, Access.WRITE, (s, n) -> ended.add(s));
        for (int i = 0; i < 20_000; i++) {
            bench.dma.write(0x5008, new byte[4], NONE, Access.WRITE, (s, n) -> ended.add(s));
        }
        bench.settle();

        bench.translate(0, page(0x8000_0000L, W));

        assertThat(ended).hasSize(20_001).containsOnly(Status.OK);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldSendNothingWithAPasidOnceSoftwareHasDisabledThat(boolean write) {
        AtsBench.Outcome o = write ? bench.write(0x5000, 4, 7) : bench.read(0x5000, 4, 7);

        bench.function.disableAts().disablePasid();
        bench.translate(0, page(0x8000_0000L, R | W));

        assertThat(o.status).isEqualTo(Status.OFF);
        assertThat(bench.count(TlpKind.WRITE) + bench.count(TlpKind.READ)).isZero();
    }
}
