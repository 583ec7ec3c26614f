// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.inject.Bench.DEVICE;
import static org.iommuemu.inject.Bench.MICROSECOND;
import static org.iommuemu.inject.Bench.tlp;

import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpKind;
import org.junit.jupiter.api.Test;

/** What rules do to TLPs on a link, as the device and memory see it. */
class TlpRuleTest {
    private static final TlpMatch READS = TlpMatch.of(TlpKind.READ);
    private static final TlpMatch WRITES = TlpMatch.of(TlpKind.WRITE);
    private static final TlpMatch COMPLETIONS = TlpMatch.of(TlpKind.COMPLETION);

    @Test
    void shouldEndInCompletionTimeoutWhenACompletionIsDropped() {
        try (Bench b = new Bench(tlp(COMPLETIONS, Occasion.nth(2), new TlpAction.Drop()))) {
            b.read(0).read(1).read(2).run();

            assertThat(b.ended).containsExactly("0 SUCCESS 0x0", "2 SUCCESS 0x0", "1 TIMED_OUT");
            assertThat(b.function.link().lost()).isEqualTo(1);
            assertThat(b.injector.injected()).singleElement().satisfies(f -> {
                assertThat(f.rule()).isEqualTo("rule");
                assertThat(f.what()).isEqualTo("dropped completion 0x100 of tag 1 SUCCESS");
            });
        }
    }

    @Test
    void shouldHitEveryNthWithinItsWindowAlone() {
        Occasion second = Occasion.everyNth(2).within(10 * MICROSECOND, 20 * MICROSECOND);
        try (Bench b = new Bench(tlp(WRITES, second, new TlpAction.Drop()))) {
            for (int page = 0; page < 2; page++) {
                b.write(page, 1);
            }
            b.machine.loop().runUntil(10 * MICROSECOND);
            for (int page = 2; page < 6; page++) {
                b.write(page, 1);
            }
            b.machine.loop().runUntil(20 * MICROSECOND);
            b.write(6, 1).write(7, 1).run();

            assertThat(new long[] {
                        b.memory(0),
                        b.memory(1),
                        b.memory(2),
                        b.memory(3),
                        b.memory(4),
                        b.memory(5),
                        b.memory(6),
                        b.memory(7)
                    })
                    .containsExactly(1, 1, 1, 0, 1, 0, 1, 1);
        }
    }

    @Test
    void shouldLetOthersPassWhatIsDelayed() {
        try (Bench b = new Bench(tlp(COMPLETIONS, Occasion.nth(1), new TlpAction.Delay(5 * MICROSECOND)))) {
            b.read(0).read(1);
            b.machine.loop().runUntil(5 * MICROSECOND);
            int early = b.ended.size();
            b.run();

            assertThat(early).isEqualTo(1);
            assertThat(b.ended).containsExactly("1 SUCCESS 0x0", "0 SUCCESS 0x0");
        }
    }

    @Test
    void shouldCountTheSecondOfADuplicatedCompletionAsUnexpected() {
        try (Bench b = new Bench(tlp(COMPLETIONS, Occasion.nth(1), new TlpAction.Duplicate(MICROSECOND)))) {
            b.read(0).run();

            assertThat(b.ended).containsExactly("0 SUCCESS 0x0");
            assertThat(b.function.requester().unexpectedCompletions()).isEqualTo(1);
        }
    }

    @Test
    void shouldBringAReorderedWriteBehindThoseThatItLetsPass() {
        TlpAction behindTwo = new TlpAction.Reorder(2, 100 * MICROSECOND);
        try (Bench b = new Bench(tlp(WRITES, Occasion.nth(1), behindTwo))) {
            b.write(0, 1).write(0, 2).write(0, 3).write(0, 4).run();

            assertThat(b.memory(0)).isEqualTo(4);
            assertThat(b.function.link().lost()).isZero();
        }
        try (Bench b = new Bench(tlp(WRITES, Occasion.nth(1), behindTwo))) {
            b.write(0, 1).write(0, 2).write(0, 3).run();

            assertThat(b.memory(0)).isEqualTo(1);
        }
    }

    @Test
    void shouldNotHoldAReorderedWriteForever() {
        TlpAction patient = new TlpAction.Reorder(9, 100 * MICROSECOND);
        try (Bench b = new Bench(tlp(WRITES, Occasion.nth(1), patient))) {
            b.write(0, 1);
            b.machine.loop().runUntil(100 * MICROSECOND);
            long before = b.memory(0);
            b.run();

            assertThat(before).isZero();
            assertThat(b.memory(0)).isEqualTo(1);
        }
    }

