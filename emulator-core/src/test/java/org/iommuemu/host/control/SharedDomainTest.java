// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.iommu.Access;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A domain is one set of translations, whoever is attached to it, and what is detached is blocked. */
class SharedDomainTest {
    private static final String ALL = "org.iommuemu.host.control.ControlledMachine#all";
    private static final int NONE = IommuDriver.NO_PASID;
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    private static final long AT = 0x40_0000;
    private static final long PAGE = 0x1000;

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldInvalidateAllThatUseADomainByOneUnmapping(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice one = m.device(0x10);
            HostDevice two = m.device(0x18);
            Domain domain = m.driver.newDomain(Domain.Kind.FIRST_STAGE);
            m.driver.map(domain, AT, 0x10_0000, 2 * PAGE, 12, READ_WRITE);
            m.core.enableSva(one);
            m.core.enableSva(two);
            int[][] users = {{0x10, 5}, {0x10, 6}, {0x18, 5}, {0x18, NONE}};
            for (int[] u : users) {
                HostDevice d = u[0] == 0x10 ? one : two;
                assertThat(m.core.attach(d, u[1], domain).isOk()).isTrue();
                assertThat(m.read(u[0], u[1], AT)).isEqualTo(0x10_0000);
                assertThat(m.prefetch(u[0], u[1], AT)).isTrue();
                assertThat(m.prefetch(u[0], u[1], AT + PAGE)).isTrue();
            }

            m.driver.unmap(domain, AT, PAGE, 12);

            for (int[] u : users) {
                assertThat(m.read(u[0], u[1], AT)).isEqualTo(-1);
                assertThat(m.isCachedByDevice(u[0], u[1], AT)).isFalse();
                assertThat(m.isCachedByDevice(u[0], u[1], AT + PAGE)).isTrue();
                assertThat(m.read(u[0], u[1], AT + PAGE)).isEqualTo(0x10_1000);
            }
            assertThat(m.staleAccesses()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldLeaveOtherUsersAloneWhenOneIsDetached(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice one = m.device(0x10);
            HostDevice two = m.device(0x18);
            Domain domain = m.driver.newDomain(Domain.Kind.FIRST_STAGE);
            m.driver.map(domain, AT, 0x10_0000, PAGE, 12, READ_WRITE);
            m.core.enableSva(one);
            m.core.enableSva(two);
            m.core.attach(one, 5, domain);
            m.core.attach(two, 5, domain);
            assertThat(m.prefetch(0x10, 5, AT)).isTrue();
            assertThat(m.prefetch(0x18, 5, AT)).isTrue();

            m.core.detach(one, 5);

            assertThat(m.isCachedByDevice(0x10, 5, AT)).isFalse();
            assertThat(m.isCachedByDevice(0x18, 5, AT)).isTrue();
            assertThat(m.read(0x10, 5, AT)).isEqualTo(-1);
            assertThat(m.read(0x18, 5, AT)).isEqualTo(0x10_0000);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldBlockWhatIsDetachedAndAttachItAgain(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = m.device(0x10);
            String blocked = m.tables();
            for (Domain.Kind kind :
                    new Domain.Kind[] {Domain.Kind.FIRST_STAGE, Domain.Kind.SECOND_STAGE, Domain.Kind.IDENTITY}) {
                for (int round = 0; round < 2; round++) {
                    Domain domain = m.driver.newDomain(kind);
                    if (kind != Domain.Kind.IDENTITY) {
                        m.driver.map(domain, AT, AT, PAGE, 12, READ_WRITE);
                    }
                    assertThat(m.core.attach(d, NONE, domain).isOk()).isTrue();
                    assertThat(m.read(0x10, NONE, AT + 4))
                            .as("%s %d %s", kind, round, m.image())
                            .isEqualTo(AT + 4);

                    m.core.detach(d, NONE);
                    m.driver.free(domain);

                    assertThat(m.read(0x10, NONE, AT + 4)).as("%s", kind).isEqualTo(-1);
                    assertThat(m.tables()).isEqualTo(blocked);
                }
            }
            assertThat(m.staleAccesses()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldKeepPasidsBesideAnIdentity(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = m.device(0x10);
            Domain identity = m.driver.newDomain(Domain.Kind.IDENTITY);
            Domain own = m.driver.newDomain(Domain.Kind.FIRST_STAGE);
            m.driver.map(own, AT, 0x10_0000, PAGE, 12, READ_WRITE);
            m.core.enableSva(d);
            assertThat(m.core.attach(d, NONE, identity).isOk()).isTrue();
            String before = m.tables();

            assertThat(m.core.attach(d, 5, own).isOk()).isTrue();

            assertThat(m.read(0x10, NONE, AT)).isEqualTo(AT);
            assertThat(m.read(0x10, 5, AT)).isEqualTo(0x10_0000);
            m.core.detach(d, 5);
            assertThat(m.read(0x10, NONE, AT)).isEqualTo(AT);
            assertThat(m.read(0x10, 5, AT)).isEqualTo(-1);
            assertThat(m.tables()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldKeepTheOldDomainIfAnotherCannotReplaceIt(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = m.device(0x10);
            Domain old = m.driver.newDomain(Domain.Kind.FIRST_STAGE);
            Domain other = m.driver.newDomain(Domain.Kind.FIRST_STAGE);
            m.driver.map(old, AT, 0x10_0000, PAGE, 12, READ_WRITE);
            m.core.attach(d, 5, old);
            assertThat(m.read(0x10, 5, AT)).isEqualTo(0x10_0000);
            String before = m.image();

            m.core.failures(step -> true);
            assertThat(m.core.replace(d, 5, other).errno()).isEqualTo(Errno.EIO);
            m.core.failures(step -> false);
            assertThat(m.core.replace(d, 5, old).isOk()).isTrue();

            assertThat(m.image()).isEqualTo(before);
            assertThat(m.core.attached(d, 5)).isSameAs(old);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldRecordNothingOfARevokedPasidAndAnswerLateAccesses(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = m.device(0x10);
            m.core.enableSva(d);
            AddressSpace mm = m.memory(AT, PAGE);
            mm.fault(AT, IommuDriver.WRITE);
            int pasid = m.core.sva().bind(d, mm).value().pasid();
            assertThat(m.prefetch(0x10, pasid, AT)).isTrue();
            assertThat(m.read(0x10, pasid, AT)).isPositive();
            assertThat(m.read(0x10, pasid + 1, AT)).isEqualTo(-1);
            m.devices.run();
            assertThat(m.recorded).hasSize(1);

            mm.put();

            assertThat(m.isCachedByDevice(0x10, pasid, AT)).isFalse();
            assertThat(m.translate(0x10, pasid, AT, Access.WRITE)).isEqualTo(-1);
            m.askForPage(0x10, pasid, AT, 1);
            m.devices.run();
            m.driver.takeFaults();
            assertThat(m.recorded).hasSize(1);
            assertThat(m.devices.responses).hasSize(1);
            assertThat(m.staleAccesses()).isZero();
        }
    }
}
