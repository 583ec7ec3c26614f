// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Requester;
import org.iommuemu.pcie.Requester.Outcome;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.platform.Platform;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A device that never answers an invalidation loses ATS, and nobody else anything. */
class SilencedDeviceTest {
    private static final int SILENT = 0x200;
    private static final int VICTIM = 0x100;
    private static final int PASID = Transaction.NO_SUBSTREAM;
    private static final long IOVA = 0x4000_0000L;
    private static final long OWN = World.FRAMES;
    private static final long OTHERS = World.FRAMES + 0x1000;
    private static final int PAGE = 4096;
    private static final int VICTIM_READS = 200;

    private Platform machine;
    private IommuDriver driver;
    private PciFunction function;
    private final List<Integer> silenced = new ArrayList<>();
    private boolean answers;

    private void start(Setting.Architecture architecture) {
        machine = new Setting(architecture, 1, false).machine();
        driver = machine.startDriver(StageLayout.STAGE_1);
        driver.onSilence(silenced::add);
        driver.map(SILENT, IommuDriver.NO_PASID, IOVA, OWN, PAGE, 12, IommuDriver.READ | IommuDriver.WRITE);
        driver.map(VICTIM, IommuDriver.NO_PASID, IOVA, OTHERS, PAGE, 12, IommuDriver.READ);
        function = machine.addFunction(SILENT).enableBusMaster();
        new DmaChannel(function);
        function.link().tap((tlp, up, arrival, wire) -> {
            if (answers || !(tlp instanceof Tlp.InvalidateCompletion)) {
                wire.deliver(tlp, arrival);
            }
        });
        driver.enableAts(SILENT);
        function.enableAts(0);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private Outcome outcomeOf(Consumer<Requester.Answer> request) {
        List<Outcome> outcomes = new ArrayList<>();
        request.accept((outcome, data) -> outcomes.add(outcome));
        machine.loop().run();
        assertThat(outcomes).hasSize(1);
        return outcomes.get(0);
    }

    private Outcome translated(long address) {
        return outcomeOf(a -> function.requester().read(Tlp.AddressType.TRANSLATED, address, 8, PASID, Access.READ, a));
    }

    private Outcome translation() {
        return outcomeOf(a -> function.requester().translate(IOVA, 1, PASID, Access.READ, a));
    }

    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldRefuseItsTranslationsUntilItIsEnabledAnew(Setting.Architecture architecture) {
        start(architecture);
        assertThat(translation()).isEqualTo(Outcome.SUCCESS);
        assertThat(translated(OWN)).isEqualTo(Outcome.SUCCESS);

        driver.unmap(SILENT, IommuDriver.NO_PASID, IOVA, PAGE, 12);

        assertThat(silenced).containsExactly(SILENT);
        assertThat(translated(OWN)).isEqualTo(Outcome.UR);
        assertThat(translation()).isEqualTo(Outcome.UR);
        // Not even for what is mapped later, or by another unmapping, of which nobody is told again.
        driver.map(SILENT, IommuDriver.NO_PASID, IOVA, OWN, PAGE, 12, IommuDriver.READ);
        assertThat(translation()).isEqualTo(Outcome.UR);
        driver.unmap(SILENT, IommuDriver.NO_PASID, IOVA, PAGE, 12);
        assertThat(silenced).containsExactly(SILENT);

        driver.map(SILENT, IommuDriver.NO_PASID, IOVA, OWN, PAGE, 12, IommuDriver.READ);
        function.reset();
        function.enableBusMaster().enableAts(0);
        answers = true;
        driver.enableAts(SILENT);

        assertThat(translation()).isEqualTo(Outcome.SUCCESS);
        assertThat(translated(OWN)).isEqualTo(Outcome.SUCCESS);
    }

    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldLetOthersReadOnWhileSoftwareWaitsForIt(Setting.Architecture architecture) {
        start(architecture);
        PciFunction victim = machine.addFunction(VICTIM).enableBusMaster();
        DmaChannel channel = new DmaChannel(victim);
        driver.enableAts(VICTIM);
        victim.enableAts(0);
        int[] read = new int[1];
        for (int i = 0; i < VICTIM_READS; i++) {
            channel.read(IOVA, new byte[64], PASID, Access.READ, (status, moved) -> {
                read[0] += status == DmaChannel.Status.OK ? 1 : 0;
            });
        }

        driver.unmap(SILENT, IommuDriver.NO_PASID, IOVA, PAGE, 12);

        assertThat(silenced).containsExactly(SILENT);
        assertThat(read[0]).isEqualTo(VICTIM_READS);
        // The victim's own pages can still be taken away in time.
        long before = machine.loop().now();
        driver.unmap(VICTIM, IommuDriver.NO_PASID, IOVA, PAGE, 12);
        assertThat(machine.loop().now() - before)
                .isLessThan(machine.parameters().invalidationTimeout() / 1_000);
        assertThat(silenced).containsExactly(SILENT);
    }

    /**
     * With full ATS (STE.EATS=1, DTE=1) a translated address is taken for what the IOMMU itself gave out (IHI 0070 §3.9.1, VT-d 10.3):
     * such a device can reach all memory. Without, it can reach nothing; which device may is software's decision.
     */
    @ParameterizedTest
    @EnumSource(Setting.Architecture.class)
    void shouldTrustForgedTranslationsOnlyWithFullAts(Setting.Architecture architecture) {
        start(architecture);
        assertThat(translated(OTHERS)).isEqualTo(Outcome.SUCCESS);

        driver.disableAts(SILENT);

        assertThat(translated(OTHERS)).isEqualTo(Outcome.UR);
        assertThat(translated(OWN)).isEqualTo(Outcome.UR);
    }
}
