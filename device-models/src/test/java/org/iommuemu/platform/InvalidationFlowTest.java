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
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Invalidate Requests over links, one by one, with an IOMMU of either architecture (the fact sheet on faults, 83 to 86). */
class InvalidationFlowTest {
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

    private void passFence() {
        host.fence();
        host.machine.await(host::isPast, Long.MAX_VALUE);
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
}
