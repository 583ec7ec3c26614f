// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.iommufd.IommufdMachine.NONE;

import org.iommuemu.host.Domain;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.spec.RequestNumber;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.iommufd.IommufdMachine.Device;
import org.iommuemu.host.iommufd.spec.VfioDeviceStructures.Attach;
import org.iommuemu.host.iommufd.spec.VfioDeviceStructures.Bind;
import org.iommuemu.host.iommufd.spec.VfioDeviceStructures.Detach;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** VFIO_DEVICE_BIND_IOMMUFD, VFIO_DEVICE_ATTACH_IOMMUFD_PT and VFIO_DEVICE_DETACH_IOMMUFD_PT. */
class VfioDeviceTest {
    private static final long EINVAL = Errno.EINVAL.returned();

    private final IommufdMachine m = new IommufdMachine(ControlledMachine.vtd());
    private final HostDevice host = m.machine.device(0x10);
    private final Device d = m.new Device(host);

    @AfterEach
    void close() {
        m.close();
    }

    private static int request(int number) {
        return RequestNumber.of(RequestNumber.VFIO_BASE + number);
    }

    @Test
    void shouldDoNothingBeforeItIsBound() {
        assertThat(d.attach(1)).isEqualTo(EINVAL);
        assertThat(d.detach(NONE)).isEqualTo(EINVAL);
        assertThat(d.call(21, Structure.sized(16))).isEqualTo(EINVAL);
        assertThat(d.bind(m.fd)).isZero();
        assertThat(d.call(21, Structure.sized(16))).isEqualTo(Errno.ENOTTY.returned());
        assertThat(d.detach(NONE)).isZero();
    }

    @Test
    void shouldRefuseBindsOutOfForm() {
        String before = m.image();
        int queue = m.process.files().open(d.vfio.open());
        Structure s = Structure.sized(Bind.BYTES).with(Bind.IOMMUFD, m.fd);

        assertThat(d.file.ioctl(m.caller, request(Bind.NUMBER), UserBuffer.NULL))
                .isEqualTo(Errno.EFAULT.returned());
        assertThat(d.call(Bind.NUMBER, s.with(Bind.ARGSZ, 15))).isEqualTo(EINVAL);
        assertThat(d.call(Bind.NUMBER, s.with(Bind.ARGSZ, 16).with(Bind.FLAGS, 2)))
                .isEqualTo(EINVAL);
        assertThat(d.bind(-1)).isEqualTo(EINVAL);
        assertThat(d.bind(99)).isEqualTo(Errno.EBADF.returned());
        assertThat(d.bind(queue)).isEqualTo(Errno.EBADFD.returned());
        assertThat(d.file.ioctl(
                        m.caller, request(Bind.NUMBER), s.with(Bind.FLAGS, 0).readOnly()))
                .isEqualTo(Errno.EFAULT.returned());

        assertThat(m.image()).isEqualTo(before);
        assertThat(host.group().claim(this).isOk()).isTrue();
    }

    @Test
    void shouldBindADeviceOnce() {
        assertThat(d.bind(m.fd)).isZero();

        assertThat(d.bind(m.fd)).isEqualTo(EINVAL);
        VfioDeviceFile other = d.vfio.open();
        assertThat(other.ioctl(
                        m.caller,
                        request(Bind.NUMBER),
                        Structure.sized(Bind.BYTES).with(Bind.IOMMUFD, m.fd).buffer()))
                .isEqualTo(EINVAL);
        d.close();
        assertThat(other.ioctl(
                        m.caller,
                        request(Bind.NUMBER),
                        Structure.sized(Bind.BYTES).with(Bind.IOMMUFD, m.fd).buffer()))
                .isZero();
    }

    @Test
    void shouldNotBindWhatBelongsToSomebodyElse() {
        IommuGroup group = new IommuGroup(70);
        Device one = m.new Device(m.machine.device(0x20, group));
        Device two = m.new Device(m.machine.device(0x21, group));
        int other = m.process.files().open(m.node.open().value());
        Domain domain = m.machine.driver.newDomain(Domain.Kind.IDENTITY);
        m.machine.core.attach(host, NONE, domain);

        assertThat(d.bind(m.fd)).isEqualTo(Errno.EBUSY.returned());
        m.machine.core.detach(host, NONE);
        assertThat(d.bind(m.fd)).isZero();
        assertThat(one.bind(m.fd)).isZero();
        assertThat(two.bind(other)).isEqualTo(Errno.EPERM.returned());
        one.close();
        assertThat(two.bind(other)).isZero();
    }

    @Test
    void shouldRefuseAttachmentsOutOfForm() {
        d.bind(m.fd);
        int ioas = m.ioas();
        Structure s = Device.attachment(NONE, ioas);
        Structure p = Device.attachment(5, ioas);

        assertThat(d.file.ioctl(m.caller, request(Attach.NUMBER), UserBuffer.NULL))
                .isEqualTo(Errno.EFAULT.returned());
        assertThat(d.call(Attach.NUMBER, s.with(Attach.ARGSZ, 11))).isEqualTo(EINVAL);
        assertThat(d.call(Attach.NUMBER, s.with(Attach.ARGSZ, 12).with(Attach.FLAGS, 2)))
                .isEqualTo(EINVAL);
        assertThat(d.call(Attach.NUMBER, p.with(Attach.ARGSZ, 15))).isEqualTo(EINVAL);
        assertThat(d.call(Attach.NUMBER, p.resized(12).with(Attach.ARGSZ, 16))).isEqualTo(Errno.EFAULT.returned());
        assertThat(d.file.ioctl(m.caller, request(Detach.NUMBER), UserBuffer.NULL))
                .isEqualTo(Errno.EFAULT.returned());
        assertThat(d.call(Detach.NUMBER, Structure.sized(8).with(Detach.ARGSZ, 7)))
                .isEqualTo(EINVAL);
        assertThat(d.call(Detach.NUMBER, Structure.sized(8).with(Detach.FLAGS, 4)))
                .isEqualTo(EINVAL);
        assertThat(d.call(
                        Detach.NUMBER, Structure.sized(12).with(Detach.ARGSZ, 8).with(Detach.FLAGS, 1)))
                .isEqualTo(EINVAL);
        assertThat(m.iommufd().devices().attached(d.id(), NONE).isOk()).isFalse();

        assertThat(d.call(Attach.NUMBER, Device.attachment(NONE, ioas).resized(12)))
                .isZero();
        assertThat(d.call(Detach.NUMBER, Structure.sized(8))).isZero();
        assertThat(m.iommufd().devices().attached(d.id(), NONE).isOk()).isFalse();
    }

    @Test
    void shouldDetachWhatCannotBeTold() {
        d.bind(m.fd);
        int ioas = m.ioas();
        String before = m.image();

        assertThat(d.file.ioctl(
                        m.caller,
                        request(Attach.NUMBER),
                        Device.attachment(NONE, ioas).readOnly()))
                .isEqualTo(Errno.EFAULT.returned());

        assertThat(m.image()).isEqualTo(before);
        assertThat(d.read(0)).isEqualTo(-1);
    }

    @Test
    void shouldNotAttachWhileTheDeviceIsReset() {
        d.bind(m.fd);
        int ioas = m.ioas();

        d.vfio.resetting(true);
        assertThat(d.attach(ioas)).isEqualTo(Errno.EBUSY.returned());
        d.vfio.resetting(false);

        assertThat(d.attach(ioas)).isZero();
    }
}
