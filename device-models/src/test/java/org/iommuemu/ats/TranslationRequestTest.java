// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.ats.AtsBench.NONE;
import static org.iommuemu.ats.AtsBench.R;
import static org.iommuemu.ats.AtsBench.W;
import static org.iommuemu.ats.AtsBench.page;

import org.iommuemu.ats.AtsStatistics.Counter;
import org.iommuemu.ats.DmaChannel.Status;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.iommu.Access;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.pcie.spec.TranslationEntry;
import org.junit.jupiter.api.Test;

/** What a function asks the translation agent, and what it makes of the answer (the fact sheet, 4 to 6). */
class TranslationRequestTest {
    @Test
    void shouldSendTranslatedRequestsOnceItHasATranslation() {
        AtsBench bench = new AtsBench();

        AtsBench.Outcome first = bench.read(0x5010, 64, NONE);
        Tlp.MemoryRequest asked = bench.request(TlpKind.TRANSLATION_REQUEST, 0);
        bench.translate(0, page(0x8000_0000L, R));
        bench.complete(0);
        bench.read(0x5F00, 64, NONE);

        assertThat(asked.address()).isEqualTo(0x5000);
        assertThat(asked.bytes()).isEqualTo(8);
        assertThat(asked.access()).as("NW is set for a read").isEqualTo(Access.READ);
        assertThat(first.status).isEqualTo(Status.OK);
        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(1);
        assertThat(bench.request(TlpKind.READ, 0).type()).isEqualTo(Tlp.AddressType.TRANSLATED);
        assertThat(bench.request(TlpKind.READ, 0).address()).isEqualTo(0x8000_0010L);
        assertThat(bench.request(TlpKind.READ, 1).address()).isEqualTo(0x8000_0F00L);
        assertThat(bench.counted(Counter.LOOKUPS)).isEqualTo(2);
        assertThat(bench.counted(Counter.HITS)).isEqualTo(1);
    }