    @Test
    void shouldNotDeliverWhatWasHeldToADeviceThatIsGone() {
        TlpAction patient = new TlpAction.Reorder(9, 100 * MICROSECOND);
        FunctionRule gone = new FunctionRule("gone", DEVICE, FunctionRule.Event.REMOVED, 50 * MICROSECOND);
        try (Bench b = new Bench(tlp(WRITES, Occasion.nth(1), patient), gone)) {
            b.write(0, 1).run();

            assertThat(b.memory(0)).isZero();
        }
    }

    @Test
    void shouldFlipGivenBitsOfAPayload() {
        try (Bench b = new Bench(tlp(WRITES, Occasion.nth(1), new TlpAction.Corrupt(TlpField.PAYLOAD, 0, 0x8001, 0)))) {
            b.write(0, 0xFF00).run();

            assertThat(b.memory(0)).isEqualTo(0x7F01);
        }
    }

    @Test
    void shouldFlipAsManyRandomBitsAsAreAskedForAndTheSameWithTheSameSeed() {
        long[] found = new long[2];
        for (int run = 0; run < 2; run++) {
            try (Bench b =
                    new Bench(tlp(WRITES, Occasion.always(), new TlpAction.Corrupt(TlpField.PAYLOAD, 0, 0, 1)))) {
                b.write(0, 0).write(1, 0).write(2, 0).run();
                found[run] = b.memory(0) ^ Long.rotateLeft(b.memory(1), 7) ^ Long.rotateLeft(b.memory(2), 21);

                assertThat(Long.bitCount(b.memory(0))).isEqualTo(1);
                assertThat(Long.bitCount(b.memory(1))).isEqualTo(1);
            }
        }

        assertThat(found[0]).isEqualTo(found[1]);
    }

    @Test
    void shouldEndAReadByTheStatusThatItsCompletionHasBecome() {
        TlpAction toAbort = new TlpAction.Corrupt(TlpField.STATUS, 0, 4, 0);
        TlpAction toReserved = new TlpAction.Corrupt(TlpField.STATUS, 0, 7, 0);
        try (Bench b = new Bench(
                new TlpRule("ca", COMPLETIONS, Occasion.nth(1), toAbort),
                new TlpRule("reserved", COMPLETIONS, Occasion.nth(2), toReserved))) {
            b.read(0).read(1).run();

            assertThat(b.ended).containsExactly("0 CA", "1 UR");
        }
    }

    @Test
    void shouldPoisonACompletionAndKeepAPoisonedWriteFromMemory() {
        TlpAction poison = new TlpAction.Corrupt(TlpField.POISON, 0, 1, 0);
        try (Bench b = new Bench(
                new TlpRule("read", COMPLETIONS, Occasion.always(), poison),
                new TlpRule("write", WRITES, Occasion.always(), poison))) {
            b.read(0).write(1, 5).run();

            assertThat(b.ended).containsExactly("0 POISONED");
            assertThat(b.memory(1)).isZero();
        }
    }

    @Test
    void shouldActOnTheFunctionDirectionAndPasidThatItNamesAlone() {
        try (Bench b = new Bench(
                new TlpRule("other", READS.of(0x101), Occasion.always(), new TlpAction.Drop()),
                new TlpRule("pasid", READS.withPasid(5), Occasion.always(), new TlpAction.Drop()),
                new TlpRule("down", READS.going(TlpMatch.Direction.DOWN), Occasion.always(), new TlpAction.Drop()))) {
            b.read(0).run();
            b.function
                    .requester()
                    .read(Tlp.AddressType.UNTRANSLATED, 0x4000, 4, 5, Access.READ, (o, d) -> b.ended.add("p " + o));
            b.run();

            assertThat(b.ended).containsExactly("0 SUCCESS 0x0", "p TIMED_OUT");
            assertThat(b.injector.injected()).extracting(InjectedFault::rule).containsExactly("pasid");
            assertThat(TlpMatch.of().withPasid(Transaction.NO_SUBSTREAM).pasid())
                    .isEqualTo(-1);
        }
    }

    @Test
    void shouldHitAboutAsManyAsTheProbabilitySaysAndNoMoreThanTheMost() {
        Occasion half = Occasion.chance(0.5);
        try (Bench b = new Bench(new TlpRule("half", WRITES, half, new TlpAction.Delay(1)))) {
            for (int i = 0; i < 1000; i++) {
                b.write(0, i);
            }
            b.run();

            // Binomial: four standard deviations are 63.
            assertThat(b.injector.injected()).hasSizeBetween(437, 563);
        }
        try (Bench b = new Bench(new TlpRule("half", WRITES, half.atMost(3), new TlpAction.Delay(1)))) {
            for (int i = 0; i < 100; i++) {
                b.write(0, i);
            }
            b.run();

            assertThat(b.injector.injected()).hasSize(3);
        }
    }
}
