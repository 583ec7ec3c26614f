// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import org.iommuemu.ats.AtcParameters;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.ats.DmaChannel.Status;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.host.control.SvaHandle;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.host.process.FrameAllocator;
import org.iommuemu.host.process.Process;
import org.iommuemu.host.process.ProcessTable;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.time.RandomStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * One process after the other uses a device by the same PASID. Page faults that are under way when one of them is unbound, or exits, are
 * answered, or drained: never do they bring pages into the next one's memory, nor do its data come to what the former had started.
 */
class PasidHandoverTest {
    private static final int DEVICE = 0x10;
    private static final int PAGES = 24;
    private static final int ROUNDS = 25;
    private static final long PAGE = 0x1000;
    private static final long AT = 0x20_0000;

    private Platform machine;
    private ControlCore core;
    private ProcessTable processes;
    private RandomStream random;
    private DmaChannel dma;
    private long faults;
    private int underWay;
    private int good;
    private int foreign;

    private Process start() {
        Process p = processes.start(Credentials.user(1000));
        memory(p).map(AT, PAGES * PAGE, IommuDriver.READ | IommuDriver.WRITE).value();
        return p;
    }

    private static AddressSpace memory(Process p) {
        return Objects.requireNonNull(p.addressSpace());
    }

    /** Half of a process's memory is written by itself; what it has not written is zero, or written by its device. */
    private static void fill(AddressSpace mm, int round) {
        ByteBuffer words = ByteBuffer.allocate((int) PAGE);
        while (words.hasRemaining()) {
            words.put((byte) (round + 1));
        }
        for (int i = 0; i < PAGES / 2; i++) {
            mm.write(AT + 2L * i * PAGE, words.flip());
        }
    }

    private void access(int pasid, int round) {
        long address = AT + PAGE * (int) random.nextBelow(PAGES);
        byte[] bytes = new byte[64];
        underWay++;
        if (random.nextBelow(2) == 0) {
            dma.read(address, bytes, pasid, Access.READ, (s, n) -> ended(s, bytes, n, round));
        } else {
            Arrays.fill(bytes, (byte) (round + 1));
            dma.write(address, bytes, pasid, Access.WRITE, (s, n) -> ended(s, bytes, n, round));
        }
    }

    private void ended(Status s, byte[] bytes, int moved, int round) {
        underWay--;
        good += s == Status.OK ? 1 : 0;
        for (int i = 0; i < moved; i++) {
            foreign += bytes[i] == 0 || bytes[i] == (byte) (round + 1) ? 0 : 1;
        }
    }

    private void pass(long picoseconds) {
        machine.loop().runUntil(machine.loop().now() + picoseconds);
    }

    private void build(String architecture, long seed) {
        random = new RandomStream(seed);
        PlatformParameters p = PlatformParameters.standard();
        machine = architecture.equals("smmuv3") ? Platform.smmuv3(p) : Platform.vtd(p);
        IommuDriver driver = machine.startDriver(StageLayout.STAGE_1);
        core = new ControlCore(driver);
        processes = new ProcessTable(driver::newPageTables, machine.memory(), new FrameAllocator(), FailurePlan.NONE);
        PciFunction function = machine.addFunction(DEVICE);
        function.enableBusMaster();
        dma = new DmaChannel(function, AtcParameters.standard().withRequests(1 + (int) (seed % 4), 16, seed % 2 == 0));
    }

    private int present(AddressSpace mm) {
        int count = 0;
        for (int i = 0; i < PAGES; i++) {
            count += mm.tables().physical(AT + i * PAGE) < 0 ? 0 : 1;
        }
        return count;
    }

    @ParameterizedTest(name = "{0}, seed {1}")
    @CsvSource({
        "smmuv3, 1",
        "smmuv3, 2",
        "smmuv3, 3",
        "smmuv3, 4",
        "smmuv3, 5",
        "smmuv3, 6",
        "vtd, 1",
        "vtd, 2",
        "vtd, 3",
        "vtd, 4",
        "vtd, 5",
        "vtd, 6"
    })
    void shouldNeverServeAFaultToTheNextOwnerOfItsPasid(String architecture, long seed) {
        build(architecture, seed);
        core.faults().delay(1_000_000 + 1_000_000 * random.nextBelow(4));
        StaleDetector stale = machine.detectStale();
        HostDevice device = machine.hostDevice(machine.functions().get(0), new IommuGroup(0));
        assertThat(core.enableSva(device).isOk()).isTrue();
        int first = 0;

        for (int round = 0; round < ROUNDS; round++) {
            Process process = start();
            AddressSpace mm = memory(process);
            SvaHandle handle = core.sva().bind(device, mm).value();
            first = round == 0 ? handle.pasid() : first;
            assertThat(handle.pasid()).isEqualTo(first);
            pass(30_000_000);
            assertThat(present(mm))
                    .as("round %d: pages that nobody has touched", round)
                    .isZero();
            fill(mm, round);
            for (int i = 0; i < 12; i++) {
                access(handle.pasid(), round);
                pass(1000 * random.nextBelow(1500));
            }
            faults += underWay;
            leave(process, handle);
        }

        assertThat(foreign).isZero();
        assertThat(faults).isGreaterThan(ROUNDS);
        assertThat(good).isGreaterThan(ROUNDS);
        assertThat(stale.staleAccesses()).isZero();
        assertThat(core.shared().count()).isZero();
        assertThat(core.pasids().allocated()).isZero();
        core.disableSva(device);
        pass(100_000_000);
        assertThat(underWay).isZero();
        machine.close();
    }

    /** The device is stopped, waiting or not waiting for pages, before it is unbound; or the process exits while it works on. */
    private void leave(Process process, SvaHandle handle) {
        boolean[] stopped = new boolean[1];
        if (random.nextBelow(3) == 0) {
            processes.exit(process);
            pass(1000 * random.nextBelow(500));
        }
        dma.stopPasid(handle.pasid(), random.nextBelow(3) != 0, () -> stopped[0] = true);
        machine.await(() -> stopped[0], machine.loop().now() + 1_000_000_000_000L);
        assertThat(stopped[0]).isTrue();
        core.sva().unbind(handle);
        processes.exit(process);
        processes.reap(process);
    }
}
