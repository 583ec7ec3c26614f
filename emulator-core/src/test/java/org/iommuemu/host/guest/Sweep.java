// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.control.ControlledMachine;
import org.jspecify.annotations.Nullable;

/** Lets each step of a call fail in turn, in a machine that is made anew for each. */
public final class Sweep {
    /** Which step of a call fails, and which kind that was. */
    private static final class Nth implements FailurePlan {
        private final long n;
        private long count;
        private @Nullable Step failed;

        Nth(long n) {
            this.n = n;
        }

        @Override
        public boolean fails(Step step) {
            if (++count != n) {
                return false;
            }
            failed = step;
            return true;
        }
    }

    private Sweep() {}

    /**
     * Sweeps over a call: each time it ends with its step's error, and leaves the hardware, its caches and the system's resources as they
     * were; when no step is left to fail it succeeds.
     *
     * @param call returns what an ioctl does
     * @return how many steps there were
     */
    public static <S extends AutoCloseable> int over(
            Supplier<S> setup, Function<S, ControlledMachine> machine, ToLongFunction<S> call) {
        return over(setup, machine, call, ControlledMachine::image);
    }

    /** The same with what is to stay as it was. */
    public static <S extends AutoCloseable> int over(
            Supplier<S> setup,
            Function<S, ControlledMachine> machine,
            ToLongFunction<S> call,
            Function<ControlledMachine, String> image) {
        for (int n = 1; ; n++) {
            S s = setup.get();
            try (ControlledMachine m = machine.apply(s)) {
                String before = image.apply(m);
                Nth plan = new Nth(n);
                m.core.failures(plan);
                long returned = call.applyAsLong(s);
                m.core.failures(FailurePlan.NONE);
                FailurePlan.Step failed = plan.failed;
                if (failed == null) {
                    assertThat(returned).isNotNegative();
                    return n - 1;
                }
                assertThat(returned).as("step %d", n).isEqualTo(failed.errno().returned());
                assertThat(image.apply(m)).as("step %d", n).isEqualTo(before);
                assertThat(call.applyAsLong(s)).as("after step %d", n).isNotNegative();
            }
        }
    }
}
