// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.ats.AtcParameters;
import org.iommuemu.ats.AtsStatistics.Counter;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.ats.DmaChannel.Status;
import org.iommuemu.ats.PageRequestParameters;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse.Code;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.time.Picoseconds;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A function's ATC, links, an IOMMU of either architecture and its driver together (the fact sheet on faults, F and G). */
class AtsTest {
    private static final int DEVICE = 0x10;
    private static final int NONE = Transaction.NO_SUBSTREAM;
    private static final int PASID = 7;
    private static final long PHYSICAL = 0x1_0000_0000L;
    private static final long SERVICE = Picoseconds.ofNanoseconds(5_000);

    private Platform machine;
    private IommuDriver driver;
    private PciFunction function;
    private DmaChannel dma;

    private void start(String architecture, AtcParameters p) {
        machine = architecture.equals("smmuv3")
                ? Platform.smmuv3(PlatformParameters.standard())
                : Platform.vtd(PlatformParameters.standard());
        driver = machine.startDriver(StageLayout.STAGE_1);
        driver.bind(DEVICE, NONE);
        driver.bind(DEVICE, PASID);
        driver.enableAts(DEVICE);
        driver.enablePageRequests(DEVICE);
        function = machine.addFunction(DEVICE);
        function.enableBusMaster().enablePasid(false, false).enableAts(0).enablePri(32);
        dma = new DmaChannel(function, p);
    }

