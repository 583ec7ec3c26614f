// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.OpenFile;
import org.iommuemu.host.vfio.spec.GroupStatus;
import org.iommuemu.host.vfio.spec.IommuInfo;
import org.iommuemu.host.vfio.spec.VfioRequest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every step of every call fails once: the error is a documented one, and nothing is left of the call but SVA enabled. */
class VfioStepSweepTest {
    private static final int MAP = 0x3B00 + 113;

    /** A machine before a call, and the call. */
    private record Sweep(String name, Function<Maker, Prepared> prepare, int fewestSteps, Integer... errors) {
        @Override
        public String toString() {
            return name;
        }
    }

    private record Prepared(VfioMachine vfio, LongSupplier call, Runnable works) {}

    private static Prepared bind(Maker maker, boolean enabled) {
        VfioMachine vfio = new VfioMachine(maker);
        VfioGroup a = vfio.group(0x10);
        VfioGroup b = vfio.group(0x20);
        vfio.with(IommuType.TYPE1V2, a, b);
        if (enabled) {
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            assertThat(vfio.unbind(vfio.user)).isZero();
        }
        return new Prepared(vfio, () -> vfio.bind(vfio.user), () -> {
            assertThat(vfio.reaches(a, 1, vfio.user)).isTrue();
            assertThat(vfio.reaches(b, 1, vfio.user)).isTrue();
        });
    }

    private static Prepared unbind(Maker maker) {
        VfioMachine vfio = new VfioMachine(maker);
        VfioGroup a = vfio.group(0x10);
        vfio.with(IommuType.TYPE1V2, a);
        assertThat(vfio.bind(vfio.user)).isEqualTo(1);
        return new Prepared(
                vfio,
                () -> vfio.unbind(vfio.user),
                () -> assertThat(vfio.isRefused(a, 1)).isTrue());
    }

    private static Prepared attach(Maker maker, boolean coherent) {
        VfioMachine vfio = new VfioMachine(maker);
        VfioGroup a = vfio.group(0x10);
        VfioGroup b = coherent ? vfio.group(0x20) : VfioGroup.incoherent(vfio.machine.core, vfio.iommuGroup(0x20));
        vfio.with(IommuType.TYPE1V2, a);
        assertThat(vfio.container
                        .mapDma(vfio.caller, VfioMachine.BUFFER, 0x10_0000, 0x2000, 3)
                        .isOk())
                .isTrue();
        assertThat(vfio.bind(vfio.process())).isEqualTo(1);
        assertThat(vfio.bind(vfio.user)).isEqualTo(2);
        return new Prepared(vfio, () -> vfio.container.attachGroup(b).returned(), () -> {
            assertThat(vfio.reaches(b, 2, vfio.user)).isTrue();
            assertThat(vfio.machine.read(0x20, VfioMachine.NONE, 0x10_0000)).isPositive();
        });
    }

    private static Prepared setIommu(Maker maker) {
        VfioMachine vfio = new VfioMachine(maker);
        vfio.container.attachGroup(vfio.group(0x10));
        vfio.container.attachGroup(vfio.group(0x20, 0x21));
        vfio.container.attachGroup(VfioGroup.incoherent(vfio.machine.core, vfio.iommuGroup(0x30)));
        VfioGroup[] groups = vfio.container.groups().toArray(VfioGroup[]::new);
        return new Prepared(
                vfio, () -> vfio.container.setIommu(IommuType.NESTING).returned(), () -> {
                    for (VfioGroup g : groups) {
                        g.devices()
                                .forEach(d -> assertThat(vfio.machine.core.attached(d.device(), VfioMachine.NONE))
                                        .isNotNull());
                    }
                });
    }

    private static Prepared map(Maker maker) {
        VfioMachine vfio = new VfioMachine(maker);
        vfio.with(IommuType.TYPE1V2, vfio.group(0x10), VfioGroup.incoherent(vfio.machine.core, vfio.iommuGroup(0x20)));
        return new Prepared(
                vfio,
                () -> vfio.call(
                        MAP,
                        ByteBuffer.allocate(32)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .putInt(32)
                                .putInt(3)
                                .putLong(VfioMachine.BUFFER)
                                .putLong(0x10_0000)
                                .putLong(0x4000)
                                .rewind()),
                () -> assertThat(vfio.machine.read(0x20, VfioMachine.NONE, 0x10_3000))
                        .isPositive());
    }

    private static Prepared svmBind(Maker maker, boolean table) {
        VfioMachine vfio = new VfioMachine(maker, Dialect.SVM);
        vfio.with(table ? IommuType.NESTING : IommuType.TYPE1V2, vfio.group(0x10), vfio.group(0x20));
        if (!table) {
            return new Prepared(
                    vfio,
                    () -> vfio.call(VfioMachine.BIND, SvmBindTest.pasid(0)),
                    () -> assertThat(vfio.machine.read(0x20, 1, VfioMachine.BUFFER))
                            .isPositive());
        }
        GuestMemoryImage guest = new GuestMemoryImage(vfio);
        guest.map();
        return new Prepared(
                vfio,
                () -> vfio.call(
                        VfioMachine.BIND,
                        vfio.machine.isSmmu()
                                ? SvmBindTest.pasidTable(GuestMemoryImage.CONTEXTS, 2, 0, 0)
                                : SvmBindTest.pageTable(GuestMemoryImage.ROOT, 1, 48, 0)),
                () -> assertThat(guest.isReached(0x20, 1)).isTrue());
    }

