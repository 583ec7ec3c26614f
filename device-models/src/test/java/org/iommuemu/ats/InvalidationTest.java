// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.ats.AtsBench.NONE;
import static org.iommuemu.ats.AtsBench.R;
import static org.iommuemu.ats.AtsBench.W;
import static org.iommuemu.ats.AtsBench.page;

import java.util.List;
import org.iommuemu.ats.AtsStatistics.Counter;
import org.iommuemu.ats.DmaChannel.Status;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.pcie.spec.TranslationEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a function does with an Invalidate Request, and when it answers (the fact sheet, 6 and 7). */
class InvalidationTest {
    private static Tlp.InvalidateCompletion completion(AtsBench bench, int index) {
        return (Tlp.InvalidateCompletion)
                bench.sent(TlpKind.INVALIDATE_COMPLETION).get(index);
    }

    /** A bench whose ATC has a page for reading, without an access that is still under way. */
    private static AtsBench filled(AtsBench bench, int pasid, long entry) {
        bench.read(0x5000, 4, pasid);
        bench.translate(0, entry);
        bench.complete(0);
        return bench;
    }

    @Test
    void shouldDropTheEntryAndAnswerByItsITag() {
        AtsBench bench = filled(new AtsBench(), NONE, page(0x8000_0000L, R));

        bench.invalidate(5, NONE, false, 0x5000, 12);
        bench.read(0x5000, 4, NONE);

        assertThat(completion(bench, 0)).isEqualTo(new Tlp.InvalidateCompletion(AtsBench.ID, 1 << 5, 1));
        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(2);
        assertThat(bench.counted(Counter.DROPPED)).isEqualTo(1);
    }

    @Test
    void shouldDropAWholePageOfWhichAPartIsMeant() {
        AtsBench bench = filled(new AtsBench(), NONE, TranslationEntry.encode(0x4000_0000, 21) | R);

        bench.invalidate(5, NONE, false, 0x1F_F000, 12);
        bench.read(0x5000, 4, NONE);

        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(2);
    }

    @ParameterizedTest(name = "entry of PASID {0}, Global {1}, invalidation of PASID {2}, Global {3}, reaches {4}")
    @CsvSource({
        // Without a PASID: everything, or only what has none either.
        "-1, false, -1, false, false, true",
        "7, false, -1, false, true, true",
        "7, false, -1, false, false, false",
        "7, true, -1, false, true, true",
        "7, true, -1, false, false, false",
        // With one: entries of that PASID, without Global.
        "7, false, 7, false, true, true",
        "8, false, 7, false, true, false",
        "7, true, 7, false, true, false",
        "-1, false, 7, false, true, false",
        // Global: those of all PASIDs.
        "8, false, 7, true, true, true",
        "8, true, 7, true, true, true",
        "-1, false, 7, true, true, false",
    })
    void shouldDropByPasid(int entry, boolean global, int pasid, boolean all, boolean reaches, boolean drops) {
        AtsBench bench = filled(
                new AtsBench(AtcParameters.standard().withInvalidations(reaches, 1, 0), 0, true, false),
                entry,
                page(0x8000_0000L, R | (global ? TranslationEntry.GLOBAL.mask() : 0)));

        bench.invalidate(0, pasid, all, 0x5000, 12);
        bench.read(0x5000, 4, entry);

        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(drops ? 2 : 1);
        assertThat(bench.count(TlpKind.INVALIDATE_COMPLETION)).isEqualTo(1);
    }

    @Test
    void shouldIgnoreGlobalThatItDoesNotKnow() {
        AtsBench bench = filled(new AtsBench(), 8, page(0x8000_0000L, R));

        bench.invalidate(0, 7, true, 0x5000, 12);
        bench.read(0x5000, 4, 8);

        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(1);
    }

    @Test
    void shouldRoundARangeUpToTheStu() {
        AtsBench bench = new AtsBench(AtcParameters.standard(), 4, false, false);
        bench.read(0x1_5000, 4, NONE);
        bench.translate(0, TranslationEntry.encode(0x8000_0000L, 16) | R);
        bench.complete(0);

        bench.invalidate(0, NONE, false, 0x1_0000, 12);
        bench.read(0x1_5000, 4, NONE);

        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(2);
    }

    @Test
    void shouldAnswerOnlyWhenReadsThroughTheEntryHaveTheirData() {
        AtsBench bench = new AtsBench();
        bench.read(0x5000, 4, NONE);
        bench.translate(0, page(0x8000_0000L, R));

        bench.invalidate(3, NONE, false, 0x5000, 12);
        bench.invalidate(4, NONE, false, 0x9000, 12);
        int before = bench.count(TlpKind.INVALIDATE_COMPLETION);
        bench.complete(0);

        assertThat(before).as("the other page's is not held up").isEqualTo(1);
        assertThat(completion(bench, 0).itags()).isEqualTo(1 << 4);
        assertThat(completion(bench, 1).itags()).isEqualTo(1 << 3);
        assertThat(bench.counted(Counter.INVALIDATIONS_HELD)).isEqualTo(1);
    }

