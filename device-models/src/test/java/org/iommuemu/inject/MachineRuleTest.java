// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.inject;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.iommuemu.inject.Bench.DEVICE;
import static org.iommuemu.inject.Bench.MICROSECOND;
import static org.iommuemu.inject.Bench.PHYSICAL;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.memory.RangeState;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.smmuv3.spec.Registers;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.junit.jupiter.api.Test;

/** What rules do to memory, queues, wires and functions. */
class MachineRuleTest {
    @Test
    void shouldAnswerWithCompleterAbortWhileMemoryDoesNotAnswer() {
        Occasion window = Occasion.always().within(10 * MICROSECOND, 20 * MICROSECOND);
        try (Bench b = new Bench(new MemoryRule("hole", PHYSICAL, 8, window, RangeState.ABSENT))) {
            b.read(0).read(1).run();
            b.machine.loop().runUntil(10 * MICROSECOND);
            b.read(0).read(1).run();
            b.machine.loop().runUntil(20 * MICROSECOND);
            b.read(0).run();

            assertThat(b.ended)
                    .containsExactly("0 SUCCESS 0x0", "1 SUCCESS 0x0", "0 CA", "1 SUCCESS 0x0", "0 SUCCESS 0x0");
            assertThat(b.injector.injected())
                    .extracting(InjectedFault::what)
                    .containsExactly("no answer for 8 bytes at 0x100000000");
        }
    }

    @Test
    void shouldSetEpOnTheCompletionOfAPoisonedRead() {
        try (Bench b = new Bench(new MemoryRule("bad", PHYSICAL, 0x1000, Occasion.nth(2), RangeState.POISONED))) {
            b.read(0).read(0).read(0).run();

            assertThat(b.ended).containsExactly("0 SUCCESS 0x0", "0 POISONED", "0 SUCCESS 0x0");
        }
    }

    @Test
    void shouldFailTheNthAccessOfAnybody() {
        try (Bench b = new Bench(MemoryRule.everywhere("third", Occasion.nth(1), RangeState.ABSENT))) {
            b.read(0).read(0).run();

            // The first access is the fetch of the STE: F_STE_FETCH, and UR for the device.
            assertThat(b.ended).containsExactly("0 UR", "0 SUCCESS 0x0");
        }
    }

    @Test
    void shouldFlipBitsAtATimeAfterAWriteAndBeforeAnAccess() {
        try (Bench b = new Bench(
                new FlipRule("time", PHYSICAL, 1, 0, FlipRule.Trigger.TIME, 5 * MICROSECOND),
                new FlipRule("write", PHYSICAL + 0x1000, 2, 0, FlipRule.Trigger.WRITE, 2),
                new FlipRule("access", PHYSICAL + 0x2000, 4, 0, FlipRule.Trigger.ACCESS, 2))) {
            b.write(1, 0x10).run();
            long once = b.memory(1);
            b.write(1, 0x10).read(2).read(2).run();
            b.machine.loop().runUntil(5 * MICROSECOND);

            assertThat(once).isEqualTo(0x10);
            assertThat(b.memory(0)).isEqualTo(1);
            assertThat(b.memory(1)).isEqualTo(0x12);
            assertThat(b.ended).containsExactly("2 SUCCESS 0x0", "2 SUCCESS 0x4");
        }
    }

    @Test
    void shouldLoseEventsWhileTheQueueIsFullAndRecordThemAfterwards() {
        QueueFullRule full = new QueueFullRule("full", QueueFullRule.Queue.EVENT, 10 * MICROSECOND, 20 * MICROSECOND);
        try (Bench b = new Bench(full)) {
            long empty = prod(b);
            b.machine.loop().runUntil(10 * MICROSECOND);
            b.read(100).run();
            long whileFull = prod(b);
            b.machine.loop().runUntil(20 * MICROSECOND);
            b.read(100).run();

            assertThat(whileFull ^ empty).isEqualTo(1L << 31); // OVFLG alone
            assertThat(prod(b) - whileFull).isEqualTo(1);
            assertThat(b.ended).containsExactly("100 UR", "100 UR");
            assertThat(b.injector.injected()).hasSize(2);
        }
    }

    private static long prod(Bench b) {
        return b.machine.iommu().readRegister(Registers.EVENTQ_PROD.offset(), 4);
    }

