// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.process.ProcessMachine.PAGE;
import static org.iommuemu.host.process.ProcessMachine.READ;
import static org.iommuemu.host.process.ProcessMachine.READ_WRITE;
import static org.iommuemu.host.process.ProcessMachine.WRITE;
import static org.iommuemu.host.process.ProcessMachine.memoryOf;
import static org.iommuemu.host.process.ProcessMachine.peek;
import static org.iommuemu.host.process.ProcessMachine.poke;

import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.Patience;
import org.iommuemu.host.SmmuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.VtdDriver;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.time.RandomStream;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A device whose PASID walks a process's own tables, through caches that only the notifier keeps in step. */
class SharedTablesTest {
    private static final int STREAM = 3;
    private static final int PASID = 5;

    /** Whose IOMMU it is. */
    private enum Architecture {
        SMMUV3,
        VTD
    }

    /** An IOMMU, a process, and a PASID of a device that is the process's. */
    private static final class Machine implements AutoCloseable, MmuNotifier {
        final PhysicalMemory memory = new PhysicalMemory();
        final FrameAllocator frames = new FrameAllocator();
        final IommuDriver driver;
        final StaleDetector stale;
        final ProcessTable processes;
        final Process process;
        final AddressSpace space;
        final Domain domain;
        private final Transaction transaction = new Transaction();
        private final Verdict verdict = new Verdict();

        Machine(Architecture architecture) {
            if (architecture == Architecture.SMMUV3) {
                SmmuV3 smmu = new SmmuV3(memory, SmmuFeatures.full(), CacheConfiguration.standard(), line -> {});
                driver = new SmmuDriver(smmu, memory, StageLayout.STAGE_1, Patience.NONE);
                stale = smmu.detectStale();
            } else {
                Vtd vtd = new Vtd(memory, VtdFeatures.full(), CacheConfiguration.standard(), line -> {});
                driver = new VtdDriver(vtd, memory, StageLayout.STAGE_1, true, Patience.NONE);
                stale = vtd.detectStale();
            }
            processes = new ProcessTable(driver::newPageTables, memory, frames, FailurePlan.NONE);
            process = processes.start(Credentials.user(1));
            space = memoryOf(process);
            domain = driver.share(space.tables());
            driver.attach(STREAM, PASID, domain);
            space.addNotifier(this);
        }

        @Override
        public void invalidate(long start, long length) {
            driver.invalidate(domain, start, length);
        }

        @Override
        public void release() {
            driver.revoke(STREAM, PASID);
        }

        /** Where the device's access goes, or -1. */
        long access(long address, int access) {
            stale.translate(transaction.set(STREAM, PASID, address, access), verdict);
            return verdict.isOk() ? verdict.address() : -1;
        }

        /** What the device reads, or -1. */
        int read(long address) {
            long physical = access(address, Access.READ);
            return physical < 0 ? -1 : memory.readByte(physical) & 0xFF;
        }

        /** Writes by the device; like a page request, a fault brings the page in first. */
        boolean write(long address, int value) {
            long physical = access(address, Access.WRITE);
            if (physical < 0 && space.fault(address, WRITE).isOk()) {
                physical = access(address, Access.WRITE);
            }
            if (physical >= 0) {
                memory.writeByte(physical, (byte) value);
            }
            return physical >= 0;
        }

