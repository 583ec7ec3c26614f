// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.vtd.InterruptMessage;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.lint.VtdLint;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The unit's lint follows the driver through all that it does, on units as recorded and with caching mode. */
class LinuxLintTest {
    private static final int NONE = IommuDriver.NO_PASID;
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    private static final int DEVICE = 0x50;
    private static final int OTHER = 0x98;
    private static final long PAGE = 0x1000;
    private static final long MEMORY = 0x4000_0000L;

    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();

    static Stream<LinuxCapture> modes() {
        return Stream.of(
                LinuxCapture.LEGACY_48, LinuxCapture.LEGACY_6_12, LinuxCapture.SCALABLE, LinuxCapture.FIRST_STAGE);
    }

    private boolean read(VtdLint lint, int stream, long iova) {
        lint.translate(transaction.set(stream, NONE, iova, Access.READ), verdict);
        return verdict.isOk();
    }

    private List<String> findings(VtdFeatures features, VtdOptions options) {
        try (PhysicalMemory memory = new PhysicalMemory()) {
            VtdLint lint = new VtdLint(new Vtd(memory, features, CacheConfiguration.standard(), line -> {}), memory);
            VtdDriver driver = new VtdDriver(lint, memory, options, Patience.NONE);
            read(lint, DEVICE, 0);
            driver.interrupt("fault");
            Domain domain = driver.newDomain(
                    options.stages() == StageLayout.STAGE_1 ? Domain.Kind.FIRST_STAGE : Domain.Kind.SECOND_STAGE);
            for (int round = 0; round < 2; round++) {
                for (int stream : new int[] {DEVICE, OTHER}) {
                    driver.attach(stream, NONE, domain);
                    driver.enableAts(stream);
                }
                driver.map(domain, 0x5000, MEMORY, 7 * PAGE, 12, READ_WRITE);
                assertThat(read(lint, DEVICE, 0x5000)).isTrue();
                assertThat(read(lint, OTHER, 0xB000)).isTrue();
                driver.unmap(domain, 0x5000, 7 * PAGE, 12);
                assertThat(read(lint, OTHER, 0xB000)).isFalse();
                InterruptMessage message = driver.mapInterrupt(DEVICE, 0x30, 0);
                assertThat(lint.remapInterrupt(DEVICE, message.address(), message.data()))
                        .isNotNull();
                driver.moveInterrupt(message, DEVICE, 0x31, 1);
                driver.unmapInterrupt(message);
                driver.disableAts(OTHER);
                driver.detach(DEVICE, NONE);
                assertThat(read(lint, DEVICE, 0x5000)).isFalse();
                driver.detach(OTHER, NONE);
            }
            List<String> found = new ArrayList<>();
            lint.log().findings().forEach(f -> found.add(f.rule().id() + " " + f.place()));
            return found;
        }
    }

    @ParameterizedTest
    @MethodSource("modes")
    void shouldFindNothing(LinuxCapture capture) {
        VtdFeatures f = capture.features();
        VtdFeatures second = new VtdFeatures(f.ver(), f.cap(), f.ecap() | ExtendedCapability.SSTS.mask());

        assertThat(findings(second, capture.options())).isEmpty();
    }

    /** Linux invalidates nothing when a root entry becomes present; no unit that is known keeps that it was not. */
    @ParameterizedTest
    @MethodSource("modes")
    void shouldFindNoMoreThanRootEntriesWithCachingMode(LinuxCapture capture) {
        VtdFeatures f = capture.features();
        VtdFeatures caching =
                new VtdFeatures(f.ver(), f.cap() | Capability.CM.mask(), f.ecap() | ExtendedCapability.SSTS.mask());

        assertThat(findings(caching, capture.options()))
                .hasSize(1)
                .allMatch(found -> found.startsWith("root-not-invalidated bus 0x0 "));
    }
}
