// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.iommuemu.host.Domain;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A guest on VT-d has first stages of its own, each for one PASID, behind a second stage. */
class NestedVtdTest {
    private static final int NONE = IommuDriver.NO_PASID;
    private static final long AT = 0x5555_0000_1000L;
    private static final long OFFSET = GuestPages.OFFSET;

    static Stream<Maker> units() {
        return ControlledMachine.all().skip(1);
    }

    private static void run(Maker maker, BiConsumer<ControlledMachine, GuestPages> test) {
        try (ControlledMachine m = maker.make()) {
            test.accept(m, new GuestPages(m));
        }
    }

    private static Domain nest(ControlledMachine m, GuestPages guest, long root) {
        return m.driver.nest(guest.parent, new GuestTables.FirstStage(root, true, false, false));
    }

    @ParameterizedTest
    @MethodSource("units")
    void shouldTranslateByBothStagesForEachPasid(Maker maker) {
        run(maker, (m, guest) -> {
            HostDevice d = m.device(0x10);
            long root = guest.page();
            guest.map(root, AT, 0x40_0000);

            assertThat(m.core.attach(d, NONE, guest.parent).isOk()).isTrue();
            assertThat(m.core.attach(d, 3, nest(m, guest, root)).isOk()).isTrue();

            assertThat(m.read(0x10, 3, AT + 8)).isEqualTo(OFFSET + 0x40_0008);
            assertThat(m.read(0x10, 3, AT + 0x1000)).isEqualTo(-1);
            assertThat(m.read(0x10, NONE, 0x1234)).isEqualTo(OFFSET + 0x1234);
            assertThat(m.read(0x10, 4, AT)).isEqualTo(-1);
        });
    }

    @ParameterizedTest
    @MethodSource("units")
    void shouldInvalidateTlbsAndAtcsOfAllThatAreAttachedByOneRequest(Maker maker) {
        run(maker, (m, guest) -> {
            HostDevice one = m.device(0x10);
            HostDevice two = m.device(0x18);
            long root = guest.page();
            guest.map(root, AT, 0x40_0000);
            guest.map(root, AT + 0x1000, 0x40_1000);
            Domain nested = nest(m, guest, root);
            m.core.enableSva(one);
            m.core.enableSva(two);
            m.core.attach(one, 3, nested);
            m.core.attach(two, 3, nested);
            for (int stream : new int[] {0x10, 0x18}) {
                assertThat(m.prefetch(stream, 3, AT)).isTrue();
                assertThat(m.prefetch(stream, 3, AT + 0x1000)).isTrue();
                assertThat(m.read(stream, 3, AT)).isPositive();
            }
            guest.map(root, AT, 0x40_5000);

            m.core.guestInvalidate(nested, AT, 0x1000, 12);

            assertThat(m.isCachedByDevice(0x10, 3, AT)).isFalse();
            assertThat(m.isCachedByDevice(0x18, 3, AT)).isFalse();
            assertThat(m.isCachedByDevice(0x10, 3, AT + 0x1000)).isTrue();
            assertThat(m.read(0x10, 3, AT)).isEqualTo(OFFSET + 0x40_5000);
            assertThat(m.read(0x18, 3, AT)).isEqualTo(OFFSET + 0x40_5000);
            m.core.guestInvalidate(nested, 0, 0, 0);
            assertThat(m.isCachedByDevice(0x10, 3, AT + 0x1000)).isFalse();
            assertThat(m.staleAccesses()).isZero();
        });
    }

    @ParameterizedTest
    @MethodSource("units")
    void shouldInvalidateForAPasidWhoseDeviceHasNothingWithoutOne(Maker maker) {
        run(maker, (m, guest) -> {
            HostDevice d = m.device(0x10);
            long root = guest.page();
            guest.map(root, AT, 0x40_0000);
            Domain nested = nest(m, guest, root);
            m.core.enableSva(d);
            m.core.attach(d, 3, nested);
            assertThat(m.prefetch(0x10, 3, AT)).isTrue();
            guest.map(root, AT, 0x40_5000);

            m.core.guestInvalidate(nested, AT, 0x1000, 12);

            assertThat(m.isCachedByDevice(0x10, 3, AT)).isFalse();
            assertThat(m.read(0x10, 3, AT)).isEqualTo(OFFSET + 0x40_5000);
        });
    }

