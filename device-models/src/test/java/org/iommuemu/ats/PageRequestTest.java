// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.ats.AtsBench.NONE;
import static org.iommuemu.ats.AtsBench.R;
import static org.iommuemu.ats.AtsBench.W;
import static org.iommuemu.ats.AtsBench.page;

import org.iommuemu.ats.AtsStatistics.Counter;
import org.iommuemu.ats.DmaChannel.Status;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse.Code;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A function's page request interface (the fact sheet, 8 to 10). */
class PageRequestTest {
    private static AtcParameters pages(int group, int retries) {
        return AtcParameters.standard().withPages(new PageRequestParameters(group, retries, 0, 100_000_000_000L));
    }

    /** A bench with one read of page 5 whose page is missing. */
    private static AtsBench missing(AtsBench bench, int pasid) {
        bench.read(0x5010, 4, pasid);
        bench.translate(bench.count(TlpKind.TRANSLATION_REQUEST) - 1, page(0, 0));
        return bench;
    }

    @Test
    void shouldRequestAMissingPageAndTryAgainAfterSuccess() {
        AtsBench bench = new AtsBench().withPages(32);
        AtsBench.Outcome o = bench.read(0x5010, 4, 7);
        bench.translate(0, page(0, 0));

        PageRequest asked = bench.page(0);
        bench.respond(asked.group(), NONE, Code.SUCCESS);
        bench.translate(1, page(0x8000_0000L, R));
        bench.complete(0);

        assertThat(asked)
                .isEqualTo(new PageRequest(AtsBench.ID, 7, 0x5000, true, false, false, false, true, asked.group()));
        assertThat(o.status).isEqualTo(Status.OK);
        assertThat(bench.counted(Counter.RESPONSES_SUCCESS)).isEqualTo(1);
        assertThat(bench.counted(Counter.RETRIES)).isZero();
    }

    @Test
    void shouldRequestAPageThatMayBeReadOnlyInOrderToWrite() {
        AtsBench bench = new AtsBench().withPages(32);

        bench.write(0x5010, 4, NONE);
        bench.translate(0, page(0x8000_0000L, R));

        assertThat(bench.page(0).write()).isTrue();
        assertThat(bench.page(0).read()).isFalse();
    }

    @Test
    void shouldFailAtOnceWithoutPriOrAnAllocation() {
        AtsBench off = new AtsBench();
        AtsBench none = new AtsBench().withPages(0);

        AtsBench.Outcome withoutPri = off.read(0x5000, 4, NONE);
        off.translate(0, page(0, 0));
        AtsBench.Outcome withoutCredits = none.read(0x5000, 4, NONE);
        none.translate(0, page(0, 0));

        assertThat(withoutPri.status).isEqualTo(Status.NO_PAGE);
        assertThat(withoutCredits.status).isEqualTo(Status.NO_PAGE);
        assertThat(none.count(TlpKind.PAGE_REQUEST)).isZero();
    }

    @Test
    void shouldGiveUpAfterItsRetries() {
        AtsBench bench = new AtsBench(pages(1, 3)).withPages(32);
        AtsBench.Outcome o = bench.read(0x5010, 4, NONE);

        bench.translate(0, page(0, 0));
        for (int i = 0; i < 3; i++) {
            bench.respond(bench.page(i).group(), NONE, Code.SUCCESS);
            bench.translate(i + 1, page(0, 0));
        }

        assertThat(o.status).isEqualTo(Status.NO_PAGE);
        assertThat(bench.count(TlpKind.PAGE_REQUEST)).isEqualTo(3);
        assertThat(bench.counted(Counter.RETRIES)).isEqualTo(2);
    }

    @Test
    void shouldEndWhatIsInvalidAndGoOnRequestingOthers() {
        AtsBench bench = new AtsBench().withPages(32);
        AtsBench.Outcome o = bench.read(0x5010, 4, NONE);
        bench.translate(0, page(0, 0));

        bench.respond(bench.page(0).group(), NONE, Code.INVALID);
        missing(bench, NONE);

        assertThat(o.status).isEqualTo(Status.NO_PAGE);
        assertThat(bench.count(TlpKind.PAGE_REQUEST)).isEqualTo(2);
    }

    @Test
    void shouldStopRequestingAfterAFailureWhoeverItWasFor() {
        AtsBench bench = new AtsBench().withPages(32);
        AtsBench.Outcome o = bench.read(0x5010, 4, NONE);
        bench.translate(0, page(0, 0));

        bench.respond(bench.page(0).group() + 100, NONE, Code.FAILURE);
        missing(bench, NONE);
        bench.respond(bench.page(0).group(), NONE, Code.SUCCESS);

        assertThat(o.status).isEqualTo(Status.NO_PAGE);
        assertThat(bench.count(TlpKind.PAGE_REQUEST)).isEqualTo(1);
        assertThat(bench.counted(Counter.RESPONSES_UNEXPECTED))
                .as("later responses are ignored")
                .isZero();
    }

