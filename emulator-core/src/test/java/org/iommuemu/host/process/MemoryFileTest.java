// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.process.ProcessMachine.PAGE;
import static org.iommuemu.host.process.ProcessMachine.READ;
import static org.iommuemu.host.process.ProcessMachine.READ_WRITE;
import static org.iommuemu.host.process.ProcessMachine.memoryOf;
import static org.iommuemu.host.process.ProcessMachine.peek;
import static org.iommuemu.host.process.ProcessMachine.poke;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Files that are memory: mapped, pinned, read and written. */
class MemoryFileTest {
    private final ProcessMachine machine = new ProcessMachine();
    private final Process process = machine.start();
    private final AddressSpace space = memoryOf(process);
    private final MemoryFile file =
            machine.processes.newMemoryFile(4 * PAGE - 1).value();
    private final int fd = process.files().open(file);
    private final SystemCalls calls = new SystemCalls(process);

    @AfterEach
    void close() {
        machine.close();
    }

    @Test
    void shouldShowEverybodyTheSameBytes() {
        AddressSpace other = memoryOf(machine.start());
        long at = space.mapFile(0, 4 * PAGE, READ_WRITE, file, 0).value();
        long otherAt = other.mapFile(0, PAGE, READ_WRITE, file, 2 * PAGE).value();

        poke(space, at + 2 * PAGE + 5, 0x31);
        poke(other, otherAt + 6, 0x32);

        assertThat(peek(other, otherAt + 5)).isEqualTo(0x31);
        assertThat(peek(space, at + 2 * PAGE + 6)).isEqualTo(0x32);
        assertThat(machine.frames.inUse()).isEqualTo(1);
    }

    @Test
    void shouldFaultBeyondItsEnd() {
        long at = space.mapFile(0, 3 * PAGE, READ_WRITE, file, 2 * PAGE).value();

        assertThat(file.length()).isEqualTo(4 * PAGE);
        assertThat(poke(space, at + 2 * PAGE - 1, 1)).isTrue();
        assertThat(space.fault(at + 2 * PAGE, READ).errno()).isEqualTo(Errno.EFAULT);
        assertThat(space.pin(at, 3 * PAGE, false).errno()).isEqualTo(Errno.EFAULT);
    }

    @Test
    void shouldKeepItsBytesWhileItIsOpenOrMapped() {
        long at = space.mapFile(0, PAGE, READ_WRITE, file, 0).value();
        poke(space, at, 7);
        space.unmap(at, PAGE);
        long again = space.mapFile(0, PAGE, READ_WRITE, file, 0).value();
        calls.close(fd);

        assertThat(peek(space, again)).isEqualTo(7);
        space.unmap(again, PAGE);
        assertThat(machine.frames.inUse()).isZero();
    }

    @Test
    void shouldPinPagesThatNobodyMaps() {
        long[] frames = space.pin(file, PAGE + 1, PAGE).value();
        machine.memory.writeByte(frames[1] + 3, (byte) 0x44);
        long at = space.mapFile(0, PAGE, READ, file, 2 * PAGE).value();

        assertThat(frames).hasSize(2);
        assertThat(peek(space, at + 3)).isEqualTo(0x44);
        assertThat(space.lockedBytes()).isEqualTo(2 * PAGE);
        calls.close(fd);
        machine.processes.exit(process);
        assertThat(machine.frames.inUse()).isEqualTo(2);
        space.unpin(frames);
        assertThat(machine.frames.inUse()).isZero();
    }

    @Test
    void shouldPinNothingOutsideIt() {
        assertThat(space.pin(file, 0, 0).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.pin(file, -1, 1).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.pin(file, 4 * PAGE, 1).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.pin(file, PAGE, 3 * PAGE + 1).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.pin(file, 1, Long.MAX_VALUE).errno()).isEqualTo(Errno.EINVAL);
    }

    @Test
    void shouldPinAllPagesOrNone() {
        for (int n = 1; n <= 4; n++) {
            machine.processes.failures(FailurePlan.nth(n));
            assertThat(space.pin(file, 0, 3 * PAGE).errno()).as("step %d", n).isEqualTo(Errno.ENOMEM);
            assertThat(space.lockedBytes()).isZero();
        }
        machine.processes.failures(FailurePlan.nth(5));
        long[] frames = space.pin(file, 0, 3 * PAGE).value();

        space.unpin(frames);
        assertThat(machine.frames.inUse()).isEqualTo(3);
        calls.close(fd);
        assertThat(machine.frames.inUse()).isZero();
    }

