// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.DrivenMachine.Setup;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.PageResponse.Code;
import org.iommuemu.iommu.Transaction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Much of everything: address spaces, PASIDs, page requests, and things that happen while a driver waits. */
class DriverLimitsTest {
    private static final String WITH_PASIDS = "org.iommuemu.host.DrivenMachine$Setup#withPasids";
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    private static final long PAGE = 0x1000;
    private static final long PHYSICAL = 0x800_0000_0000L;
    private static final int MANY = 300;

    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldSwitchAtsOfADeviceWithMorePasidsThanAQueueHasEntries(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            for (int pasid = 1; pasid <= MANY; pasid++) {
                driver.map(1, pasid, 0, PHYSICAL + pasid * PAGE, PAGE, 12, READ_WRITE);
            }
            driver.enableAts(1);
            assertThat(machine.grants(1, MANY, 0)).isTrue();
            driver.disableAts(1);
            for (int pasid = 1; pasid <= MANY; pasid++) {
                assertThat(machine.grants(1, pasid, 0)).isFalse();
                assertThat(machine.read(1, pasid, 0)).isEqualTo(PHYSICAL + pasid * PAGE);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldTakeAtsFromASilentDeviceWithManyPasids(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            List<Integer> silent = new ArrayList<>();
            driver.onSilence(silent::add);
            driver.enableAts(1);
            for (int pasid = 1; pasid <= MANY; pasid++) {
                driver.map(1, pasid, 0, PHYSICAL + pasid * PAGE, PAGE, 12, READ_WRITE);
            }
            machine.devices().answer = ScriptedDevices.Answer.NEVER;

            driver.unmap(1, 7, 0, PAGE, 12);

            assertThat(silent).containsExactly(1);
            assertThat(machine.grants(1, 8, 0)).isFalse();
            assertThat(machine.read(1, 7, 0)).isEqualTo(-1);
            assertThat(machine.read(1, 8, 0)).isEqualTo(PHYSICAL + 8 * PAGE);
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldRefusePasidsThatThereAreNot(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            driver.map(1, (1 << 20) - 1, 0, PHYSICAL, PAGE, 12, READ_WRITE);
            driver.map(2, 1, 0, PHYSICAL + PAGE, PAGE, 12, READ_WRITE);
            for (int pasid : new int[] {0, 1 << 20, Integer.MAX_VALUE, -2}) {
                assertThatThrownBy(() -> driver.bind(1, pasid))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("expected");
            }
            assertThat(driver.addressSpaces()).isEqualTo(2);
            assertThat(machine.read(1, (1 << 20) - 1, 0)).isEqualTo(PHYSICAL);
            assertThat(machine.read(2, 1, 0)).isEqualTo(PHYSICAL + PAGE);
        }
    }

    /** A handler waits while it unmaps; the device falls silent meanwhile. */
    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldNotAnswerAGroupWhoseDeviceFellSilentWhileItWasHandled(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            driver.enableAts(1);
            driver.enablePageRequests(1);
            driver.map(1, 5, 0, PHYSICAL, PAGE, 12, READ_WRITE);
            driver.onPageRequest(
                    group -> {
                        driver.unmap(1, 5, 0, PAGE, 12);
                        return Code.SUCCESS;
                    },
                    0);
            machine.devices().answer = ScriptedDevices.Answer.NEVER;

            machine.iommu().requestPage(new PageRequest(1, 5, 0x5000, true, false, false, false, true, 3));
            machine.devices().run();

            assertThat(machine.devices().responses).isEmpty();
        }
    }

    /** Whoever takes a PASID away while a handler waits answers for it, once. */
    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldAnswerAGroupOnceWhosePasidIsUnboundWhileItIsHandled(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            driver.enableAts(1);
            driver.enablePageRequests(1);
            driver.bind(1, 5);
            List<PageResponse> atUnbind = new ArrayList<>();
            driver.onPageRequest(
                    group -> {
                        driver.unbind(1, 5);
                        atUnbind.addAll(machine.devices().responses);
                        return Code.SUCCESS;
                    },
                    0);

            machine.iommu().requestPage(new PageRequest(1, 5, 0x5000, true, false, false, false, true, 3));
            machine.devices().run();

            assertThat(atUnbind).containsExactly(new PageResponse(1, 5, 3, Code.INVALID));
            assertThat(machine.devices().responses).isEqualTo(atUnbind);
        }
    }

    /** A device asks and asks, and ends none of its groups, but for one in the end. */
    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldKeepNoMoreOfEndlessGroupsThanTheirLatestPages(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            driver.enableAts(1);
            driver.enablePageRequests(1);
            driver.bind(1, 5);
            List<Integer> sizes = new ArrayList<>();
            driver.onPageRequest(
                    group -> {
                        sizes.add(group.size());
                        return Code.SUCCESS;
                    },
                    0);

            for (int page = 0; page <= 2_000; page++) {
                boolean last = page == 2_000;
                machine.iommu().requestPage(new PageRequest(1, 5, page * PAGE, true, false, false, false, last, 3));
                driver.takePageRequests();
            }
            machine.devices().run();

            assertThat(sizes).containsExactly(PageRequestService.MOST_PAGES);
            assertThat(machine.devices().responses).containsExactly(new PageResponse(1, 5, 3, Code.SUCCESS));
        }
    }

    /** What one device has kept says nothing of what another has. */
    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldReportWhatEachDeviceHasKept(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            Transaction t = new Transaction();
            for (int stream = 1; stream <= 3; stream++) {
                machine.driver().map(stream, IommuDriver.NO_PASID, 0, PHYSICAL, PAGE, 12, READ_WRITE);
                assertThat(machine.read(stream, IommuDriver.NO_PASID, 0)).isEqualTo(PHYSICAL);
                t.set(stream, IommuDriver.NO_PASID, 0, Access.READ);
                machine.stale().keptByDevice(t, PHYSICAL + PAGE, 12);
                machine.stale().keptByDevice(t, PHYSICAL + PAGE, 12);
            }
            assertThat(machine.stale().hits()).hasSize(3);
        }
    }

    /** While one device is waited for, whatever another one asks is handled from within that wait. */
    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldAnswerAStormOfPageRequestsWhileADeviceIsWaitedFor(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            IommuDriver driver = machine.driver();
            for (int stream = 1; stream <= 2; stream++) {
                driver.enableAts(stream);
                driver.enablePageRequests(stream);
                driver.map(stream, 5, 0, PHYSICAL, PAGE, 12, READ_WRITE);
            }
            driver.onPageRequest(group -> Code.SUCCESS, 0);
            int storm = 0;
            for (int round = 0; round < 20; round++) {
                for (int i = 0; i < 1000; i++) {
                    machine.iommu()
                            .requestPage(new PageRequest(2, 5, 0x5000, true, false, false, false, true, i % 512));
                    storm++;
                }
                driver.takePageRequests();
            }
            machine.devices().answer = ScriptedDevices.Answer.NEVER;

            driver.unmap(1, 5, 0, PAGE, 12);
            machine.devices().run();

            assertThat(machine.devices().responses).hasSize(storm);
        }
    }
}
