// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.ats.AtcParameters;
import org.iommuemu.ats.AtsStatistics.Counter;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.ats.DmaChannel.Status;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse.Code;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A function's ATC, links and an IOMMU of either architecture together (the fact sheet on faults, F and G). */
class AtsTest {
    private static final int NONE = AtsHost.NONE;

    private AtsHost host;
    private PciFunction function;
    private DmaChannel dma;

    private void start(String architecture, AtcParameters p) {
        host = AtsHost.of(architecture, PlatformParameters.standard());
        function = host.machine.addFunction(AtsHost.DEVICE);
        function.enableBusMaster();
        function.enablePasid(false, false).enableAts(0);
        dma = new DmaChannel(function, p);
    }

    private void start(String architecture) {
        start(architecture, AtcParameters.standard());
    }

    @AfterEach
    void stop() {
        host.close();
    }

    private Status read(long address, byte[] into, int pasid) {
        Status[] ended = new Status[1];
        dma.read(address, into, pasid, Access.READ, (s, n) -> ended[0] = s);
        host.machine.await(() -> ended[0] != null, Long.MAX_VALUE);
        return ended[0];
    }

    private Status write(long address, byte[] from) {
        Status[] ended = new Status[1];
        dma.write(address, from, NONE, Access.WRITE, (s, n) -> ended[0] = s);
        host.machine.await(() -> ended[0] != null, Long.MAX_VALUE);
        return ended[0];
    }

    private PageRequest awaitPage() {
        PageRequest[] asked = new PageRequest[1];
        host.machine.await(
                () -> {
                    asked[0] = asked[0] == null ? host.takePage() : asked[0];
                    return asked[0] != null;
                },
                Long.MAX_VALUE);
        return asked[0];
    }

