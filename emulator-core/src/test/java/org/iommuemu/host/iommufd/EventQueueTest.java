// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.iommufd.IommufdMachine.NONE;
import static org.iommuemu.host.iommufd.IommufdMachine.PAGE;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.iommufd.IommufdMachine.Device;
import org.iommuemu.host.iommufd.spec.EventStructures.Header;
import org.iommuemu.host.iommufd.spec.EventStructures.SmmuEvent;
import org.iommuemu.host.iommufd.spec.EventStructures.VeventqAlloc;
import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;
import org.iommuemu.host.iommufd.spec.IommufdRequest;
import org.iommuemu.host.iommufd.spec.ViommuStructures.ViommuAlloc;
import org.iommuemu.host.process.OpenFile;
import org.iommuemu.smmuv3.spec.Event;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Events of a guest's devices, which user space reads for the guest. */
class EventQueueTest {
    private static final long VA = 0x7000_1234_5000L;
    private static final long VIRTUAL = 0x77;

    private final IommufdMachine m = new IommufdMachine(ControlledMachine.smmuv3());
    private final Guest guest = new Guest(m);
    private Device d;
    private int viommu;
    private int table;
    private int parent;

    @BeforeEach
    void prepare() {
        d = m.bind(0x10);
        parent = m.hwpt(Alloc.NEST_PARENT, d.id(), guest.ioas());
        ViommuCalls calls = m.iommufd().viommus();
        viommu = calls.allocate(ViommuAlloc.TYPE_ARM_SMMUV3, d.id(), parent).value();
        calls.allocateDevice(viommu, d.id(), VIRTUAL).value();
        long contexts = guest.page();
        guest.write(contexts, GuestSmmu.context(3, guest.page()));
        table = m.made(
                IommufdRequest.HWPT_ALLOC,
                GuestSmmu.table(m, d.id(), viommu, GuestSmmu.streamEntry(contexts, 0)),
                Alloc.OUT_HWPT_ID);
        d.attach(table);
    }

    @AfterEach
    void close() {
        m.close();
    }

    private Structure queue(int type, long depth) {
        return Structure.of(IommufdRequest.VEVENTQ_ALLOC)
                .with(VeventqAlloc.VIOMMU_ID, viommu)
                .with(VeventqAlloc.TYPE, type)
                .with(VeventqAlloc.VEVENTQ_DEPTH, depth);
    }

    private OpenFile opened(long depth) {
        int fd = m.made(
                IommufdRequest.VEVENTQ_ALLOC, queue(VeventqAlloc.TYPE_ARM_SMMUV3, depth), VeventqAlloc.OUT_VEVENTQ_FD);
        return m.process.files().get(fd).value();
    }

    private void fault(long address) {
        assertThat(d.read(address)).isEqualTo(-1);
        m.machine.devices.run();
    }

    /** What is read, each as its sequence number, or ~ and that for a notice of loss. */
    private List<Integer> sequences(OpenFile file, int bytes) {
        ByteBuffer into = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        long count = file.read(m.caller, UserBuffer.of(into), bytes, 0);
        List<Integer> found = new ArrayList<>();
        for (int at = 0; at < count; ) {
            ByteBuffer one = into.slice(at, Header.BYTES);
            boolean lost = Header.FLAGS.getInt(one) == Header.LOST_EVENTS;
            found.add(lost ? ~Header.SEQUENCE.getInt(one) : Header.SEQUENCE.getInt(one));
            at += Header.BYTES + (lost ? 0 : SmmuEvent.BYTES);
        }
        return found;
    }

    @Test
    void shouldTellAGuestOfItsDevicesFaultsByItsOwnNumbers() {
        OpenFile file = opened(8);

        fault(VA);

        Structure read = Structure.of(Header.BYTES + SmmuEvent.BYTES);
        assertThat(file.read(m.caller, read.buffer(), 4096, 0)).isEqualTo(40);
        assertThat(read.getInt(Header.FLAGS)).isZero();
        long[] words = new long[Event.WORDS];
        read.bytes()
                .order(ByteOrder.LITTLE_ENDIAN)
                .position(Header.BYTES)
                .asLongBuffer()
                .get(words);
        assertThat(Event.of(words[0])).isEqualTo(Event.F_TRANSLATION);
        assertThat(Event.STREAM_ID.get(words)).isEqualTo(VIRTUAL);
        assertThat(Event.INPUT_ADDR.get(words)).isEqualTo(VA);
        assertThat(m.machine.recorded).isEmpty();
        assertThat(file.read(m.caller, read.buffer(), 4096, 0)).isZero();
    }

