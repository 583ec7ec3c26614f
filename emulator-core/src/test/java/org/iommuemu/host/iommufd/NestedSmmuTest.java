// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.iommufd.IommufdMachine.NONE;
import static org.iommuemu.host.iommufd.IommufdMachine.PAGE;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.iommufd.IommufdMachine.Device;
import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;
import org.iommuemu.host.iommufd.spec.HwptStructures.Invalidate;
import org.iommuemu.host.iommufd.spec.HwptStructures.SmmuCommand;
import org.iommuemu.host.iommufd.spec.IommufdRequest;
import org.iommuemu.host.iommufd.spec.ViommuStructures.VdeviceAlloc;
import org.iommuemu.host.iommufd.spec.ViommuStructures.ViommuAlloc;
import org.iommuemu.smmuv3.spec.Cd;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Ste;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A guest's contexts on SMMUv3, its IOMMU, its devices and its commands. */
class NestedSmmuTest {
    private static final long VA = 0x7000_1234_5000L;
    private static final long VIRTUAL = 0x77;
    private static final int ASID = 3;

    private final IommufdMachine m = new IommufdMachine(ControlledMachine.smmuv3());
    private final Guest guest = new Guest(m);
    private Device d;
    private int parent;
    private int viommu;
    private long root;
    private long contexts;
    private long data;
    private long leaf;

    @BeforeEach
    void prepare() {
        d = m.bind(0x10);
        parent = m.hwpt(Alloc.NEST_PARENT, d.id(), guest.ioas());
        viommu = m.iommufd()
                .viommus()
                .allocate(ViommuAlloc.TYPE_ARM_SMMUV3, d.id(), parent)
                .value();
        contexts = guest.page();
        root = guest.page();
        data = guest.page();
        leaf = guest.map(root, VA, data);
        guest.write(contexts, GuestSmmu.context(ASID, root));
        guest.write(contexts + Cd.BYTES, GuestSmmu.context(ASID + 1, root));
    }

    @AfterEach
    void close() {
        m.close();
    }

    private Structure nested(int flags) {
        return GuestSmmu.table(m, d.id(), viommu, GuestSmmu.streamEntry(contexts, 1))
                .with(Alloc.FLAGS, flags);
    }

    private int made(Structure s) {
        return m.made(IommufdRequest.HWPT_ALLOC, s, Alloc.OUT_HWPT_ID);
    }

    private int known() {
        return m.iommufd().viommus().allocateDevice(viommu, d.id(), VIRTUAL).value();
    }

    private static Structure command(Command c, long word0, long word1) {
        return Structure.of(SmmuCommand.BYTES)
                .with(SmmuCommand.CMD0, Command.OPCODE.of(c.opcode()) | word0)
                .with(SmmuCommand.CMD1, word1);
    }

    private Structure commands(int to, Structure... all) {
        return Structure.of(IommufdRequest.HWPT_INVALIDATE)
                .with(Invalidate.HWPT_ID, to)
                .with(Invalidate.DATA_TYPE, Invalidate.DATA_ARM_SMMUV3)
                .with(Invalidate.DATA_UPTR, all.length == 0 ? 0 : m.put(all))
                .with(Invalidate.ENTRY_LEN, SmmuCommand.BYTES)
                .with(Invalidate.ENTRY_NUM, all.length);
    }

    private long send(int processed, Structure... all) {
        Structure s = commands(viommu, all);
        long returned = m.call(IommufdRequest.HWPT_INVALIDATE, s);
        assertThat(s.get(Invalidate.ENTRY_NUM)).isEqualTo(processed);
        return returned;
    }

    @Test
    void shouldTranslateByTheGuestsContextsAndThenByItsMemory() {
        int table = made(nested(0));
        known();

        assertThat(d.attach(table)).isZero();

        assertThat(d.read(VA + 5)).isEqualTo(guest.physical(data) + 5).isPositive();
        assertThat(d.read(1, VA + 6)).isEqualTo(guest.physical(data) + 6);
        assertThat(d.read(2, VA)).isEqualTo(-1);
        assertThat(d.read(VA + PAGE)).isEqualTo(-1);
        assertThat(m.destroy(viommu)).isEqualTo(Errno.EBUSY.returned());
        assertThat(d.detach(NONE)).isZero();
        assertThat(d.read(VA)).isEqualTo(-1);
        assertThat(d.read(1, VA)).isEqualTo(-1);
        assertThat(m.destroy(table)).isZero();
    }

    @Test
    void shouldForgetWhatTheGuestHasUnmappedAndInvalidated() {
        known();
        d.attach(made(nested(0)));
        assertThat(d.read(VA)).isPositive();
        assertThat(d.read(1, VA)).isPositive();
        assertThat(m.machine.prefetch(0x10, 1, VA)).isTrue();
        guest.write(leaf, 0);

        assertThat(send(1, command(Command.TLBI_NH_VA, Command.ASID.of(ASID) | Command.VMID.of(999), VA)))
                .isZero();
        assertThat(d.read(VA)).isEqualTo(-1);
        assertThat(d.read(1, VA)).as("another ASID").isPositive();
        assertThat(send(1, command(Command.TLBI_NSNH_ALL, 0, 0))).isZero();
        assertThat(d.read(1, VA)).isEqualTo(-1);
        assertThat(m.machine.isCachedByDevice(0x10, 1, VA)).isTrue();
        long pasid = Command.SSV.of(1) | Command.SSID.of(1);
        assertThat(send(1, command(Command.ATC_INV, Command.SID.of(VIRTUAL) | pasid, VA)))
                .isZero();
        assertThat(m.machine.isCachedByDevice(0x10, 1, VA)).isFalse();
    }

