// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.Set;
import java.util.function.Function;
import org.iommuemu.host.Domain;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.smmuv3.spec.Ste;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whichever step of a core operation fails, it ends with that step's error, and the hardware is as before. */
class CoreFailureTest {
    private static final String ALL = "org.iommuemu.host.control.ControlledMachine#all";
    private static final int NONE = IommuDriver.NO_PASID;
    private static final long AT = 0x40_0000;
    private static final int MOST_STEPS = 50;

    /** Lets each step fail in turn, on a machine of its own, until none is left that could. */
    private static int sweep(Maker maker, Set<Errno> errors, Function<ControlledMachine, Case> prepared) {
        for (int nth = 1; nth < MOST_STEPS; nth++) {
            try (ControlledMachine m = maker.make()) {
                Case c = prepared.apply(m);
                String before = m.image();
                FailurePlan.Counting plan = FailurePlan.nth(nth);
                m.core.failures(plan);
                Result<?> result = c.call();
                if (!plan.hasFailed()) {
                    assertThat(result.isOk()).isTrue();
                    return nth - 1;
                }
                assertThat(result.isOk()).as("step %d", nth).isFalse();
                assertThat(result.errno()).isIn(errors);
                m.core.failures(FailurePlan.NONE);
                assertThat(m.image()).as("step %d", nth).isEqualTo(before);
                assertThat(c.call().isOk()).as("once more after step %d", nth).isTrue();
            }
        }
        throw new AssertionError("there is no end of steps");
    }

    /** A call, with what it works on. */
    private interface Case {
        Result<?> call();
    }

    private static Domain mapped(ControlledMachine m) {
        Domain d = m.driver.newDomain(Domain.Kind.FIRST_STAGE);
        m.driver.map(d, AT, 0x10_0000, 0x1000, 12, IommuDriver.READ);
        return d;
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldUndoAttaching(Maker maker) {
        int steps = sweep(maker, EnumSet.of(Errno.EIO), m -> {
            HostDevice d = m.device(0x10);
            Domain domain = mapped(m);
            return () -> m.core.attach(d, 5, domain);
        });

        assertThat(steps).isEqualTo(1);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldUndoReplacing(Maker maker) {
        int steps = sweep(maker, EnumSet.of(Errno.EIO), m -> {
            HostDevice d = m.device(0x10);
            Domain domain = mapped(m);
            m.core.attach(d, NONE, mapped(m));
            assertThat(m.read(0x10, NONE, AT)).isPositive();
            return () -> m.core.replace(d, NONE, domain);
        });

        assertThat(steps).isEqualTo(1);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldUndoEnabling(Maker maker) {
        int steps = sweep(maker, EnumSet.of(Errno.EIO, Errno.ENOMEM), m -> {
            HostDevice d = m.device(0x10);
            return () -> m.core.enableSva(d);
        });

        assertThat(steps).isEqualTo(4);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldUndoBindingAGroup(Maker maker) {
        int steps = sweep(maker, EnumSet.of(Errno.EIO, Errno.ENOMEM), m -> {
            IommuGroup group = new IommuGroup(3);
            HostDevice one = m.device(0x10, group);
            m.core.enableSva(one);
            m.core.enableSva(m.device(0x11, group));
            m.core.enableSva(m.device(0x12, group));
            AddressSpace mm = m.memory(AT, 0x1000);
            // The PASID is the address space's once it has one.
            m.core.shared().pasid(mm, 1 << 20);
            return () -> m.core.sva().bind(one, mm);
        });

        assertThat(steps).isEqualTo(4);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldGiveNoPasidWithoutMemoryForIt(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = m.device(0x10);
            m.core.enableSva(d);
            AddressSpace mm = m.memory(AT, 0x1000);
            String before = m.image();
            m.core.failures(FailurePlan.nth(1));

            assertThat(m.core.sva().bind(d, mm).errno()).isEqualTo(Errno.ENOMEM);

            assertThat(m.image()).isEqualTo(before);
            assertThat(mm.pasid()).isEqualTo(AddressSpace.INVALID_PASID);
        }
    }

    @Test
    void shouldUndoBindingAPasidTable() {
        int steps = sweep(new Maker("SMMUv3", ControlledMachine::smmuv3), EnumSet.of(Errno.EIO, Errno.ENOMEM), m -> {
            HostDevice d = m.device(0x10);
            Domain parent = m.driver.newDomain(Domain.Kind.SECOND_STAGE);
            m.driver.map(parent, 0, 0x10_0000, 0x1000, 12, IommuDriver.READ);
            m.core.attach(d, NONE, parent);
            assertThat(m.read(0x10, NONE, 0)).isPositive();
            return () -> m.core.bindPasidTable(d, parent, new GuestTables.Contexts(Ste.V.of(1), 0));
        });

        assertThat(steps).isEqualTo(2);
    }
}
