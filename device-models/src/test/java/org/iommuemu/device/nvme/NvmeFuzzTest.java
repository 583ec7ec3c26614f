// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import org.iommuemu.device.MemoryGuard;
import org.iommuemu.device.nvme.spec.ControllerRegisters;
import org.iommuemu.device.nvme.spec.Opcode;
import org.iommuemu.device.nvme.spec.SubmissionEntry;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever is written to registers and queues: nothing throws, all ends, and no memory is written but what is mapped. */
class NvmeFuzzTest {
    private static final int MACHINES = 12;
    private static final int ROUNDS = 400;
    private static final int COMMANDS = 14;
    private static final int ACCESSES = 16;
    private static final long READ_ONLY = 0xA000_0000L;
    private static final long STRUCTURES = 1L << 28;
    private static final int[] OPCODES = {
        Opcode.READ,
        Opcode.WRITE,
        Opcode.COMPARE,
        Opcode.FLUSH,
        Opcode.WRITE_ZEROES,
        Opcode.IDENTIFY,
        Opcode.ABORT,
        Opcode.GET_LOG_PAGE,
        Opcode.SET_FEATURES,
        Opcode.GET_FEATURES,
        Opcode.ASYNC_EVENT_REQUEST,
        Opcode.CREATE_CQ,
        Opcode.CREATE_SQ,
        Opcode.DELETE_CQ,
        Opcode.DELETE_SQ
    };

    private static NvmeParameters small() {
        return new NvmeParameters(4, 64, 5, 0, 2, 4, 32, 3, 8, 1000, 2000, 1000, 4096, 4, null);
    }

    @ParameterizedTest
    @CsvSource({"smmuv3, false, 1", "smmuv3, true, 2", "vtd, false, 3", "vtd, true, 4"})
    void shouldEndWhateverItIsTold(String architecture, boolean ats, long seed) {
        long completions = 0;
        long writes = 0;
        for (int i = 0; i < MACHINES; i++) {
            RandomStream random = new RandomStream(seed * 1000 + i);
            PlatformParameters p = PlatformParameters.standard();
            NvmeHost made = new NvmeHost(
                    architecture.equals("vtd") ? Platform.vtd(p) : Platform.smmuv3(p),
                    small(),
                    new Namespace(new SparseBlocks(1 << 18), 9),
                    new Namespace(new SparseBlocks(1 << 18), 12));
            try (NvmeHost host = ats ? made.withAts() : made) {
                host.map(READ_ONLY, 0x3_0000_0000L, 0x1_0000, IommuDriver.READ);
                MemoryGuard guard = new MemoryGuard(host.machine)
                        .allow(NvmeHost.PHYSICAL, NvmeHost.BYTES)
                        .allow(STRUCTURES, STRUCTURES); // tables and queues of the IOMMU
                for (int round = 0; round < ROUNDS; round++) {
                    host.function.enableBusMaster();
                    if (round == 0 || !isUp(host)) {
                        bringUp(host);
                    }
                    completions += round(host, random, guard, ats);
                }
                writes += guard.writes();
            }
        }
        assertThat(completions).isGreaterThan(50_000);
        assertThat(writes).isGreaterThan(30_000);
    }

    private static boolean isUp(NvmeHost host) {
        return host.status() == ControllerRegisters.RDY.mask();
    }

    private static void bringUp(NvmeHost host) {
        host.register(ControllerRegisters.CC, 0);
        host.settle();
        host.enable().createQueues(1, 16).createQueues(2, 4);
    }

    private static int round(NvmeHost host, RandomStream random, MemoryGuard guard, boolean ats) {
        for (int i = 0; i < COMMANDS; i++) {
            int queue = (int) random.nextBelow(3);
            host.put(queue, command(random, queue));
        }
        for (int queue = 0; queue < 3; queue++) {
            host.ring(queue);
        }
        for (int i = 0; i < ACCESSES; i++) {
            access(host, random);
        }
        if (random.nextBelow(40) == 0) {
            disturb(host, random, ats);
        }
        guard.run();
        int taken = takeAll(host);
        guard.run();
        return taken;
    }

