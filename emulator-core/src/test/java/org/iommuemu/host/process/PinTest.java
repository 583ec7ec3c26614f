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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Pages that stay while a device may access them. */
class PinTest {
    private final ProcessMachine machine = new ProcessMachine();
    private final Process process = machine.start();
    private final AddressSpace space = memoryOf(process);
    private final long at = space.map(0, 8 * PAGE, READ_WRITE).value();

    @AfterEach
    void close() {
        machine.close();
    }

    @Test
    void shouldBringInWhatItPins() {
        long[] frames = space.pin(at + 5, 2 * PAGE, true).value();

        assertThat(frames).hasSize(3);
        for (int i = 0; i < 3; i++) {
            assertThat(frames[i]).isEqualTo(space.tables().physical(at + i * PAGE));
        }
        assertThat(space.lockedBytes()).isEqualTo(3 * PAGE);
    }

    @Test
    void shouldKeepFramesOverUnmap() {
        long[] frames = space.pin(at, PAGE, true).value();
        poke(space, at, 0x42);
        space.unmap(at, PAGE);
        long other = space.map(0, PAGE, READ_WRITE).value();
        poke(space, other, 0x43);

        assertThat(space.tables().physical(other)).isNotEqualTo(frames[0]);
        assertThat(machine.memory.readByte(frames[0])).isEqualTo((byte) 0x42);
        assertThat(machine.frames.inUse()).isEqualTo(2);
        space.unpin(frames);
        assertThat(machine.frames.inUse()).isEqualTo(1);
        assertThat(space.lockedBytes()).isZero();
    }

    @Test
    void shouldKeepFramesOverExit() {
        long[] frames = space.pin(at, 2 * PAGE, true).value();
        machine.processes.exit(process);

        int held = machine.frames.inUse();
        space.unpin(frames);

        assertThat(held).isEqualTo(2);
        assertThat(machine.frames.inUse()).isZero();
        assertThat(space.pin(at, PAGE, false).errno()).isEqualTo(Errno.EFAULT);
    }

    @Test
    void shouldNeedAsManyUnpinsAsPins() {
        long[] first = space.pin(at, PAGE, true).value();
        long[] second = space.pin(at, PAGE, false).value();
        space.unmap(at, PAGE);

        space.unpin(first);
        int held = machine.frames.inUse();
        space.unpin(second);

        assertThat(second).isEqualTo(first);
        assertThat(held).isEqualTo(1);
        assertThat(machine.frames.inUse()).isZero();
    }

    @Test
    void shouldCopyPinnedPagesForAChildAtOnce() {
        poke(space, at, 1);
        poke(space, at + PAGE, 2);
        long[] frames = space.pin(at, PAGE, true).value();

        AddressSpace child = memoryOf(machine.processes.fork(process).value());
        machine.memory.writeByte(frames[0], (byte) 0x66);

        assertThat(machine.isWritable(space, at)).isTrue();
        assertThat(machine.isWritable(child, at)).isTrue();
        assertThat(peek(space, at)).isEqualTo(0x66);
        assertThat(peek(child, at)).isEqualTo(1);
        assertThat(child.tables().physical(at + PAGE)).isEqualTo(space.tables().physical(at + PAGE));
        assertThat(child.lockedBytes()).isZero();
    }

    @Test
    void shouldPinAPageOfOnesOwnEvenToReadOnly() {
        poke(space, at, 1);
        AddressSpace child = memoryOf(machine.processes.fork(process).value());

        long[] frames = child.pin(at, PAGE, false).value();
        poke(space, at, 2);
        poke(child, at, 3);

        assertThat(machine.memory.readByte(frames[0])).isEqualTo((byte) 3);
        assertThat(peek(space, at)).isEqualTo(2);
    }

    @Test
    void shouldPinSharedMemoryWithoutACopy() {
        long shared = space.mapShared(0, PAGE, READ_WRITE).value();
        AddressSpace child = memoryOf(machine.processes.fork(process).value());

        long[] frames = space.pin(shared, PAGE, true).value();
        poke(child, shared, 9);

        assertThat(machine.memory.readByte(frames[0])).isEqualTo((byte) 9);
    }

    @Test
    void shouldPinNoMoreThanMayBeLocked() {
        space.lockLimit(3 * PAGE + 4095);
        long[] two = space.pin(at, 2 * PAGE, true).value();

        assertThat(space.pin(at, 2 * PAGE, true).errno()).isEqualTo(Errno.ENOMEM);
        assertThat(space.pin(at + 2 * PAGE, PAGE, true).isOk()).isTrue();
        assertThat(space.pin(at, PAGE, true).errno()).isEqualTo(Errno.ENOMEM);
        space.unpin(two);
        assertThat(space.pin(at, 2 * PAGE, true).isOk()).isTrue();
    }

    @Test
    void shouldPinEightMebibytesUnlessToldOtherwise() {
        long much = space.map(0, 16L << 20, READ).value();

        assertThat(space.pin(much, 8L << 20, false).isOk()).isTrue();
        assertThat(space.pin(much, 1, false).errno()).isEqualTo(Errno.ENOMEM);
    }

    @Test
    void shouldInheritTheLimitButNotWhatIsLocked() {
        space.lockLimit(2 * PAGE);
        space.pin(at, 2 * PAGE, true);

        AddressSpace child = memoryOf(machine.processes.fork(process).value());

        assertThat(child.pin(at, 3 * PAGE, true).errno()).isEqualTo(Errno.ENOMEM);
        assertThat(child.pin(at, 2 * PAGE, true).isOk()).isTrue();
    }

    @Test
    void shouldPinAllOfARangeOrNothing() {
        space.protect(at + 2 * PAGE, PAGE, READ);
        space.unmap(at + 5 * PAGE, PAGE);

        assertThat(space.pin(at, 8 * PAGE, true).errno()).isEqualTo(Errno.EFAULT);
        assertThat(space.pin(at, 8 * PAGE, false).errno()).isEqualTo(Errno.EFAULT);
        space.unmap(at, 8 * PAGE);

        assertThat(machine.frames.inUse()).isZero();
        assertThat(space.lockedBytes()).isZero();
    }

    @Test
    void shouldRefuseRangesThatAreNone() {
        assertThat(space.pin(at, 0, false).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.pin(at, -1, false).errno()).isEqualTo(Errno.EINVAL);
        assertThat(space.pin(-PAGE, PAGE, false).errno()).isEqualTo(Errno.EFAULT);
        assertThat(space.pin(at, Long.MAX_VALUE, false).errno()).isEqualTo(Errno.EFAULT);
    }
}
