// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.iommufd.FailingSteps.AT;
import static org.iommuemu.host.iommufd.FailingSteps.faulting;
import static org.iommuemu.host.iommufd.FailingSteps.ioasWithMemory;
import static org.iommuemu.host.iommufd.FailingSteps.made;
import static org.iommuemu.host.iommufd.IommufdMachine.MEMORY;
import static org.iommuemu.host.iommufd.IommufdMachine.PAGE;

import java.util.function.LongSupplier;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.iommufd.IommufdMachine.Device;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every step of every call fails in turn: the call returns the step's error, and nothing is other than it was. */
class FailingStepTest {
    /** Lets one step fail, and knows which it was. */
    private static final class Nth implements FailurePlan {
        private final long n;
        private long count;
        private Step failed;

        Nth(long n) {
            this.n = n;
        }

        @Override
        public boolean fails(Step step) {
            boolean now = ++count == n;
            failed = now ? step : failed;
            return now;
        }
    }

    private static void prepareMemory(IommufdMachine m) {
        for (long at = MEMORY; at < MEMORY + 8 * PAGE; at += PAGE) {
            m.space.fault(at, 2).value();
        }
    }

    private static String image(IommufdMachine m) {
        int fd = m.process.files().open(m.file);
        m.process.files().close(fd).value();
        return m.image() + ", next descriptor " + fd;
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("org.iommuemu.host.iommufd.FailingSteps#all")
    void shouldReturnTheErrorOfTheStepAndLeaveNothingBehind(Maker maker, FailingSteps.Scenario scenario) {
        int steps = 0;
        for (int n = 1; ; n++) {
            try (IommufdMachine m = new IommufdMachine(maker.make())) {
                prepareMemory(m);
                LongSupplier call = scenario.prepare().apply(m);
                String before = image(m);
                Nth plan = new Nth(n);

                m.failures(plan);
                long returned = call.getAsLong();
                m.failures(FailurePlan.NONE);

                if (plan.failed == null) {
                    assertThat(returned).isZero();
                    break;
                }
                steps++;
                assertThat(returned)
                        .as("step %d, %s", n, plan.failed)
                        .isEqualTo(plan.failed.errno().returned());
                assertThat(image(m)).as("after step %d, %s", n, plan.failed).isEqualTo(before);
                assertThat(call.getAsLong()).as("again, after step %d", n).isZero();
            }
        }
        assertThat(steps).as(scenario.name()).isEqualTo(scenario.steps());
    }

    @ParameterizedTest
    @MethodSource("org.iommuemu.host.control.ControlledMachine#all")
    void shouldKeepTheOldTableWhateverStepOfAReplacementFails(Maker maker) {
        int kept = 0;
        for (int n = 1; ; n++) {
            try (IommufdMachine m = new IommufdMachine(maker.make())) {
                prepareMemory(m);
                IommuGroup group = new IommuGroup(60);
                Device d = m.bind(0x10, group);
                Device e = m.bind(0x11, group);
                int one = m.hwpt(0, d.id(), ioasWithMemory(m));
                int other = m.ioas();
                m.map(other, MEMORY + 5 * PAGE, PAGE, AT);
                int two = made(m, faulting(m, d, other));
                d.attach(one);
                e.attach(one);
                String before = m.machine.tables();
                Nth plan = new Nth(n);

                m.failures(plan);
                long returned = d.attach(two);
                m.failures(FailurePlan.NONE);

                if (plan.failed == null) {
                    assertThat(returned).isZero();
                    assertThat(e.read(AT)).isEqualTo(m.physical(MEMORY + 5 * PAGE));
                    break;
                }
                assertThat(returned).isEqualTo(plan.failed.errno().returned());
                if (plan.failed == FailurePlan.Step.COPY_OUT) {
                    assertThat(d.read(AT))
                            .as("of the group, one device is still attached")
                            .isNotEqualTo(-1);
                    continue;
                }
                kept++;
                assertThat(m.machine.tables()).as("step %d, %s", n, plan.failed).isEqualTo(before);
                assertThat(d.read(AT)).isEqualTo(m.physical(MEMORY));
                assertThat(e.read(AT)).isEqualTo(m.physical(MEMORY));
                assertThat(d.attach(two)).isZero();
            }
        }
        assertThat(kept).isGreaterThanOrEqualTo(5);
    }
}
