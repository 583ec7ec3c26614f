// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.DrivenMachine.Setup;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.PageResponse.Code;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Page requests are collected to groups, handled after a while, and answered once each. */
class PageRequestServiceTest {
    private static final String WITH_PASIDS = "org.iommuemu.host.DrivenMachine$Setup#withPasids";
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    private static final long PAGE = 0x1000;
    private static final long PHYSICAL = 0x800_0000_0000L;
    private static final int STREAM = 1;
    private static final int PASID = 5;

    private final List<List<PageRequest>> handled = new ArrayList<>();

    private static PageRequest request(int pasid, long address, boolean last, int group) {
        return new PageRequest(STREAM, pasid, address, true, true, false, false, last, group);
    }

    /** A machine that maps what is asked for. */
    private DrivenMachine machine(Setup setup) {
        DrivenMachine machine = new DrivenMachine(setup);
        IommuDriver driver = machine.driver();
        driver.enableAts(STREAM);
        driver.enablePageRequests(STREAM);
        driver.bind(STREAM, PASID);
        driver.onPageRequest(
                group -> {
                    handled.add(group);
                    for (PageRequest r : group) {
                        driver.map(STREAM, r.substreamId(), r.address(), PHYSICAL + r.address(), PAGE, 12, READ_WRITE);
                    }
                    return Code.SUCCESS;
                },
                7_000);
        return machine;
    }

    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldMapWhatAGroupAsksForAndAnswerItOnce(Setup setup) {
        try (DrivenMachine machine = machine(setup)) {
            PageRequest first = request(PASID, 0x1000, false, 3);
            PageRequest other = request(PASID, 0x8000, true, 4);
            PageRequest last = request(PASID, 0x2000, true, 3);

            machine.iommu().requestPage(first);
            machine.iommu().requestPage(other);
            machine.iommu().requestPage(last);
            machine.devices().run();

            assertThat(handled).containsExactly(List.of(other), List.of(first, last));
            assertThat(machine.devices().responses)
                    .containsExactly(
                            new PageResponse(STREAM, PASID, 4, Code.SUCCESS),
                            new PageResponse(STREAM, PASID, 3, Code.SUCCESS));
            assertThat(machine.devices().delays).containsExactly(7_000L, 7_000L);
            assertThat(machine.grants(STREAM, PASID, 0x1000)).isTrue();
            assertThat(machine.read(STREAM, PASID, 0x2000)).isEqualTo(PHYSICAL + 0x2000);
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldAnswerAsInvalidWithoutAHandlerAndForAnUnboundPasid(Setup setup) {
        try (DrivenMachine machine = new DrivenMachine(setup)) {
            machine.driver().enableAts(STREAM);
            machine.driver().enablePageRequests(STREAM);
            machine.driver().bind(STREAM, PASID);

            machine.iommu().requestPage(request(PASID, 0x1000, true, 3));
            machine.iommu().requestPage(request(PASID + 1, 0x1000, true, 4));
            machine.devices().run();

            assertThat(machine.devices().responses)
                    .containsExactlyInAnyOrder(
                            new PageResponse(STREAM, PASID, 3, Code.INVALID),
                            new PageResponse(STREAM, PASID + 1, 4, Code.INVALID));
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldSayWhatTheHandlerSays(Setup setup) {
        try (DrivenMachine machine = machine(setup)) {
            for (Code code : Code.values()) {
                machine.driver().onPageRequest(group -> code, 0);
                machine.iommu().requestPage(request(PASID, 0x1000, true, code.ordinal()));
                machine.devices().run();
            }

            assertThat(machine.devices().responses)
                    .extracting(PageResponse::code)
                    .containsExactly(Code.SUCCESS, Code.INVALID, Code.FAILURE);
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldDropStopMarkers(Setup setup) {
        try (DrivenMachine machine = machine(setup)) {
            machine.iommu().requestPage(new PageRequest(STREAM, PASID, 0, false, false, false, false, true, 0));
            machine.devices().run();

            assertThat(machine.devices().responses).isEmpty();
            assertThat(handled).isEmpty();
        }
    }

    /** The IOMMU answers what it has no room for by itself; what it took is handled, and then the queue works again. */
    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldRecoverFromAnOverflow(Setup setup) {
        try (DrivenMachine machine = machine(setup)) {
            machine.driver().onPageRequest(group -> Code.INVALID, 0);
            machine.iommu().requestPage(request(PASID, 0, false, 100));
            for (int i = 0; i < 3000; i++) {
                machine.iommu().requestPage(request(PASID, i * PAGE, true, i % 64));
            }
            machine.iommu().requestPage(request(PASID, 0, true, 100));
            int automatic = machine.devices().responses.size();
            assertThat(automatic).isPositive();
            assertThat(machine.devices().responses).allMatch(r -> r.code() == Code.SUCCESS);

            machine.devices().run();
            assertThat(machine.devices().responses).hasSize(3001);
            assertThat(machine.devices().responses.subList(automatic, 3001)).allMatch(r -> r.code() == Code.INVALID);

            handled.clear();
            machine.driver()
                    .onPageRequest(
                            group -> {
                                handled.add(group);
                                return Code.SUCCESS;
                            },
                            0);
            PageRequest anew = request(PASID, PAGE, true, 100);
            machine.iommu().requestPage(anew);
            machine.devices().run();
            assertThat(handled).containsExactly(List.of(anew));
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldLeaveNothingOfAPasidThatIsUnbound(Setup setup) {
        try (DrivenMachine machine = machine(setup)) {
            IommuDriver driver = machine.driver();
            driver.map(STREAM, PASID, 0, PHYSICAL, PAGE, 12, READ_WRITE);
            driver.map(STREAM, PASID + 1, 0, PHYSICAL + PAGE, PAGE, 12, READ_WRITE);
            assertThat(machine.read(STREAM, PASID, 0)).isEqualTo(PHYSICAL);
            assertThat(machine.read(STREAM, PASID + 1, 0)).isEqualTo(PHYSICAL + PAGE);
            machine.iommu().requestPage(request(PASID, 0x5000, true, 1));
            machine.iommu().requestPage(request(PASID, 0x6000, false, 2));
            machine.iommu().requestPage(request(PASID + 1, 0x7000, true, 3));

            driver.unbind(STREAM, PASID);

            assertThat(machine.read(STREAM, PASID, 0)).isEqualTo(-1);
            assertThat(machine.read(STREAM, PASID + 1, 0)).isEqualTo(PHYSICAL + PAGE);
            assertThat(machine.devices().responses).contains(new PageResponse(STREAM, PASID, 1, Code.INVALID));
            assertThat(machine.devices().invalidations)
                    .isNotEmpty()
                    .allMatch(i -> i.substreamId() == PASID && i.log2Bytes() == 64);
            driver.bind(STREAM, PASID);
            machine.iommu().requestPage(request(PASID, 0x6000, true, 2));
            machine.devices().run();
            assertThat(machine.read(STREAM, PASID, 0)).isEqualTo(-1);
            assertThat(handled)
                    .extracting(List::size)
                    .as("what was asked for before the PASID was bound anew is forgotten")
                    .containsOnly(1);
            assertThat(machine.stale().staleAccesses()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource(WITH_PASIDS)
    void shouldGiveAReusedPasidNothingOfItsPredecessors(Setup setup) {
        try (DrivenMachine machine = machine(setup)) {
            IommuDriver driver = machine.driver();
            for (int life = 0; life < 300; life++) {
                driver.map(STREAM, PASID, 0, PHYSICAL + life * PAGE, PAGE, 12, READ_WRITE);
                assertThat(machine.read(STREAM, PASID, 0)).isEqualTo(PHYSICAL + life * PAGE);
                driver.unbind(STREAM, PASID);
                assertThat(machine.read(STREAM, PASID, 0)).isEqualTo(-1);
            }
            assertThat(machine.stale().staleAccesses()).isZero();
        }
    }
}