    @Test
    void shouldTakeAtsFromADeviceThatDoesNotAnswerTheGuestsInvalidation() {
        known();
        d.attach(made(nested(0)));
        m.machine.driver.enableAts(0x10);
        assertThat(m.machine.prefetch(0x10, 1, VA)).isTrue();
        List<Integer> silent = new ArrayList<>();
        m.machine.driver.onSilence(silent::add);
        m.machine.devices.silent = true;

        assertThat(send(1, command(Command.ATC_INV, Command.SID.of(VIRTUAL), VA)))
                .isZero();

        assertThat(silent).containsExactly(0x10);
        assertThat(m.machine.prefetch(0x10, 1, VA)).isFalse();
    }

    @Test
    void shouldForgetContextsThatTheGuestHasChangedByTheGuestsNumberOfTheDevice() {
        known();
        d.attach(made(nested(0)));
        assertThat(d.read(1, VA)).isPositive();
        guest.write(contexts + Cd.BYTES, 0);
        long sid = Command.SID.of(VIRTUAL);

        assertThat(send(1, command(Command.CFGI_CD, sid | Command.SSV.of(1) | Command.SSID.of(1), 1)))
                .isZero();

        assertThat(d.read(1, VA)).isEqualTo(-1);
        assertThat(d.read(VA)).isPositive();
        guest.write(contexts, 0);
        assertThat(send(
                        3,
                        command(Command.CFGI_CD_ALL, sid, 0),
                        command(Command.TLBI_NH_ALL, 0, 0),
                        command(Command.TLBI_NH_ASID, Command.ASID.of(ASID), 0)))
                .isZero();
        assertThat(d.read(VA)).isEqualTo(-1);
    }

    @Test
    void shouldRefuseCommandsThatAreNotAGuests() {
        known();
        for (Command c : Command.values()) {
            boolean device = c == Command.ATC_INV || c == Command.CFGI_CD || c == Command.CFGI_CD_ALL;
            boolean tlb = c == Command.TLBI_NH_ALL
                    || c == Command.TLBI_NH_ASID
                    || c == Command.TLBI_NH_VA
                    || c == Command.TLBI_NH_VAA
                    || c == Command.TLBI_NSNH_ALL;
            long own = send(tlb ? 1 : 0, command(c, Command.SID.of(0x10), 0));
            assertThat(own).as(c.name()).isEqualTo(tlb ? 0 : Errno.EIO.returned());
            if (device) {
                assertThat(send(1, command(c, Command.SID.of(VIRTUAL), 0)))
                        .as(c.name())
                        .isZero();
            }
        }
        assertThat(send(1, command(Command.TLBI_NH_ALL, 0, 0), command(Command.SYNC, 0, 0)))
                .isEqualTo(Errno.EIO.returned());
        assertThat(send(0)).isZero();
        int table = made(nested(0));
        assertThat(m.call(IommufdRequest.HWPT_INVALIDATE, commands(table))).isEqualTo(Errno.EOPNOTSUPP.returned());
        assertThat(m.call(IommufdRequest.HWPT_INVALIDATE, commands(parent))).isEqualTo(Errno.EINVAL.returned());
        assertThat(m.call(IommufdRequest.HWPT_INVALIDATE, commands(viommu).with(Invalidate.DATA_TYPE, 0)))
                .isEqualTo(Errno.EINVAL.returned());
    }

    @Test
    void shouldAttachContextsOnlyOfDevicesThatTheGuestKnows() {
        int table = made(nested(0));
        int abort = made(GuestSmmu.table(m, d.id(), viommu, GuestSmmu.streamEntry(0, 0L)));
        long bypassing = Ste.V.mask() | Ste.CONFIG.of(4);
        int bypass = made(GuestSmmu.table(m, d.id(), viommu, GuestSmmu.streamEntry(bypassing, 0L)));

        assertThat(d.attach(table)).isEqualTo(Errno.ENOENT.returned());
        assertThat(d.attach(bypass)).isZero();
        assertThat(d.read(data)).isEqualTo(guest.physical(data));
        assertThat(d.attach(abort)).isZero();
        assertThat(d.read(data)).isEqualTo(-1);
        known();
        assertThat(d.attach(table)).isZero();
        assertThat(d.read(VA)).isPositive();
    }