    private void passFence() {
        host.fence();
        host.machine.await(host::isPast, Long.MAX_VALUE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldMoveTheSameBytesAsWithoutAts(String architecture) {
        start(architecture);
        host.map(NONE, 0x4000, true);
        host.map(NONE, 0x5000, true);
        byte[] data = new byte[6000];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (i * 13);
        }
        byte[] back = new byte[data.length];

        Status written = write(0x4100, data);
        Status read = read(0x4100, back, NONE);

        byte[] inMemory = new byte[data.length];
        host.machine.memory().read(AtsHost.PHYSICAL + 0x4100, inMemory, 0, data.length);
        assertThat(written).isEqualTo(Status.OK);
        assertThat(read).isEqualTo(Status.OK);
        assertThat(back).isEqualTo(data);
        assertThat(inMemory).isEqualTo(data);
        assertThat(dma.statistics().get(Counter.REQUESTS)).isEqualTo(2);
        assertThat(dma.statistics().get(Counter.HITS)).isEqualTo(2);
        assertThat(host.machine.bridge().refused()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldNotReachAPageOnceItsInvalidationHasBeenWaitedFor(String architecture) {
        start(architecture);
        host.map(AtsHost.PASID, 0x4000, true);
        read(0x4000, new byte[64], AtsHost.PASID);

        host.unmap(AtsHost.PASID, 0x4000);
        Status stale = read(0x4000, new byte[64], AtsHost.PASID);
        host.invalidate(AtsHost.PASID, 0x4000, 12);
        passFence();
        Status after = read(0x4000, new byte[64], AtsHost.PASID);

        assertThat(stale).as("the ATC still has it").isEqualTo(Status.OK);
        assertThat(after).isEqualTo(Status.NO_PAGE);
        assertThat(host.complaint()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldSurviveAStormOfInvalidations(String architecture) {
        start(architecture, AtcParameters.standard().withInvalidations(true, 2, 200_000));
        for (int i = 0; i < 16; i++) {
            host.map(NONE, 0x1_0000 + 0x1000L * i, true);
        }
        int[] ok = new int[1];
        for (int i = 0; i < 600; i++) {
            dma.read(0x1_0000 + 0x1000L * (i % 16), new byte[256], NONE, Access.READ, (s, n) -> {
                ok[0] += s == Status.OK ? 1 : 0;
            });
            if (i % 3 == 0) {
                host.invalidate(NONE, 0x1_0000 + 0x1000L * (i / 3 % 16), 12);
            }
            host.machine.loop().runUntil(host.machine.loop().now() + 20_000);
        }
        passFence();
        host.machine.loop().run();

        assertThat(ok[0]).isEqualTo(600);
        assertThat(dma.statistics().get(Counter.INVALIDATIONS)).isEqualTo(200);
        assertThat(dma.statistics().get(Counter.MOST_INVALIDATIONS)).isBetween(2L, 32L);
        assertThat(dma.statistics().get(Counter.DROPPED)).isPositive();
        assertThat(dma.statistics().get(Counter.DISCARDED)).isPositive();
        assertThat(host.complaint()).isEmpty();
        assertThat(host.machine.bridge().unexpectedCompletions()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldLetMoreInvalidationsThanITagsWaitWhileReadsAreUnderWay(String architecture) {
        start(architecture);
        host.map(NONE, 0x4000, true);
        read(0x4000, new byte[4], NONE);
        List<Tlp> held = new ArrayList<>();
        boolean[] hold = {true};
        function.link().tap((tlp, up, at, wire) -> {
            if (hold[0] && tlp instanceof Tlp.Completion) {
                held.add(tlp);
            } else {
                wire.deliver(tlp, at);
            }
        });
        dma.read(0x4000, new byte[4], NONE, Access.READ, (s, n) -> {});
        host.machine.loop().runUntil(host.machine.loop().now() + 5_000_000);

        for (int i = 0; i < 80; i++) {
            host.invalidate(NONE, 0x4000, 12);
        }
        host.fence();
        host.machine.loop().runUntil(host.machine.loop().now() + 5_000_000);
        long taken = dma.statistics().get(Counter.MOST_INVALIDATIONS);
        boolean early = host.isPast();
        hold[0] = false;
        held.forEach(function.link()::down);
        host.machine.await(host::isPast, Long.MAX_VALUE);

        assertThat(taken).isEqualTo(32);
        assertThat(early).isFalse();
        assertThat(host.isPast()).isTrue();
        assertThat(dma.statistics().get(Counter.INVALIDATIONS)).isEqualTo(80);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldTellSoftwareOfADeviceThatDoesNotAnswer(String architecture) {
        start(architecture);
        function.link().tap((tlp, up, at, wire) -> {
            if (!(tlp instanceof Tlp.InvalidateCompletion)) {
                wire.deliver(tlp, at);
            }
        });
        long begin = host.machine.loop().now();

        host.invalidate(NONE, 0x4000, 12);
        host.fence();
        host.machine.await(() -> !host.complaint().isEmpty(), Long.MAX_VALUE);

        assertThat(host.complaint()).isEqualTo("timed out");
        assertThat(host.machine.loop().now() - begin)
                .isGreaterThanOrEqualTo(host.machine.parameters().invalidationTimeout());
        assertThat(host.isPast()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldLoseAnInvalidationToAFunctionLevelReset(String architecture) {
        start(architecture);
        host.map(NONE, 0x4000, true);
        read(0x4000, new byte[4], NONE);
        dma.read(0x4000, new byte[4], NONE, Access.READ, (s, n) -> {});
        host.invalidate(NONE, 0x4000, 12);
        host.fence();
        host.machine.await(() -> dma.statistics().get(Counter.INVALIDATIONS) == 1, Long.MAX_VALUE);

        function.reset();
        host.machine.await(() -> !host.complaint().isEmpty(), Long.MAX_VALUE);

        assertThat(dma.statistics().get(Counter.INVALIDATIONS_HELD)).isEqualTo(1);
        assertThat(host.complaint()).isEqualTo("timed out");
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldNoticeACompletionThatComesTwice(String architecture) {
        start(architecture);
        function.link().tap((tlp, up, at, wire) -> {
            wire.deliver(tlp, at);
            if (tlp instanceof Tlp.InvalidateCompletion) {
                wire.deliver(tlp, at + 1000);
            }
        });

        host.invalidate(NONE, 0x4000, 12);
        passFence();
        host.machine.loop().run();

        // Only VT-d has a word for it: FSTS.ICE. SMMUv3 leaves it to the implementation.
        assertThat(host.complaint()).isEqualTo(architecture.equals("vtd") ? "unexpected" : "");
        assertThat(host.machine.bridge().unexpectedCompletions()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldHaveAMissingPageMappedWhileItWaits(String architecture) {
        start(architecture);
        function.enablePri(32);
        Status[] ended = new Status[1];
        dma.write(0x4010, new byte[] {1, 2, 3}, AtsHost.PASID, Access.WRITE, (s, n) -> ended[0] = s);
        PageRequest asked = awaitPage();

        host.map(AtsHost.PASID, 0x4000, true);
        host.respond(asked, Code.SUCCESS);
        host.machine.loop().run();

        assertThat(asked.address()).isEqualTo(0x4000);
        assertThat(asked.substreamId()).isEqualTo(AtsHost.PASID);
        assertThat(asked.write()).isTrue();
        assertThat(asked.last()).isTrue();
        assertThat(ended[0]).isEqualTo(Status.OK);
        assertThat(host.machine.memory().readInt(AtsHost.PHYSICAL + 0x4010)).isEqualTo(0x030201);
        assertThat(dma.statistics().get(Counter.RESPONSES_SUCCESS)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldEndWhatSoftwareSaysIsInvalid(String architecture) {
        start(architecture);
        function.enablePri(32);
        Status[] ended = new Status[1];
        dma.read(0x4010, new byte[4], AtsHost.PASID, Access.READ, (s, n) -> ended[0] = s);
        PageRequest asked = awaitPage();

        host.respond(asked, Code.INVALID);
        host.machine.loop().run();

        assertThat(ended[0]).isEqualTo(Status.NO_PAGE);
        assertThat(dma.statistics().get(Counter.RESPONSES_INVALID)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldAskForPermissionAgainWhenItHasBeenRaised(String architecture) {
        start(architecture);
        host.map(NONE, 0x4000, false);
        read(0x4000, new byte[4], NONE);

        Status before = write(0x4000, new byte[4]);
        host.unmap(NONE, 0x4000);
        host.map(NONE, 0x4000, true);
        Status after = write(0x4000, new byte[4]);

        assertThat(before).isEqualTo(Status.NO_PAGE);
        assertThat(after).isEqualTo(Status.OK);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldGetSeveralPagesByOneRequest(String architecture) {
        start(architecture, AtcParameters.standard().withRequests(8, 8, false));
        for (int i = 0; i < 7; i++) {
            host.map(NONE, 0x1_0000 + 0x1000L * i, true);
        }

        read(0x1_0000, new byte[4], NONE);
        Status last = read(0x1_6000, new byte[4], NONE);
        Status hole = read(0x1_7000, new byte[4], NONE);

        assertThat(last).isEqualTo(Status.OK);
        assertThat(hole).isEqualTo(Status.NO_PAGE);
        assertThat(dma.statistics().get(Counter.FILLS)).isEqualTo(7);
        assertThat(dma.statistics().get(Counter.REQUESTS))
                .as("and one for the hole")
                .isEqualTo(2);
        assertThat(dma.statistics().get(Counter.MALFORMED)).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldSendAStopMarkerBehindThePageRequestsThatItLeaves(String architecture) {
        start(architecture);
        function.enablePri(32);
        Status[] ended = new Status[1];
        boolean[] stopped = new boolean[1];
        dma.read(0x4010, new byte[4], AtsHost.PASID, Access.READ, (s, n) -> ended[0] = s);
        PageRequest asked = awaitPage();

        dma.stopPasid(AtsHost.PASID, true, () -> stopped[0] = true);
        PageRequest marker = awaitPage();
        host.respond(asked, Code.SUCCESS);
        host.machine.loop().run();

        assertThat(ended[0]).isEqualTo(Status.NO_PAGE);
        assertThat(stopped[0]).isTrue();
        assertThat(marker.isStopMarker()).isTrue();
        assertThat(marker.substreamId()).isEqualTo(AtsHost.PASID);
        assertThat(dma.statistics().get(Counter.RESPONSES_SUCCESS)).isEqualTo(1);
        assertThat(dma.statistics().get(Counter.RESPONSES_UNEXPECTED)).isZero();
    }
}
