// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.process.ProcessMachine.PAGE;
import static org.iommuemu.host.process.ProcessMachine.READ_WRITE;
import static org.iommuemu.host.process.ProcessMachine.memoryOf;
import static org.iommuemu.host.process.ProcessMachine.peek;
import static org.iommuemu.host.process.ProcessMachine.poke;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.iommuemu.host.call.Errno;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How processes and threads come and go, and which numbers they have. */
class ProcessTableTest {
    private final ProcessMachine machine = new ProcessMachine();
    private final ProcessTable processes = machine.processes;

    @AfterEach
    void close() {
        machine.close();
    }

    private int end(Process process) {
        processes.exit(process);
        assertThat(processes.reap(process).isOk()).isTrue();
        return process.pid();
    }

    @Test
    void shouldGiveTheLowestFreePid() {
        Process first = machine.start();
        Process second = machine.start();
        Process third = processes.fork(second).value();
        end(second);

        assertThat(first.pid()).isEqualTo(1);
        assertThat(third.pid()).isEqualTo(3);
        assertThat(processes.fork(first).value().pid()).isEqualTo(2);
        assertThat(machine.start().pid()).isEqualTo(4);
    }

    @Test
    void shouldFindWhoeverHasThePidNow() {
        Process old = machine.start();
        end(old);
        Process now = machine.start();

        assertThat(now.pid()).isEqualTo(old.pid());
        assertThat(processes.find(now.pid()).value()).isSameAs(now);
        assertThat(processes.find(2).errno()).isEqualTo(Errno.ESRCH);
        assertThat(processes.find(0).errno()).isEqualTo(Errno.ESRCH);
        assertThat(processes.find(-1).errno()).isEqualTo(Errno.ESRCH);
        assertThat(processes.reap(old).errno()).isEqualTo(Errno.ESRCH);
    }

    @Test
    void shouldForkNoMoreThanThereArePids() {
        processes.pidMax(3);
        Process first = machine.start();
        Process second = processes.fork(first).value();

        assertThat(processes.fork(first).errno()).isEqualTo(Errno.EAGAIN);
        assertThat(processes.startThread(first).errno()).isEqualTo(Errno.EAGAIN);
        processes.exit(second);
        assertThat(processes.fork(first).errno()).isEqualTo(Errno.EAGAIN);
        processes.reap(second);
        assertThat(processes.fork(first).value().pid()).isEqualTo(2);
    }

    @Test
    void shouldKeepAZombieWithoutMemoryAndFilesUntilItIsReaped() {
        Process process = machine.start();
        AddressSpace space = memoryOf(process);
        poke(space, space.map(0, PAGE, READ_WRITE).value(), 1);
        CountedFile file = new CountedFile();
        process.files().open(file);

        processes.exit(process);
        processes.exit(process);

        assertThat(process.isAlive()).isFalse();
        assertThat(process.isKernelThread()).isFalse();
        assertThat(process.addressSpace()).isNull();
        assertThat(space.isDying()).isTrue();
        assertThat(file.released).isEqualTo(1);
        assertThat(machine.frames.inUse()).isZero();
        assertThat(processes.find(1).value()).isSameAs(process);
        assertThat(processes.fork(process).errno()).isEqualTo(Errno.EINVAL);
        assertThat(processes.exec(process).errno()).isEqualTo(Errno.EINVAL);
        assertThat(processes.startThread(process).errno()).isEqualTo(Errno.EINVAL);
    }

    @Test
    void shouldNotReapTheLiving() {
        Process process = machine.start();

        assertThat(processes.reap(process).errno()).isEqualTo(Errno.EBUSY);
        assertThat(processes.find(1).isOk()).isTrue();
    }

    @Test
    void shouldGiveUpMemoryBeforeFiles() {
        Process process = machine.start();
        List<String> order = new ArrayList<>();
        memoryOf(process).addNotifier(new MmuNotifier() {
            @Override
            public void invalidate(long start, long length) {}

            @Override
            public void release() {
                order.add("memory");
            }
        });
        process.files().open(new CountedFile(() -> order.add("file")));

        processes.exit(process);

        assertThat(order).containsExactly("memory", "file");
    }

    @Test
    void shouldHaveKernelThreadsWithoutMemory() {
        Process thread = processes.startThread();

        assertThat(thread.isKernelThread()).isTrue();
        assertThat(thread.isAlive()).isTrue();
        assertThat(thread.addressSpace()).isNull();
        assertThat(thread.credentials().uid()).isZero();
        assertThat(processes.fork(thread).errno()).isEqualTo(Errno.EINVAL);
        assertThat(end(thread)).isEqualTo(1);
        assertThat(processes.find(1).isOk()).isFalse();
    }

    @Test
    void shouldLetThreadsShareMemoryAndFiles() {
        Process process = machine.start();
        Process thread = processes.startThread(process).value();
        int fd = thread.files().open(new CountedFile());

        assertThat(thread.pid()).isEqualTo(2);
        assertThat(thread.leader()).isSameAs(process);
        assertThat(thread.addressSpace()).isSameAs(process.addressSpace());
        assertThat(process.files().get(fd).isOk()).isTrue();
    }

    @Test
    void shouldKeepMemoryAndFilesUntilTheLastThreadExits() {
        Process process = machine.start();
        AddressSpace space = memoryOf(process);
        CountedFile file = new CountedFile();
        process.files().open(file);
        Process thread = processes.startThread(process).value();
        Process ofThread = processes.startThread(thread).value();

        processes.exit(thread);
        boolean early = space.isDying() || file.released > 0;
        processes.exit(process);

        assertThat(early).isFalse();
        assertThat(space.isDying()).isTrue();
        assertThat(file.released).isEqualTo(1);
        assertThat(ofThread.isAlive()).isFalse();
        assertThat(processes.find(thread.pid()).errno()).isEqualTo(Errno.ESRCH);
        assertThat(processes.find(ofThread.pid()).errno()).isEqualTo(Errno.ESRCH);
        assertThat(processes.find(process.pid()).value().isAlive()).isFalse();
    }

