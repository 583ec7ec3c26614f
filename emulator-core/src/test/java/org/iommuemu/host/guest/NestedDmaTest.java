// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.host.GuestInvalidation.Cache;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.control.ControlledMachine;
import org.iommuemu.smmuv3.spec.Ste;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What devices reach through a guest's own tables, and what the guest has to say when it changes them. */
class NestedDmaTest {
    private static final long AT = GuestSetup.AT;
    private static final long NEXT = AT + 0x1000;
    private static final long PAGE = EmulatedGuest.OFFSET + GuestSetup.PAGE;
    private static final int ASID = 9;

    /** What a guest can ask for when it has unmapped {@link #AT} of PASID p. */
    enum Asked {
        GUEST,
        SPACE,
        RANGE;

        CacheInvalidation of(int pasid, Cache cache) {
            return switch (this) {
                case GUEST -> CacheInvalidation.all(cache);
                case SPACE -> CacheInvalidation.pasid(pasid, ASID, cache);
                case RANGE -> CacheInvalidation.pages(pasid, ASID, AT, 1, cache);
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void shouldDropWhatTheGuestUnmappedAndNotBefore(Asked asked) {
        try (GuestSetup s = GuestSetup.vtd()) {
            EmulatedGuest.Tables tables = s.guest.tables();
            tables.map(AT, GuestSetup.PAGE);
            tables.map(NEXT, GuestSetup.PAGE + 0x1000);
            int pasid = s.bound(tables);
            assertThat(s.machine.read(0x10, pasid, AT)).isEqualTo(PAGE);
            assertThat(s.machine.read(0x10, pasid, NEXT)).isEqualTo(PAGE + 0x1000);

            tables.unmap(AT);

            assertThat(s.machine.read(0x10, pasid, AT)).as("stale").isEqualTo(PAGE);
            assertThat(s.machine.staleAccesses()).isPositive();
            s.container.invalidate(asked.of(pasid, Cache.TRANSLATIONS)).value();
            assertThat(s.machine.read(0x10, pasid, AT)).isEqualTo(-1);
            assertThat(s.machine.read(0x10, pasid, NEXT)).isEqualTo(PAGE + 0x1000);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SPACE", "RANGE"})
    void shouldDropWhatAtcsHold(Asked asked) {
        try (GuestSetup s = GuestSetup.vtd()) {
            int pasid = s.bound();
            int other = s.bound();
            assertThat(s.machine.prefetch(0x10, pasid, AT)).isTrue();
            assertThat(s.machine.prefetch(0x18, pasid, AT)).isTrue();
            assertThat(s.machine.prefetch(0x10, other, AT)).isTrue();

            s.container.invalidate(asked.of(pasid, Cache.DEVICE_TRANSLATIONS)).value();

            assertThat(s.machine.isCachedByDevice(0x10, pasid, AT)).isFalse();
            assertThat(s.machine.isCachedByDevice(0x18, pasid, AT)).isFalse();
            assertThat(s.machine.isCachedByDevice(0x10, other, AT)).isTrue();
        }
    }

    @Test
    void shouldLeaveAtcsAloneWhereTheWholeGuestIsInvalidated() {
        try (GuestSetup s = GuestSetup.vtd()) {
            int pasid = s.bound();
            assertThat(s.machine.prefetch(0x10, pasid, AT)).isTrue();

            s.container.invalidate(CacheInvalidation.all(Cache.TRANSLATIONS)).value();

            assertThat(s.machine.isCachedByDevice(0x10, pasid, AT)).isTrue();
        }
    }

    @Test
    void shouldKeepGuestsApart() {
        try (GuestSetup s = GuestSetup.vtd()) {
            int pasid = s.bound();
            GuestContainer second =
                    s.containers.open(s.caller, GuestOptions.STANDARD).value();
            second.attach(s.machine.device(0x20).group()).value();
            EmulatedGuest.Tables tables = s.guest.tables();
            tables.map(AT, GuestSetup.PAGE + 0x5000);
            s.machine.driver.map(second.memory(), 0, EmulatedGuest.OFFSET, 64 << 20, 21, 3);
            int its = second.allocatePasid(1, 100).value();
            second.bind(its, GuestSetup.firstStage(tables)).value();
            assertThat(s.machine.read(0x10, pasid, AT)).isEqualTo(PAGE);
            assertThat(s.machine.read(0x20, its, AT)).isEqualTo(PAGE + 0x5000);
            tables.unmap(AT);

            s.container
                    .invalidate(CacheInvalidation.pasid(its, ASID, Cache.TRANSLATIONS))
                    .value();

            assertThat(s.machine.read(0x20, its, AT)).as("still there").isEqualTo(PAGE + 0x5000);
            second.invalidate(CacheInvalidation.pasid(its, ASID, Cache.TRANSLATIONS))
                    .value();
            assertThat(s.machine.read(0x20, its, AT)).isEqualTo(-1);
            assertThat(s.machine.read(0x20, pasid, AT)).isEqualTo(-1);
        }
    }

    /** Corner case 29, with the invalidations that go with it. */
    @ParameterizedTest
    @EnumSource
    @DisplayName("Case 29")
    void shouldHaveAGuestsOwnPasidsOnAnSmmuByItsTableOfContexts(Asked asked) {
        try (GuestSetup s = new GuestSetup(ControlledMachine.smmuv3(), GuestOptions.STANDARD)) {
            EmulatedGuest.Tables tables = s.guest.tables();
            tables.map(AT, GuestSetup.PAGE);
            tables.map(NEXT, GuestSetup.PAGE + 0x1000);
            String before = s.machine.tables();
            assertThat(s.container.bind(5, GuestSetup.firstStage(tables)).errno())
                    .isEqualTo(Errno.EOPNOTSUPP);

            long table = s.guest.contexts(8);
            s.guest.context(table, 5, ASID, tables);
            s.machine
                    .core
                    .bindPasidTable(s.one, s.container.memory(), contexts(table))
                    .value();

            assertThat(s.machine.read(0x10, 5, AT + 8)).isEqualTo(PAGE + 8);
            assertThat(s.machine.read(0x10, 5, NEXT)).isEqualTo(PAGE + 0x1000);
            assertThat(s.machine.read(0x10, 4, AT)).isEqualTo(-1);
            assertThat(s.machine.read(0x18, 5, AT)).isEqualTo(-1);
            tables.unmap(AT);
            assertThat(s.machine.read(0x10, 5, AT)).as("stale").isEqualTo(PAGE);
            s.container.invalidate(asked.of(5, Cache.TRANSLATIONS)).value();
            assertThat(s.machine.read(0x10, 5, AT)).isEqualTo(-1);
            assertThat(s.machine.read(0x10, 5, NEXT)).isEqualTo(PAGE + 0x1000);
            s.machine.core.unbindPasidTable(s.one);
            assertThat(s.machine.read(0x10, 5, NEXT)).isEqualTo(-1);
            assertThat(s.machine.read(0x10, IommuDriver.NO_PASID, 0x1000)).isEqualTo(EmulatedGuest.OFFSET + 0x1000);
            assertThat(s.machine.tables()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldSeeANewContextOfTheGuestOnceItIsTold(boolean whole) {
        try (GuestSetup s = new GuestSetup(ControlledMachine.smmuv3(), GuestOptions.STANDARD)) {
            EmulatedGuest.Tables first = s.guest.tables();
            EmulatedGuest.Tables second = s.guest.tables();
            first.map(AT, GuestSetup.PAGE);
            second.map(AT, GuestSetup.PAGE + 0x7000);
            long table = s.guest.contexts(8);
            s.guest.context(table, 5, ASID, first);
            s.machine
                    .core
                    .bindPasidTable(s.one, s.container.memory(), contexts(table))
                    .value();
            assertThat(s.machine.read(0x10, 5, AT)).isEqualTo(PAGE);

            s.guest.context(table, 5, ASID + 1, second);

            assertThat(s.machine.read(0x10, 5, AT)).as("stale").isEqualTo(PAGE);
            s.container
                    .invalidate(
                            whole
                                    ? CacheInvalidation.all(Cache.CONTEXTS)
                                    : CacheInvalidation.pasid(5, CacheInvalidation.NO_ASID, Cache.CONTEXTS))
                    .value();
            assertThat(s.machine.read(0x10, 5, AT)).isEqualTo(PAGE + 0x7000);
        }
    }

    @Test
    void shouldGiveTheMemoryBackWhenAContainerClosesWhoseGuestHasItsPasids() {
        try (GuestSetup s = new GuestSetup(ControlledMachine.smmuv3(), GuestOptions.STANDARD)) {
            long table = s.guest.contexts(8);
            s.machine
                    .core
                    .bindPasidTable(s.one, s.container.memory(), contexts(table))
                    .value();

            s.monitor.files().close(s.fd).value();

            assertThat(s.machine.driver.domainsInUse()).isZero();
            assertThat(List.of(s.machine.read(0x10, 5, AT), s.machine.read(0x10, IommuDriver.NO_PASID, 0)))
                    .containsOnly(-1L);
        }
    }

    private static GuestTables.Contexts contexts(long table) {
        long[] ste = new long[Ste.WORDS];
        Ste.V.set(ste, 1);
        Ste.CONFIG.set(ste, Ste.CONFIG_ENABLE | Ste.CONFIG_STAGE_1);
        Ste.S1_CONTEXT_PTR.setInPlace(ste, table);
        Ste.S1CDMAX.set(ste, 3);
        return new GuestTables.Contexts(ste[0], ste[1]);
    }
}
