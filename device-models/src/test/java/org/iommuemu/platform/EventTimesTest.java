// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.ats.AtcParameters;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.cache.CacheGeometry;
import org.iommuemu.cache.ReplacementPolicy;
import org.iommuemu.device.AtsParameters;
import org.iommuemu.device.DmaPath;
import org.iommuemu.device.PageService;
import org.iommuemu.device.PathParameters;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.pcie.DataMemory;
import org.iommuemu.pcie.LinkSharing;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.RootComplex;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Two independent accounts of the same way, where nobody else is on it: TLPs in events, and the closed form that replays use. They must
 * agree to the picosecond.
 */
class EventTimesTest {
    private static final int DEVICE = 0x100;
    private static final long PHYSICAL = 0x1_0000_0000L;
    private static final int NONE = Transaction.NO_SUBSTREAM;
    private static final long LATENCY = 7_000;
    private static final CacheGeometry CACHE = CacheGeometry.of(8, 8, ReplacementPolicy.LRU);

    private final PlatformParameters parameters = PlatformParameters.standard();

    private static void map(Platform machine) {
        IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
        int readWrite = IommuDriver.READ | IommuDriver.WRITE;
        driver.map(DEVICE, IommuDriver.NO_PASID, 0x1_0000, PHYSICAL, 0x1_0000, 12, readWrite);
        driver.enableAts(DEVICE);
    }

    private DmaPath closedForm(Platform machine, boolean ats) {
        return new DmaPath(
                new PathParameters(
                        new PathParameters.Device(0, 0, 0, parameters.tags()),
                        parameters.link(),
                        parameters.credits(),
                        parameters.propagation(),
                        parameters.completionBytes(),
                        LinkSharing.ALL,
                        ats ? new AtsParameters(CACHE, LATENCY, 0) : AtsParameters.NONE),
                new RootComplex(parameters.rootComplex(), null),
                machine.iommu(),
                machine.timed(),
                new DataMemory(parameters.memoryLatency(), parameters.memoryRate()),
                PageService.NOBODY);
    }

    private static long later(long end) {
        return end + 1_000_000;
    }

    @ParameterizedTest(name = "{0} bytes from {1}, ATS {2}")
    @CsvSource({
        "64, 10000, false",
        "64, 10040, true",
        "512, 10000, false",
        "3000, 10010, false",
        "3000, 10010, true",
        "4096, 12000, true",
        "9000, 10800, false",
    })
    void shouldTakeTheSameTimeForReads(int bytes, String from, boolean ats) {
        long address = Long.parseLong(from, 16);
        long[] event = new long[3];
        try (Platform machine = Platform.smmuv3(parameters)) {
            map(machine);
            DmaChannel dma = channel(machine, ats);
            for (int i = 0; i < event.length; i++) {
                long start = machine.loop().now();
                int at = i;
                dma.read(address, new byte[bytes], NONE, Access.READ, (s, n) -> {
                    assertThat(s).isEqualTo(DmaChannel.Status.OK);
                    event[at] = machine.loop().now() - start;
                });
                machine.loop().run();
                machine.loop().runUntil(later(machine.loop().now()));
            }
        }

        long[] closed = new long[event.length];
        try (Platform machine = Platform.smmuv3(parameters)) {
            map(machine);
            DmaPath path = closedForm(machine, ats);
            long at = 0;
            for (int i = 0; i < closed.length; i++) {
                long end = path.access(
                        new Transaction().set(DEVICE, NONE, address, Access.READ),
                        bytes,
                        at,
                        new Verdict(),
                        new Journey());
                closed[i] = end - at;
                at = later(end);
            }
        }

        assertThat(event).as("cold, then twice warm").isEqualTo(closed);
        assertThat(event[0]).isGreaterThan(event[1]);
    }

    @ParameterizedTest(name = "{0} bytes to {1}, ATS {2}")
    @CsvSource({"64, 10000, false", "1000, 10010, false", "64, 10000, true", "1000, 10010, true"})
    void shouldTakeTheSameTimeForAReadBehindAWrite(int bytes, String to, boolean ats) {
        long address = Long.parseLong(to, 16);
        long[] event = new long[3];
        try (Platform machine = Platform.smmuv3(parameters)) {
            map(machine);
            DmaChannel dma = channel(machine, ats);
            for (int i = 0; i < event.length; i++) {
                long start = machine.loop().now();
                int at = i;
                dma.write(
                        address,
                        new byte[bytes],
                        NONE,
                        Access.WRITE,
                        (w, m) -> dma.read(0x1_8000, new byte[64], NONE, Access.READ, (s, n) -> {
                            assertThat(s).isEqualTo(DmaChannel.Status.OK);
                            event[at] = machine.loop().now() - start;
                        }));
                machine.loop().run();
                machine.loop().runUntil(later(machine.loop().now()));
            }
        }

        long[] closed = new long[event.length];
        try (Platform machine = Platform.smmuv3(parameters)) {
            map(machine);
            DmaPath path = closedForm(machine, ats);
            long at = 0;
            for (int i = 0; i < closed.length; i++) {
                Journey sent = new Journey();
                path.access(new Transaction().set(DEVICE, NONE, address, Access.WRITE), bytes, at, new Verdict(), sent);
                long end = path.access(
                        new Transaction().set(DEVICE, NONE, 0x1_8000, Access.READ),
                        64,
                        // A device knows that the write is sent once it has looked its page up.
                        at + (ats ? LATENCY : 0),
                        new Verdict(),
                        new Journey());
                closed[i] = end - at;
                at = later(end);
            }
        }

        assertThat(event[2]).as("warm").isEqualTo(closed[2]);
        assertThat(ats || event[0] == closed[0])
                .as("cold: the translation comes before the write is sent")
                .isTrue();
    }

    private static DmaChannel channel(Platform machine, boolean ats) {
        PciFunction function = machine.addFunction(DEVICE);
        function.enableBusMaster();
        if (ats) {
            function.enableAts(0);
        }
        return new DmaChannel(function, AtcParameters.standard().withCache(CACHE, LATENCY));
    }
}
