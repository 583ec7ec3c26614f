// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.ioasid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.guest.Bytes;
import org.iommuemu.host.guest.RandomBytes;
import org.iommuemu.host.ioasid.spec.AllowLayout;
import org.iommuemu.host.ioasid.spec.BindPgtblLayout;
import org.iommuemu.host.ioasid.spec.IoasidLayout;
import org.iommuemu.host.ioasid.spec.IoasidRequests;
import org.iommuemu.host.process.OpenFile;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random calls on two files of ioasids and two devices: none throws, those that fail change nothing, devices reach what a naive model says. */
class IoasidFuzzTest {
    private static final String ALL = "org.iommuemu.host.control.ControlledMachine#all";
    private static final int CALLS = 100_000;
    private static final int IMAGE_EVERY = 1000;
    private static final long SEED = 0x5EED_2021;
    private static final int MOST = 12;

    private static final List<StructureField> PLAIN =
            List.of(IoasidLayout.ARGSZ, IoasidLayout.FLAGS, IoasidLayout.IOASID);
    private static final List<StructureField> BIND = List.of(
            BindPgtblLayout.ARGSZ,
            BindPgtblLayout.FLAGS,
            BindPgtblLayout.IOASID,
            BindPgtblLayout.ADDR_WIDTH,
            BindPgtblLayout.PGTBL);
    private static final List<StructureField> ALLOW =
            List.of(AllowLayout.ARGSZ, AllowLayout.FLAGS, AllowLayout.IOASID_FD, AllowLayout.IOASID);
    private static final int[] REQUESTS = {
        IoasidRequests.ALLOC,
        IoasidRequests.FREE,
        IoasidRequests.BIND_PGTBL,
        IoasidRequests.UNBIND_PGTBL,
        IoasidRequests.DEVICE_ALLOW_IOASID,
        IoasidRequests.DEVICE_DISALLOW_IOASID
    };

    /** What has succeeded: which devices an ioasid has, whether it is bound to the one table that devices can be seen to reach. */
    private static final class Model {
        final Map<Integer, Set<Integer>> devices = new TreeMap<>();
        final Set<Integer> bound = new TreeSet<>();

        void succeeded(int request, int device, int ioasid, boolean goodTable) {
            if (request == IoasidRequests.ALLOC) {
                devices.put(ioasid, new TreeSet<>());
            } else if (request == IoasidRequests.FREE) {
                devices.remove(ioasid);
            } else if (request == IoasidRequests.BIND_PGTBL && goodTable) {
                bound.add(ioasid);
            } else if (request == IoasidRequests.UNBIND_PGTBL) {
                bound.remove(ioasid);
            } else if (request == IoasidRequests.DEVICE_ALLOW_IOASID) {
                devices.get(ioasid).add(device);
            } else if (request == IoasidRequests.DEVICE_DISALLOW_IOASID) {
                devices.get(ioasid).remove(device);
            }
        }

        boolean reaches(int device, int ioasid) {
            return bound.contains(ioasid)
                    && devices.getOrDefault(ioasid, Set.of()).contains(device);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void shouldNeverThrowNorChangeAnythingWhenACallFails(Maker maker) {
        RandomBytes random = new RandomBytes(new RandomStream(SEED));
        try (IoasidSetup s = new IoasidSetup(maker.make())) {
            int other = s.monitor.files().open(new IoasidFd(s.machine.core));
            for (int fd : new int[] {s.fd, other}) {
                ((IoasidFd) s.monitor.files().get(fd).value()).context().quota(MOST / 2);
            }
            Model model = new Model();
            int good = 0;

            for (int i = 0; i < CALLS; i++) {
                int kind = random.below(REQUESTS.length);
                int request = REQUESTS[kind];
                int ioasidFd = random.oneIn(2) ? s.fd : other;
                boolean ofDevice = kind >= 4;
                boolean second = random.oneIn(2);
                int of = !ofDevice ? ioasidFd : second ? s.second : s.first;
                int ioasid = random.below(MOST + 2);
                Bytes b = ofDevice
                        ? IoasidSetup.device(ioasidFd, ioasid)
                        : request == IoasidRequests.BIND_PGTBL
                                ? IoasidSetup.table(ioasid, s.tables.root())
                                : IoasidSetup.argument(ioasid);
                random.spoil(b, 0, ofDevice ? ALLOW : request == IoasidRequests.BIND_PGTBL ? BIND : PLAIN);
                int bytes = ofDevice
                        ? AllowLayout.BYTES
                        : request == IoasidRequests.BIND_PGTBL ? BindPgtblLayout.BYTES : IoasidLayout.BYTES;
                OpenFile file =
                        s.monitor.files().get(random.oneIn(50) ? s.first : of).value();
                int allocated = s.machine.core.pasids().allocated();
                String image = i % IMAGE_EVERY == 0 ? s.machine.image() : "";
                s.machine.consumed.clear();

                long returned = file.ioctl(s.caller, request, random.buffer(b, bytes));

                if (returned >= 0) {
                    good++;
                    int device = file == s.monitor.files().get(s.second).value() ? 0x18 : 0x10;
                    int named = (int) b.get(ofDevice ? AllowLayout.IOASID : IoasidLayout.IOASID);
                    boolean table = request == IoasidRequests.BIND_PGTBL
                            && b.get(BindPgtblLayout.PGTBL) == s.tables.root()
                            && b.get(BindPgtblLayout.ADDR_WIDTH) == 48;
                    model.succeeded(request, device, named, table);
                } else {
                    assertThat(s.machine.core.pasids().allocated())
                            .as("call %d", i)
                            .isEqualTo(allocated);
                    assertThat(s.machine.consumed).as("call %d", i).isEmpty();
                    assertThat(image.isEmpty() ? "" : s.machine.image())
                            .as("call %d", i)
                            .isEqualTo(image);
                }
                int device = random.oneIn(2) ? 0x10 : 0x18;
                int checked = 1 + random.below(MOST);
                if (model.reaches(device, checked)) {
                    assertThat(s.machine.read(device, checked, IoasidSetup.AT)).isEqualTo(IoasidSetup.THERE);
                } else if (i % 16 == 0) {
                    assertThat(s.machine.read(device, checked, IoasidSetup.AT))
                            .as("call %d", i)
                            .isEqualTo(-1);
                    s.machine.devices.run();
                }
            }

            assertThat(good).isBetween(CALLS / 20, CALLS * 19 / 20);
            assertThat(s.machine.core.pasids().allocated()).isEqualTo(model.devices.size());
            assertThat(s.machine.staleAccesses()).isZero();
            s.machine.processes.exit(s.monitor);
            assertThat(s.machine.core.pasids().allocated()).isZero();
            assertThat(s.machine.driver.domainsInUse()).isOne();
        }
    }
}
