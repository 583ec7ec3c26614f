// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.ats.AtcParameters;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.ats.DmaChannel.Status;
import org.iommuemu.host.DmaFault;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse.Code;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A driver and functions with ATCs, in time, on either architecture: waits, interrupts, page requests, devices that fall silent. */
class DriverTest {
    private static final int DEVICE = 0x100;
    private static final int PASID = 7;
    private static final int NONE = Transaction.NO_SUBSTREAM;
    private static final long PAGE = 0x1000;
    private static final long PHYSICAL = 0x1_0000_0000L;
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    private static final long MICROSECOND = 1_000_000;

    private Platform machine;
    private IommuDriver driver;
    private PciFunction function;
    private DmaChannel dma;

    private void start(String architecture, StageLayout stages) {
        PlatformParameters p = PlatformParameters.standard();
        machine = architecture.equals("vtd") ? Platform.vtd(p) : Platform.smmuv3(p);
        driver = machine.startDriver(stages);
        function = machine.addFunction(DEVICE);
        function.enableBusMaster();
    }

    private void enableAts() {
        driver.enableAts(DEVICE);
        function.enablePasid(false, false).enableAts(0);
        // Reads ask for what writes need too.
        dma = new DmaChannel(function, AtcParameters.standard().withRequests(1, 8, true));
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    private Status read(long address, int pasid) {
        Status[] ended = new Status[1];
        dma.read(address, new byte[64], pasid, Access.READ, (s, n) -> ended[0] = s);
        machine.await(() -> ended[0] != null, Long.MAX_VALUE);
        return ended[0];
    }

    private void write(long address, int word) {
        byte[] bytes = {(byte) word, (byte) (word >> 8), (byte) (word >> 16), (byte) (word >> 24)};
        dma.write(address, bytes, NONE, Access.WRITE, (s, n) -> {});
    }

    @ParameterizedTest
    @CsvSource({"smmuv3, STAGE_1", "smmuv3, STAGE_2", "smmuv3, NESTED", "vtd, STAGE_1", "vtd, STAGE_2", "vtd, NESTED"})
    void shouldLetTimePassUntilAnAtcHasForgotten(String architecture, StageLayout stages) {
        start(architecture, stages);
        enableAts();
        driver.map(DEVICE, NONE, 0, PHYSICAL, 2 * PAGE, 12, READ_WRITE);
        assertThat(read(0, NONE)).isEqualTo(Status.OK);
        assertThat(read(PAGE, NONE)).isEqualTo(Status.OK);
        assertThat(dma.atc().cache().size()).isEqualTo(2);
        long before = machine.loop().now();

        driver.unmap(DEVICE, NONE, 0, PAGE, 12);

        // There and back over a link of 150 ns each way.
        assertThat(machine.loop().now() - before).isBetween(300_000L, 2 * MICROSECOND);
        assertThat(dma.atc().cache().size()).isEqualTo(1);
        assertThat(read(0, NONE)).isNotEqualTo(Status.OK);
        assertThat(read(PAGE, NONE)).isEqualTo(Status.OK);
    }

    /** A write that was sent through the ATC before the page was taken back is in memory when unmap returns; none comes after it. */
    @ParameterizedTest
    @CsvSource({"smmuv3", "vtd"})
    void shouldNotReturnAPageWhileWritesToItAreOnTheWay(String architecture) {
        start(architecture, StageLayout.STAGE_1);
        enableAts();
        for (int i = 0; i < 200; i++) {
            driver.map(DEVICE, NONE, 0, PHYSICAL, PAGE, 12, READ_WRITE);
            assertThat(read(0, NONE)).isEqualTo(Status.OK);
            write(64, i + 1);
            machine.loop().runUntil(machine.loop().now() + 4_000L * i);

            driver.unmap(DEVICE, NONE, 0, PAGE, 12);

            assertThat(machine.memory().readInt(PHYSICAL + 64)).isEqualTo(i + 1);
            write(64, -1);
            machine.loop().runUntil(machine.loop().now() + 5 * MICROSECOND);
            assertThat(machine.memory().readInt(PHYSICAL + 64)).isEqualTo(i + 1);
        }
    }

    @ParameterizedTest
    @CsvSource({"smmuv3", "vtd"})
    void shouldOutliveAFunctionThatDropsInvalidateRequests(String architecture) {
        start(architecture, StageLayout.STAGE_1);
        enableAts();
        List<Integer> silent = new ArrayList<>();
        driver.onSilence(silent::add);
        driver.map(DEVICE, NONE, 0, PHYSICAL, 2 * PAGE, 12, READ_WRITE);
        assertThat(read(0, NONE)).isEqualTo(Status.OK);
        assertThat(read(PAGE, NONE)).isEqualTo(Status.OK);
        function.link().tap((tlp, up, arrival, wire) -> {
            if (!(tlp instanceof Tlp.InvalidateRequest)) {
                wire.deliver(tlp, arrival);
            }
        });
        long before = machine.loop().now();

        driver.unmap(DEVICE, NONE, 0, PAGE, 12);

        assertThat(machine.loop().now() - before)
                .isGreaterThanOrEqualTo(machine.parameters().invalidationTimeout());
        assertThat(silent).containsExactly(DEVICE);
        assertThat(dma.atc().cache().size()).as("it has forgotten nothing").isEqualTo(2);
        assertThat(read(0, NONE)).isEqualTo(Status.REFUSED);
        assertThat(read(PAGE, NONE)).isEqualTo(Status.REFUSED);
        long then = machine.loop().now();
        driver.unmap(DEVICE, NONE, PAGE, PAGE, 12);
        assertThat(machine.loop().now()).isEqualTo(then);
    }

    @ParameterizedTest
    @CsvSource({"smmuv3, STAGE_1", "smmuv3, NESTED", "vtd, STAGE_1", "vtd, NESTED"})
    void shouldBringPagesInThatADeviceAsksFor(String architecture, StageLayout stages) {
        start(architecture, stages);
        enableAts();
        driver.bind(DEVICE, PASID);
        driver.enablePageRequests(DEVICE);
        function.enablePri(8);
        List<PageRequest> asked = new ArrayList<>();
        driver.onPageRequest(
                group -> {
                    asked.addAll(group);
                    for (PageRequest r : group) {
                        if (r.address() >= 0x10_0000) {
                            return Code.INVALID;
                        }
                        driver.map(DEVICE, PASID, r.address(), PHYSICAL + r.address(), PAGE, 12, READ_WRITE);
                    }
                    return Code.SUCCESS;
                },
                30 * MICROSECOND);
        long before = machine.loop().now();

        assertThat(read(0x5000, PASID)).isEqualTo(Status.OK);
        long taken = machine.loop().now() - before;

        assertThat(asked).extracting(PageRequest::address).containsExactly(0x5000L);
        // The interrupt's latency is 1 us.
        assertThat(taken).isBetween(31 * MICROSECOND, 36 * MICROSECOND);
        assertThat(read(0x5000, PASID)).isEqualTo(Status.OK);
        assertThat(read(0x10_0000, PASID)).isEqualTo(Status.NO_PAGE);
        assertThat(asked).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({"smmuv3", "vtd"})
    void shouldTakeAPasidAwayFromADeviceThatStillUsesIt(String architecture) {
        start(architecture, StageLayout.STAGE_1);
        enableAts();
        driver.enablePageRequests(DEVICE);
        function.enablePri(8);
        driver.onPageRequest(
                group -> {
                    for (PageRequest r : group) {
                        driver.map(DEVICE, PASID, r.address(), PHYSICAL + r.address(), PAGE, 12, READ_WRITE);
                    }
                    return Code.SUCCESS;
                },
                10 * MICROSECOND);
        int[] ended = new int[1];
        for (int life = 0; life < 20; life++) {
            driver.bind(DEVICE, PASID);
            for (int page = 0; page < 8; page++) {
                dma.read(page * PAGE, new byte[64], PASID, Access.READ, (s, n) -> ended[0]++);
            }
            machine.loop().runUntil(machine.loop().now() + life * MICROSECOND);

            driver.unbind(DEVICE, PASID);

            assertThat(dma.atc().cache().size()).isZero();
            machine.await(() -> false, Long.MAX_VALUE);
            assertThat(ended[0]).isEqualTo(8 * (life + 1));
            assertThat(read(0, PASID)).isNotEqualTo(Status.OK);
        }
    }

    /** Interrupts come while the driver waits; what serves them uses the driver itself. */
    @ParameterizedTest
    @CsvSource({"smmuv3", "vtd"})
    void shouldBeUsedByInterruptHandlersWhileItWaits(String architecture) {
        start(architecture, StageLayout.STAGE_1);
        enableAts();
        driver.map(DEVICE, NONE, 0, PHYSICAL, 64 * PAGE, 12, READ_WRITE);
        int[] served = new int[1];
        machine.onInterrupt((requester, address, data) -> {
            served[0]++;
            driver.unmap(DEVICE, NONE, (32L + data) * PAGE, PAGE, 12);
        });
        for (int i = 0; i < 20; i++) {
            assertThat(read(i * PAGE, NONE)).isEqualTo(Status.OK);
            assertThat(read((32 + i) * PAGE, NONE)).isEqualTo(Status.OK);
        }
        long doorbell = architecture.equals("vtd") ? 0xFEE0_0000L : MessageInterrupts.DOORBELL;
        long at = driver.mapDoorbell(DEVICE, doorbell);

        for (int i = 0; i < 20; i++) {
            function.vector(0, at, i);
            function.interrupt(0);
            machine.loop().runUntil(machine.loop().now() + 100_000L * i);
            driver.unmap(DEVICE, NONE, i * PAGE, PAGE, 12);
        }
        machine.await(() -> served[0] == 20, Long.MAX_VALUE);

        assertThat(served[0]).isEqualTo(20);
        assertThat(dma.atc().cache().size()).isZero();
        assertThat(read(3 * PAGE, NONE)).isNotEqualTo(Status.OK);
        assertThat(read((32 + 3) * PAGE, NONE)).isNotEqualTo(Status.OK);
        assertThat(read(63 * PAGE, NONE)).isEqualTo(Status.OK);
    }

    @ParameterizedTest
    @CsvSource({"smmuv3, F_TRANSLATION", "vtd, SM_FIRST_STAGE_NOT_PRESENT"})
    void shouldTellOfFaultsByInterrupt(String architecture, String kind) {
        start(architecture, StageLayout.STAGE_1);
        dma = new DmaChannel(function);
        List<DmaFault> faults = new ArrayList<>();
        driver.onFault(faults::add);
        driver.map(DEVICE, NONE, 0, PHYSICAL, PAGE, 12, READ_WRITE);

        assertThat(read(0x7000, NONE)).isEqualTo(Status.REFUSED);
        assertThat(faults).as("the interrupt is on its way").isEmpty();
        machine.await(() -> !faults.isEmpty(), Long.MAX_VALUE);

        assertThat(faults).containsExactly(new DmaFault(DEVICE, NONE, 0x7000, false, kind));
    }
}