    @ParameterizedTest
    @MethodSource("units")
    void shouldFollowTheSecondStage(Maker maker) {
        run(maker, (m, guest) -> {
            HostDevice d = m.device(0x10);
            long root = guest.page();
            guest.map(root, AT, 0x40_0000);
            m.core.enableSva(d);
            m.core.attach(d, 3, nest(m, guest, root));
            assertThat(m.prefetch(0x10, 3, AT)).isTrue();
            assertThat(m.read(0x10, 3, AT)).isPositive();

            m.driver.unmap(guest.parent, 0x40_0000, 0x20_0000, 21);

            assertThat(m.isCachedByDevice(0x10, 3, AT)).isFalse();
            assertThat(m.read(0x10, 3, AT)).isEqualTo(-1);
            assertThat(m.staleAccesses()).isZero();
        });
    }

    @ParameterizedTest
    @MethodSource("units")
    void shouldLeaveNothingOfADetachedPasid(Maker maker) {
        run(maker, (m, guest) -> {
            HostDevice d = m.device(0x10);
            long root = guest.page();
            guest.map(root, AT, 0x40_0000);
            m.core.enableSva(d);
            m.core.attach(d, NONE, guest.parent);
            m.core.attach(d, 4, nest(m, guest, root));
            String before = m.tables();
            Domain nested = nest(m, guest, root);
            m.core.attach(d, 3, nested);
            assertThat(m.prefetch(0x10, 3, AT)).isTrue();

            m.core.detach(d, 3);
            m.driver.free(nested);

            assertThat(m.tables()).isEqualTo(before);
            assertThat(m.isCachedByDevice(0x10, 3, AT)).isFalse();
            assertThat(m.read(0x10, 3, AT)).isEqualTo(-1);
            assertThat(m.read(0x10, 4, AT)).isEqualTo(OFFSET + 0x40_0000);
        });
    }

    @ParameterizedTest
    @MethodSource("units")
    void shouldTellFirstStagesOfOneGuestApartOnDevicesThatUseTheSamePasid(Maker maker) {
        run(maker, (m, guest) -> {
            HostDevice one = m.device(0x10);
            HostDevice two = m.device(0x18);
            long first = guest.page();
            long second = guest.page();
            guest.map(first, AT, 0x40_0000);
            guest.map(second, AT, 0x40_1000);

            for (int pasid : new int[] {NONE, 3}) {
                m.core.attach(one, pasid, nest(m, guest, first));
                m.core.attach(two, pasid, nest(m, guest, second));

                assertThat(m.read(0x10, pasid, AT)).isEqualTo(OFFSET + 0x40_0000);
                assertThat(m.read(0x18, pasid, AT)).isEqualTo(OFFSET + 0x40_1000);
            }
            m.driver.unmap(guest.parent, 0x40_0000, 0x20_0000, 21);
            assertThat(m.read(0x10, 3, AT)).isEqualTo(-1);
            assertThat(m.read(0x18, NONE, AT)).isEqualTo(-1);
            assertThat(m.staleAccesses()).isZero();
        });
    }

    @ParameterizedTest
    @MethodSource("units")
    void shouldHaveNoPasidTableOfAGuest(Maker maker) {
        run(maker, (m, guest) -> {
            HostDevice d = m.device(0x10);
            String before = m.image();

            assertThat(m.core.bindPasidTable(d, guest.parent, new GuestTables.Contexts(1, 0))
                            .errno())
                    .isEqualTo(Errno.EOPNOTSUPP);
            assertThat(m.driver.guestInvalidate(guest.parent, id -> OptionalInt.of(0x10), 0x10, 0))
                    .isFalse();

            assertThat(m.image()).isEqualTo(before);
        });
    }
}