    /** Takes the function its right to send, or resets it, while commands are under way. */
    private static void disturb(NvmeHost host, RandomStream random, boolean ats) {
        for (long steps = random.nextBelow(100); steps > 0; steps--) {
            host.machine.loop().step();
        }
        if (random.nextBelow(2) == 0) {
            host.function.disableBusMaster();
            return;
        }
        host.function.reset();
        host.function.enableBusMaster();
        if (ats) {
            host.function.enableAts(0);
        }
    }

    /** Takes what there is; a queue that the controller does not use any more is left alone. */
    private static int takeAll(NvmeHost host) {
        int taken = 0;
        for (int queue = 0; queue < 3; queue++) {
            for (int i = 0; i < 64 && host.peek(queue).length != 0; i++) {
                host.take(queue);
                taken++;
            }
        }
        return taken;
    }

    private static void access(NvmeHost host, RandomStream random) {
        long kind = random.nextBelow(100);
        long value = random.nextLong() >>> random.nextBelow(64);
        if (kind < 45) {
            host.controller.readRegister(random.nextBelow(0x1100), 1 << random.nextBelow(4));
        } else if (kind < 75) {
            host.doorbell((int) random.nextBelow(14), (int) value & 0x1F);
        } else if (kind < 97) {
            host.controller.writeRegister(0x1000 + random.nextBelow(0x2000), 1 << random.nextBelow(4), value);
        } else if (kind < 98) {
            host.controller.writeRegister(random.nextBelow(0x40), 1 << random.nextBelow(4), value);
        } else {
            host.controller.writeRegister(random.nextBelow(16) * 4, 4, value);
        }
    }

    private static long[] command(RandomStream random, int queue) {
        long[] c = new long[SubmissionEntry.WORDS];
        if (random.nextBelow(20) == 0) {
            for (int i = 0; i < c.length; i++) {
                c[i] = random.nextLong();
            }
            return c;
        }
        int first = queue == 0 ? 5 : 0;
        int last = queue == 0 ? OPCODES.length : 6;
        SubmissionEntry.OPC.set(c, OPCODES[first + (int) random.nextBelow(last - first)]);
        SubmissionEntry.CID.set(c, random.nextBelow(64));
        SubmissionEntry.NSID.set(c, random.nextBelow(8) == 0 ? random.nextLong() : random.nextBelow(3));
        SubmissionEntry.PRP1.set(c, address(random));
        SubmissionEntry.PRP2.set(c, address(random));
        SubmissionEntry.CDW10.set(c, random.nextBelow(3) == 0 ? random.nextLong() : random.nextBelow(12));
        SubmissionEntry.CDW11.set(c, random.nextBelow(3) == 0 ? random.nextLong() : 0);
        SubmissionEntry.CDW12.set(c, random.nextBelow(4) == 0 ? random.nextLong() : random.nextBelow(64));
        SubmissionEntry.CDW13.set(c, random.nextBelow(8) == 0 ? random.nextLong() : 0);
        if (random.nextBelow(16) == 0) {
            c[(int) random.nextBelow(c.length)] ^= 1L << random.nextBelow(64);
        }
        return c;
    }

    private static long address(RandomStream random) {
        long page = NvmeHost.FREE + (random.nextBelow(256) << 12);
        return switch ((int) random.nextBelow(8)) {
            case 0, 1, 2 -> page;
            case 3 -> page + random.nextBelow(0x1000);
            case 4 -> page + (random.nextBelow(0x200) << 3);
            case 5 -> READ_ONLY + (random.nextBelow(18) << 12);
            case 6 -> NvmeHost.IOVA + NvmeHost.BYTES + (random.nextBelow(4) - 2 << 12);
            default -> random.nextLong() & -1L << random.nextBelow(13);
        };
    }
}