    @Test
    void shouldAskForAPageOnceAtATime() {
        AtsBench bench = new AtsBench();

        bench.read(0x5000, 4, NONE);
        bench.read(0x5800, 4, NONE);
        bench.read(0x5800, 4, 7);
        bench.translate(0, page(0x8000_0000L, R));

        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST))
                .as("another PASID asks for itself")
                .isEqualTo(2);
        assertThat(bench.counted(Counter.MERGED)).isEqualTo(1);
        assertThat(bench.count(TlpKind.READ)).isEqualTo(2);
    }

    /** An answer about page 0 would escape invalidations of page 0: the request is for the last page. */
    @Test
    void shouldNotTakeTheFirstPagesForThoseBehindTheLast() {
        AtsBench bench = new AtsBench(AtcParameters.standard().withRequests(2, 8, false));

        bench.read(-0x1000L, 4, NONE);
        bench.invalidate(3, NONE, false, 0, 12);
        bench.translate(0, page(0x8000_0000L, R), page(0x9000_0000L, R));
        bench.read(0, 4, NONE);

        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(2);
        assertThat(bench.request(TlpKind.TRANSLATION_REQUEST, 1).address()).isZero();
        assertThat(bench.count(TlpKind.READ)).isEqualTo(1);
    }

    @Test
    void shouldAskForNoMoreThanAReadCompletionBoundary() {
        AtsBench bench = new AtsBench(AtcParameters.standard().withRequests(16, 8, false));

        bench.read(0x5000, 4, NONE);

        assertThat(bench.request(TlpKind.TRANSLATION_REQUEST, 0).bytes()).isEqualTo(64);
    }

    @Test
    void shouldNotWaitForARequestThatDoesNotAskForWhatItNeeds() {
        AtsBench bench = new AtsBench();

        bench.read(0x5000, 4, NONE);
        bench.write(0x5000, 4, NONE);

        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(2);
        assertThat(bench.request(TlpKind.TRANSLATION_REQUEST, 1).access()).isEqualTo(Access.WRITE);
    }

    @Test
    void shouldAskForWritePermissionOfReadsIfTheDeviceWantsThat() {
        AtsBench bench = new AtsBench(AtcParameters.standard().withRequests(1, 8, true));

        bench.read(0x5000, 4, NONE);
        bench.translate(0, page(0x8000_0000L, R | W));
        bench.write(0x5000, 4, NONE);

        assertThat(bench.request(TlpKind.TRANSLATION_REQUEST, 0).access()).isEqualTo(Access.WRITE);
        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(1);
        assertThat(bench.count(TlpKind.WRITE)).isEqualTo(1);
    }

    @Test
    void shouldHoldRequestsBackBeyondTheLimit() {
        AtsBench bench = new AtsBench(AtcParameters.standard().withRequests(1, 2, false));

        for (int i = 0; i < 4; i++) {
            bench.read(0x1000L * i, 4, NONE);
        }
        int atFirst = bench.count(TlpKind.TRANSLATION_REQUEST);
        bench.translate(0, TranslationEntry.encode(0x4000_0000, 21) | R);

        assertThat(atFirst).isEqualTo(2);
        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST))
                .as("the page that has come serves those that waited")
                .isEqualTo(2);
        assertThat(bench.count(TlpKind.READ)).isEqualTo(3);
    }

    @Test
    void shouldGoOnUntranslatedAfterUnsupportedRequestUntilAtsIsEnabledAnew() {
        AtsBench bench = new AtsBench();

        bench.read(0x5000, 4, NONE);
        bench.refuse(0, Tlp.Status.UR);
        bench.read(0x6000, 4, NONE);
        int whileOff = bench.count(TlpKind.TRANSLATION_REQUEST);
        bench.function.disableAts();
        bench.read(0x7000, 4, NONE);
        bench.function.enableAts(0);
        bench.read(0x8000, 4, NONE);

        assertThat(whileOff).isEqualTo(1);
        assertThat(bench.sent(TlpKind.READ))
                .extracting(t -> ((Tlp.MemoryRequest) t).type())
                .containsOnly(Tlp.AddressType.UNTRANSLATED)
                .hasSize(3);
        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(2);
        assertThat(bench.counted(Counter.UNSUPPORTED)).isEqualTo(1);
    }

    @Test
    void shouldReportACompleterAbort() {
        AtsBench bench = new AtsBench();

        AtsBench.Outcome o = bench.read(0x5000, 4, NONE);
        bench.refuse(0, Tlp.Status.CA);

        assertThat(o.status).isEqualTo(Status.ABORTED);
        assertThat(o.times).isEqualTo(1);
    }

    @Test
    void shouldNotKeepWhatAllowsNothing() {
        AtsBench bench = new AtsBench();

        AtsBench.Outcome o = bench.read(0x5000, 4, NONE);
        bench.translate(0, page(0, 0));
        bench.read(0x5000, 4, NONE);

        assertThat(o.status).isEqualTo(Status.NO_PAGE);
        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(2);
        assertThat(bench.counted(Counter.FILLS)).isZero();
    }

    @Test
    void shouldSendUntranslatedWhatIsUntranslatedOnly() {
        AtsBench bench = new AtsBench();

        bench.read(0x5010, 4, NONE);
        bench.translate(0, page(0x8000_0000L, R | TranslationEntry.U.mask()));
        bench.read(0x5020, 4, NONE);

        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).as("U may be kept").isEqualTo(1);
        assertThat(bench.request(TlpKind.READ, 0).type()).isEqualTo(Tlp.AddressType.UNTRANSLATED);
        assertThat(bench.request(TlpKind.READ, 0).address()).isEqualTo(0x5010);
        assertThat(bench.request(TlpKind.READ, 1).address()).isEqualTo(0x5020);
    }

    @Test
    void shouldRefuseATranslationOfEverything() {
        AtsBench bench = new AtsBench();
        long everything = R | TranslationEntry.S.mask() | 0x7FFF_FFFF_FFFF_F000L;

        AtsBench.Outcome positive = bench.read(0x5000, 4, NONE);
        bench.translate(0, everything);
        AtsBench.Outcome negative = bench.read(0x5000, 4, NONE);
        bench.translate(1, everything | Long.MIN_VALUE);

        assertThat(positive.status).isEqualTo(Status.ABORTED);
        assertThat(negative.status).isEqualTo(Status.ABORTED);
        assertThat(bench.count(TlpKind.READ)).isZero();
    }

    @Test
    void shouldRefuseExecuteThatItHasNotAskedFor() {
        AtsBench bench = new AtsBench();

        AtsBench.Outcome execute = bench.read(0x5000, 4, 7);
        bench.translate(0, page(0x8000_0000L, R | TranslationEntry.EXE.mask()));
        AtsBench.Outcome privileged = bench.read(0x5000, 4, 7);
        bench.translate(1, page(0x8000_0000L, R | TranslationEntry.PRIV.mask()));

        assertThat(execute.status).isEqualTo(Status.ABORTED);
        assertThat(privileged.status).isEqualTo(Status.ABORTED);
        assertThat(bench.counted(Counter.MALFORMED)).isEqualTo(2);
    }

    @Test
    void shouldAskForExecuteAndPrivilegedModeOnlyWhereTheyAreEnabled() {
        AtsBench bench = new AtsBench();
        int wanted = Access.INSTRUCTION | Access.PRIVILEGED;

        bench.dma.read(0x5000, new byte[4], 7, wanted, new AtsBench.Outcome());
        bench.function.disableAts().enablePasid(true, true).enableAts(0);
        bench.dma.read(0x6000, new byte[4], 7, wanted, new AtsBench.Outcome());
        bench.dma.read(0x7000, new byte[4], NONE, wanted, new AtsBench.Outcome());
        bench.settle();

        assertThat(bench.request(TlpKind.TRANSLATION_REQUEST, 0).access()).isEqualTo(Access.READ);
        assertThat(bench.request(TlpKind.TRANSLATION_REQUEST, 1).access()).isEqualTo(wanted);
        assertThat(bench.request(TlpKind.TRANSLATION_REQUEST, 2).access()).isEqualTo(Access.READ);
    }

    @Test
    void shouldUseAGlobalEntryForEveryPasidIfItKnowsGlobal() {
        AtsBench knows = new AtsBench(AtcParameters.standard(), 0, true, false);
        AtsBench doesNot = new AtsBench();

        for (AtsBench bench : new AtsBench[] {knows, doesNot}) {
            bench.read(0x5000, 4, 7);
            bench.translate(0, page(0x8000_0000L, R | TranslationEntry.GLOBAL.mask()));
            bench.read(0x5000, 4, 8);
            bench.read(0x5000, 4, NONE);
        }

        assertThat(knows.count(TlpKind.TRANSLATION_REQUEST)).as("PASID 8 hits").isEqualTo(2);
        assertThat(doesNot.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(3);
    }

    @Test
    void shouldTakePagesSmallerThanTheStuAsUnsupportedRequest() {
        AtsBench bench = new AtsBench(AtcParameters.standard(), 4, false, false);

        bench.read(0x1_5010, 4, NONE);
        bench.translate(0, page(0x8000_0000L, R));
        bench.read(0x2_0000, 4, NONE);

        assertThat(bench.request(TlpKind.TRANSLATION_REQUEST, 0).address()).isEqualTo(0x1_0000);
        assertThat(bench.request(TlpKind.READ, 0).type()).isEqualTo(Tlp.AddressType.UNTRANSLATED);
        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(1);
    }

    @Test
    void shouldKeepAllTranslationsOfACompletionWithHolesInBetween() {
        AtsBench bench = new AtsBench(AtcParameters.standard().withRequests(4, 8, false));

        bench.read(0x5000, 4, NONE);
        bench.translate(0, page(0x9000_0000L, R), page(0, 0), page(0x7000_0000L, R));
        bench.read(0x7010, 4, NONE);
        bench.read(0x6000, 4, NONE);

        assertThat(bench.request(TlpKind.TRANSLATION_REQUEST, 0).bytes()).isEqualTo(32);
        assertThat(bench.request(TlpKind.READ, 1).address()).isEqualTo(0x7000_0010L);
        assertThat(bench.request(TlpKind.TRANSLATION_REQUEST, 1).address())
                .as("a hole is asked for anew")
                .isEqualTo(0x6000);
        assertThat(bench.counted(Counter.FILLS)).isEqualTo(2);
    }

    @Test
    void shouldAskAnewForPagesThatACompletionLeavesOut() {
        AtsBench bench = new AtsBench(AtcParameters.standard().withRequests(4, 8, false));

        bench.read(0x5000, 4, NONE);
        bench.read(0x7000, 4, NONE);
        bench.translate(0, page(0x9000_0000L, R));

        assertThat(bench.request(TlpKind.TRANSLATION_REQUEST, 1).address()).isEqualTo(0x7000);
    }

    @Test
    void shouldNotBelieveACompletionOfSeveralSizes() {
        AtsBench bench = new AtsBench(AtcParameters.standard().withRequests(2, 8, false));

        AtsBench.Outcome o = bench.read(0x5000, 4, NONE);
        bench.translate(0, page(0x9000_0000L, R), TranslationEntry.encode(0x4000_0000, 21) | R);

        assertThat(o.status).isEqualTo(Status.ABORTED);
        assertThat(bench.counted(Counter.FILLS)).isZero();
    }

    @Test
    void shouldAskAgainForAPermissionThatItLacks() {
        AtsBench bench = new AtsBench();

        bench.read(0x5000, 4, NONE);
        bench.translate(0, page(0x8000_0000L, R));
        bench.write(0x5000, 4, NONE);
        bench.translate(1, TranslationEntry.encode(0x8000_0000L, 21) | R | W);
        bench.write(0x5008, 4, NONE);

        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(2);
        assertThat(bench.request(TlpKind.WRITE, 1).address()).isEqualTo(0x8000_5008L);
    }

    @Test
    void shouldWorkWithoutRoomToKeepAnything() {
        AtsBench bench = new AtsBench(AtcParameters.standard().withCache(CacheGeometry.none(), 0));

        bench.read(0x5010, 4, NONE);
        bench.translate(0, page(0x8000_0000L, R));

        assertThat(bench.request(TlpKind.READ, 0).address()).isEqualTo(0x8000_0010L);
    }

    @Test
    void shouldGiveUpATranslationRequestWithoutAnswer() {
        AtsBench bench = new AtsBench();

        AtsBench.Outcome o = bench.read(0x5000, 4, NONE);
        bench.loop.run();

        assertThat(o.status).isEqualTo(Status.TIMED_OUT);
        assertThat(bench.counted(Counter.UNANSWERED)).isEqualTo(1);
    }
}
