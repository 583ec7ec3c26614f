// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.function.Supplier;
import org.iommuemu.memory.RangeState;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.junit.jupiter.api.Test;

/** Plans that cannot be are refused, with what was expected. */
class FaultPlanTest {
    private static void refused(Supplier<?> rule, String message) {
        assertThatIllegalArgumentException().isThrownBy(rule::get).withMessage(message);
    }

    @Test
    void shouldNameTheFieldThatIsWrong() {
        refused(() -> Occasion.nth(0), "first is 0; expected a number from 1");
        refused(() -> Occasion.everyNth(0), "every is 0; expected a number from 1");
        refused(() -> Occasion.chance(1.5), "probability is 1.5; expected more than 0 and at most 1");
        refused(() -> Occasion.chance(Double.NaN), "probability is NaN; expected more than 0 and at most 1");
        refused(() -> Occasion.always().within(5, 5), "until is 5; expected a time after from");
        refused(() -> Occasion.always().atMost(0), "most is 0; expected a number from 1");
        refused(
                () -> new MemoryRule("m", 1L << 52, 1, Occasion.always(), RangeState.ABSENT),
                "rule m: addr is 0x10000000000000; expected an address of 52 bits");
        refused(
                () -> new MemoryRule("m", 8, 0, Occasion.always(), RangeState.ABSENT),
                "rule m: length is 0; expected 1 to the end of 52 bits");
        refused(
                () -> new FlipRule("f", 4, 1, 0, FlipRule.Trigger.TIME, 0),
                "rule f: addr is 0x4; expected a multiple of 8 of 52 bits");
        refused(
                () -> new FlipRule("f", 8, 0, 0, FlipRule.Trigger.TIME, 0),
                "rule f: bits is 0; expected bits to flip, or random ones");
        refused(
                () -> new RogueRule("r", 1, 0xFFF, 2, false, 0),
                "rule r: length is 2; expected 1 to the end of the 4 KiB page");
        refused(
                () -> new FunctionRule("r", 0x1_0000, FunctionRule.Event.RESET, 0),
                "rule r: requester is 65536; expected a requester id of 16 bits");
        refused(() -> new PasidRule("p", 1, 1 << 20, 0), "rule p: pasid is 1048576; expected 20 bits");
        refused(() -> new InterruptRule(" ", "x", Occasion.always()), "a rule has no name; expected one");
    }

    @Test
    void shouldRefuseActionsThatTheTlpHasNoFieldFor() {
        TlpMatch reads = TlpMatch.of(TlpKind.READ);
        refused(
                () -> new TlpRule("t", reads, Occasion.always(), new TlpAction.Corrupt(TlpField.ITAG_VECTOR, 0, 1, 0)),
                "rule t: tlp is read; expected kinds that have itag_vector: invalidate_completion");
        refused(
                () -> new TlpRule(
                        "t", TlpMatch.of(), Occasion.always(), new TlpAction.Corrupt(TlpField.PASID, 0, 1, 0)),
                "rule t: tlp is all; expected kinds that have pasid: write, read, atomic, translation_request, "
                        + "page_request, invalidate_request, prg_response");
        refused(
                () -> new TlpRule(
                        "t",
                        TlpMatch.of(TlpKind.PRG_RESPONSE),
                        Occasion.always(),
                        new TlpAction.Corrupt(TlpField.RESPONSE_CODE, 0, 0x10, 0)),
                "rule t: bits is 0x10; expected bits of response_code, which has 4");
        refused(
                () -> new TlpRule("t", reads, Occasion.always(), new TlpAction.Delay(0)),
                "rule t: time is 0; expected more than 0 ps");
        refused(
                () -> new TlpRule("t", reads, Occasion.always(), new TlpAction.Reorder(0, 1)),
                "rule t: later is 0; expected a number from 1");
    }

    @Test
    void shouldRefuseTwoRulesOfOneNameAndFunctionsThatAreNotThere() {
        FaultRule rule = new FunctionRule("same", 5, FunctionRule.Event.RESET, 0);
        refused(() -> new FaultPlan(0, List.of(rule, rule)), "rule same: there are two; expected one of each name");
        try (Platform machine = Platform.smmuv3(PlatformParameters.standard())) {
            refused(
                    () -> new FaultInjector(
                            machine, FaultPlan.seeded(0).rule(rule).build()),
                    "rule same: requester is 0x5; expected one that is there");
            refused(
                    () -> new FaultInjector(
                            machine,
                            FaultPlan.seeded(0)
                                    .rule(new PasidRule("free", 5, 5, 0))
                                    .build()),
                    "rule free: nobody takes PASIDs away; expected software that does");
        }
    }
}