    @Test
    void shouldAnswerAtOnceForRequestsThatAreUnderWayAndDiscardWhatComesForThem() {
        AtsBench bench = new AtsBench();
        AtsBench.Outcome o = bench.read(0x5000, 4, NONE);

        bench.invalidate(3, NONE, false, 0x5000, 12);
        int answered = bench.count(TlpKind.INVALIDATE_COMPLETION);
        bench.translate(0, page(0xBAD_0000L, R));
        int asked = bench.count(TlpKind.TRANSLATION_REQUEST);
        bench.translate(1, page(0x8000_0000L, R));
        bench.complete(0);

        assertThat(answered).isEqualTo(1);
        assertThat(asked).as("it asks again").isEqualTo(2);
        assertThat(bench.request(TlpKind.READ, 0).address()).isEqualTo(0x8000_0000L);
        assertThat(o.status).isEqualTo(Status.OK);
        assertThat(bench.counted(Counter.DISCARDED)).isEqualTo(1);
    }

    @Test
    void shouldNotLetLaterMissesJoinARequestThatIsToBeDiscarded() {
        AtsBench bench = new AtsBench();
        bench.read(0x5000, 4, NONE);
        bench.invalidate(3, NONE, false, 0x5000, 12);

        bench.read(0x5000, 4, NONE);

        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(2);
        assertThat(bench.counted(Counter.MERGED)).isZero();
    }

    @Test
    void shouldLeaveRequestsForOtherPagesAlone() {
        AtsBench bench = new AtsBench();
        bench.read(0x5000, 4, NONE);

        bench.invalidate(3, NONE, false, 0x6000, 12);
        bench.translate(0, page(0x8000_0000L, R));

        assertThat(bench.counted(Counter.DISCARDED)).isZero();
        assertThat(bench.count(TlpKind.READ)).isEqualTo(1);
    }

    @Test
    void shouldSendTheCompletionBehindWritesThroughTheEntry() {
        AtsBench bench = new AtsBench();
        bench.write(0x5000, 1024, NONE);

        bench.translate(0, page(0x8000_0000L, R | W));
        bench.invalidate(3, NONE, false, 0x5000, 12);

        assertThat(bench.sent.stream().skip(1).map(Tlp::kind))
                .containsExactly(
                        TlpKind.WRITE, TlpKind.WRITE, TlpKind.WRITE, TlpKind.WRITE, TlpKind.INVALIDATE_COMPLETION);
    }

    @Test
    void shouldAskAnewForAWriteThatWaitsForItsTurnWithAnEntryThatIsGone() {
        AtsBench bench = new AtsBench();
        AtsBench.Outcome o = bench.write(0x5FFC, 8, NONE);
        bench.translate(1, page(0xBAD_0000L, W));

        bench.invalidate(3, NONE, false, 0x6000, 12);
        bench.translate(0, page(0x8000_0000L, W));
        int sent = bench.count(TlpKind.WRITE);
        bench.translate(2, page(0x9000_0000L, W));

        assertThat(sent).isEqualTo(1);
        assertThat(bench.request(TlpKind.TRANSLATION_REQUEST, 2).address()).isEqualTo(0x6000);
        assertThat(bench.request(TlpKind.WRITE, 0).address()).isEqualTo(0x8000_0FFCL);
        assertThat(bench.request(TlpKind.WRITE, 1).address()).isEqualTo(0x9000_0000L);
        assertThat(o.status).isEqualTo(Status.OK);
    }

    @Test
    void shouldAnswerWithAtsAndBusMasterOff() {
        AtsBench bench = new AtsBench();
        bench.function.disableAts();
        bench.function.disableBusMaster();

        bench.invalidate(31, NONE, false, 0, 64);

        assertThat(completion(bench, 0).itags()).isEqualTo(1 << 31);
    }

    @Test
    void shouldTakeMoreThan32RequestsWhileNoneCanBeAnswered() {
        AtsBench bench = new AtsBench();
        bench.read(0x5000, 4, NONE);
        bench.translate(0, page(0x8000_0000L, R));

        for (int i = 0; i < 40; i++) {
            bench.invalidate(i % 32, NONE, false, 0x5000, 12);
        }
        int before = bench.count(TlpKind.INVALIDATE_COMPLETION);
        bench.complete(0);

        assertThat(before).isZero();
        assertThat(bench.count(TlpKind.INVALIDATE_COMPLETION)).isEqualTo(40);
        assertThat(bench.counted(Counter.MOST_INVALIDATIONS)).isEqualTo(40);
    }

