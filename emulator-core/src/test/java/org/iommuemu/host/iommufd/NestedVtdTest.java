// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.iommufd.IommufdMachine.NONE;
import static org.iommuemu.host.iommufd.IommufdMachine.PAGE;
import static org.iommuemu.host.iommufd.IommufdMachine.SCRATCH;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.host.iommufd.IommufdMachine.Device;
import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;
import org.iommuemu.host.iommufd.spec.HwptStructures.Invalidate;
import org.iommuemu.host.iommufd.spec.HwptStructures.VtdInvalidate;
import org.iommuemu.host.iommufd.spec.HwptStructures.VtdS1;
import org.iommuemu.host.iommufd.spec.IommufdRequest;
import org.iommuemu.vtd.spec.Descriptor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A guest's first stages on VT-d, and their invalidation. */
class NestedVtdTest {
    private static final long VA = 0x7000_1234_5000L;

    private final IommufdMachine m = new IommufdMachine(ControlledMachine.vtd());
    private final Guest guest = new Guest(m);
    private Device d;
    private int parent;
    private long root;
    private long data;
    private long leaf;

    @BeforeEach
    void prepare() {
        d = m.bind(0x10);
        parent = m.hwpt(Alloc.NEST_PARENT | Alloc.PASID, d.id(), guest.ioas());
        root = guest.page();
        data = guest.page();
        leaf = guest.map(root, VA, data);
    }

    @AfterEach
    void close() {
        m.close();
    }

    private Structure nested(int flags) {
        return GuestVtd.firstStage(m, d.id(), parent, root).with(Alloc.FLAGS, flags);
    }

    private int made(Structure s) {
        return m.made(IommufdRequest.HWPT_ALLOC, s, Alloc.OUT_HWPT_ID);
    }

    private long refused(Structure s) {
        String before = m.image();
        long returned = m.call(IommufdRequest.HWPT_ALLOC, s);
        assertThat(m.image()).isEqualTo(before);
        return returned;
    }

    private static Structure entry(long address, long pages) {
        return Structure.of(VtdInvalidate.BYTES)
                .with(VtdInvalidate.ADDR, address)
                .with(VtdInvalidate.NPAGES, pages);
    }

    private Structure invalidation(int table, Structure... entries) {
        return Structure.of(IommufdRequest.HWPT_INVALIDATE)
                .with(Invalidate.HWPT_ID, table)
                .with(Invalidate.DATA_UPTR, entries.length == 0 ? 0 : m.put(entries))
                .with(Invalidate.ENTRY_LEN, VtdInvalidate.BYTES)
                .with(Invalidate.ENTRY_NUM, entries.length);
    }

    private long invalidate(Structure s, int processed) {
        long returned = m.call(IommufdRequest.HWPT_INVALIDATE, s);
        assertThat(s.get(Invalidate.ENTRY_NUM)).isEqualTo(processed);
        return returned;
    }

    @Test
    void shouldTranslateByTheGuestsTableAndThenByItsMemory() {
        int table = made(nested(Alloc.PASID));
        long before = m.machine.driver.domainsInUse();

        assertThat(d.attach(table)).isZero();
        assertThat(d.attach(9, table)).isZero();

        assertThat(d.read(VA + 5)).isEqualTo(guest.physical(data) + 5).isPositive();
        assertThat(d.read(9, VA + 6)).isEqualTo(guest.physical(data) + 6);
        assertThat(d.read(VA + PAGE)).isEqualTo(-1);
        assertThat(m.machine.driver.domainsInUse()).isEqualTo((int) before);
        assertThat(m.destroy(parent)).isEqualTo(Errno.EBUSY.returned());
        assertThat(d.detach(NONE)).isZero();
        assertThat(d.read(VA)).isEqualTo(-1);
        assertThat(d.detach(9)).isZero();
        assertThat(m.destroy(table)).isZero();
        assertThat(m.destroy(parent)).isZero();
    }

    @Test
    void shouldForgetWhatTheGuestHasUnmappedAndInvalidated() {
        int table = made(nested(Alloc.PASID));
        d.attach(table);
        d.attach(9, table);
        assertThat(m.machine.prefetch(0x10, 9, VA)).isTrue();
        assertThat(d.read(VA)).isPositive();
        guest.write(leaf, 0);
        assertThat(d.read(VA)).as("the guest has not invalidated").isPositive();

        assertThat(invalidate(invalidation(table, entry(VA, 1)), 1)).isZero();

        assertThat(d.read(VA)).isEqualTo(-1);
        assertThat(d.read(9, VA)).isEqualTo(-1);
        assertThat(m.machine.isCachedByDevice(0x10, 9, VA)).isFalse();
    }

