// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Requester;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A device's bytes go through link, IOMMU and memory, and its completions come back. */
class PlatformTest {
    private static final int DEVICE = 0x100;
    private static final long PHYSICAL = 0x1_0000_0000L;

    @Test
    void shouldNotAnswerATranslationRequestForMoreThanAReadCompletionBoundary() {
        try (Platform machine = Platform.vtd(PlatformParameters.standard())) {
            PciFunction function = machine.addFunction(DEVICE);
            function.enableBusMaster().enableAts(0);
            List<Requester.Outcome> ended = new ArrayList<>();

            for (int count = 8; count <= 9; count++) {
                function.requester()
                        .translate(0x4000, count, Transaction.NO_SUBSTREAM, Access.READ, (o, data) -> ended.add(o));
            }
            machine.loop().run();

            assertThat(machine.bridge().malformed()).isEqualTo(1);
            assertThat(ended).containsExactly(Requester.Outcome.UR, Requester.Outcome.TIMED_OUT);
        }
    }

    @ParameterizedTest
    @CsvSource({"smmuv3, STAGE_1", "smmuv3, STAGE_2", "smmuv3, NESTED", "vtd, STAGE_1", "vtd, STAGE_2", "vtd, NESTED"})
    void shouldMoveBytesWhereTheTablesSay(String architecture, StageLayout stages) {
        PlatformParameters standard = PlatformParameters.standard();
        try (Platform machine = architecture.equals("vtd") ? Platform.vtd(standard) : Platform.smmuv3(standard)) {
            IommuDriver driver = machine.startDriver(stages);
            driver.map(
                    DEVICE, IommuDriver.NO_PASID, 0x4000, PHYSICAL, 0x2000, 12, IommuDriver.READ | IommuDriver.WRITE);
            PciFunction function = machine.addFunction(DEVICE);
            function.enableBusMaster();
            DmaChannel dma = new DmaChannel(function);
            byte[] data = new byte[5000];
            for (int i = 0; i < data.length; i++) {
                data[i] = (byte) (i * 7);
            }
            byte[] back = new byte[data.length];
            DmaChannel.Status[] ended = new DmaChannel.Status[3];

            dma.write(0x4100, data, Transaction.NO_SUBSTREAM, Access.WRITE, (s, n) -> ended[0] = s);
            dma.read(0x4100, back, Transaction.NO_SUBSTREAM, Access.READ, (s, n) -> ended[1] = s);
            dma.read(0x9000, new byte[4], Transaction.NO_SUBSTREAM, Access.READ, (s, n) -> ended[2] = s);
            machine.loop().run();

            assertThat(ended).containsExactly(DmaChannel.Status.OK, DmaChannel.Status.OK, DmaChannel.Status.REFUSED);
            assertThat(back).isEqualTo(data);
            byte[] inMemory = new byte[data.length];
            machine.memory().read(PHYSICAL + 0x100, inMemory, 0, inMemory.length);
            assertThat(inMemory).isEqualTo(data);
            assertThat(machine.loop().now()).isPositive();
        }
    }
}