    @Test
    void shouldCountAResponseToAGroupThatIsNotOutstanding() {
        AtsBench bench = missing(new AtsBench().withPages(32), NONE);
        int group = bench.page(0).group();

        bench.respond(group + 1, NONE, Code.SUCCESS);
        bench.respond(group, NONE, Code.SUCCESS);
        bench.respond(group, NONE, Code.SUCCESS);

        assertThat(bench.counted(Counter.RESPONSES_UNEXPECTED)).isEqualTo(2);
        assertThat(bench.counted(Counter.RESPONSES_SUCCESS)).isEqualTo(1);
    }

    @Test
    void shouldWantThePasidInAResponseIfItSaysSo() {
        AtsBench bench = missing(new AtsBench(pages(1, 4), 0, false, true).withPages(32), 7);
        int group = bench.page(0).group();

        bench.respond(group, NONE, Code.SUCCESS);
        bench.respond(group, 8, Code.SUCCESS);
        long unexpected = bench.counted(Counter.RESPONSES_UNEXPECTED);
        bench.respond(group, 7, Code.SUCCESS);

        assertThat(unexpected).isEqualTo(2);
        assertThat(bench.counted(Counter.RESPONSES_SUCCESS)).isEqualTo(1);
    }

    @Test
    void shouldRequestPagesBehindTheMissingOneInItsGroup() {
        AtsBench bench = new AtsBench(pages(4, 4)).withPages(32);

        bench.write(0x5010, 0x2800, NONE);
        bench.translate(0, page(0, 0));
        bench.translate(1, page(0, 0));

        assertThat(bench.count(TlpKind.PAGE_REQUEST))
                .as("pages 5, 6, 7; the second waits with the first")
                .isEqualTo(3);
        assertThat(bench.page(0).last()).isFalse();
        assertThat(bench.page(1).last()).isFalse();
        assertThat(bench.page(2).last()).isTrue();
        assertThat(bench.page(2).address()).isEqualTo(0x7000);
        assertThat(bench.page(2).group()).isEqualTo(bench.page(0).group());
        assertThat(bench.counted(Counter.PAGES_MERGED)).isEqualTo(1);
    }

    @Test
    void shouldHoldAGroupBackUntilItHasAllItsCredits() {
        AtsBench bench = new AtsBench(pages(2, 4)).withPages(3);

        bench.read(0x1000, 0x2000, NONE);
        bench.translate(0, page(0, 0));
        bench.read(0x8000, 0x2000, NONE);
        bench.translate(2, page(0, 0));
        int before = bench.count(TlpKind.PAGE_REQUEST);
        bench.respond(bench.page(0).group(), NONE, Code.INVALID);

        assertThat(before).as("one credit is left, two are needed").isEqualTo(2);
        assertThat(bench.count(TlpKind.PAGE_REQUEST)).isEqualTo(4);
        assertThat(bench.counted(Counter.GROUPS_HELD)).isEqualTo(1);
        assertThat(bench.counted(Counter.MOST_PAGE_REQUESTS)).isEqualTo(2);
    }

    @Test
    void shouldNeverHaveMoreRequestsOutstandingThanItsAllocation() {
        AtsBench bench = new AtsBench(pages(8, 4)).withPages(3);

        bench.read(0x1000, 0x8000, NONE);
        bench.translate(0, page(0, 0));

        assertThat(bench.count(TlpKind.PAGE_REQUEST)).isEqualTo(3);
        assertThat(bench.page(2).last()).isTrue();
    }

    @Test
    void shouldGiveUpAGroupThatIsNotAnsweredInTime() {
        AtsBench bench = new AtsBench(pages(1, 4)).withPages(1);
        AtsBench.Outcome o = bench.read(0x5010, 4, NONE);
        bench.translate(0, page(0, 0));

        bench.loop.run();
        AtsBench.Outcome next = bench.read(0x6000, 4, NONE);
        bench.translate(1, page(0, 0));
        int held = bench.count(TlpKind.PAGE_REQUEST);
        bench.respond(bench.page(0).group(), NONE, Code.SUCCESS);

        assertThat(o.status).isEqualTo(Status.TIMED_OUT);
        assertThat(held).as("its credit is not back yet").isEqualTo(1);
        assertThat(bench.count(TlpKind.PAGE_REQUEST)).isEqualTo(2);
        assertThat(next.times).isZero();
    }

