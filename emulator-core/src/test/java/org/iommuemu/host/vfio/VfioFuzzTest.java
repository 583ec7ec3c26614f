// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlledMachine.Maker;
import org.iommuemu.host.process.Caller;
import org.iommuemu.host.process.Process;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random requests with random bytes: none throws, and those that are refused change nothing. */
class VfioFuzzTest {
    private static final int CALLS = 25_000;
    private static final int IMAGE_EVERY = 64;
    private static final int[] SIZES = {8, 12, 16, 20, 24, 32, 36};
    private static final Set<Long> ERRORS =
            Set.of(-1L, -3L, -5L, -9L, -12L, -13L, -14L, -16L, -17L, -19L, -22L, -25L, -28L, -95L);

    private final List<Process> processes = new ArrayList<>();

    @ParameterizedTest
    @MethodSource("org.iommuemu.host.vfio.VfioMachine#makers")
    void shouldTakeAnythingAndLetWhatIsRefusedChangeNothing(Maker maker) {
        for (long seed = 1; seed <= 2; seed++) {
            for (Dialect dialect : Dialect.values()) {
                run(maker, dialect, seed, dialect == Dialect.SVM ? IommuType.NESTING : IommuType.TYPE1);
            }
        }
    }

    private void run(Maker maker, Dialect dialect, long seed, IommuType type) {
        RandomStream random = new RandomStream(seed);
        try (VfioMachine vfio = new VfioMachine(maker, dialect)) {
            VfioGroup group = vfio.group(0x10);
            vfio.user.files().open(vfio.container);
            vfio.user.files().open(group.open().value());
            vfio.with(type, group, vfio.group(0x20));
            processes.clear();
            processes.add(vfio.user);
            for (int i = 0; i < 4; i++) {
                processes.add(vfio.process());
            }
            processes.add(vfio.machine.processes.startThread());
            int done = 0;
            int refused = 0;
            for (int i = 0; i < CALLS; i++) {
                closeOne(vfio);
                String before = state(vfio, i);
                long returned = call(vfio, random);
                if (returned < 0) {
                    refused++;
                    assertThat(ERRORS).as("seed %d, call %d", seed, i).contains(returned);
                    assertThat(state(vfio, i)).as("seed %d, call %d", seed, i).isEqualTo(before);
                } else {
                    done++;
                }
                if (below(random, 500) == 0) {
                    replace(vfio, random);
                }
            }
            assertThat(done).isGreaterThan(CALLS / 100);
            assertThat(refused).isGreaterThan(CALLS / 10);
            assertThat(vfio.machine.staleAccesses()).isZero();
        }
    }

    /** Of many devices that are open, the one that was opened last. */
    private static void closeOne(VfioMachine vfio) {
        int last = vfio.user.files().size() - 1;
        if (last > 4) {
            vfio.user.files().close(last);
        }
    }

    /** One process exits, and another one comes. */
    private void replace(VfioMachine vfio, RandomStream random) {
        int index = 1 + below(random, 4);
        vfio.machine.processes.exit(processes.get(index));
        vfio.machine.processes.reap(processes.get(index));
        processes.set(index, vfio.process());
    }

    /** Now and then all of it; else what is counted. */
    private static String state(VfioMachine vfio, int call) {
        VfioContainer c = vfio.container;
        String counted = c.bonds() + " " + c.mappings() + " " + c.domains() + " "
                + vfio.machine.core.pasids().allocated() + " " + vfio.machine.driver.domainsInUse() + " "
                + vfio.machine.frames.inUse() + " " + vfio.user.files().size() + " "
                + VfioMachine.memory(vfio.user).lockedBytes();
        return call % IMAGE_EVERY == 0 ? counted + vfio.image() : counted;
    }

    private long call(VfioMachine vfio, RandomStream random) {
        Process by = processes.get(below(random, 4) == 0 ? below(random, processes.size()) : 0);
        int fd = below(random, 8);
        int number = below(random, 16) == 0 ? below(random, 256) : pick(random, fd);
        int request = below(random, 64) == 0 ? (int) random.nextLong() : 0x3B00 + number;
        return vfio.user
                .files()
                .get(fd == 7 ? 1 : fd > 2 ? 0 : Math.min(fd, vfio.user.files().size() - 1))
                .value()
                .ioctl(new Caller(by), request, argument(random, number));
    }

    private static int pick(RandomStream random, int fd) {
        int[] likely = fd == 1 || fd == 7 ? new int[] {103, 106, 104} : new int[] {112, 113, 114, 122, 123, 122, 123};
        return likely[below(random, likely.length)];
    }

    private UserBuffer argument(RandomStream random, int number) {
        if (number == 106 && below(random, 2) == 0) {
            return UserBuffer.of(ByteBuffer.wrap("0000:00:02.0\0".getBytes(StandardCharsets.US_ASCII)));
        }
        if (below(random, 32) == 0) {
            return below(random, 2) == 0 ? UserBuffer.NULL : UserBuffer.ofNumber(random.nextLong());
        }
        int bytes = below(random, 4) == 0 ? below(random, 40) : SIZES[below(random, SIZES.length)];
        ByteBuffer b = ByteBuffer.allocate(Math.max(bytes, 36)).order(ByteOrder.LITTLE_ENDIAN);
        b.putInt(number(random, 40)).putInt(number(random, 5));
        if (number == 113) {
            b.putLong(VfioMachine.BUFFER + (long) number(random, 5) * 0x800);
            b.putLong((long) number(random, 12) * 0x1000).putLong((long) number(random, 4) * 0x1000);
        } else if (number == 114) {
            b.putLong((long) number(random, 12) * 0x1000).putLong((long) number(random, 8) * 0x1000);
        } else {
            for (int i = 0; i < 7; i++) {
                b.putInt(below(random, 8) == 0 ? 0x1000 * below(random, 64) : number(random, 26));
            }
        }
        return UserBuffer.of(b.rewind().limit(bytes));
    }

    private static int below(RandomStream random, int bound) {
        return (int) random.nextBelow(bound);
    }

    /** Mostly a small one. */
    private static int number(RandomStream random, int end) {
        return switch (below(random, 16)) {
            case 0 -> (int) random.nextLong();
            case 1 -> -below(random, 4);
            case 2 -> 48;
            default -> below(random, end);
        };
    }
}