    @Test
    void shouldTellTheUnitWhetherTablesHaveGoneOnceForAllDevicesOfAPasid() {
        int table = made(nested(Alloc.PASID));
        Device other = m.bind(0x18);
        d.attach(9, table);
        other.attach(9, table);
        m.machine.consumed.clear();

        assertThat(invalidate(invalidation(table, entry(VA, 1).with(VtdInvalidate.FLAGS, VtdInvalidate.LEAF)), 1))
                .isZero();
        assertThat(invalidate(invalidation(table, entry(VA, 1)), 1)).isZero();

        assertThat(m.machine.consumed.stream()
                        .filter(c -> c.name().equals(Descriptor.PASID_IOTLB.name()))
                        .map(c -> Descriptor.IH.get(c.word1())))
                .containsExactly(1L, 0L);
    }

    @Test
    void shouldForgetEverythingWhenTheGuestSaysSo() {
        int table = made(nested(0));
        d.attach(table);
        long second = guest.map(root, VA + PAGE, data);
        assertThat(d.read(VA)).isPositive();
        assertThat(d.read(VA + PAGE)).isPositive();
        guest.write(leaf, 0);
        guest.write(second, 0);

        assertThat(invalidate(invalidation(table, entry(0, -1)), 1)).isZero();

        assertThat(d.read(VA)).isEqualTo(-1);
        assertThat(d.read(VA + PAGE)).isEqualTo(-1);
    }

    @Test
    void shouldSayHowManyInvalidationsWereDoneBeforeTheFirstThatCannotBe() {
        int table = made(nested(0));

        assertThat(invalidate(invalidation(table), 0)).isZero();
        assertThat(invalidate(invalidation(table, entry(VA, 1), entry(VA + 1, 1)), 1))
                .isEqualTo(Errno.EINVAL.returned());
        assertThat(invalidate(invalidation(table, entry(VA, -1)), 0)).isEqualTo(Errno.EINVAL.returned());
        assertThat(invalidate(
                        invalidation(
                                table,
                                entry(0, -1),
                                entry(VA, 3).with(VtdInvalidate.FLAGS, VtdInvalidate.LEAF),
                                entry(VA, 1).with(VtdInvalidate.FLAGS, 2)),
                        2))
                .isEqualTo(Errno.EOPNOTSUPP.returned());
        assertThat(invalidate(invalidation(table, entry(VA, 1).with(VtdInvalidate.RESERVED, 1)), 0))
                .isEqualTo(Errno.EOPNOTSUPP.returned());
        assertThat(invalidate(invalidation(table, entry(VA, 1)).with(Invalidate.ENTRY_LEN, 23), 0))
                .isEqualTo(Errno.EINVAL.returned());
        assertThat(invalidate(invalidation(table, entry(VA, 1), entry(VA, 1)).with(Invalidate.ENTRY_LEN, 32), 0))
                .isEqualTo(Errno.E2BIG.returned());
        assertThat(invalidate(invalidation(table, entry(VA, 1)).with(Invalidate.DATA_TYPE, 1), 0))
                .isEqualTo(Errno.EINVAL.returned());
        assertThat(invalidate(invalidation(table, entry(VA, 1)).with(Invalidate.RESERVED, 1), 0))
                .isEqualTo(Errno.EOPNOTSUPP.returned());
        assertThat(invalidate(invalidation(table, entry(VA, 1)).with(Invalidate.DATA_UPTR, 0), 0))
                .isEqualTo(Errno.EINVAL.returned());
        assertThat(invalidate(invalidation(table, entry(VA, 1)).with(Invalidate.ENTRY_LEN, 0), 0))
                .isEqualTo(Errno.EINVAL.returned());
        assertThat(invalidate(invalidation(table, entry(VA, 1)).with(Invalidate.DATA_UPTR, 0x77), 0))
                .isEqualTo(Errno.EFAULT.returned());
        assertThat(invalidate(invalidation(parent, entry(VA, 1)), 0)).isEqualTo(Errno.EINVAL.returned());
        assertThat(invalidate(invalidation(99, entry(VA, 1)), 0)).isEqualTo(Errno.ENOENT.returned());
        assertThat(invalidate(
                        invalidation(table, entry(VA, 1))
                                .with(Invalidate.DATA_UPTR, SCRATCH + 0x4000 - VtdInvalidate.BYTES)
                                .with(Invalidate.ENTRY_NUM, 0xFFFF_FFFFL),
                        1))
                .isEqualTo(Errno.EFAULT.returned());
    }

