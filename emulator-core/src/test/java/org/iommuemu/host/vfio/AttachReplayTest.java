// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.Process;
import org.iommuemu.iommu.AtcInvalidation;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is bound on groups that join later: cases 16, 18 and 19 of the corner cases. */
class AttachReplayTest {
    private static final String MAKERS = "org.iommuemu.host.vfio.VfioMachine#makers";

    /** Fails device steps by their numbers, from 1 on. */
    private static void failDeviceSteps(VfioMachine vfio, Integer... numbers) {
        int[] count = new int[1];
        Set<Integer> failing = Set.of(numbers);
        vfio.failures(step -> step == Step.DEVICE && failing.contains(++count[0]));
    }

    private static void failNothing(VfioMachine vfio) {
        vfio.failures(step -> false);
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 16: all is bound on the new group")
    void shouldBindOnANewGroupWhatIsBound(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            vfio.with(IommuType.TYPE1V2, a);
            Process second = vfio.process();
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            assertThat(vfio.bind(second)).isEqualTo(2);

            assertThat(vfio.container.attachGroup(b)).isEqualTo(Result.done());

            assertThat(vfio.container.domains()).isEqualTo(1);
            for (VfioGroup g : new VfioGroup[] {a, b}) {
                assertThat(vfio.reaches(g, 1, vfio.user)).isTrue();
                assertThat(vfio.reaches(g, 2, second)).isTrue();
            }
            assertThat(vfio.unbind(second)).isZero();
            assertThat(vfio.isRefused(b, 2)).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 16: the last of three bonds fails")
    void shouldUndoBondsInReverseAndNotAttachTheGroup(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            vfio.with(IommuType.TYPE1V2, a);
            vfio.machine.function(vfio.device(b)).pasids = 3;
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            assertThat(vfio.bind(vfio.process())).isEqualTo(2);
            assertThat(vfio.bind(vfio.process())).isEqualTo(3);
            String before = vfio.image();
            vfio.machine.devices.invalidations.clear();

            Result<?> attached = vfio.container.attachGroup(b);

            assertThat(attached.errno()).isEqualTo(Errno.EINVAL);
            assertThat(vfio.image()).isEqualTo(before);
            assertThat(b.container()).isNull();
            assertThat(vfio.hasSva(b)).isFalse();
            assertThat(vfio.container.bonds()).isEqualTo(3);
            // Twice: on the domain that there is, and on one of its own.
            List<Integer> undone = vfio.machine.devices.invalidations.stream()
                    .filter(i -> i.streamId() == 0x20 && i.substreamId() > 0)
                    .map(AtcInvalidation::substreamId)
                    .distinct()
                    .toList();
            assertThat(undone).containsExactly(2, 1);
            assertThat(vfio.reaches(a, 1, vfio.user)).isTrue();
        }
    }

    /** A container with two domains that are like each other, as the second group could not be attached to the first one's. */
    private static VfioMachine twoDomains(Maker maker, VfioGroup[] groups) {
        VfioMachine vfio = new VfioMachine(maker);
        groups[0] = vfio.group(0x10);
        groups[1] = vfio.group(0x20);
        groups[2] = vfio.group(0x30);
        vfio.with(IommuType.TYPE1V2, groups[0]);
        failDeviceSteps(vfio, 2);
        assertThat(vfio.container.attachGroup(groups[1])).isEqualTo(Result.done());
        failNothing(vfio);
        assertThat(vfio.container.domains()).isEqualTo(2);
        return vfio;
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 16: the next domain")
    void shouldTryTheNextDomainWhenABondFails(Maker maker) {
        VfioGroup[] groups = new VfioGroup[3];
        try (VfioMachine vfio = twoDomains(maker, groups)) {
            Process second = vfio.process();
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            assertThat(vfio.bind(second)).isEqualTo(2);
            // Own domain, first domain, three for SVA, first bond, second bond.
            failDeviceSteps(vfio, 7);

            assertThat(vfio.container.attachGroup(groups[2])).isEqualTo(Result.done());

            assertThat(vfio.container.domains()).isEqualTo(2);
            assertThat(vfio.machine.core.attached(vfio.device(groups[2]), VfioMachine.NONE))
                    .isSameAs(vfio.machine.core.attached(vfio.device(groups[1]), VfioMachine.NONE))
                    .isNotNull();
            assertThat(vfio.reaches(groups[2], 1, vfio.user)).isTrue();
            assertThat(vfio.reaches(groups[2], 2, second)).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldKeepADomainOfItsOwnWhenNoOtherFits(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = VfioGroup.incoherent(vfio.machine.core, vfio.iommuGroup(0x20));
            vfio.with(IommuType.TYPE1V2, a);
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            assertThat(vfio.container.mapDma(vfio.caller, VfioMachine.BUFFER, 0x10_0000, 0x4000, 3))
                    .isEqualTo(Result.done());

            assertThat(vfio.container.attachGroup(b)).isEqualTo(Result.done());

            assertThat(vfio.container.domains()).isEqualTo(2);
            assertThat(vfio.reaches(b, 1, vfio.user)).isTrue();
            assertThat(vfio.machine.read(0x20, VfioMachine.NONE, 0x10_1000))
                    .isEqualTo(vfio.machine.read(0x10, VfioMachine.NONE, 0x10_1000))
                    .isPositive();
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 18")
    void shouldNotAttachAGroupThatCannotBeAttachedAgain(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            vfio.with(IommuType.TYPE1V2, a);
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            String before = vfio.image();
            failDeviceSteps(vfio, 2, 3);

            assertThat(vfio.container.attachGroup(b).errno()).isEqualTo(Errno.EINVAL);

            assertThat(vfio.image()).isEqualTo(before);
            assertThat(b.container()).isNull();
            assertThat(vfio.container.groups()).containsExactly(a);
            failNothing(vfio);
            assertThat(vfio.container.attachGroup(b)).isEqualTo(Result.done());
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 19")
    void shouldForgetBondsWithTheLastGroup(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            String before = vfio.image();
            vfio.with(IommuType.TYPE1V2, a);
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);

            assertThat(vfio.container.detachGroup(a)).isEqualTo(Result.done());

            assertThat(vfio.image()).isEqualTo(before);
            assertThat(vfio.container.bonds()).isZero();
            vfio.with(IommuType.TYPE1V2, b);
            assertThat(vfio.isRefused(b, 1)).isTrue();
            assertThat(vfio.hasSva(b)).isFalse();
            assertThat(vfio.unbind(vfio.user)).isEqualTo(-3);
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldKeepBondsOfTheGroupsThatStay(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            vfio.with(IommuType.TYPE1V2, b);
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            String before = vfio.image();
            assertThat(vfio.container.attachGroup(a)).isEqualTo(Result.done());
            assertThat(vfio.machine.prefetch(0x10, 1, VfioMachine.BUFFER)).isTrue();

            assertThat(vfio.container.detachGroup(a)).isEqualTo(Result.done());

            assertThat(vfio.image()).isEqualTo(before);
            assertThat(vfio.machine.isCachedByDevice(0x10, 1, VfioMachine.BUFFER))
                    .isFalse();
            assertThat(vfio.isRefused(a, 1)).isTrue();
            assertThat(vfio.reaches(b, 1, vfio.user)).isTrue();
        }
    }
}
