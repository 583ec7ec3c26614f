// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import org.iommuemu.host.Domain;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Ste;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** A guest on SMMUv3 has a table of contexts of its own, behind a second stage, and invalidates by commands that are passed on. */
class NestedSmmuTest {
    private static final int NONE = IommuDriver.NO_PASID;
    private static final int STREAM = 0x10;
    /** What the guest takes the device for, and itself. */
    private static final int VIRTUAL_STREAM = 0x77;

    private static final int VIRTUAL_VMID = 0x99;
    private static final long AT = 0x5555_0000_1000L;
    private static final long OFFSET = GuestPages.OFFSET;

    private final ControlledMachine m = ControlledMachine.smmuv3();
    private final HostDevice device = m.device(STREAM);
    private final GuestPages guest = new GuestPages(m);
    private final long contexts = guest.page();
    private final long first = guest.page();
    private final long second = guest.page();

    @BeforeEach
    void bind() {
        guest.map(first, AT, 0x40_0000);
        guest.map(second, AT, 0x40_1000);
        guest.context(contexts, 0, 1, first);
        guest.context(contexts, 2, 2, second);
        assertThat(m.core.enableSva(device).isOk()).isTrue();
    }

    @AfterEach
    void close() {
        m.close();
    }

    private GuestTables.Contexts table() {
        long word0 = Ste.V.of(1)
                | Ste.CONFIG.of(Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_1)
                | Ste.S1_CONTEXT_PTR.inPlace(contexts)
                | Ste.S1CDMAX.of(2);
        long[] words = new long[Ste.WORDS];
        Ste.S1DSS.set(words, Ste.S1DSS_SUBSTREAM_0);
        return new GuestTables.Contexts(word0, words[1]);
    }

    private Domain attach() {
        assertThat(m.core.bindPasidTable(device, guest.parent, table()).isOk()).isTrue();
        return m.core.attached(device, NONE);
    }

    private long nested(long guestPhysical) {
        return guestPhysical + OFFSET;
    }

    @Test
    void shouldTranslateByTheGuestsContextsAndTheSecondStage() {
        attach();

        assertThat(m.read(STREAM, NONE, AT + 8)).isEqualTo(nested(0x40_0008));
        assertThat(m.read(STREAM, 2, AT + 8)).isEqualTo(nested(0x40_1008));
        assertThat(m.read(STREAM, 1, AT)).isEqualTo(-1);
        assertThat(m.read(STREAM, 2, AT + 0x1000)).isEqualTo(-1);
    }

    @Test
    void shouldGiveTheDeviceBackToTheSecondStageAlone() {
        assertThat(m.core.attach(device, NONE, guest.parent).isOk()).isTrue();
        String before = m.tables();
        attach();
        assertThat(m.read(STREAM, 2, AT)).isEqualTo(nested(0x40_1000));

        m.core.unbindPasidTable(device);

        assertThat(m.tables()).isEqualTo(before);
        assertThat(m.read(STREAM, NONE, 0x1234)).isEqualTo(nested(0x1234));
        assertThat(m.read(STREAM, 2, AT)).isEqualTo(-1);
        assertThat(m.staleAccesses()).isZero();
    }

    @Test
    void shouldUseAContextThatTheGuestHasChangedOnceItSaysSo() {
        Domain nested = attach();
        assertThat(m.read(STREAM, 2, AT)).isEqualTo(nested(0x40_1000));
        guest.context(contexts, 2, 3, first);
        assertThat(m.read(STREAM, 2, AT)).isEqualTo(nested(0x40_1000));

        boolean let = m.driver.guestInvalidate(
                nested,
                id -> OptionalInt.of(STREAM),
                Command.OPCODE.of(Command.CFGI_CD.opcode()) | Command.SID.of(VIRTUAL_STREAM) | Command.SSID.of(2),
                Command.LEAF.of(1));

        assertThat(let).isTrue();
        assertThat(m.read(STREAM, 2, AT)).isEqualTo(nested(0x40_0000));
    }

    @ParameterizedTest
    @EnumSource(
            value = Command.class,
            names = {"TLBI_NSNH_ALL", "TLBI_NH_ALL", "TLBI_NH_ASID", "TLBI_NH_VA", "TLBI_NH_VAA"})
    void shouldInvalidateWhatTheGuestHasUnmappedWhateverVmidItWrites(Command command) {
        Domain nested = attach();
        assertThat(m.read(STREAM, 2, AT)).isEqualTo(nested(0x40_1000));
        guest.map(second, AT, 0x40_5000);

        boolean let = m.driver.guestInvalidate(
                nested,
                id -> OptionalInt.of(STREAM),
                Command.OPCODE.of(command.opcode()) | Command.VMID.of(VIRTUAL_VMID) | Command.ASID.of(2),
                Command.ADDRESS.inPlace(AT));

        assertThat(let).isTrue();
        assertThat(m.read(STREAM, 2, AT)).isEqualTo(nested(0x40_5000));
        assertThat(m.staleAccesses()).isZero();
    }