    @Test
    void shouldRefuseStreamEntriesThatAGuestCannotHave() {
        String before = m.image();

        for (long[] words : new long[][] {
            {Ste.V.mask() | Ste.CONFIG.of(6), 0},
            {Ste.V.mask() | Ste.CONFIG.of(7), 0},
            {Ste.V.mask() | Ste.CONFIG.of(1), 0},
            {Ste.V.mask() | Ste.CONFIG.of(5) | 1L << 56, 0},
            {Ste.V.mask() | Ste.CONFIG.of(5), Ste.EATS.of(2)},
            {Ste.V.mask() | Ste.CONFIG.of(5), Ste.STRW.of(2)},
            {Ste.V.mask() | Ste.CONFIG.of(5), 1L << 40},
        }) {
            Structure s = GuestSmmu.table(m, d.id(), viommu, GuestSmmu.streamEntry(words[0], words[1]));
            assertThat(m.call(IommufdRequest.HWPT_ALLOC, s)).isEqualTo(Errno.EIO.returned());
        }
        assertThat(m.call(IommufdRequest.HWPT_ALLOC, nested(Alloc.PASID))).isEqualTo(Errno.EOPNOTSUPP.returned());
        assertThat(m.call(IommufdRequest.HWPT_ALLOC, nested(0).with(Alloc.PT_ID, parent)))
                .isEqualTo(Errno.EOPNOTSUPP.returned());
        assertThat(m.call(IommufdRequest.HWPT_ALLOC, nested(0).with(Alloc.DATA_TYPE, Alloc.DATA_VTD_S1)))
                .isEqualTo(Errno.EINVAL.returned());
        assertThat(m.call(IommufdRequest.HWPT_ALLOC, nested(0).with(Alloc.DATA_LEN, 8)))
                .isEqualTo(Errno.EINVAL.returned());

        assertThat(m.image()).isEqualTo(before);
    }

    @Test
    void shouldHaveNoPasidsOfTheHostBesideAGuests() {
        int ioas = m.ioas();
        int pasids = m.hwpt(Alloc.PASID, d.id(), ioas);
        assertThat(m.call(
                        IommufdRequest.HWPT_ALLOC, IommufdMachine.table(Alloc.PASID | Alloc.NEST_PARENT, d.id(), ioas)))
                .isEqualTo(Errno.EOPNOTSUPP.returned());
        known();

        assertThat(d.attach(4, pasids)).isZero();
        assertThat(d.attach(parent)).isEqualTo(Errno.EINVAL.returned());
        assertThat(d.attach(made(nested(0)))).isEqualTo(Errno.EINVAL.returned());
        assertThat(d.detach(4)).isZero();
        assertThat(d.attach(parent)).isZero();
        assertThat(d.attach(4, pasids)).isEqualTo(Errno.EINVAL.returned());
    }

    @Test
    void shouldKnowADeviceByOneNumberAndANumberForOneDevice() {
        Device e = m.bind(0x20);
        int seen = known();
        ViommuCalls calls = m.iommufd().viommus();

        assertThat(calls.allocateDevice(viommu, d.id(), 5).errno()).isEqualTo(Errno.EEXIST);
        assertThat(calls.allocateDevice(viommu, e.id(), VIRTUAL).errno()).isEqualTo(Errno.EEXIST);
        assertThat(calls.allocateDevice(parent, e.id(), 5).errno()).isEqualTo(Errno.ENOENT);
        assertThat(calls.allocateDevice(viommu, parent, 5).errno()).isEqualTo(Errno.ENOENT);
        Structure s = Structure.of(IommufdRequest.VDEVICE_ALLOC)
                .with(VdeviceAlloc.VIOMMU_ID, viommu)
                .with(VdeviceAlloc.DEV_ID, e.id())
                .with(VdeviceAlloc.VIRT_ID, -1);
        assertThat(m.call(IommufdRequest.VDEVICE_ALLOC, s)).isZero();
        assertThat(m.destroy(viommu)).isEqualTo(Errno.EBUSY.returned());
        assertThat(m.destroy(s.getInt(VdeviceAlloc.OUT_VDEVICE_ID))).isZero();
        d.close();
        assertThat(m.iommufd().ids())
                .as("a number stays until its user gives it up")
                .contains(seen);
        assertThat(calls.allocateDevice(viommu, e.id(), VIRTUAL).isOk()).isTrue();

        assertThat(m.destroy(seen)).isZero();
    }

    @Test
    void shouldBePartOfAParentAlone() {
        int plain = m.hwpt(0, d.id(), guest.ioas());
        ViommuCalls calls = m.iommufd().viommus();

        assertThat(calls.allocate(ViommuAlloc.TYPE_ARM_SMMUV3, d.id(), plain).errno())
                .isEqualTo(Errno.EINVAL);
        assertThat(calls.allocate(ViommuAlloc.TYPE_ARM_SMMUV3, d.id(), guest.ioas())
                        .errno())
                .isEqualTo(Errno.ENOENT);
        assertThat(calls.allocate(2, d.id(), parent).errno()).isEqualTo(Errno.EOPNOTSUPP);
        assertThat(m.destroy(parent)).isEqualTo(Errno.EBUSY.returned());
        assertThat(m.destroy(viommu)).isZero();
        assertThat(m.destroy(parent)).isZero();
    }
}