    @Test
    void shouldReadWhatWasWritten() {
        long at = space.map(0, 4 * PAGE, READ_WRITE).value();
        for (int i = 0; i < 6000; i += 500) {
            poke(space, at + i, i / 500 + 1);
        }

        assertThat(calls.pwrite(fd, at, 6000, 3000)).isEqualTo(6000);
        assertThat(calls.pread(fd, at + 2 * PAGE, 6000, 3000)).isEqualTo(6000);

        for (int i = 0; i < 6000; i += 500) {
            assertThat(peek(space, at + 2 * PAGE + i)).isEqualTo(i / 500 + 1);
        }
        assertThat(peek(space, space.mapFile(0, PAGE, READ, file, 0).value() + 3000))
                .isEqualTo(1);
    }

    @Test
    void shouldGiveUpWhatWasReadAndWrittenOnceItIsClosed() {
        long at = space.map(0, PAGE, READ_WRITE).value();
        calls.pwrite(fd, at, PAGE, 100);
        calls.pread(fd, at, PAGE, 2 * PAGE);
        space.unmap(at, PAGE);
        int used = machine.frames.inUse();

        calls.close(fd);

        assertThat(used).isEqualTo(3);
        assertThat(machine.frames.inUse()).isZero();
    }

    @Test
    void shouldShowTwoPartsSideBySide() {
        long second = space.mapFile(0, PAGE, READ_WRITE, file, PAGE).value();
        long first = space.mapFile(0, PAGE, READ_WRITE, file, 0).value();
        long third = space.mapFile(0, PAGE, READ_WRITE, file, PAGE).value();

        poke(space, first, 1);
        poke(space, second, 2);

        assertThat(first).isEqualTo(second + PAGE);
        assertThat(third).isEqualTo(first + PAGE);
        assertThat(peek(space, first)).isEqualTo(1);
        assertThat(peek(space, third)).isEqualTo(2);
    }

    @Test
    void shouldReadAndWriteUpToItsEnd() {
        long at = space.map(0, 2 * PAGE, READ_WRITE).value();

        assertThat(calls.pwrite(fd, at, 2 * PAGE, 3 * PAGE + 1)).isEqualTo(PAGE - 1);
        assertThat(calls.pread(fd, at, 2 * PAGE, 3 * PAGE + 1)).isEqualTo(PAGE - 1);
        assertThat(calls.pread(fd, at, 1, 4 * PAGE)).isZero();
        assertThat(calls.pread(fd, at, 1, Long.MAX_VALUE)).isZero();
        assertThat(calls.pread(fd, at, -1, 0)).isEqualTo(-22);
        assertThat(calls.pwrite(fd, at, 1, -1)).isEqualTo(-22);
    }

    @Test
    void shouldReadAndWriteWhatTheBufferHas() {
        long at = space.map(0, PAGE, READ_WRITE).value();

        assertThat(calls.pwrite(fd, at, 2 * PAGE, 0)).isEqualTo(PAGE);
        assertThat(calls.pread(fd, at, 2 * PAGE, 0)).isEqualTo(PAGE);
        assertThat(calls.pread(fd, at + PAGE, 1, 0)).isEqualTo(-14);
        assertThat(calls.pwrite(fd, 0, 1, 0)).isEqualTo(-14);
        assertThat(calls.ioctl(fd, 0, at)).isEqualTo(-25);
    }

    @Test
    void shouldFailWithoutMemory() {
        long at = space.map(0, PAGE, READ_WRITE).value();
        poke(space, at, 1);
        machine.frames.limit(machine.frames.inUse() + 1);

        assertThat(calls.pwrite(fd, at, PAGE, 0)).isEqualTo(PAGE);
        assertThat(calls.pwrite(fd, at, PAGE, PAGE)).isEqualTo(-12);
        assertThat(calls.pread(fd, at, PAGE, PAGE)).isEqualTo(-12);
        machine.processes.failures(FailurePlan.nth(1));
        assertThat(machine.processes.newMemoryFile(PAGE).errno()).isEqualTo(Errno.ENOMEM);
        assertThat(machine.processes.newMemoryFile(0).errno()).isEqualTo(Errno.EINVAL);
        assertThat(machine.processes.newMemoryFile(Long.MAX_VALUE).errno()).isEqualTo(Errno.EINVAL);
    }

    @Test
    void shouldBeMappedFromAPagesStart() {
        assertThat(space.mapFile(0, PAGE, READ, file, 1).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.mapFile(0, PAGE, READ, file, -PAGE).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.mapFile(0, PAGE, READ, file, Long.MAX_VALUE - 4095).errno())
                .isEqualTo(Errno.EINVAL);
        assertThat(space.mapFile(0, 0, READ, file, 0).errno()).isEqualTo(Errno.EINVAL);
    }
}