        @Override
        public void close() {
            assertThat(stale.staleAccesses()).isZero();
            memory.close();
        }
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void shouldShowTheDeviceWhatTheCpuWrites(Architecture architecture) {
        try (Machine machine = new Machine(architecture)) {
            long at = machine.space.map(0, 2 * PAGE, READ_WRITE).value();
            poke(machine.space, at + 7, 0x5A);

            assertThat(machine.read(at + 7)).isEqualTo(0x5A);
            assertThat(machine.read(at + PAGE)).isEqualTo(-1);
            assertThat(machine.write(at + PAGE, 0x6B)).isTrue();
            assertThat(peek(machine.space, at + PAGE)).isEqualTo(0x6B);
        }
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void shouldKeepTheDeviceToTheRegionsPermissions(Architecture architecture) {
        try (Machine machine = new Machine(architecture)) {
            long at = machine.space.map(0, PAGE, READ_WRITE).value();
            machine.write(at, 1);

            machine.space.protect(at, PAGE, READ);
            boolean written = machine.write(at, 2);
            machine.space.protect(at, PAGE, 0);

            assertThat(written).isFalse();
            assertThat(machine.read(at)).isEqualTo(-1);
            machine.space.protect(at, PAGE, READ_WRITE);
            assertThat(machine.read(at)).isEqualTo(1);
            assertThat(machine.write(at, 3)).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void shouldHideFromAChildWhatTheParentsDeviceWrites(Architecture architecture) {
        try (Machine machine = new Machine(architecture)) {
            long at = machine.space.map(0, PAGE, READ_WRITE).value();
            machine.write(at, 1);

            AddressSpace child =
                    memoryOf(machine.processes.fork(machine.process).value());
            long direct = machine.access(at, Access.WRITE);
            machine.write(at, 2);

            assertThat(direct).isEqualTo(-1);
            assertThat(peek(child, at)).isEqualTo(1);
            assertThat(peek(machine.space, at)).isEqualTo(2);
            assertThat(machine.read(at)).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void shouldNeverLetTheDeviceReachAFrameThatWasFreed(Architecture architecture) {
        try (Machine machine = new Machine(architecture)) {
            long at = machine.space.map(0, PAGE, READ_WRITE).value();
            machine.write(at, 1);
            machine.space.unmap(at, PAGE);
            AddressSpace other = memoryOf(machine.processes.start(Credentials.user(2)));
            long secret = other.map(0, PAGE, READ_WRITE).value();
            poke(other, secret, 0x77);

            assertThat(machine.frames.inUse()).isEqualTo(1);
            assertThat(machine.read(at)).isEqualTo(-1);
            assertThat(machine.write(at, 9)).isFalse();
            assertThat(peek(other, secret)).isEqualTo(0x77);
        }
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void shouldStopTheDeviceWhenTheProcessExits(Architecture architecture) {
        try (Machine machine = new Machine(architecture)) {
            long at = machine.space.map(0, PAGE, READ_WRITE).value();
            machine.write(at, 1);

            machine.processes.exit(machine.process);
            AddressSpace next = memoryOf(machine.processes.start(Credentials.user(2)));
            poke(next, next.map(0, PAGE, READ_WRITE).value(), 0x77);

            assertThat(machine.read(at)).isEqualTo(-1);
            assertThat(machine.write(at, 2)).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void shouldKeepCpuAndDeviceInAgreementWhateverHappens(Architecture architecture) {
        for (int seed = 1; seed <= 10; seed++) {
            try (Machine machine = new Machine(architecture)) {
                disturb(machine, new RandomStream(seed));
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }

    private static void disturb(Machine machine, RandomStream random) {
        AddressSpace space = machine.space;
        long base = space.map(0, 16 * PAGE, READ_WRITE).value();
        for (int step = 0; step < 1000; step++) {
            long at = base + random.nextBelow(16) * PAGE;
            long length = (1 + random.nextBelow(3)) * PAGE;
            int value = (int) random.nextBelow(256);
            switch ((int) random.nextBelow(9)) {
                case 0 -> space.unmap(at, length);
                case 1 -> space.map(at, length, (int) random.nextBelow(4));
                case 2 -> space.protect(at, length, (int) random.nextBelow(4));
                case 3 -> forkAndEnd(machine, at, value);
                case 4 -> poke(space, at, value);
                default -> {
                    boolean written = machine.write(at, value);
                    boolean may = poke(space, at, value ^ 1);
                    assertThat(written).isEqualTo(may);
                    assertThat(!may
                                    || machine.access(at, Access.READ)
                                            == space.tables().physical(at))
                            .isTrue();
                }
            }
            long physical = space.tables().physical(at);
            if (physical < 0 || space.fault(at, READ).isOk()) {
                assertThat(machine.access(at, Access.READ)).isEqualTo(physical);
            }
        }
    }

    /** A child, which keeps what it had while the parent's device writes. */
    private static void forkAndEnd(Machine machine, long at, int value) {
        Process child = machine.processes.fork(machine.process).value();
        int before = peek(memoryOf(child), at);
        machine.write(at, value);
        assertThat(peek(memoryOf(child), at)).isEqualTo(before);
        machine.processes.exit(child);
        machine.processes.reap(child);
    }
}