    @Test
    void shouldLeaveAloneWhatAnotherGuestHas() {
        HostDevice other = m.device(0x18);
        GuestPages otherGuest = new GuestPages(m);
        long otherContexts = otherGuest.page();
        long root = otherGuest.page();
        otherGuest.map(root, AT, 0x40_2000);
        otherGuest.context(otherContexts, 0, 2, root);
        long word0 = Ste.V.of(1)
                | Ste.CONFIG.of(Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_1)
                | Ste.S1_CONTEXT_PTR.inPlace(otherContexts);
        m.core.bindPasidTable(other, otherGuest.parent, new GuestTables.Contexts(word0, 0));
        Domain nested = attach();
        assertThat(m.read(0x18, NONE, AT)).isPositive();
        assertThat(m.read(STREAM, 2, AT)).isPositive();
        int held = m.unit.iotlb().cache().size();

        m.driver.guestInvalidate(
                nested, id -> OptionalInt.of(STREAM), Command.OPCODE.of(Command.TLBI_NH_ALL.opcode()), 0);

        assertThat(m.unit.iotlb().cache().size()).isEqualTo(held - 1);
    }

    @Test
    void shouldInvalidateTheDevicesAtcByTheGuestsCommand() {
        Domain nested = attach();
        assertThat(m.prefetch(STREAM, 2, AT)).isTrue();
        guest.map(second, AT, 0);
        long asid = Command.OPCODE.of(Command.TLBI_NH_ASID.opcode()) | Command.ASID.of(2);
        m.driver.guestInvalidate(nested, id -> OptionalInt.of(STREAM), asid, 0);
        assertThat(m.isCachedByDevice(STREAM, 2, AT)).isTrue();

        long inv = Command.OPCODE.of(Command.ATC_INV.opcode())
                | Command.SID.of(VIRTUAL_STREAM)
                | Command.SSV.of(1)
                | Command.SSID.of(2);
        assertThat(m.driver.guestInvalidate(nested, id -> OptionalInt.of(STREAM), inv, Command.ADDRESS.inPlace(AT)))
                .isTrue();

        assertThat(m.isCachedByDevice(STREAM, 2, AT)).isFalse();
    }

    @ParameterizedTest
    @EnumSource(
            value = Command.class,
            mode = Mode.EXCLUDE,
            names = {
                "TLBI_NSNH_ALL",
                "TLBI_NH_ALL",
                "TLBI_NH_ASID",
                "TLBI_NH_VA",
                "TLBI_NH_VAA",
                "ATC_INV",
                "CFGI_CD",
                "CFGI_CD_ALL"
            })
    void shouldLetNoOtherCommandThrough(Command command) {
        Domain nested = attach();
        m.read(STREAM, 2, AT);
        String before = m.image();

        boolean let =
                m.driver.guestInvalidate(nested, id -> OptionalInt.of(STREAM), Command.OPCODE.of(command.opcode()), 0);

        assertThat(let).isFalse();
        assertThat(m.image()).isEqualTo(before);
    }

    @Test
    void shouldGoOnAfterAnIllegalCommandOfTheGuest() {
        Domain nested = attach();
        m.read(STREAM, 2, AT);
        long rangeOfNothing = Command.OPCODE.of(Command.TLBI_NH_VA.opcode()) | Command.ASID.of(2);

        assertThat(m.driver.guestInvalidate(nested, id -> OptionalInt.of(STREAM), rangeOfNothing, Command.TG.of(1)))
                .isTrue();
        assertThat(m.driver.guestInvalidate(nested, id -> OptionalInt.of(STREAM), 0xFF, 0))
                .isFalse();

        guest.map(second, AT, 0x40_5000);
        m.driver.guestInvalidate(
                nested, id -> OptionalInt.of(STREAM), Command.OPCODE.of(Command.TLBI_NH_ALL.opcode()), 0);
        assertThat(m.read(STREAM, 2, AT)).isEqualTo(nested(0x40_5000));
    }

    @Test
    void shouldFollowTheSecondStage() {
        attach();
        assertThat(m.prefetch(STREAM, 2, AT)).isTrue();
        assertThat(m.read(STREAM, NONE, AT)).isEqualTo(nested(0x40_0000));

        m.driver.unmap(guest.parent, 0x40_0000, 0x20_0000, 21);

        assertThat(m.isCachedByDevice(STREAM, 2, AT)).isFalse();
        assertThat(m.read(STREAM, NONE, AT)).isEqualTo(-1);
        assertThat(m.read(STREAM, 2, AT)).isEqualTo(-1);
        assertThat(m.staleAccesses()).isZero();
    }

    @Test
    void shouldRefuseASecondTableAndOneBesideTheHostsPasids() {
        attach();
        assertThat(m.core.bindPasidTable(device, guest.parent, table()).errno()).isEqualTo(Errno.EBUSY);
        HostDevice other = m.device(0x20);
        Domain own = m.driver.newDomain(Domain.Kind.FIRST_STAGE);
        assertThat(m.core.attach(other, 5, own).isOk()).isTrue();
        String before = m.image();

        assertThat(m.core.bindPasidTable(other, guest.parent, table()).errno()).isEqualTo(Errno.EBUSY);
        assertThat(m.core.bindPasidTable(other, own, table()).errno()).isEqualTo(Errno.EINVAL);
        assertThat(m.core.attach(device, 5, own).errno()).isEqualTo(Errno.EINVAL);

        assertThat(m.image()).isEqualTo(before);
    }
}