    @Test
    void shouldTellTheHostOfFaultsThatAreNotTheGuests() {
        OpenFile file = opened(8);
        m.unmap(guest.ioas(), 0, -1);

        fault(VA);
        m.machine.device(0x20);
        m.machine.read(0x20, NONE, VA);
        d.attach(parent);
        fault(VA);
        m.machine.devices.run();

        assertThat(sequences(file, 4096)).isEmpty();
        assertThat(m.machine.recorded.size()).isGreaterThanOrEqualTo(2);
    }

    @Test
    void shouldSayThatEventsWereLost() {
        OpenFile file = opened(2);
        for (int i = 0; i < 5; i++) {
            fault(VA + i * PAGE);
        }

        assertThat(sequences(file, 0)).isEmpty();
        assertThat(sequences(file, 39)).isEmpty();
        assertThat(sequences(file, 40)).containsExactly(0);
        fault(VA);
        fault(VA);
        assertThat(sequences(file, 4096)).containsExactly(1, 5, ~6);
        fault(VA);
        assertThat(sequences(file, 4096)).containsExactly(7);
    }

    @Test
    void shouldLoseAnEventThatThereIsNoMemoryFor() {
        OpenFile file = opened(2);
        fault(VA);
        m.machine.core.failures(FailurePlan.nth(1));
        fault(VA);
        m.machine.core.failures(FailurePlan.NONE);

        assertThat(sequences(file, 4096)).containsExactly(0, ~1);
    }

    @Test
    void shouldReadWholeEventsThatCanBeCopied() {
        OpenFile file = opened(4);
        fault(VA);
        fault(VA + PAGE);

        assertThat(file.read(m.caller, UserBuffer.NULL, 100, 0)).isEqualTo(Errno.EFAULT.returned());
        assertThat(file.read(m.caller, UserBuffer.NULL, 100, 1)).isEqualTo(Errno.ESPIPE.returned());
        assertThat(file.write(m.caller, UserBuffer.NULL, 8, 0)).isEqualTo(Errno.EINVAL.returned());
        assertThat(file.ioctl(m.caller, 0x3B80, UserBuffer.NULL)).isEqualTo(Errno.ENOTTY.returned());
        assertThat(file.read(m.caller, Structure.of(50).buffer(), 80, 0)).isEqualTo(40);
        assertThat(sequences(file, 80)).containsExactly(1);
    }

    @Test
    void shouldRefuseQueuesOutOfForm() {
        assertThat(m.call(IommufdRequest.VEVENTQ_ALLOC, queue(VeventqAlloc.TYPE_DEFAULT, 1)))
                .isEqualTo(Errno.EOPNOTSUPP.returned());
        assertThat(m.call(IommufdRequest.VEVENTQ_ALLOC, queue(2, 1))).isEqualTo(Errno.EOPNOTSUPP.returned());
        assertThat(m.call(IommufdRequest.VEVENTQ_ALLOC, queue(1, 0))).isEqualTo(Errno.EINVAL.returned());
        assertThat(m.call(IommufdRequest.VEVENTQ_ALLOC, queue(1, 1).with(VeventqAlloc.VIOMMU_ID, parent)))
                .isEqualTo(Errno.ENOENT.returned());
        Structure s = queue(1, 0xFFFF_FFFFL);
        assertThat(m.call(IommufdRequest.VEVENTQ_ALLOC, s)).isZero();
        assertThat(m.call(IommufdRequest.VEVENTQ_ALLOC, queue(1, 1))).isEqualTo(Errno.EEXIST.returned());

        assertThat(m.destroy(viommu)).isEqualTo(Errno.EBUSY.returned());
        assertThat(m.destroy(s.getInt(VeventqAlloc.OUT_VEVENTQ_ID))).isEqualTo(Errno.EBUSY.returned());
        m.process.files().close(s.getInt(VeventqAlloc.OUT_VEVENTQ_FD)).value();
        assertThat(m.destroy(s.getInt(VeventqAlloc.OUT_VEVENTQ_ID))).isZero();
        assertThat(m.call(IommufdRequest.VEVENTQ_ALLOC, queue(1, 1))).isZero();
    }
}
