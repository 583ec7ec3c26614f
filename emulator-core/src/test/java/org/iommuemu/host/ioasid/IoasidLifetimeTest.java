// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.control.ControlledMachine.Consumed;
import org.iommuemu.host.guest.EmulatedGuest;
import org.iommuemu.host.ioasid.spec.IoasidRequests;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Process;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Corner case 28: files go in any order, while devices access memory. */
class IoasidLifetimeTest {
    @ParameterizedTest
    @CsvSource({"0 1 2", "0 2 1", "1 0 2", "1 2 0", "2 0 1", "2 1 0"})
    @DisplayName("Case 28")
    void shouldCleanUpInAnyOrder(String order) {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int ioasid = s.alloc();
            int other = s.alloc();
            s.allow(s.first, ioasid);
            s.allow(s.second, ioasid);
            s.allow(s.first, other);
            s.bind(ioasid);
            assertThat(s.reach(ioasid)).isEqualTo(IoasidSetup.THERE);
            int[] fds = {s.fd, s.first, s.second};

            for (String which : order.split(" ")) {
                s.monitor.files().close(fds[Integer.parseInt(which)]).value();
                boolean ends = !which.equals("2");
                assertThat(!ends || s.reach(ioasid) == -1).isTrue();
            }

            assertThat(s.machine.core.pasids().allocated()).isZero();
            assertThat(s.machine.driver.domainsInUse()).isOne();
            assertThat(s.machine.function(s.one).usesPasids()).isFalse();
            assertThat(s.machine.read(0x18, ioasid, IoasidSetup.AT)).isEqualTo(-1);
            s.machine.core.detach(s.one, -1);
            s.machine.core.detach(s.two, -1);
            s.machine.driver.free(s.memory);
        }
    }

    @Test
    @DisplayName("Case 28: duplicates and children")
    void shouldLiveAsLongAsAnyDescriptor() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int ioasid = s.alloc();
            s.allow(s.first, ioasid);
            s.bind(ioasid);
            int copy = s.monitor.files().dup(s.fd).value();
            Process child = s.machine.processes.fork(s.monitor).value();

            s.monitor.files().close(s.fd).value();
            s.monitor.files().close(copy).value();
            s.monitor.files().close(s.first).value();

            assertThat(s.reach(ioasid)).isEqualTo(IoasidSetup.THERE);
            Caller heir = new Caller(child);
            assertThat(IoasidSetup.call(heir, s.fd, IoasidRequests.UNBIND_PGTBL, IoasidSetup.argument(ioasid)))
                    .isZero();
            assertThat(s.reach(ioasid)).isEqualTo(-1);
            // What was duplicated is not closed on exec; the others are.
            s.machine.processes.exec(child).value();
            assertThat(child.files().size()).isOne();
            assertThat(s.machine.core.pasids().allocated()).isOne();
            s.machine.processes.exit(child);
            assertThat(s.machine.core.pasids().allocated()).isZero();
        }
    }

    @Test
    @DisplayName("Case 28: exit")
    void shouldCleanUpWhenTheMonitorExits() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int ioasid = s.alloc();
            s.allow(s.first, ioasid);
            s.bind(ioasid);
            assertThat(s.machine.prefetch(0x10, ioasid, IoasidSetup.AT)).isTrue();

            s.machine.processes.exit(s.monitor);

            assertThat(s.reach(ioasid)).isEqualTo(-1);
            assertThat(s.machine.isCachedByDevice(0x10, ioasid, IoasidSetup.AT)).isFalse();
            assertThat(s.machine.core.pasids().allocated()).isZero();
        }
    }

    /** The first concern: devices come and go at run time, so others' DMA must not notice, nor lose what caches hold for it. */
    @Test
    void shouldAssociateAtRunTimeWithoutDisturbingOthers() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            int busy = s.alloc();
            s.allow(s.second, busy);
            s.bind(busy);
            int ioasid = s.alloc();
            assertThat(s.machine.read(0x18, busy, IoasidSetup.AT)).isEqualTo(IoasidSetup.THERE);
            assertThat(s.machine.prefetch(0x18, busy, IoasidSetup.AT)).isTrue();
            s.machine.consumed.clear();

            long[] reached = new long[6];
            reached[0] = s.reach(ioasid);
            s.allow(s.first, ioasid);
            reached[1] = s.reach(ioasid);
            s.bind(ioasid);
            reached[2] = s.reach(ioasid);
            s.allow(s.second, ioasid);
            reached[3] = s.machine.read(0x18, ioasid, IoasidSetup.AT);
            List<String> sent = s.machine.consumed.stream().map(Consumed::name).toList();
            s.disallow(s.first, ioasid);
            reached[4] = s.reach(ioasid);
            s.unbind(ioasid);
            reached[5] = s.machine.read(0x18, ioasid, IoasidSetup.AT);

            assertThat(reached).containsExactly(-1, -1, IoasidSetup.THERE, IoasidSetup.THERE, -1, -1);
            assertThat(sent)
                    .as("without caching mode, what is new needs no invalidation")
                    .isEmpty();
            assertThat(s.machine.read(0x18, busy, IoasidSetup.AT)).isEqualTo(IoasidSetup.THERE);
            assertThat(s.machine.isCachedByDevice(0x18, busy, IoasidSetup.AT)).isTrue();
            assertThat(s.machine.staleAccesses()).isZero();
        }
    }

    @Test
    void shouldOpenADeviceAsOftenAsWanted() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            VfioDevice three = new VfioDevice(s.machine.core, s.machine.device(0x20), null);
            s.machine.core.attach(three.device(), -1, s.memory).value();
            int one = s.monitor.files().open(three.open().value());
            int two = s.monitor.files().open(three.open().value());
            int ioasid = s.alloc();
            s.bind(ioasid);
            s.allow(one, ioasid);

            assertThat(s.allow(two, ioasid)).isEqualTo(Errno.EEXIST.returned());
            assertThat(s.disallow(two, ioasid)).isEqualTo(Errno.ESRCH.returned());
            s.monitor.files().close(two).value();
            assertThat(s.machine.read(0x20, ioasid, IoasidSetup.AT)).isEqualTo(IoasidSetup.THERE);
            s.monitor.files().close(one).value();
            assertThat(s.machine.read(0x20, ioasid, IoasidSetup.AT)).isEqualTo(-1);
            assertThat(s.machine.function(three.device()).usesPasids()).isFalse();
        }
    }

    @Test
    void shouldHaveOneIoasidByTheFirstSketch() {
        try (IoasidSetup s = IoasidSetup.vtd()) {
            SingleIoasidFd file = SingleIoasidFd.open(s.machine.core).value();
            int single = s.monitor.files().open(file);
            EmulatedGuest.Tables other = s.guest.tables();
            other.map(IoasidSetup.AT, IoasidSetup.PAGE + 0x3000);

            assertThat(s.call(single, IoasidRequests.ALLOC, IoasidSetup.argument(0)))
                    .isEqualTo(Errno.ENOTTY.returned());
            assertThat(s.call(s.first, IoasidRequests.DEVICE_ALLOW_IOASID, IoasidSetup.device(single, 0)))
                    .isZero();
            assertThat(s.call(single, IoasidRequests.BIND_PGTBL, IoasidSetup.table(0, other.root())))
                    .isZero();

            assertThat(s.reach(file.ioasid())).isEqualTo(IoasidSetup.THERE + 0x3000);
            assertThat(s.call(single, IoasidRequests.UNBIND_PGTBL, IoasidSetup.argument(0)))
                    .isZero();
            assertThat(s.reach(file.ioasid())).isEqualTo(-1);
            s.monitor.files().close(single).value();
            assertThat(s.machine.core.pasids().allocated()).isZero();
        }
    }
}
