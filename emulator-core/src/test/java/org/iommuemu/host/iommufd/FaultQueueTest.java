// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.iommufd.IommufdMachine.MEMORY;
import static org.iommuemu.host.iommufd.IommufdMachine.NONE;
import static org.iommuemu.host.iommufd.IommufdMachine.PAGE;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.control.DeviceFunction;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.control.ModelledFunction;
import org.iommuemu.host.iommufd.IommufdMachine.Device;
import org.iommuemu.host.iommufd.spec.EventStructures.PageFault;
import org.iommuemu.host.iommufd.spec.EventStructures.Response;
import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;
import org.iommuemu.host.iommufd.spec.IommufdRequest;
import org.iommuemu.host.process.OpenFile;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.PageResponse.Code;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Page faults of devices that user space reads, and answers. */
class FaultQueueTest {
    private static final String ALL = ThinWholeTest.ALL;
    private static final long AT = 0x20_0000;

    /** A device with a table whose faults go to a queue. */
    private static final class Faulting {
        final IommufdMachine m;
        final Device d;
        final int ioas;
        final int queue;
        final int fd;
        final int table;
        final OpenFile file;

        Faulting(IommufdMachine m) {
            this.m = m;
            d = m.bind(0x10);
            ioas = m.ioas();
            List<Integer> made = m.faultQueue();
            queue = made.get(0);
            fd = made.get(1);
            file = m.process.files().get(fd).value();
            table = table(Alloc.PASID);
        }

        int table(int flags) {
            return m.made(
                    IommufdRequest.HWPT_ALLOC,
                    IommufdMachine.table(flags | Alloc.FAULT_ID_VALID, d.id(), ioas)
                            .with(Alloc.FAULT_ID, queue),
                    Alloc.OUT_HWPT_ID);
        }

        void ask(int pasid, long address, int group) {
            m.machine.askForPage(0x10, pasid, address, group);
            m.machine.devices.run();
        }

        /** Reads with room for so many records. */
        List<Structure> read(int room) {
            Structure all = Structure.of(room * PageFault.BYTES);
            long bytes = file.read(m.caller, all.buffer(), (long) room * PageFault.BYTES, 0);
            assertThat(bytes).isNotNegative();
            List<Structure> found = new ArrayList<>();
            for (int i = 0; i < bytes / PageFault.BYTES; i++) {
                Structure one = Structure.of(PageFault.BYTES);
                one.bytes().put(all.bytes().slice(i * PageFault.BYTES, PageFault.BYTES));
                found.add(one);
            }
            return found;
        }

        long answer(int... cookiesAndCodes) {
            Structure all = Structure.of(cookiesAndCodes.length * Integer.BYTES);
            for (int i = 0; i < cookiesAndCodes.length; i++) {
                all.with(StructureField.u32("", i * Integer.BYTES), cookiesAndCodes[i]);
            }
            long written = file.write(m.caller, all.buffer(), all.bytes().limit(), 0);
            m.machine.devices.run();
            return written;
        }