    @Test
    void shouldRefuseTablesThatAGuestCannotHave() {
        int plain = m.hwpt(0, d.id(), guest.ioas());
        int automatic = d.attached(guest.ioas());

        assertThat(refused(nested(Alloc.NEST_PARENT))).isEqualTo(Errno.EOPNOTSUPP.returned());
        assertThat(refused(nested(Alloc.DIRTY_TRACKING))).isEqualTo(Errno.EOPNOTSUPP.returned());
        assertThat(refused(nested(0x10))).isEqualTo(Errno.EOPNOTSUPP.returned());
        assertThat(refused(IommufdMachine.table(0, d.id(), parent))).isEqualTo(Errno.EOPNOTSUPP.returned());
        assertThat(refused(nested(0).with(Alloc.PT_ID, plain))).isEqualTo(Errno.EINVAL.returned());
        assertThat(refused(nested(0).with(Alloc.PT_ID, automatic))).isEqualTo(Errno.EINVAL.returned());
        assertThat(refused(nested(0).with(Alloc.PT_ID, guest.ioas()))).isEqualTo(Errno.EOPNOTSUPP.returned());
        assertThat(refused(nested(0).with(Alloc.DATA_TYPE, Alloc.DATA_NONE))).isEqualTo(Errno.EINVAL.returned());
        assertThat(refused(nested(0).with(Alloc.DATA_LEN, 0))).isEqualTo(Errno.EINVAL.returned());
        assertThat(refused(nested(0).with(Alloc.DATA_LEN, 23))).isEqualTo(Errno.EINVAL.returned());
        assertThat(refused(nested(0).with(Alloc.DATA_TYPE, Alloc.DATA_ARM_SMMUV3)))
                .isEqualTo(Errno.EOPNOTSUPP.returned());
        assertThat(refused(nested(0).with(Alloc.DATA_UPTR, 0x77))).isEqualTo(Errno.EFAULT.returned());
        assertThat(refused(nested(Alloc.FAULT_ID_VALID).with(Alloc.FAULT_ID, parent)))
                .isEqualTo(Errno.ENOENT.returned());
        assertThat(refused(GuestVtd.firstStage(
                        m,
                        d.id(),
                        parent,
                        Structure.of(VtdS1.BYTES).with(VtdS1.FLAGS, 8).with(VtdS1.ADDR_WIDTH, 48))))
                .isEqualTo(Errno.EOPNOTSUPP.returned());
        m.putAt(SCRATCH + VtdS1.BYTES, Structure.of(8).with(VtdS1.FLAGS, 1));
        assertThat(refused(nested(0).with(Alloc.DATA_LEN, VtdS1.BYTES + 8))).isEqualTo(Errno.E2BIG.returned());
    }

    @Test
    void shouldFindOutAtTheAttachmentThatTheUnitDoesNotHaveTheWidth() {
        Structure wide = Structure.of(VtdS1.BYTES).with(VtdS1.PGTBL_ADDR, root).with(VtdS1.ADDR_WIDTH, 39);
        int table = made(GuestVtd.firstStage(m, d.id(), parent, wide));

        assertThat(d.attach(table)).isEqualTo(Errno.EINVAL.returned());

        assertThat(d.read(VA)).isEqualTo(-1);
        assertThat(m.destroy(table)).isZero();
    }

    @Test
    void shouldWalkAGuestsTablesOfFiveLevels() {
        long top = guest.page();
        guest.write(top, root | 0x67);
        Structure wide = Structure.of(VtdS1.BYTES).with(VtdS1.PGTBL_ADDR, top).with(VtdS1.ADDR_WIDTH, 57);

        assertThat(d.attach(made(GuestVtd.firstStage(m, d.id(), parent, wide)))).isZero();

        assertThat(d.read(VA)).isEqualTo(guest.physical(data));
        assertThat(d.read(VA | 1L << 48)).isEqualTo(-1);
    }

    @Test
    void shouldReplaceAGuestsTableByItsMemory() {
        int table = made(nested(Alloc.PASID));
        d.attach(table);
        assertThat(d.read(VA)).isPositive();

        assertThat(d.attach(parent)).isZero();

        assertThat(d.read(VA)).isEqualTo(-1);
        assertThat(d.read(data)).isEqualTo(guest.physical(data));
        assertThat(d.attach(table)).isZero();
        assertThat(d.read(VA)).isEqualTo(guest.physical(data));
    }

    @Test
    void shouldLoseBothStagesOfWhatTheHostTakesAway() {
        d.attach(made(nested(0)));
        assertThat(d.read(VA)).isPositive();

        assertThat(m.unmap(guest.ioas(), 0, -1)).isZero();

        assertThat(d.read(VA)).isEqualTo(-1);
    }

    @Test
    void shouldHaveNoIommuOfAGuest() {
        assertThat(m.iommufd().viommus().allocate(1, d.id(), parent).errno()).isEqualTo(Errno.EOPNOTSUPP);
        assertThat(m.iommufd().viommus().allocate(0, d.id(), parent).errno()).isEqualTo(Errno.EOPNOTSUPP);
        assertThat(m.iommufd().viommus().allocate(1, 99, parent).errno()).isEqualTo(Errno.ENOENT);
    }
}
