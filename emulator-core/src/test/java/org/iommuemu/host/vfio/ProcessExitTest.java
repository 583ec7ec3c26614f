// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.Process;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What becomes of bonds when processes exit, whenever that is: cases 15 and 17 of the corner cases. */
class ProcessExitTest {
    private static final String MAKERS = "org.iommuemu.host.vfio.VfioMachine#makers";

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 15")
    void shouldRemoveTheBondOnceHoweverManyDevicesThereAre(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            VfioGroup c = vfio.group(0x30);
            List<String> callbacks = new ArrayList<>();
            vfio.machine.core.onExit((device, pasid, mm) -> callbacks.add(String.format(
                    "%x: PASID %d, %d bonds, %s",
                    device.stream(),
                    pasid,
                    vfio.container.bonds(),
                    vfio.machine.read(device.stream(), pasid, VfioMachine.BUFFER) == -1 ? "cut off" : "reaches it")));
            vfio.with(IommuType.TYPE1V2, a, b, c);
            Process process = vfio.process();
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            int frames = vfio.machine.frames.inUse();
            assertThat(vfio.bind(process)).isEqualTo(2);
            assertThat(vfio.reaches(c, 2, process)).isTrue();

            vfio.machine.processes.exit(process);

            assertThat(callbacks)
                    .containsExactly(
                            "10: PASID 2, 2 bonds, cut off",
                            "20: PASID 2, 1 bonds, cut off",
                            "30: PASID 2, 1 bonds, cut off");
            assertThat(vfio.machine.frames.inUse()).isEqualTo(frames - 4);
            assertThat(vfio.machine.staleAccesses()).isZero();
            assertThat(vfio.reaches(a, 1, vfio.user)).isTrue();
            assertThat(vfio.container.bonds()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldLeaveTheHardwareAsItWasBeforeTheBind(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup a = vfio.group(0x10);
            VfioGroup b = vfio.group(0x20);
            vfio.with(IommuType.TYPE1V2, a, b);
            assertThat(vfio.bind(vfio.user)).isEqualTo(1);
            String before = vfio.image();
            Process process = vfio.process();
            assertThat(vfio.bind(process)).isEqualTo(2);

            vfio.machine.processes.exit(process);

            assertThat(vfio.image()).isEqualTo(before);
            assertThat(vfio.bind(vfio.process())).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldEndTheBondByExecToo(Maker maker) {
        try (VfioMachine vfio = new VfioMachine(maker)) {
            VfioGroup group = vfio.group(0x10);
            vfio.with(IommuType.TYPE1V2, group);
            Process process = vfio.process();
            assertThat(vfio.bind(process)).isEqualTo(1);

            assertThat(vfio.machine.processes.exec(process).isOk()).isTrue();

            assertThat(vfio.container.bonds()).isZero();
            assertThat(vfio.isRefused(group, 1)).isTrue();
            assertThat(vfio.unbind(process)).isEqualTo(-3);
        }
    }

    /** Lets a process exit at the n-th step that could fail; whether it came to that. */
    private static boolean exitAt(VfioMachine vfio, int n, Process process, Runnable call) {
        AtomicInteger steps = new AtomicInteger();
        vfio.failures(step -> {
            if (steps.incrementAndGet() == n) {
                vfio.machine.processes.exit(process);
            }
            return false;
        });
        call.run();
        return steps.get() >= n;
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    @DisplayName("Case 17")
    void shouldAttachGroupsWhileProcessesExit(Maker maker) {
        boolean more = true;
        int skipped = 0;
        int n = 1;
        for (; more; n++) {
            try (VfioMachine vfio = new VfioMachine(maker)) {
                VfioGroup a = vfio.group(0x10);
                VfioGroup b = vfio.group(0x20);
                vfio.with(IommuType.TYPE1V2, a);
                Process dying = vfio.process();
                assertThat(vfio.bind(dying)).isEqualTo(1);
                assertThat(vfio.bind(vfio.user)).isEqualTo(2);
                List<String> callbacks = new ArrayList<>();
                vfio.machine.core.onExit((device, pasid, mm) -> callbacks.add(Integer.toHexString(device.stream())));

                more = exitAt(
                        vfio,
                        n,
                        dying,
                        () -> assertThat(vfio.container.attachGroup(b).isOk()).isTrue());

                assertThat(vfio.reaches(a, 2, vfio.user)).isTrue();
                assertThat(vfio.reaches(b, 2, vfio.user)).isTrue();
                assertThat(vfio.container.bonds()).isEqualTo(more ? 1 : 2);
                assertThat(vfio.isRefused(a, 1)).isEqualTo(more);
                assertThat(vfio.isRefused(b, 1)).isEqualTo(more);
                skipped += callbacks.equals(List.of("10")) ? 1 : 0;
            }
        }
        // Before the replay has come to it, it is skipped; later it is kept until the lock is free.
        assertThat(skipped).isBetween(1, n - 3);
    }

    @ParameterizedTest
    @MethodSource(MAKERS)
    void shouldBindProcessesThatExitMeanwhile(Maker maker) {
        boolean more = true;
        int ended = 0;
        for (int n = 1; more; n++) {
            try (VfioMachine vfio = new VfioMachine(maker)) {
                VfioGroup a = vfio.group(0x10);
                VfioGroup b = vfio.group(0x20);
                vfio.with(IommuType.TYPE1V2, a, b);
                assertThat(vfio.bind(vfio.user)).isEqualTo(1);
                String before = vfio.image();
                Process dying = vfio.process();
                long[] returned = new long[1];

                more = exitAt(vfio, n, dying, () -> returned[0] = vfio.bind(dying));

                // Before it is looked up it is not found; later the bond is made, and ends.
                assertThat(returned[0]).isIn(-3L, 2L);
                ended += more && returned[0] == 2 ? 1 : 0;
                if (more) {
                    assertThat(vfio.image()).isEqualTo(before);
                    assertThat(vfio.container.bonds()).isEqualTo(1);
                }
            }
        }
        assertThat(ended).isGreaterThan(3);
    }
}
