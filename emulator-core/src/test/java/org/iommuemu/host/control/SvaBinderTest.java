// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.AddressSpace;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Binds of the kernel's drivers are counted for each group and address space; the PASID is the address space's as long as that lives. */
class SvaBinderTest {
    private static final String ALL = "org.iommuemu.host.control.ControlledMachine#all";
    private static final long AT = 0x40_0000;

    private static HostDevice enabled(ControlledMachine m, int stream) {
        HostDevice d = m.device(stream);
        assertThat(m.core.enableSva(d).isOk()).isTrue();
        return d;
    }

    private static AddressSpace touched(ControlledMachine m) {
        AddressSpace mm = m.memory(AT, 0x1000);
        mm.fault(AT, IommuDriver.WRITE);
        return mm;
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldCountBindsOfAnAddressSpaceAndDetachWithTheLast(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = enabled(m, 0x10);
            AddressSpace mm = touched(m);

            SvaHandle one = m.core.sva().bind(d, mm).value();
            SvaHandle two = m.core.sva().bind(d, mm).value();

            assertThat(two).isSameAs(one);
            assertThat(one.users()).isEqualTo(2);
            m.core.sva().unbind(one);
            assertThat(m.read(0x10, one.pasid(), AT)).isPositive();
            m.core.sva().unbind(two);
            assertThat(m.read(0x10, one.pasid(), AT)).isEqualTo(-1);
            assertThat(m.core.shared().count()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldSayThatThereIsNoTagForAnAddressSpaceWhereEachNeedsOne(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = enabled(m, 0x10);
            AddressSpace mm = touched(m);
            List<Domain> all = new ArrayList<>();
            Result<Domain> made = m.core.newDomain(Domain.Kind.FIRST_STAGE);
            while (made.isOk()) {
                all.add(made.value());
                made = m.core.newDomain(Domain.Kind.FIRST_STAGE);
            }

            Result<SvaHandle> bound = m.core.sva().bind(d, mm);

            assertThat(bound.isOk() ? null : bound.errno()).isEqualTo(m.isSmmu() ? Errno.ENOSPC : null);
            assertThat(m.core.shared().count()).isEqualTo(m.isSmmu() ? 0 : 1);
            m.driver.free(all.get(0));
            assertThat(m.core.sva().bind(d, mm).isOk()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldRefuseADeviceThatHasLostAtsUntilItIsEnabledAnew(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = enabled(m, 0x10);
            SvaHandle handle = m.core.sva().bind(d, touched(m)).value();
            AddressSpace other = touched(m);
            m.devices.silent = true;
            m.core.sva().unbind(handle);
            m.devices.silent = false;

            assertThat(m.core.sva().bind(d, other).errno()).isEqualTo(Errno.EINVAL);

            m.core.disableSva(d);
            assertThat(m.core.enableSva(d).isOk()).isTrue();
            assertThat(m.core.sva().bind(d, other).isOk()).isTrue();
            assertThat(m.prefetch(0x10, other.pasid(), AT)).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldKeepThePasidUntilTheAddressSpaceIsFreed(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = enabled(m, 0x10);
            AddressSpace mm = touched(m);
            SvaHandle one = m.core.sva().bind(d, mm).value();
            int pasid = one.pasid();
            m.core.sva().unbind(one);

            assertThat(m.core.pasids().owner(pasid)).isSameAs(mm);
            AddressSpace other = touched(m);
            assertThat(m.core.sva().bind(d, other).value().pasid()).isEqualTo(pasid + 1);
            assertThat(m.core.sva().bind(d, mm).value().pasid()).isEqualTo(pasid);

            mm.grab();
            mm.put();
            m.core.sva().unbind(one(m, d, pasid));
            assertThat(m.core.pasids().owner(pasid)).isSameAs(mm);
            mm.drop();
            assertThat(m.core.pasids().owner(pasid)).isNull();
        }
    }

    private static SvaHandle one(ControlledMachine m, HostDevice d, int pasid) {
        return Objects.requireNonNull(m.core.sva().find(d.group(), pasid));
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldUseOneDomainAndOnePasidOnAllDevices(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice a = enabled(m, 0x10);
            HostDevice b = enabled(m, 0x18);
            AddressSpace mm = touched(m);

            SvaHandle one = m.core.sva().bind(a, mm).value();
            SvaHandle two = m.core.sva().bind(b, mm).value();

            assertThat(two).isNotSameAs(one);
            assertThat(two.pasid()).isEqualTo(one.pasid());
            assertThat(m.core.attached(a, one.pasid())).isSameAs(m.core.attached(b, one.pasid()));
            assertThat(m.core.shared().count()).isEqualTo(1);
            m.core.sva().unbind(one);
            assertThat(m.read(0x10, one.pasid(), AT)).isEqualTo(-1);
            assertThat(m.read(0x18, one.pasid(), AT)).isPositive();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldAttachAllDevicesOfAGroup(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            IommuGroup group = new IommuGroup(7);
            HostDevice a = m.device(0x10, group);
            HostDevice b = m.device(0x11, group);
            m.core.enableSva(a);
            assertThat(m.core.sva().bind(a, touched(m)).errno()).isEqualTo(Errno.EINVAL);
            m.core.enableSva(b);
            AddressSpace mm = touched(m);

            SvaHandle one = m.core.sva().bind(a, mm).value();

            assertThat(m.core.sva().bind(b, mm).value()).isSameAs(one);
            assertThat(m.read(0x10, one.pasid(), AT)).isPositive();
            assertThat(m.read(0x11, one.pasid(), AT)).isPositive();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldSayWhyItCannotBind(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            ModelledFunction none = new ModelledFunction();
            none.pasids = 0;
            ModelledFunction few = new ModelledFunction();
            few.pasids = 2;
            HostDevice without = m.device(0x20, new IommuGroup(20), none);
            HostDevice small = m.device(0x28, new IommuGroup(21), few);
            HostDevice off = m.device(0x30);
            HostDevice d = enabled(m, 0x10);
            m.core.enableSva(small);
            AddressSpace mm = touched(m);
            AddressSpace second = touched(m);
            m.core.sva().bind(d, mm);
            m.core.sva().bind(d, second);
            Domain foreign = m.driver.newDomain(Domain.Kind.FIRST_STAGE);
            m.core.attach(d, 3, foreign);
            String before = m.image();

            assertThat(m.core.sva().bind(without, mm).errno()).isEqualTo(Errno.ENODEV);
            assertThat(m.core.sva().bind(off, mm).errno()).isEqualTo(Errno.EINVAL);
            assertThat(second.pasid()).isEqualTo(2);
            assertThat(m.core.sva().bind(small, second).errno()).isEqualTo(Errno.EOVERFLOW);

            assertThat(m.image()).isEqualTo(before);
            AddressSpace third = touched(m);
            assertThat(m.core.sva().bind(small, third).errno()).isEqualTo(Errno.ENOSPC);
            assertThat(third.pasid()).isEqualTo(AddressSpace.INVALID_PASID);
            assertThat(m.core.sva().bind(d, third).errno()).isEqualTo(Errno.EBUSY);
            assertThat(m.core.attached(d, 3)).isSameAs(foreign);
        }
    }
}
