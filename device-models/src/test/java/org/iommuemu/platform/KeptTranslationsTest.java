// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.StaleCause;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.StaleHit;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.TlpKind;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A whole machine reports functions that use what the tables no longer give. */
class KeptTranslationsTest {
    private static final long IOVA = 0x1_0000;
    private static final long PHYSICAL = 0x1_0000_0000L;
    private static final long HELD = 100_000_000L;

    @ParameterizedTest
    @ValueSource(strings = {"smmuv3", "vtd"})
    void shouldReportEachFunctionThatReadsBeforeItHearsOfTheInvalidation(String architecture) {
        PlatformParameters p = PlatformParameters.standard();
        try (Platform machine = architecture.equals("vtd") ? Platform.vtd(p) : Platform.smmuv3(p)) {
            StaleDetector detector = machine.detectStale();
            IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
            List<DmaChannel> channels = List.of(channel(machine, driver, 0x100), channel(machine, driver, 0x200));
            channels.forEach(KeptTranslationsTest::read);
            machine.loop().run();
            assertThat(detector.hits()).isEmpty();

            machine.loop().schedule(machine.loop().now() + HELD / 2, (time, data) -> read(channels.get(0)), 0);
            driver.unmap(0x100, IommuDriver.NO_PASID, IOVA, 0x1000, 12);
            machine.loop().schedule(machine.loop().now() + HELD / 2, (time, data) -> read(channels.get(1)), 0);
            driver.unmap(0x200, IommuDriver.NO_PASID, IOVA, 0x1000, 12);
            machine.loop().run();

            assertThat(detector.hits()).extracting(StaleHit::streamId).containsExactly(0x100, 0x200);
            assertThat(detector.hits()).extracting(StaleHit::cause).containsOnly(StaleCause.KEPT_BY_DEVICE);
        }
    }

    private static DmaChannel channel(Platform machine, IommuDriver driver, int id) {
        PciFunction function = machine.addFunction(id).enableBusMaster();
        driver.map(id, IommuDriver.NO_PASID, IOVA, PHYSICAL + id * 0x1000L, 0x1000, 12, IommuDriver.READ);
        driver.enableAts(id);
        function.enableAts(0);
        function.link()
                .tap((tlp, up, arrival, wire) ->
                        wire.deliver(tlp, tlp.kind() == TlpKind.INVALIDATE_REQUEST ? arrival + HELD : arrival));
        return new DmaChannel(function);
    }

    private static void read(DmaChannel dma) {
        dma.read(IOVA, new byte[8], IommuDriver.NO_PASID, Access.READ, (status, moved) -> {});
    }
}
