// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.iommuemu.capture.InputException;
import org.iommuemu.inject.FaultPlan;
import org.iommuemu.inject.FlipRule;
import org.iommuemu.inject.FunctionRule;
import org.iommuemu.inject.InterruptRule;
import org.iommuemu.inject.MemoryRule;
import org.iommuemu.inject.Occasion;
import org.iommuemu.inject.QueueFullRule;
import org.iommuemu.inject.RogueRule;
import org.iommuemu.inject.TlpAction;
import org.iommuemu.inject.TlpField;
import org.iommuemu.inject.TlpMatch;
import org.iommuemu.inject.TlpRule;
import org.iommuemu.memory.RangeState;
import org.iommuemu.pcie.TlpKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A fault plan in YAML is the plan that Java would build; what is wrong in it is one line. */
class FaultPlanFileTest {
    @TempDir
    Path folder;

    private FaultPlan read(String text) throws IOException {
        return FaultPlanFile.read(Files.writeString(folder.resolve("plan.yaml"), text));
    }

    @Test
    void shouldReadEveryKindOfRule() throws IOException {
        FaultPlan plan = read("""
                # what a bad link does
                seed: 7
                rules:
                  - {rule: a, fault: drop, tlp: [invalidate_completion], requester: 0x100, nth: 2}
                  - rule: b
                    fault: delay
                    tlp: [read, write]
                    direction: up
                    pasid: none
                    time: 5
                    probability: 0.25
                    most: 3
                    from: 10
                    until: 20
                  - {rule: c, fault: duplicate, tlp: [prg_response], pasid: 3, time: 1, every: 4}
                  - {rule: d, fault: reorder, tlp: [write], later: 2, patience: 9}
                  - {rule: e, fault: corrupt, tlp: [completion], field: payload, word: 1, bits: "0x8000000000000000", random_bits: 2}
                  - {rule: f, fault: no_answer, addr: "0x1000", length: 8, nth: 1}
                  - {rule: g, fault: poison, nth: 5}
                  - {rule: h, fault: flip, addr: "0x2000", bits: 1, at: 6}
                  - {rule: i, fault: flip, addr: "0x2000", random_bits: 1, write_nth: 6}
                  - {rule: j, fault: flip, addr: "0x2000", bits: 1, access_nth: 6}
                  - {rule: k, fault: queue_full, queue: page_request, from: 1, until: 2}
                  - {rule: l, fault: lose_interrupt, line: eventq}
                  - {rule: m, fault: remove, requester: 5, at: 1}
                  - {rule: n, fault: flr, requester: 5, at: 1}
                  - {rule: o, fault: rogue, requester: 5, addr: "0x3000", length: 4, write: true, at: 1}
                """);

        Occasion window = new Occasion(1, 1, 0.25, 3, 10_000, 20_000);
        TlpMatch readsAndWrites = new TlpMatch(Set.of(TlpKind.READ, TlpKind.WRITE), TlpMatch.Direction.UP, null, -1);
        TlpMatch completions = TlpMatch.of(TlpKind.COMPLETION);
        assertThat(plan.seed()).isEqualTo(7);
        assertThat(plan.rules())
                .containsExactly(
                        new TlpRule(
                                "a",
                                TlpMatch.of(TlpKind.INVALIDATE_COMPLETION).of(0x100),
                                Occasion.nth(2),
                                new TlpAction.Drop()),
                        new TlpRule("b", readsAndWrites, window, new TlpAction.Delay(5_000)),
                        new TlpRule(
                                "c",
                                TlpMatch.of(TlpKind.PRG_RESPONSE).withPasid(3),
                                Occasion.everyNth(4),
                                new TlpAction.Duplicate(1_000)),
                        new TlpRule(
                                "d", TlpMatch.of(TlpKind.WRITE), Occasion.always(), new TlpAction.Reorder(2, 9_000)),
                        new TlpRule(
                                "e",
                                completions,
                                Occasion.always(),
                                new TlpAction.Corrupt(TlpField.PAYLOAD, 1, Long.MIN_VALUE, 2)),
                        new MemoryRule("f", 0x1000, 8, Occasion.nth(1), RangeState.ABSENT),
                        MemoryRule.everywhere("g", Occasion.nth(5), RangeState.POISONED),
                        new FlipRule("h", 0x2000, 1, 0, FlipRule.Trigger.TIME, 6_000),
                        new FlipRule("i", 0x2000, 0, 1, FlipRule.Trigger.WRITE, 6),
                        new FlipRule("j", 0x2000, 1, 0, FlipRule.Trigger.ACCESS, 6),
                        new QueueFullRule("k", QueueFullRule.Queue.PAGE_REQUEST, 1_000, 2_000),
                        new InterruptRule("l", "eventq", Occasion.always()),
                        new FunctionRule("m", 5, FunctionRule.Event.REMOVED, 1_000),
                        new FunctionRule("n", 5, FunctionRule.Event.RESET, 1_000),
                        new RogueRule("o", 5, 0x3000, 4, true, 1_000));
    }

    private void refused(String text, String message) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(InputException.class)
                .hasMessage(folder.resolve("plan.yaml") + message);
    }

    @Test
    void shouldNameLineFieldAndWhatWasExpected() {
        refused(
                "rules:\n  - {rule: a, fault: melt}\n",
                ":2: rules[0].fault is \"melt\"; expected one of drop, delay, duplicate, reorder, corrupt, no_answer, "
                        + "poison, flip, queue_full, lose_interrupt, remove, flr, rogue");
        refused(
                "seed: 1\nrules:\n  - {rule: a, fault: drop}\n  - rule: b\n    fault: delay\n",
                ":4: no 'rules[1].time'; expected an unsigned number, or a string such as \"0x1000\"");
        refused(
                "rules:\n  - {rule: a, fault: drop, tlp: [reed]}\n",
                ":2: rules[0].tlp is an array; expected one of write, read, atomic, interrupt, translation_request, "
                        + "invalidate_completion, page_request, completion, translation_completion, invalidate_request, "
                        + "prg_response");
        refused(
                "rules:\n  - {rule: a, fault: flr, requester: 5, at: 1, nth: 2}\n",
                ":2: rules[0].nth is 2; expected one of rule, fault, requester, at");
        refused(
                "rules:\n\n  - {rule: a, fault: drop, probability: 1.5}\n",
                ":3: rules[0].rule is \"a\"; expected a possible rule (probability is 1.5; expected more than 0 and at most 1)");
        refused(
                "rules:\n  - {rule: a, fault: corrupt, tlp: [read], field: itag, bits: 1}\n",
                ":2: rules[0].rule is \"a\"; expected a possible rule (rule a: tlp is read; expected kinds that have itag: "
                        + "invalidate_request)");
        refused("seed: often\n", ":1: seed is 'often'; expected a whole number");
        refused("sead: 1\n", ":1: unknown key 'sead'; expected seed or rules");
        refused("- a\n", ":1: holds no keys; expected seed and rules");
        refused("rules: 5\n", ":1: 'rules' is no list; expected a list of rules");
        refused("rules: [5]\n", ":1: rules[0] is no object; expected a rule");
        refused(
                "rules:\n  - {rule: a, fault: drop}\n  - {rule: a, fault: drop}\n",
                ": is no plan: rule a: there are two; expected one of each name; expected rules that go together");
    }
}