    private void start(String architecture) {
        start(architecture, AtcParameters.standard());
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    private void map(int pasid, long page, long bytes, boolean writable) {
        int permissions = IommuDriver.READ | (writable ? IommuDriver.WRITE : 0);
        driver.map(DEVICE, pasid, page, PHYSICAL + page, bytes, 12, permissions);
    }

    private Status read(long address, byte[] into, int pasid) {
        Status[] ended = new Status[1];
        dma.read(address, into, pasid, Access.READ, (s, n) -> ended[0] = s);
        machine.await(() -> ended[0] != null, Long.MAX_VALUE);
        return ended[0];
    }

    private Status write(long address, byte[] from, int pasid) {
        Status[] ended = new Status[1];
        dma.write(address, from, pasid, Access.WRITE, (s, n) -> ended[0] = s);
        machine.await(() -> ended[0] != null, Long.MAX_VALUE);
        return ended[0];
    }

    private long counted(Counter c) {
        return dma.statistics().get(c);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldMoveTheSameBytesAsWithoutAts(String architecture) {
        start(architecture);
        map(NONE, 0x4000, 0x2000, true);
        byte[] data = new byte[6000];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (i * 13);
        }
        byte[] back = new byte[data.length];

        Status written = write(0x4100, data, NONE);
        Status read = read(0x4100, back, NONE);

        byte[] inMemory = new byte[data.length];
        machine.memory().read(PHYSICAL + 0x4100, inMemory, 0, data.length);
        assertThat(written).isEqualTo(Status.OK);
        assertThat(read).isEqualTo(Status.OK);
        assertThat(back).isEqualTo(data);
        assertThat(inMemory).isEqualTo(data);
        assertThat(counted(Counter.REQUESTS)).isEqualTo(2);
        assertThat(counted(Counter.HITS)).isEqualTo(2);
        assertThat(machine.bridge().refused()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldNotReachAPageThatHasBeenUnmapped(String architecture) {
        start(architecture);
        map(PASID, 0x4000, 0x1000, true);
        Status before = read(0x4000, new byte[64], PASID);

        driver.unmap(DEVICE, PASID, 0x4000, 0x1000, 12);
        Status after = read(0x4000, new byte[64], PASID);

        assertThat(before).isEqualTo(Status.OK);
        assertThat(after).isEqualTo(Status.NO_PAGE);
        assertThat(counted(Counter.DROPPED)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldHaveAMissingPageMappedWhileItWaits(String architecture) {
        start(architecture);
        List<PageRequest> asked = new ArrayList<>();
        driver.onPageRequest(
                group -> {
                    asked.addAll(group);
                    map(PASID, group.get(0).address(), 0x1000, true);
                    return Code.SUCCESS;
                },
                SERVICE);

        Status ended = write(0x4010, new byte[] {1, 2, 3}, PASID);
        machine.loop().run();

        assertThat(asked).hasSize(1);
        assertThat(asked.get(0).address()).isEqualTo(0x4000);
        assertThat(asked.get(0).substreamId()).isEqualTo(PASID);
        assertThat(asked.get(0).write()).isTrue();
        assertThat(asked.get(0).last()).isTrue();
        assertThat(ended).isEqualTo(Status.OK);
        assertThat(machine.memory().readInt(PHYSICAL + 0x4010)).isEqualTo(0x030201);
        assertThat(counted(Counter.RESPONSES_SUCCESS)).isEqualTo(1);
        assertThat(counted(Counter.REQUESTS)).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldHaveAGroupMappedTogether(String architecture) {
        start(architecture, AtcParameters.standard().withPages(new PageRequestParameters(4, 4, 0, 1_000_000_000L)));
        driver.onPageRequest(
                group -> {
                    group.forEach(r -> map(NONE, r.address(), 0x1000, true));
                    return Code.SUCCESS;
                },
                SERVICE);

        Status ended = write(0x4010, new byte[0x3000], NONE);

        assertThat(ended).isEqualTo(Status.OK);
        assertThat(counted(Counter.GROUPS)).isEqualTo(1);
        assertThat(counted(Counter.PAGE_REQUESTS)).isEqualTo(4);
        assertThat(counted(Counter.PAGES_MERGED)).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldEndWhatSoftwareSaysIsInvalid(String architecture) {
        start(architecture);
        driver.onPageRequest(group -> Code.INVALID, SERVICE);

        Status ended = read(0x4010, new byte[4], PASID);

        assertThat(ended).isEqualTo(Status.NO_PAGE);
        assertThat(counted(Counter.RESPONSES_INVALID)).isEqualTo(1);
        assertThat(function.controls().isPri()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldStopRequestingPagesOnceSoftwareSaysFailure(String architecture) {
        start(architecture);
        driver.onPageRequest(group -> Code.FAILURE, SERVICE);

        Status first = read(0x4010, new byte[4], PASID);
        Status second = read(0x5010, new byte[4], PASID);

        assertThat(first).isEqualTo(Status.NO_PAGE);
        assertThat(second).isEqualTo(Status.NO_PAGE);
        assertThat(counted(Counter.PAGE_REQUESTS)).isEqualTo(1);
        assertThat(function.controls().isPri()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldAskForPermissionAgainWhenItHasBeenRaised(String architecture) {
        start(architecture);
        map(NONE, 0x4000, 0x1000, false);
        read(0x4000, new byte[4], NONE);
        Status before = write(0x4000, new byte[4], NONE);

        driver.unmap(DEVICE, NONE, 0x4000, 0x1000, 12);
        map(NONE, 0x4000, 0x1000, true);
        Status after = write(0x4000, new byte[4], NONE);

        assertThat(before).isEqualTo(Status.NO_PAGE);
        assertThat(after).isEqualTo(Status.OK);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldGetSeveralPagesByOneRequest(String architecture) {
        start(architecture, AtcParameters.standard().withRequests(8, 8, false));
        map(NONE, 0x1_0000, 0x7000, true);

        read(0x1_0000, new byte[4], NONE);
        Status last = read(0x1_6000, new byte[4], NONE);
        Status hole = read(0x1_7000, new byte[4], NONE);

        assertThat(last).isEqualTo(Status.OK);
        assertThat(hole).isEqualTo(Status.NO_PAGE);
        assertThat(counted(Counter.FILLS)).isEqualTo(7);
        assertThat(counted(Counter.REQUESTS)).as("and one for the hole").isEqualTo(2);
        assertThat(counted(Counter.MALFORMED)).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldGetOneLargePageByARequestForSeveral(String architecture) {
        start(architecture, AtcParameters.standard().withRequests(8, 8, false));
        int readWrite = IommuDriver.READ | IommuDriver.WRITE;
        driver.map(DEVICE, NONE, 0x20_0000, PHYSICAL, 0x20_0000, 21, readWrite);

        read(0x20_0000, new byte[4], NONE);
        Status last = read(0x3F_F000, new byte[4], NONE);

        assertThat(last).isEqualTo(Status.OK);
        assertThat(counted(Counter.FILLS)).isEqualTo(1);
        assertThat(counted(Counter.REQUESTS)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldSendAStopMarkerBehindThePageRequestsThatItLeaves(String architecture) {
        start(architecture);
        List<PageRequest> sent = new ArrayList<>();
        function.link().tap((tlp, up, at, wire) -> {
            if (tlp instanceof Tlp.PageRequestMessage m) {
                sent.add(m.request());
            }
            wire.deliver(tlp, at);
        });
        driver.onPageRequest(group -> Code.SUCCESS, SERVICE);
        Status[] ended = new Status[1];
        dma.read(0x4010, new byte[4], PASID, Access.READ, (s, n) -> ended[0] = s);
        machine.await(() -> !sent.isEmpty(), Long.MAX_VALUE);

        boolean[] stopped = new boolean[1];
        dma.stopPasid(PASID, true, () -> stopped[0] = true);
        boolean atOnce = stopped[0];
        machine.loop().run();

        assertThat(atOnce).isTrue();
        assertThat(ended[0]).isEqualTo(Status.NO_PAGE);
        assertThat(sent).hasSize(2);
        assertThat(sent.get(1).isStopMarker()).isTrue();
        assertThat(sent.get(1).substreamId()).isEqualTo(PASID);
        assertThat(counted(Counter.RESPONSES_SUCCESS)).isEqualTo(1);
        assertThat(counted(Counter.RESPONSES_UNEXPECTED)).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldGoOnUntranslatedWhereTheDriverTakesAtsAway(String architecture) {
        start(architecture);
        map(NONE, 0x4000, 0x1000, true);
        function.link().tap((tlp, up, at, wire) -> {
            if (!(tlp instanceof Tlp.InvalidateCompletion)) {
                wire.deliver(tlp, at);
            }
        });
        List<Integer> silent = new ArrayList<>();
        driver.onSilence(silent::add);

        driver.invalidate(DEVICE, NONE, 0x4000, 0x1000);
        Status ended = read(0x4000, new byte[4], NONE);

        assertThat(silent).containsExactly(DEVICE);
        assertThat(ended).isEqualTo(Status.OK);
        assertThat(counted(Counter.UNSUPPORTED)).isEqualTo(1);
        assertThat(counted(Counter.UNTRANSLATED)).isEqualTo(1);
    }
}