    @Test
    void shouldGatherITagsIntoOneMessage() {
        AtsBench bench = new AtsBench(AtcParameters.standard().withInvalidations(true, 1, 20_000_000));

        bench.invalidate(1, NONE, false, 0x5000, 12);
        bench.invalidate(2, NONE, false, 0x6000, 12);
        bench.settle();
        bench.settle();
        bench.settle();

        assertThat(bench.count(TlpKind.INVALIDATE_COMPLETION)).isEqualTo(1);
        assertThat(completion(bench, 0).itags()).isEqualTo(6);
    }

    @Test
    void shouldSendAsManyEqualMessagesAsItSays() {
        AtsBench bench = new AtsBench(AtcParameters.standard().withInvalidations(true, 3, 0));

        bench.invalidate(1, NONE, false, 0x5000, 12);

        List<Tlp> sent = bench.sent(TlpKind.INVALIDATE_COMPLETION);
        assertThat(sent).hasSize(3).containsOnly(new Tlp.InvalidateCompletion(AtsBench.ID, 2, 3));
    }

    @Test
    void shouldForgetInvalidationsWhenItIsReset() {
        AtsBench bench = new AtsBench();
        AtsBench.Outcome o = bench.read(0x5000, 4, NONE);
        bench.translate(0, page(0x8000_0000L, R));
        bench.invalidate(3, NONE, false, 0x5000, 12);

        bench.function.reset();
        bench.complete(0);

        assertThat(bench.count(TlpKind.INVALIDATE_COMPLETION)).isZero();
        assertThat(o.times).as("nobody is told").isZero();
        assertThat(bench.function.requester().unexpectedCompletions()).isEqualTo(1);
    }

    @Test
    void shouldDropEntriesWhenItIsReset() {
        AtsBench bench = filled(new AtsBench(), NONE, page(0x8000_0000L, R));

        bench.function.reset();
        bench.function.enableBusMaster();
        bench.function.enableAts(0);
        bench.read(0x5000, 4, NONE);

        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(2);
    }

    @Test
    void shouldDropEntriesWhenAtsIsEnabledAnew() {
        AtsBench bench = filled(new AtsBench(), NONE, page(0x8000_0000L, R));

        bench.function.disableAts();
        bench.read(0x5000, 4, NONE);
        bench.function.enableAts(0);
        bench.read(0x5000, 4, NONE);

        assertThat(bench.request(TlpKind.READ, 1).type()).isEqualTo(Tlp.AddressType.UNTRANSLATED);
        assertThat(bench.count(TlpKind.TRANSLATION_REQUEST)).isEqualTo(2);
        assertThat(bench.count(TlpKind.INVALIDATE_COMPLETION)).isZero();
    }

    @Test
    void shouldNotFillFromARequestOfBeforeAtsWasEnabled() {
        AtsBench bench = new AtsBench();
        bench.read(0x5000, 4, NONE);
        bench.function.disableAts();

        bench.translate(0, page(0x8000_0000L, R));

        assertThat(bench.counted(Counter.FILLS)).isZero();
        assertThat(bench.request(TlpKind.READ, 0).type()).isEqualTo(Tlp.AddressType.UNTRANSLATED);
    }

    /** A page of 2 MiB that has lost 4 KiB of itself while it was on its way, far from what was asked for. */
    @Test
    void shouldDiscardALargePageOfWhichAnotherPartWasInvalidated() {
        AtsBench bench = new AtsBench();
        bench.read(0x5000, 4, NONE);

        bench.invalidate(3, NONE, false, 0x10_0000, 12);
        bench.translate(0, TranslationEntry.encode(0x4000_0000, 21) | R);
        int reads = bench.count(TlpKind.READ);
        bench.translate(1, page(0x4000_5000, R));
        bench.read(0x10_0000, 4, NONE);

        assertThat(reads).isZero();
        assertThat(bench.counted(Counter.DISCARDED)).isEqualTo(1);
        assertThat(bench.request(TlpKind.READ, 0).address()).isEqualTo(0x4000_5000);
        assertThat(bench.request(TlpKind.TRANSLATION_REQUEST, 2).address())
                .as("what was invalidated is asked for anew")
                .isEqualTo(0x10_0000);
    }

    @Test
    void shouldKeepALargePageThatAnInvalidationDoesNotMeet() {
        AtsBench bench = new AtsBench();
        bench.read(0x5000, 4, NONE);

        bench.invalidate(3, NONE, false, 0x20_0000, 12);
        bench.translate(0, TranslationEntry.encode(0x4000_0000, 21) | R);

        assertThat(bench.counted(Counter.DISCARDED)).isZero();
        assertThat(bench.count(TlpKind.READ)).isEqualTo(1);
    }
}