    @Test
    void shouldStopAPasidWhenItsGroupsAreAnswered() {
        AtsBench bench = missing(new AtsBench().withPages(32), 7);
        boolean[] stopped = new boolean[1];

        bench.dma.stopPasid(7, false, () -> stopped[0] = true);
        AtsBench.Outcome late = bench.read(0x5000, 4, 7);
        AtsBench.Outcome other = bench.read(0x6000, 4, 8);
        boolean before = stopped[0];
        bench.respond(bench.page(0).group(), NONE, Code.INVALID);

        assertThat(late.status).isEqualTo(Status.OFF);
        assertThat(other.times).isZero();
        assertThat(before).isFalse();
        assertThat(stopped[0]).isTrue();
        assertThat(bench.count(TlpKind.PAGE_REQUEST)).as("no marker").isEqualTo(1);
    }

    @Test
    void shouldStopAPasidAtOnceWithAMarker() {
        AtsBench bench = new AtsBench().withPages(32);
        AtsBench.Outcome o = bench.read(0x5010, 4, 7);
        bench.translate(0, page(0, 0));
        boolean[] stopped = new boolean[1];

        bench.dma.stopPasid(7, true, () -> stopped[0] = true);
        bench.settle();
        bench.respond(bench.page(0).group(), NONE, Code.SUCCESS);

        assertThat(stopped[0]).isTrue();
        assertThat(o.status).isEqualTo(Status.NO_PAGE);
        assertThat(bench.page(1)).isEqualTo(new PageRequest(AtsBench.ID, 7, 0, false, false, false, false, true, 0));
        assertThat(bench.page(1).isStopMarker()).isTrue();
        assertThat(bench.counted(Counter.RESPONSES_SUCCESS))
                .as("credits come back")
                .isEqualTo(1);
        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST))
                .as("nothing is tried again")
                .isEqualTo(1);
    }

    @Test
    void shouldFinishAndDropWhatAPasidHasWhenItStops() {
        AtsBench bench = new AtsBench();
        bench.read(0x5000, 4, 7);
        bench.translate(0, page(0x8000_0000L, R | W));
        boolean[] stopped = new boolean[1];

        bench.dma.stopPasid(7, true, () -> stopped[0] = true);
        boolean before = stopped[0];
        bench.complete(0);
        bench.read(0x5000, 4, 7);

        assertThat(before).as("a read is under way").isFalse();
        assertThat(stopped[0]).isTrue();
        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(2);
        assertThat(bench.count(TlpKind.PAGE_REQUEST))
                .as("no marker without PRI")
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldRequestNoMorePagesForAPasidThatIsBeingStopped(boolean marker) {
        AtsBench bench = new AtsBench().withPages(32);
        AtsBench.Outcome o = bench.read(0x5010, 4, 7);
        boolean[] stopped = new boolean[1];

        bench.dma.stopPasid(7, marker, () -> stopped[0] = true);
        bench.translate(0, page(0, 0));

        assertThat(o.status).isEqualTo(Status.NO_PAGE);
        assertThat(stopped[0]).isTrue();
        assertThat(bench.sent(TlpKind.PAGE_REQUEST).stream()
                        .filter(m -> !((Tlp.PageRequestMessage) m).request().isStopMarker()))
                .isEmpty();
    }

    @Test
    void shouldNotWaitForAGroupWithoutCreditsThatNobodyWants() {
        AtsBench bench = missing(new AtsBench(pages(1, 4)).withPages(1), NONE);
        AtsBench.Outcome o = bench.read(0x8000, 0x2000, 7);
        bench.translate(2, page(0, 0));
        bench.refuse(1, Tlp.Status.CA);
        boolean[] stopped = new boolean[1];

        bench.dma.stopPasid(7, false, () -> stopped[0] = true);
        bench.loop.run();

        assertThat(o.times).isEqualTo(1);
        assertThat(stopped[0]).isTrue();
    }

    @Test
    void shouldNotRequestMorePagesThanAGroupHasAtTheEndOfTheAddressSpace() {
        AtsBench bench = new AtsBench(pages(2, 4)).withPages(8);

        bench.read(-0x1000L, 0x3000, NONE);
        bench.translate(0, page(0, 0));

        assertThat(bench.count(TlpKind.PAGE_REQUEST)).isEqualTo(2);
        assertThat(bench.page(0).address()).isEqualTo(-0x1000L);
        assertThat(bench.page(1).last()).isTrue();
    }

    @Test
    void shouldForgetGroupsWhenTheFunctionIsReset() {
        AtsBench bench = missing(new AtsBench().withPages(32), NONE);

        bench.function.reset();
        bench.respond(bench.page(0).group(), NONE, Code.SUCCESS);

        assertThat(bench.counted(Counter.RESPONSES_UNEXPECTED)).isEqualTo(1);
        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(1);
    }
}
