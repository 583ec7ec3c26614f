// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.iommuemu.iommu.Access;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What attaching and detaching sends where no capture shows it: with caching mode, and with device TLBs. */
class LinuxAttachmentTest {
    private static final int NONE = IommuDriver.NO_PASID;
    private static final int READ_WRITE = IommuDriver.READ | IommuDriver.WRITE;
    private static final int DEVICE = 0x50;
    private static final long PAGE = 0x1000;
    private static final long MEMORY = 0x4000_0000L;

    static Stream<LinuxCapture> modes() {
        return Stream.of(LinuxCapture.LEGACY_48, LinuxCapture.SCALABLE, LinuxCapture.FIRST_STAGE);
    }

    /** The capture's unit; where it has no second stage, with one, as else the width in PASID entries is reserved. */
    private static DrivenUnit unit(LinuxCapture capture, boolean cachingMode) {
        VtdFeatures f = capture.features();
        long cap = f.cap() | Capability.CM.of(cachingMode ? 1 : 0);
        return new DrivenUnit(
                new VtdFeatures(f.ver(), cap, f.ecap() | ExtendedCapability.SSTS.mask()), capture.options());
    }

    private static Domain domain(DrivenUnit machine, LinuxCapture capture) {
        return machine.driver()
                .newDomain(
                        capture.equals(LinuxCapture.FIRST_STAGE) ? Domain.Kind.FIRST_STAGE : Domain.Kind.SECOND_STAGE);
    }

    @Test
    void shouldInvalidateWhatWasAbsentInLegacyMode() {
        try (DrivenUnit machine = unit(LinuxCapture.LEGACY_48, true)) {
            Domain domain = domain(machine, LinuxCapture.LEGACY_48);
            machine.sent();

            machine.driver().attach(DEVICE, NONE, domain);
            assertThat(machine.sent()).containsExactly("5000000031 0", "wait", "200e2 0", "wait");

            machine.driver().map(domain, 0x5000, MEMORY, 3 * PAGE, 12, READ_WRITE);
            assertThat(machine.sent()).containsExactly("200f2 5002", "wait");
        }
    }

    @Test
    void shouldInvalidateWhatWasAbsentInScalableMode() {
        try (DrivenUnit machine = unit(LinuxCapture.SCALABLE, true)) {
            Domain domain = domain(machine, LinuxCapture.SCALABLE);
            machine.sent();

            machine.driver().attach(DEVICE, NONE, domain);
            assertThat(machine.sent())
                    .containsExactly(
                            "5000000031 0",
                            "wait",
                            "e2 0",
                            "wait",
                            "17 0",
                            "wait",
                            "20017 0",
                            "wait",
                            "20026 0",
                            "wait");

            machine.driver().map(domain, 0x5000, MEMORY, 3 * PAGE, 12, READ_WRITE);
            assertThat(machine.sent()).containsExactly("200f2 5002", "wait");
        }
    }

    /** Nothing of a first stage is kept that is not present. */
    @Test
    void shouldNotInvalidateWhenAFirstStageIsMapped() {
        try (DrivenUnit machine = unit(LinuxCapture.FIRST_STAGE, true)) {
            Domain domain = domain(machine, LinuxCapture.FIRST_STAGE);
            machine.driver().attach(DEVICE, NONE, domain);
            machine.sent();

            machine.driver().map(domain, 0x5000, MEMORY, 3 * PAGE, 12, READ_WRITE);

            assertThat(machine.sent()).isEmpty();
        }
    }

    /** The unit keeps each refusal until it is told otherwise. */
    @ParameterizedTest
    @MethodSource("modes")
    void shouldTranslateAtOnceWhatWasRefusedBefore(LinuxCapture capture) {
        try (DrivenUnit machine = unit(capture, true)) {
            Domain domain = domain(machine, capture);
            assertThat(machine.access(DEVICE, 0x5000, Access.READ).isOk()).isFalse();

            machine.driver().attach(DEVICE, NONE, domain);
            assertThat(machine.access(DEVICE, 0x5000, Access.READ).isOk()).isFalse();
            machine.driver().map(domain, 0x5000, MEMORY, PAGE, 12, READ_WRITE);
            assertThat(machine.access(DEVICE, 0x5000, Access.READ).address()).isEqualTo(MEMORY);

            machine.driver().detach(DEVICE, NONE);
            assertThat(machine.access(DEVICE, 0x5000, Access.READ).isOk()).isFalse();
            machine.driver().attach(DEVICE, NONE, domain);
            assertThat(machine.access(DEVICE, 0x5000, Access.READ).address()).isEqualTo(MEMORY);
        }
    }