    /** A call that reads a structure and writes it back, of a container or a group that has a file. */
    private static Prepared answered(Maker maker, boolean ofGroup, int request, int bytes) {
        VfioMachine vfio = new VfioMachine(maker);
        VfioGroup group = vfio.group(0x10);
        vfio.with(IommuType.TYPE1V2, group);
        ByteBuffer structure =
                ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(0, bytes);
        UserBuffer argument = UserBuffer.of(structure);
        OpenFile file = ofGroup ? new VfioGroupFile(group) : vfio.container;
        return new Prepared(
                vfio,
                () -> file.ioctl(vfio.caller, request, argument),
                () -> assertThat(structure.getInt(4)).isPositive());
    }

    /** Opens a device by its name. */
    private static Prepared openDevice(Maker maker) {
        VfioMachine vfio = new VfioMachine(maker);
        VfioGroup group = vfio.group(0x10);
        vfio.with(IommuType.TYPE1V2, group);
        String name = group.devices().get(0).name() + "\0";
        UserBuffer argument = UserBuffer.of(ByteBuffer.wrap(name.getBytes(StandardCharsets.ISO_8859_1)));
        return new Prepared(
                vfio,
                () -> new VfioGroupFile(group).ioctl(vfio.caller, VfioRequest.GROUP_GET_DEVICE_FD, argument),
                () -> assertThat(vfio.user.files().size()).isOne());
    }

    private static List<Sweep> sweeps() {
        return List.of(
                new Sweep("BIND", m -> bind(m, false), 10, -14, -12, -5),
                new Sweep("BIND with SVA enabled", m -> bind(m, true), 6, -14, -12, -5),
                new Sweep("UNBIND", VfioStepSweepTest::unbind, 2, -14),
                new Sweep("attach a group to a domain", m -> attach(m, true), 8, -12, -5),
                new Sweep("attach a group to a domain of its own", m -> attach(m, false), 8, -12, -5),
                new Sweep("SET_IOMMU", VfioStepSweepTest::setIommu, 6, -12, -5),
                new Sweep("GET_INFO", m -> answered(m, false, VfioRequest.IOMMU_GET_INFO, IommuInfo.BYTES), 2, -14),
                new Sweep(
                        "GROUP_GET_STATUS",
                        m -> answered(m, true, VfioRequest.GROUP_GET_STATUS, GroupStatus.BYTES),
                        2,
                        -14),
                new Sweep("GROUP_GET_DEVICE_FD", VfioStepSweepTest::openDevice, 1, -14),
                new Sweep("MAP_DMA", VfioStepSweepTest::map, 6, -14, -12),
                new Sweep("SVM_BIND of a PASID", m -> svmBind(m, false), 8, -14, -12, -5),
                new Sweep("SVM_BIND of a table", m -> svmBind(m, true), 8, -14, -12, -5));
    }

    static Stream<Arguments> all() {
        return VfioMachine.makers().flatMap(m -> sweeps().stream().map(s -> Arguments.of(m, s)));
    }

    /** The image as it is with SVA off where it was off before. */
    private static String image(VfioMachine vfio, Map<Integer, Boolean> enabled) {
        for (VfioGroup g : vfio.container.groups()) {
            g.devices().stream()
                    .filter(d -> !enabled.getOrDefault(d.device().stream(), false))
                    .forEach(d -> vfio.machine.core.disableSva(d.device()));
        }
        return vfio.image();
    }

    @ParameterizedTest
    @MethodSource("all")
    void shouldLeaveNothingOfACallThatFailsAtAnyStep(Maker maker, Sweep sweep) {
        List<Integer> documented = Arrays.asList(sweep.errors);
        int refused = 0;
        boolean more = true;
        int n = 1;
        for (; more; n++) {
            Prepared prepared = sweep.prepare.apply(maker);
            try (VfioMachine vfio = prepared.vfio) {
                Map<Integer, Boolean> enabled = new TreeMap<>();
                vfio.container
                        .groups()
                        .forEach(g -> g.devices()
                                .forEach(d ->
                                        enabled.put(d.device().stream(), vfio.machine.core.isSvaEnabled(d.device()))));
                String before = vfio.image();
                int bonds = vfio.container.bonds();
                int mappings = vfio.container.mappings();
                int groups = vfio.container.groups().size();
                long locked = VfioMachine.memory(vfio.user).lockedBytes();
                FailurePlan.Counting plan = FailurePlan.nth(n);
                List<Step> failed = new ArrayList<>();
                vfio.failures(step -> plan.fails(step) && failed.add(step));

                long returned = prepared.call.getAsLong();

                vfio.failures(FailurePlan.NONE);
                more = plan.hasFailed();
                if (returned >= 0) {
                    // Nothing failed, or there was another way.
                    prepared.works.run();
                    continue;
                }
                refused++;
                assertThat(more).isTrue();
                assertThat((int) returned).isIn(documented);
                assertThat(returned)
                        .as("step %d: %s", n, failed)
                        .isEqualTo(failed.get(0).errno().returned());
                assertThat(image(vfio, enabled)).isEqualTo(before);
                assertThat(vfio.container.bonds()).isEqualTo(bonds);
                assertThat(vfio.container.mappings()).isEqualTo(mappings);
                assertThat(vfio.container.groups()).hasSize(groups);
                assertThat(VfioMachine.memory(vfio.user).lockedBytes()).isEqualTo(locked);
            }
        }
        assertThat(n - 2).isGreaterThanOrEqualTo(sweep.fewestSteps);
        assertThat(refused).isPositive();
    }
}
