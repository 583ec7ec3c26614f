// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.PageResponse.Code;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A process goes: nothing gets through any more, listeners are told, PASIDs are drained by later detaching, and only then anybody's. */
class ExitTest {
    private static final String ALL = "org.iommuemu.host.control.ControlledMachine#all";
    private static final long AT = 0x40_0000;
    private static final long PAGE = 0x1000;

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldStopEveryDeviceBeforeItTellsAndTellOnceForEach(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            List<HostDevice> devices = List.of(m.device(0x10), m.device(0x18), m.device(0x20));
            AddressSpace mm = m.memory(AT, PAGE);
            mm.fault(AT, IommuDriver.WRITE);
            List<SvaHandle> handles = new ArrayList<>();
            for (HostDevice d : devices) {
                m.core.enableSva(d);
                handles.add(m.core.sva().bind(d, mm).value());
                assertThat(m.prefetch(d.stream(), handles.get(0).pasid(), AT)).isTrue();
            }
            int pasid = handles.get(0).pasid();
            List<String> told = new ArrayList<>();
            m.core.onExit((d, p, of) -> {
                assertThat(of).isSameAs(mm);
                assertThat(mm.tables().physical(AT))
                        .as("tables are emptied later")
                        .isPositive();
                for (HostDevice each : devices) {
                    assertThat(m.read(each.stream(), p, AT)).isEqualTo(-1);
                    assertThat(m.isCachedByDevice(each.stream(), p, AT)).isFalse();
                }
                told.add(d.stream() + " " + p);
            });

            mm.put();

            assertThat(told).containsExactly("16 " + pasid, "24 " + pasid, "32 " + pasid);
            assertThat(mm.tables().physical(AT)).isEqualTo(-1);
            assertThat(m.core.pasids().owner(pasid)).isSameAs(mm);
            assertThat(m.core.pasids().free(pasid).errno()).isEqualTo(Errno.EBUSY);
            m.core.sva().unbind(handles.get(0));
            m.core.sva().unbind(handles.get(1));
            assertThat(m.core.pasids().owner(pasid)).isSameAs(mm);
            m.core.sva().unbind(handles.get(2));
            assertThat(m.core.pasids().owner(pasid)).isNull();
            assertThat(m.staleAccesses()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldLetAListenerDetachAndReleaseAtOnce(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = m.device(0x10);
            m.core.enableSva(d);
            AddressSpace mm = m.memory(AT, PAGE);
            String before = m.tables();
            int pasid = m.core.shared().pasid(mm, 1 << 20).value();
            Domain domain = m.core.shared().acquire(mm).value();
            m.core.attach(d, pasid, domain);
            m.core.onExit((device, p, of) -> {
                m.core.detach(device, p);
                m.core.shared().release(domain);
            });

            mm.put();

            assertThat(m.tables()).isEqualTo(before);
            assertThat(m.core.shared().count()).isZero();
            assertThat(m.core.pasids().allocated()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldAnswerFaultsOfTheDeadAsInvalidAndDrainThemBeforeThePasidIsReused(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = m.device(0x10);
            m.core.enableSva(d);
            AddressSpace mm = m.memory(AT, PAGE);
            SvaHandle handle = m.core.sva().bind(d, mm).value();
            int pasid = handle.pasid();
            m.askForPage(0x10, pasid, AT, 1);
            m.request(new PageRequest(0x10, pasid, AT, true, false, false, false, false, 2));

            mm.put();
            m.core.sva().unbind(handle);
            AddressSpace next = m.memory(AT, PAGE);
            SvaHandle other = m.core.sva().bind(d, next).value();
            m.devices.run();

            assertThat(other.pasid()).isEqualTo(pasid);
            assertThat(m.devices.responses).containsExactly(new PageResponse(0x10, pasid, 1, Code.INVALID));
            assertThat(next.tables().physical(AT)).isEqualTo(-1);
            // The group of the former that was not ended was forgotten: this is a group of its own.
            m.askForPage(0x10, pasid, AT, 2);
            m.devices.run();
            assertThat(m.devices.responses).contains(new PageResponse(0x10, pasid, 2, Code.SUCCESS));
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldGiveNoDeviceTheMemoryOfAProcessThatHasExited(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = m.device(0x10);
            HostDevice late = m.device(0x18);
            m.core.enableSva(d);
            m.core.enableSva(late);
            AddressSpace mm = m.memory(AT, PAGE);
            SvaHandle handle = m.core.sva().bind(d, mm).value();
            Domain domain = m.core.attached(d, handle.pasid());
            mm.put();
            String before = m.image();

            assertThat(m.core.sva().bind(late, mm).errno()).isEqualTo(Errno.ESRCH);
            assertThat(m.core.attach(late, handle.pasid(), domain).errno()).isEqualTo(Errno.ESRCH);
            assertThat(m.core.attach(d, handle.pasid(), domain).errno()).isEqualTo(Errno.ESRCH);

            assertThat(m.image()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldLetNoPasidMeanTwoAddressSpacesOnWhateverDevices(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice one = m.device(0x10);
            HostDevice two = m.device(0x18);
            Domain first = m.core.shared().acquire(m.memory(AT, PAGE)).value();
            Domain second = m.core.shared().acquire(m.memory(AT, PAGE)).value();
            assertThat(m.core.attach(one, 5, first).isOk()).isTrue();
            String before = m.image();

            assertThat(m.core.attach(two, 5, second).errno()).isEqualTo(Errno.EBUSY);
            assertThat(m.core.attach(two, IommuDriver.NO_PASID, first).errno()).isEqualTo(Errno.EINVAL);

            assertThat(m.image()).isEqualTo(before);
            assertThat(m.core.attach(two, 5, first).isOk()).isTrue();
            assertThat(m.core.attach(two, 6, second).isOk()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldEmptyCachesBeforeFramesAreFreedWhenTheProcessUnmaps(Maker maker) {
        try (ControlledMachine m = maker.make()) {
            HostDevice d = m.device(0x10);
            m.core.enableSva(d);
            AddressSpace mm = m.memory(AT, 4 * PAGE);
            mm.fault(AT, IommuDriver.WRITE);
            mm.fault(AT + PAGE, IommuDriver.WRITE);
            int pasid = m.core.sva().bind(d, mm).value().pasid();
            m.prefetch(0x10, pasid, AT);
            m.prefetch(0x10, pasid, AT + PAGE);
            m.read(0x10, pasid, AT);

            mm.unmap(AT, PAGE);

            assertThat(m.read(0x10, pasid, AT)).isEqualTo(-1);
            assertThat(m.isCachedByDevice(0x10, pasid, AT)).isFalse();
            assertThat(m.isCachedByDevice(0x10, pasid, AT + PAGE)).isTrue();
            assertThat(m.staleAccesses()).isZero();
        }
    }
}