    @Test
    void shouldForkAThreadsProcessWithThatThreadAlone() {
        Process process = machine.start();
        Process thread = processes.startThread(process).value();

        Process child = processes.fork(thread).value();

        assertThat(child.leader()).isSameAs(child);
        assertThat(child.addressSpace()).isNotSameAs(process.addressSpace());
        processes.exit(process);
        assertThat(child.isAlive()).isTrue();
    }

    @Test
    void shouldInheritFilesWhichTheLastOwnerReleases() {
        Process parent = machine.start();
        CountedFile file = new CountedFile();
        int fd = parent.files().open(file);
        Process child = processes.fork(parent).value();

        assertThat(child.files().get(fd).value()).isSameAs(file);
        processes.exit(parent);
        assertThat(file.released).isZero();
        assertThat(child.files().close(fd).isOk()).isTrue();
        assertThat(file.released).isEqualTo(1);
    }

    @Test
    void shouldNotShareDescriptorsThatAreOpenedAfterFork() {
        Process parent = machine.start();
        Process child = processes.fork(parent).value();

        int fd = parent.files().open(new CountedFile());

        assertThat(child.files().get(fd).errno()).isEqualTo(Errno.EBADF);
    }

    @Test
    void shouldBeginAProgramWithNothingInMemory() {
        Process process = machine.start();
        AddressSpace old = memoryOf(process);
        long at = old.map(0, PAGE, READ_WRITE).value();
        poke(old, at, 1);
        old.pasid(3);
        old.dumpable(false);

        Process same = processes.exec(process).value();

        AddressSpace now = memoryOf(process);
        assertThat(same).isSameAs(process);
        assertThat(old.isDying()).isTrue();
        assertThat(machine.frames.inUse()).isZero();
        assertThat(peek(now, at)).isEqualTo(-1);
        assertThat(now.pasid()).isEqualTo(AddressSpace.INVALID_PASID);
        assertThat(now.isDumpable()).isTrue();
    }

    @Test
    void shouldCloseOnExecWhatIsToBeClosedAfterTheOldMemoryIsGone() {
        Process process = machine.start();
        AddressSpace old = memoryOf(process);
        List<Boolean> gone = new ArrayList<>();
        process.files().open(new CountedFile(() -> gone.add(old.isDying())));
        CountedFile kept = new CountedFile();
        int fd = process.files().open(kept, false);

        processes.exec(process);

        assertThat(gone).containsExactly(true);
        assertThat(kept.released).isZero();
        assertThat(process.files().get(fd).value()).isSameAs(kept);
        assertThat(process.files().size()).isEqualTo(1);
    }

    @Test
    void shouldEndOtherThreadsOnExec() {
        Process process = machine.start();
        Process thread = processes.startThread(process).value();
        AddressSpace old = memoryOf(process);

        Process same = processes.exec(thread).value();

        assertThat(same).isSameAs(process);
        assertThat(thread.isAlive()).isFalse();
        assertThat(old.isDying()).isTrue();
        assertThat(process.isAlive()).isTrue();
    }

    @Test
    void shouldKeepTheParentsMemoryWhenAChildExecutes() {
        Process parent = machine.start();
        AddressSpace space = memoryOf(parent);
        long at = space.map(0, PAGE, READ_WRITE).value();
        poke(space, at, 5);
        Process child = processes.fork(parent).value();

        processes.exec(child);

        assertThat(peek(space, at)).isEqualTo(5);
        assertThat(space.isDying()).isFalse();
        assertThat(machine.frames.inUse()).isEqualTo(1);
    }

    @Test
    void shouldUseTheTablesOfTheDeadAgain() {
        Map<Long, ByteBuffer> before = machine.tableBytes();
        Process first = machine.start();
        AddressSpace space = memoryOf(first);
        poke(space, space.map(0, PAGE, READ_WRITE).value(), 1);
        poke(space, space.map(1L << 46, PAGE, READ_WRITE).value(), 1);
        int tables = machine.tableBytes().size() - before.size();
        long root = space.tables().root();
        space.grab();

        end(first);
        Process second = machine.start();
        boolean early = memoryOf(second).tables().root() == root;
        end(second);
        space.drop();

        assertThat(tables).isEqualTo(7);
        assertThat(early).isFalse();
        assertThat(machine.tableBytes()).isEqualTo(before);
        assertThat(memoryOf(machine.start()).tables().root()).isEqualTo(root);
    }

    @Test
    void shouldNeedNoMoreMemoryForAThousandProcessesThanForTwo() {
        Process parent = machine.start();
        AddressSpace space = memoryOf(parent);
        long at = space.map(0, 3 * PAGE, READ_WRITE).value();
        poke(space, at, 1);
        int pages = 0;

        for (int i = 0; i < 1000; i++) {
            Process child = processes.fork(parent).value();
            poke(memoryOf(child), at, 2);
            poke(memoryOf(child), at + PAGE, 2);
            processes.exec(child);
            end(child);
            pages = i == 1 ? machine.memory.pagesAllocated() : pages;
        }

        assertThat(machine.memory.pagesAllocated()).isEqualTo(pages);
        assertThat(machine.frames.inUse()).isEqualTo(1);
    }
}
