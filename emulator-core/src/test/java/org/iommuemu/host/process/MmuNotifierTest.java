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

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.host.call.Errno;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** When others are told of changes, and what is still there then. */
class MmuNotifierTest {
    private final ProcessMachine machine = new ProcessMachine();
    private final Process process = machine.start();
    private final AddressSpace space = memoryOf(process);
    private final long at = space.map(0, 8 * PAGE, READ_WRITE).value();
    private final Notes notes = new Notes();

    @AfterEach
    void close() {
        machine.close();
    }

    private String invalidate(int first, int pages) {
        return String.format("invalidate 0x%x + 0x%x", at + first * PAGE, pages * PAGE);
    }

    @Test
    void shouldTellOfUnmappedPagesAfterTheirEntriesAndBeforeTheirFrames() {
        poke(space, at + PAGE, 1);
        poke(space, at + 3 * PAGE, 2);
        List<String> seen = new ArrayList<>();
        space.addNotifier(new MmuNotifier() {
            @Override
            public void invalidate(long start, long length) {
                seen.add(machine.isPresent(space, at + PAGE) + " " + machine.frames.inUse());
            }

            @Override
            public void release() {
                seen.add("release");
            }
        });
        space.addNotifier(notes);

        space.unmap(at, 8 * PAGE);

        assertThat(seen).containsExactly("false 2");
        assertThat(notes.taken()).containsExactly(invalidate(1, 3));
        assertThat(machine.frames.inUse()).isZero();
    }

    @Test
    void shouldNotTellOfPagesThatComeIntoBeing() {
        space.addNotifier(notes);

        poke(space, at, 1);
        peek(space, at + PAGE);
        space.unmap(at + 2 * PAGE, PAGE);
        space.protect(at + 3 * PAGE, PAGE, READ);

        assertThat(notes.taken()).isEmpty();
    }

    @Test
    void shouldTellOfChangedPermissions() {
        poke(space, at, 1);
        poke(space, at + PAGE, 1);
        space.addNotifier(notes);

        space.protect(at, 2 * PAGE, READ);
        List<String> narrowed = notes.taken();
        space.protect(at, 2 * PAGE, READ);
        List<String> again = notes.taken();
        space.protect(at, PAGE, READ_WRITE);

        assertThat(narrowed).containsExactly(invalidate(0, 2));
        assertThat(again).isEmpty();
        assertThat(notes.taken()).containsExactly(invalidate(0, 1));
    }

    @Test
    void shouldTellTheParentOfForkAndOfItsFirstWrites() {
        poke(space, at + PAGE, 1);
        peek(space, at + 2 * PAGE);
        space.addNotifier(notes);

        machine.processes.fork(process);
        List<String> forked = notes.taken();
        poke(space, at + 2 * PAGE, 1);
        List<String> copied = notes.taken();
        poke(space, at + 2 * PAGE, 2);

        assertThat(forked).containsExactly(invalidate(1, 2));
        assertThat(copied).containsExactly(invalidate(2, 1));
        assertThat(notes.taken()).isEmpty();
    }

    @Test
    void shouldClearAnEntryBeforeItNamesACopy() {
        poke(space, at, 1);
        machine.processes.fork(process);
        List<Long> physical = new ArrayList<>();
        space.addNotifier(new MmuNotifier() {
            @Override
            public void invalidate(long start, long length) {
                physical.add(space.tables().physical(start));
            }

            @Override
            public void release() {}
        });

        poke(space, at, 2);

        assertThat(physical).containsExactly(-1L);
    }

    @Test
    void shouldTellOfTheEndBeforeAnythingIsUnmapped() {
        poke(space, at, 1);
        List<String> seen = new ArrayList<>();
        space.addNotifier(notes);
        space.addNotifier(new MmuNotifier() {
            @Override
            public void invalidate(long start, long length) {
                seen.add("invalidate");
            }

            @Override
            public void release() {
                seen.add(space.isDying() + " " + machine.isPresent(space, at) + " " + machine.frames.inUse() + " "
                        + space.fault(at, READ).errno());
                space.removeNotifier(this);
            }
        });

        machine.processes.exit(process);

        assertThat(seen).containsExactly("true true 1 EFAULT");
        assertThat(notes.taken()).containsExactly("release");
        assertThat(machine.frames.inUse()).isZero();
    }

    @Test
    void shouldTellInTheOrderOfArrivalAndNobodyWhoHasLeft() {
        List<Integer> order = new ArrayList<>();
        poke(space, at, 1);
        for (int i = 1; i <= 3; i++) {
            int number = i;
            space.addNotifier(new MmuNotifier() {
                @Override
                public void invalidate(long start, long length) {
                    order.add(number);
                    space.removeNotifier(this);
                }

                @Override
                public void release() {
                    order.add(-number);
                }
            });
        }

        space.protect(at, PAGE, READ);
        space.protect(at, PAGE, READ_WRITE);

        assertThat(order).containsExactly(1, 2, 3);
    }

    @Test
    void shouldBringInPagesWhileOthersAreTold() {
        poke(space, at, 1);
        AddressSpace child = memoryOf(machine.processes.fork(process).value());
        space.addNotifier(new MmuNotifier() {
            private boolean told;

            @Override
            public void invalidate(long start, long length) {
                if (!told) {
                    told = true;
                    assertThat(poke(space, start + 1, 2)).isTrue();
                }
            }

            @Override
            public void release() {}
        });

        poke(space, at + 2, 3);

        assertThat(peek(space, at)).isEqualTo(1);
        assertThat(peek(space, at + 1)).isEqualTo(2);
        assertThat(peek(space, at + 2)).isEqualTo(3);
        assertThat(peek(child, at + 1)).isZero();
        assertThat(machine.frames.inUse()).isEqualTo(2);
    }

    @Test
    void shouldFaultOnWhatIsUnmappedWhileOthersAreTold() {
        poke(space, at, 1);
        machine.processes.fork(process);
        space.addNotifier(new MmuNotifier() {
            @Override
            public void invalidate(long start, long length) {
                space.unmap(at, PAGE);
            }

            @Override
            public void release() {}
        });

        assertThat(space.fault(at, WRITE).errno()).isEqualTo(Errno.EFAULT);
        assertThat(machine.frames.inUse()).isEqualTo(1);
    }

    @Test
    void shouldOutliveItsUsersAsLongAsItIsHeld() {
        List<String> seen = new ArrayList<>();
        space.onFree(() -> seen.add("free"));
        space.grab();
        assertThat(space.tryGet()).isTrue();
        machine.processes.exit(process);

        assertThat(space.isDying()).isFalse();
        assertThat(peek(space, at)).isZero();
        space.put();
        assertThat(space.isDying()).isTrue();
        assertThat(space.tryGet()).isFalse();
        assertThat(machine.frames.inUse()).isZero();
        assertThat(seen).isEmpty();
        space.drop();
        assertThat(seen).containsExactly("free");
    }
}