    @Test
    void shouldFillThePageRequestQueueOfVtd() {
        try (Platform machine = Platform.vtd(PlatformParameters.standard())) {
            machine.iommu().writeRegister(VtdRegisters.PQA.offset(), 8, 0x10_0000);
            FaultPlan plan = FaultPlan.seeded(1)
                    .rule(new QueueFullRule("full", QueueFullRule.Queue.PAGE_REQUEST, 5, 10))
                    .build();
            new FaultInjector(machine, plan);
            machine.loop().runUntil(5);
            long full = machine.iommu().readRegister(VtdRegisters.PQH.offset(), 8);
            machine.loop().runUntil(10);

            assertThat(full).isEqualTo(32); // the queue holds one record less than it has room for
            assertThat(machine.iommu().readRegister(VtdRegisters.PQH.offset(), 8))
                    .isZero();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new FaultInjector(
                            machine,
                            FaultPlan.seeded(1)
                                    .rule(new QueueFullRule("events", QueueFullRule.Queue.EVENT, 5, 10))
                                    .build()))
                    .withMessage("rule events: queue is EVENT; expected page_request: VT-d has no event queue");
        }
    }

    @Test
    void shouldLosePulsesOfAWire() {
        List<String> lines = new ArrayList<>();
        try (Bench b = new Bench(new InterruptRule("lost", "eventq", Occasion.nth(1)))) {
            b.machine.onLine(lines::add);
            b.machine.iommu().writeRegister(Registers.IRQ_CTRL.offset(), 4, 4);
            b.read(100).run();
            int afterFirst = lines.size();
            long prod = prod(b);
            b.machine.iommu().writeRegister(Registers.EVENTQ_CONS.offset(), 4, prod);
            b.read(101).run();

            assertThat(afterFirst).isZero();
            assertThat(lines).containsExactly("eventq");
            assertThat(b.injector.injected())
                    .extracting(InjectedFault::what)
                    .containsExactly("interrupt on eventq is lost");
        }
    }

    @Test
    void shouldTimeOutRequestsOfAFunctionThatIsRemoved() {
        FunctionRule gone = new FunctionRule("gone", DEVICE, FunctionRule.Event.REMOVED, 100_000);
        try (Bench b = new Bench(gone)) {
            b.read(0).write(1, 3).run();

            assertThat(b.ended).containsExactly("0 TIMED_OUT");
            assertThat(b.memory(1)).isZero();
        }
    }

    @Test
    void shouldForgetRequestsOfAFunctionThatIsReset() {
        FunctionRule reset = new FunctionRule("flr", DEVICE, FunctionRule.Event.RESET, 100_000);
        try (Bench b = new Bench(reset)) {
            b.read(0).run();

            assertThat(b.ended).isEmpty();
            assertThat(b.function.requester().unexpectedCompletions()).isEqualTo(1);
            assertThat(b.function.controls().isBusMaster()).isFalse();
        }
    }

    @Test
    void shouldSendTranslatedRequestsThatWereNeverGranted() {
        int stranger = 0x200;
        try (Bench b = new Bench()) {
            b.injector.attach(b.machine.addFunction(stranger));
            b.injector.add(new RogueRule("stranger reads", stranger, PHYSICAL, 8, false, 0));
            b.injector.add(new RogueRule("stranger writes", stranger, PHYSICAL, 8, true, 0));
            b.injector.add(new RogueRule("trusted", DEVICE, PHYSICAL + 0x1000, 8, true, 0));
            b.run();

            // Without an STE nothing passes (IHI 0070 §3.9.1.1); STE.EATS=0b01 trusts whatever the function says.
            assertThat(b.memory(0)).isZero();
            assertThat(b.memory(1)).isEqualTo(-1);
            assertThat(b.injector.injected())
                    .extracting(InjectedFault::what)
                    .contains("translated read of 0x200 at 0x100000000 ended as UR");
        }
    }

    @Test
    void shouldTellSoftwareThatAPasidIsToBeFreed() {
        List<Integer> freed = new ArrayList<>();
        try (Platform machine = Platform.smmuv3(PlatformParameters.standard())) {
            FaultPlan plan = FaultPlan.seeded(1)
                    .rule(new PasidRule("free", DEVICE, 9, 50))
                    .build();
            FaultInjector injector = new FaultInjector(machine, plan, (requester, pasid) -> freed.add(pasid));
            machine.loop().run();

            assertThat(freed).containsExactly(9);
            assertThat(injector.injected()).containsExactly(new InjectedFault(50, "free", "PASID 9 of 0x100 is freed"));
        }
    }
}