        List<PageResponse> responses() {
            return m.machine.devices.responses;
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldLetADeviceGoOnOnceItsFaultWasReadAndAnswered(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            Faulting f = new Faulting(m);
            f.d.attach(f.table);
            f.d.attach(6, f.table);
            assertThat(m.machine.prefetch(0x10, 6, AT)).isFalse();

            f.ask(6, AT, 3);
            Structure fault = f.read(4).get(0);
            assertThat(f.responses()).isEmpty();
            assertThat(fault.getInt(PageFault.FLAGS)).isEqualTo(PageFault.PASID_VALID | PageFault.LAST_PAGE);
            assertThat(fault.getInt(PageFault.DEV_ID)).isEqualTo(f.d.id());
            assertThat(fault.getInt(PageFault.PASID)).isEqualTo(6);
            assertThat(fault.getInt(PageFault.GRPID)).isEqualTo(3);
            assertThat(fault.getInt(PageFault.PERM)).isEqualTo(PageFault.PERM_READ | PageFault.PERM_WRITE);
            assertThat(fault.get(PageFault.ADDR)).isEqualTo(AT);
            assertThat(fault.get(PageFault.LENGTH)).isZero();
            assertThat(fault.getInt(PageFault.COOKIE)).isEqualTo(1);
            m.map(f.ioas, MEMORY, PAGE, AT);
            assertThat(f.answer(1, Response.SUCCESS)).isEqualTo(Response.BYTES);

            assertThat(f.responses()).containsExactly(new PageResponse(0x10, 6, 3, Code.SUCCESS));
            assertThat(m.machine.prefetch(0x10, 6, AT)).isTrue();
            assertThat(f.read(4)).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldDeliverWholeGroupsOnly(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            Faulting f = new Faulting(m);
            f.d.attach(f.table);
            m.machine.request(new PageRequest(0x10, NONE, AT, true, false, false, false, false, 1));
            m.machine.request(new PageRequest(0x10, NONE, AT + PAGE, true, false, false, false, false, 1));
            m.machine.request(new PageRequest(0x10, NONE, AT + 2 * PAGE, true, true, false, false, true, 1));
            f.ask(NONE, AT + 9 * PAGE, 2);

            assertThat(f.read(0)).isEmpty();
            assertThat(f.read(2)).isEmpty();
            List<Structure> group = f.read(3);
            assertThat(group).hasSize(3);
            assertThat(group.stream().map(s -> s.get(PageFault.ADDR))).containsExactly(AT, AT + PAGE, AT + 2 * PAGE);
            assertThat(group.stream().map(s -> s.getInt(PageFault.FLAGS))).containsExactly(0, 0, PageFault.LAST_PAGE);
            assertThat(group.stream().map(s -> s.getInt(PageFault.COOKIE))).containsOnly(1);
            assertThat(group.stream().map(s -> s.getInt(PageFault.PASID))).containsOnly(0);
            assertThat(f.read(9).get(0).getInt(PageFault.COOKIE)).isEqualTo(2);
            f.ask(NONE, AT, 5);
            assertThat(f.answer(1, Response.INVALID)).isEqualTo(8);
            assertThat(f.read(9).get(0).getInt(PageFault.COOKIE)).isEqualTo(1);

            assertThat(f.responses()).containsExactly(new PageResponse(0x10, NONE, 1, Code.INVALID));
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldRefuseReadsAndAnswersOutOfForm(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            Faulting f = new Faulting(m);
            f.d.attach(f.table);
            f.ask(NONE, AT, 1);
            UserBuffer some = Structure.of(80).buffer();

            assertThat(f.file.read(m.caller, some, 80, 40)).isEqualTo(Errno.ESPIPE.returned());
            assertThat(f.file.read(m.caller, some, 41, 0)).isEqualTo(Errno.ESPIPE.returned());
            assertThat(f.file.write(m.caller, some, 8, 8)).isEqualTo(Errno.ESPIPE.returned());
            assertThat(f.file.write(m.caller, some, 7, 0)).isEqualTo(Errno.ESPIPE.returned());
            assertThat(f.file.read(m.caller, UserBuffer.NULL, 40, 0)).isEqualTo(Errno.EFAULT.returned());
            assertThat(f.file.write(m.caller, UserBuffer.NULL, 8, 0)).isEqualTo(Errno.EFAULT.returned());
            assertThat(f.file.ioctl(m.caller, 0x3B80, some)).isEqualTo(Errno.ENOTTY.returned());
            assertThat(f.answer(1, Response.SUCCESS)).as("not read yet").isEqualTo(Errno.EINVAL.returned());
            assertThat(f.read(1)).hasSize(1);
            assertThat(f.answer(1, 2)).isEqualTo(Errno.EINVAL.returned());
            assertThat(f.answer(2, Response.SUCCESS)).isEqualTo(Errno.EINVAL.returned());
            assertThat(f.responses()).isEmpty();
            assertThat(f.answer(1, Response.SUCCESS, 1, Response.SUCCESS)).isEqualTo(8);
            assertThat(f.answer(1, Response.SUCCESS)).isEqualTo(Errno.EINVAL.returned());

            assertThat(f.responses()).hasSize(1);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldPutAGroupBackThatCannotBeCopied(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            Faulting f = new Faulting(m);
            f.d.attach(f.table);
            f.ask(NONE, AT, 1);
            f.ask(NONE, AT + PAGE, 2);

            UserBuffer room = UserBuffer.of(ByteBuffer.allocate(PageFault.BYTES + 7));
            assertThat(f.file.read(m.caller, room, 2L * PageFault.BYTES, 0)).isEqualTo(PageFault.BYTES);

            assertThat(f.read(2).get(0).getInt(PageFault.GRPID)).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldAnswerWhatIsOutstandingWhenATableIsReplacedOrDetached(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            Faulting f = new Faulting(m);
            int other = f.table(Alloc.PASID);
            f.d.attach(f.table);
            f.d.attach(6, f.table);
            f.ask(NONE, AT, 1);
            assertThat(f.read(1)).hasSize(1);
            f.ask(NONE, AT, 2);
            f.ask(6, AT, 3);

            assertThat(f.d.attach(other)).isZero();
            m.machine.devices.run();
            assertThat(f.responses())
                    .containsExactlyInAnyOrder(
                            new PageResponse(0x10, NONE, 1, Code.INVALID),
                            new PageResponse(0x10, NONE, 2, Code.INVALID));
            assertThat(f.answer(1, Response.SUCCESS)).isEqualTo(Errno.EINVAL.returned());
            assertThat(f.read(9).get(0).getInt(PageFault.GRPID)).isEqualTo(3);
            assertThat(f.d.detach(6)).isZero();
            m.machine.devices.run();
            assertThat(f.responses()).hasSize(3).contains(new PageResponse(0x10, 6, 3, Code.INVALID));
            f.ask(NONE, AT, 4);
            assertThat(f.read(1).get(0).getInt(PageFault.GRPID)).isEqualTo(4);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldAnswerEverythingAsInvalidOnceTheQueueIsClosed(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            Faulting f = new Faulting(m);
            f.d.attach(f.table);
            f.ask(NONE, AT, 1);
            f.read(1);
            f.ask(NONE, AT, 2);

            m.process.files().close(f.fd).value();
            f.ask(NONE, AT, 3);

            assertThat(f.responses())
                    .extracting(PageResponse::code)
                    .containsOnly(Code.INVALID)
                    .hasSize(3);
            assertThat(m.destroy(f.queue)).isEqualTo(Errno.EBUSY.returned());
            f.d.detach(NONE);
            assertThat(m.destroy(f.table)).isZero();
            assertThat(m.destroy(f.queue)).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldLetADeviceAskForPagesOnlyWhileItsFaultsAreTaken(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            Faulting f = new Faulting(m);
            ModelledFunction function = m.machine.function(f.d.host);
            int plain = m.hwpt(Alloc.PASID, f.d.id(), f.ioas);
            assertThat(function.asksForPages()).isFalse();

            f.d.attach(f.table);
            assertThat(function.asksForPages()).isTrue();
            f.d.attach(6, f.table);
            f.d.attach(plain);
            assertThat(function.asksForPages()).isTrue();
            f.d.attach(6, plain);
            assertThat(function.asksForPages()).isFalse();
            f.d.attach(6, f.table);
            f.d.close();

            assertThat(function.asksForPages()).isFalse();
            assertThat(function.usesAts()).isFalse();
            assertThat(function.usesPasids()).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldRefuseTablesWithFaultsForDevicesThatCannotAsk(Maker maker) {
        try (IommufdMachine m = new IommufdMachine(maker.make())) {
            Faulting f = new Faulting(m);
            ModelledFunction mute = new ModelledFunction();
            mute.hasPageRequests = false;
            Device silent = m.bind(m.machine.device(0x20, new IommuGroup(91), mute));
            Device virtual = m.bind(new HostDevice(0x30, new IommuGroup(92), new VirtualFunction()));

            assertThat(silent.attach(f.table)).isEqualTo(Errno.ENODEV.returned());
            assertThat(virtual.attach(f.table)).isEqualTo(Errno.EINVAL.returned());
            int plain = m.hwpt(0, f.d.id(), f.ioas);
            assertThat(silent.attach(plain)).isZero();
            assertThat(silent.attach(f.table)).isEqualTo(Errno.ENODEV.returned());

            m.map(f.ioas, MEMORY, PAGE, AT);
            assertThat(silent.read(AT)).isEqualTo(m.physical(MEMORY));
            assertThat(m.call(
                            IommufdRequest.HWPT_ALLOC,
                            IommufdMachine.table(Alloc.FAULT_ID_VALID | Alloc.NEST_PARENT, f.d.id(), f.ioas)
                                    .with(Alloc.FAULT_ID, f.queue)))
                    .isEqualTo(Errno.EOPNOTSUPP.returned());
        }
    }

    /** A virtual function with page requests. */
    private static final class VirtualFunction implements DeviceFunction {
        @Override
        public int pasids() {
            return 1 << 10;
        }

        @Override
        public boolean hasAts() {
            return true;
        }

        @Override
        public boolean hasPageRequests() {
            return true;
        }

        @Override
        public boolean isVirtual() {
            return true;
        }

        @Override
        public void pasid(boolean on) {}

        @Override
        public void ats(boolean on) {}

        @Override
        public void pageRequests(boolean on) {
            throw new AssertionError("page requests of a virtual function are enabled");
        }
    }
}
