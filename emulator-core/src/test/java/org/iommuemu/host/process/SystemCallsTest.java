// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.process.ProcessMachine.PAGE;
import static org.iommuemu.host.process.ProcessMachine.READ_WRITE;
import static org.iommuemu.host.process.ProcessMachine.memoryOf;
import static org.iommuemu.host.process.ProcessMachine.peek;
import static org.iommuemu.host.process.ProcessMachine.poke;

import java.nio.ByteBuffer;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.UserBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A process's calls on its files. */
class SystemCallsTest {
    private static final int INCREMENT = 7;

    /** A file with one byte, and a request that increments a byte of the caller's. */
    private static final class OneByte extends OpenFile {
        byte value;
        boolean released;
        Runnable during = () -> {};

        @Override
        public long ioctl(Caller caller, int request, UserBuffer argument) {
            during.run();
            if (request != INCREMENT) {
                return Errno.ENOTTY.returned();
            }
            ByteBuffer b = ByteBuffer.allocate(1);
            if (!argument.read(0, b)) {
                return Errno.EFAULT.returned();
            }
            b.put(0, (byte) (b.get(0) + 1)).flip();
            return argument.write(0, b) ? caller.process().pid() : Errno.EFAULT.returned();
        }

        @Override
        public long read(Caller caller, UserBuffer into, long count, long position) {
            return into.write(0, ProcessMachine.bytes(value)) ? 1 : Errno.EFAULT.returned();
        }

        @Override
        public long write(Caller caller, UserBuffer from, long count, long position) {
            ByteBuffer b = ByteBuffer.allocate(1);
            if (!from.read(0, b)) {
                return Errno.EFAULT.returned();
            }
            value = b.get(0);
            return 1;
        }

        @Override
        protected void release() {
            released = true;
        }
    }

    private final ProcessMachine machine = new ProcessMachine();
    private final Process process = machine.start();
    private final SystemCalls calls = new SystemCalls(process);
    private final AddressSpace space = memoryOf(process);
    private final long at = space.map(0, PAGE, READ_WRITE).value();
    private final OneByte file = new OneByte();
    private final int fd = process.files().open(file);

    @AfterEach
    void close() {
        machine.close();
    }

    @Test
    void shouldGiveFilesTheCallersMemory() {
        poke(space, at + 3, 41);

        assertThat(calls.ioctl(fd, INCREMENT, at + 3)).isEqualTo(process.pid());
        assertThat(calls.pwrite(fd, at + 3, 1, 0)).isEqualTo(1);
        assertThat(calls.pread(fd, at + 9, 1, 0)).isEqualTo(1);

        assertThat(peek(space, at + 3)).isEqualTo(42);
        assertThat(peek(space, at + 9)).isEqualTo(42);
    }

    @Test
    void shouldTakeArgumentsFromElsewhereToo() {
        byte[] argument = {5};

        calls.ioctl(fd, INCREMENT, UserBuffer.of(ByteBuffer.wrap(argument)));

        assertThat(argument).containsExactly(6);
    }

    @Test
    void shouldFailWhereMemoryIsNotThere() {
        assertThat(calls.ioctl(fd, INCREMENT, at + PAGE)).isEqualTo(-14);
        assertThat(calls.ioctl(fd, INCREMENT, 0)).isEqualTo(-14);
        assertThat(calls.pread(fd, at + PAGE, 1, 0)).isEqualTo(-14);
        assertThat(calls.pwrite(fd, at + PAGE, 1, 0)).isEqualTo(-14);
        assertThat(calls.ioctl(fd, INCREMENT + 1, at)).isEqualTo(-25);
    }

    @Test
    void shouldGiveKernelThreadsNoMemory() {
        Process thread = machine.processes.startThread();
        int itsFd = thread.files().open(file);

        assertThat(new SystemCalls(thread).ioctl(itsFd, INCREMENT, at)).isEqualTo(-14);
    }

    @Test
    void shouldKnowNoDescriptorThatIsNotOpen() {
        assertThat(calls.ioctl(9, INCREMENT, at)).isEqualTo(-9);
        assertThat(calls.pread(9, at, 1, 0)).isEqualTo(-9);
        assertThat(calls.pwrite(9, at, 1, 0)).isEqualTo(-9);
        assertThat(calls.close(9)).isEqualTo(-9);
        assertThat(calls.dup(9)).isEqualTo(-9);
    }

    @Test
    void shouldReleaseAFileThatIsClosedDuringACallAfterIt() {
        file.during = () -> {
            assertThat(calls.close(fd)).isZero();
            assertThat(file.released).isFalse();
        };

        assertThat(calls.ioctl(fd, INCREMENT, at)).isEqualTo(process.pid());

        assertThat(file.released).isTrue();
        assertThat(calls.ioctl(fd, INCREMENT, at)).isEqualTo(-9);
    }

    @Test
    void shouldCloseEachDescriptorByItself() {
        long duplicate = calls.dup(fd);

        assertThat(duplicate).isEqualTo(fd + 1);
        assertThat(calls.close(fd)).isZero();
        assertThat(file.released).isFalse();
        assertThat(calls.close((int) duplicate)).isZero();
        assertThat(file.released).isTrue();
    }
}