    @ParameterizedTest
    @MethodSource("modes")
    void shouldSendNothingWhenSomethingBecomesPresent(LinuxCapture capture) {
        try (DrivenUnit machine = unit(capture, false)) {
            Domain domain = domain(machine, capture);
            machine.sent();

            machine.driver().attach(DEVICE, NONE, domain);
            machine.driver().map(domain, 0x5000, MEMORY, 3 * PAGE, 12, READ_WRITE);

            assertThat(machine.sent()).isEmpty();
        }
    }

    @Test
    void shouldInvalidateTheDeviceTlbLastWhenALegacyDeviceIsDetached() {
        try (DrivenUnit machine = unit(LinuxCapture.LEGACY_48, false)) {
            machine.driver().bind(DEVICE, NONE);
            machine.driver().enableAts(DEVICE);
            machine.sent();

            machine.driver().detach(DEVICE, NONE);

            assertThat(machine.sent())
                    .containsExactly("5000020031 0", "wait", "200e2 0", "wait", "5000000003 7ffffffffffff001", "wait");
        }
    }

    /** In scalable mode by PASID, and once more between a fence and a wait that lets page requests arrive first. */
    @Test
    void shouldDrainPageRequestsWhenAPasidIsDetached() {
        VtdOptions options = VtdOptions.linux(LinuxRelease.LINUX_6_12, StageLayout.STAGE_1, true);
        try (DrivenUnit machine = new DrivenUnit(VtdFeatures.full(), options)) {
            machine.driver().bind(DEVICE, 5);
            machine.driver().enableAts(DEVICE);
            machine.driver().enablePageRequests(DEVICE);
            machine.sent();

            machine.driver().detach(DEVICE, 5);

            assertThat(machine.sent().stream().map(d -> d.replaceFirst("^2000000a5 .*", "drain")))
                    .containsExactly(
                            "500020017 0",
                            "wait",
                            "500020026 0",
                            "wait",
                            "50000500500008 7ffffffffffff800",
                            "wait",
                            "200000045 0",
                            "500020026 0",
                            "50000500500008 7ffffffffffff800",
                            "drain");
        }
    }

    /** Contexts that change where they are present: what was read through them goes too. */
    @Test
    void shouldForgetWhatAContextLedToWhenItChanges() {
        try (DrivenUnit machine = unit(LinuxCapture.SCALABLE, false)) {
            machine.driver().bind(DEVICE, NONE);
            machine.sent();

            machine.driver().enableAts(DEVICE);

            assertThat(machine.sent()).containsExactly("5000000031 0", "wait", "20007 0", "wait", "200e2 0", "wait");
        }
    }

    /** A legacy entry says by its type that the device has a TLB (TT=1), a scalable one by DTE. */
    @Test
    void shouldSayInContextEntriesThatADeviceHasATlb() {
        try (DrivenUnit legacy = unit(LinuxCapture.LEGACY_48, false);
                DrivenUnit scalable = unit(LinuxCapture.SCALABLE, false)) {
            for (DrivenUnit machine : new DrivenUnit[] {legacy, scalable}) {
                machine.driver().bind(DEVICE, NONE);
                machine.driver().enableAts(DEVICE);
            }

            assertThat(EntryReading.masked(entries(legacy, false).context(DEVICE)))
                    .containsExactly(0x5, 0x202);
            assertThat(EntryReading.masked(entries(scalable, true).context(DEVICE)))
                    .containsExactly(0x405, 0, 0, 0);
        }
    }

    private static EntryReading entries(DrivenUnit machine, boolean scalable) {
        return new EntryReading(
                machine.memory(), machine.driver().unit().contexts().root(), scalable);
    }
}
