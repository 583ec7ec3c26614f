// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.process.ProcessMachine.PAGE;
import static org.iommuemu.host.process.ProcessMachine.READ;
import static org.iommuemu.host.process.ProcessMachine.READ_WRITE;
import static org.iommuemu.host.process.ProcessMachine.memoryOf;
import static org.iommuemu.host.process.ProcessMachine.peek;
import static org.iommuemu.host.process.ProcessMachine.poke;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What parent and child have in common after fork, and what they have not. */
class CopyOnWriteTest {
    private final ProcessMachine machine = new ProcessMachine();
    private final Process parent = machine.start();
    private final AddressSpace space = memoryOf(parent);
    private final long at = space.map(0, 4 * PAGE, READ_WRITE).value();

    @AfterEach
    void close() {
        machine.close();
    }

    private Process fork() {
        return machine.processes.fork(parent).value();
    }

    @Test
    void shouldShareFramesUntilOneOfTheTwoWrites() {
        poke(space, at, 1);

        AddressSpace child = memoryOf(fork());

        assertThat(machine.frames.inUse()).isEqualTo(1);
        assertThat(child.tables().physical(at)).isEqualTo(space.tables().physical(at));
        assertThat(machine.isWritable(space, at)).isFalse();
        assertThat(machine.isWritable(child, at)).isFalse();
    }

    @Test
    void shouldHideFromTheChildWhatTheParentWrites() {
        poke(space, at, 1);
        AddressSpace child = memoryOf(fork());

        poke(space, at, 2);

        assertThat(peek(child, at)).isEqualTo(1);
        assertThat(peek(space, at)).isEqualTo(2);
        assertThat(machine.frames.inUse()).isEqualTo(2);
    }

    @Test
    void shouldHideFromTheParentWhatTheChildWrites() {
        poke(space, at, 1);
        AddressSpace child = memoryOf(fork());

        poke(child, at, 2);

        assertThat(peek(child, at)).isEqualTo(2);
        assertThat(peek(space, at)).isEqualTo(1);
    }

    @Test
    void shouldCopyTheWholePage() {
        poke(space, at, 1);
        poke(space, at + PAGE - 1, 9);
        AddressSpace child = memoryOf(fork());

        poke(child, at, 2);

        assertThat(peek(child, at + PAGE - 1)).isEqualTo(9);
    }

    @Test
    void shouldNotShareWhatIsTouchedAfterwards() {
        AddressSpace child = memoryOf(fork());

        poke(space, at + PAGE, 1);

        assertThat(peek(child, at + PAGE)).isZero();
    }

    @Test
    void shouldUseTheFrameAgainOnceItIsTheOnlyOwner() {
        poke(space, at, 1);
        long frame = space.tables().physical(at);
        Process child = fork();
        machine.processes.exit(child);

        poke(space, at, 2);

        assertThat(space.tables().physical(at)).isEqualTo(frame);
        assertThat(machine.isWritable(space, at)).isTrue();
        assertThat(machine.frames.inUse()).isEqualTo(1);
    }

    @Test
    void shouldKeepThreeGenerationsApart() {
        poke(space, at, 1);
        Process child = fork();
        Process grandchild = machine.processes.fork(child).value();

        poke(memoryOf(child), at, 2);
        poke(memoryOf(grandchild), at, 3);

        assertThat(peek(space, at)).isEqualTo(1);
        assertThat(peek(memoryOf(child), at)).isEqualTo(2);
        assertThat(peek(memoryOf(grandchild), at)).isEqualTo(3);
        assertThat(machine.frames.inUse()).isEqualTo(3);
    }

    @Test
    void shouldShowOthersWhatIsWrittenToSharedMemory() {
        long shared = space.mapShared(0, 2 * PAGE, READ_WRITE).value();
        poke(space, shared, 1);
        AddressSpace child = memoryOf(fork());

        poke(child, shared, 2);
        poke(child, shared + PAGE, 3);

        assertThat(peek(space, shared)).isEqualTo(2);
        assertThat(peek(space, shared + PAGE)).isEqualTo(3);
        assertThat(machine.frames.inUse()).isEqualTo(2);
    }

    @Test
    void shouldKeepSharedMemoryUntilItsLastRegionGoes() {
        long shared = space.mapShared(0, 2 * PAGE, READ_WRITE).value();
        poke(space, shared, 1);
        poke(space, shared + PAGE, 2);
        Process child = fork();

        space.unmap(shared, 2 * PAGE);
        int left = machine.frames.inUse();
        int seen = peek(memoryOf(child), shared + PAGE);
        memoryOf(child).unmap(shared, PAGE);
        int kept = machine.frames.inUse();
        memoryOf(child).unmap(shared + PAGE, PAGE);

        assertThat(left).isEqualTo(2);
        assertThat(seen).isEqualTo(2);
        assertThat(kept).isEqualTo(2);
        assertThat(machine.frames.inUse()).isZero();
    }

    @Test
    void shouldNotMakeAReadOnlyPageWritableByCopying() {
        poke(space, at, 1);
        AddressSpace child = memoryOf(fork());
        child.protect(at, PAGE, READ);

        boolean written = poke(child, at, 2);
        child.protect(at, PAGE, READ_WRITE);

        assertThat(written).isFalse();
        assertThat(machine.isWritable(child, at)).isFalse();
        assertThat(poke(child, at, 3)).isTrue();
        assertThat(peek(space, at)).isEqualTo(1);
    }

    @Test
    void shouldKeepPrivateWhatWasHiddenAtFork() {
        poke(space, at, 1);
        space.protect(at, PAGE, 0);
        AddressSpace child = memoryOf(fork());
        space.protect(at, PAGE, READ_WRITE);
        child.protect(at, PAGE, READ_WRITE);

        poke(space, at, 2);
        poke(child, at, 3);

        assertThat(peek(space, at)).isEqualTo(2);
        assertThat(peek(child, at)).isEqualTo(3);
    }

    @Test
    void shouldInheritNoPasidAndNoNotifier() {
        Notes notes = new Notes();
        space.pasid(7);
        space.addNotifier(notes);

        AddressSpace child = memoryOf(fork());
        poke(child, at, 1);
        child.unmap(at, PAGE);

        assertThat(child.pasid()).isEqualTo(AddressSpace.INVALID_PASID);
        assertThat(notes.taken()).isEmpty();
    }
}
