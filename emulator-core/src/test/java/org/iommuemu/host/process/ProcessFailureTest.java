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

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.FailurePlan.Counting;
import org.iommuemu.host.call.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Lets every step of every call fail, one after the other: each time the call says so, and nothing has changed. */
class ProcessFailureTest {
    /**
     * A call.
     *
     * @param steps how many steps of it can fail
     * @param keeps whether what it brought in before the failure stays
     */
    private record Call(String name, int steps, boolean keeps, Function<Scene, Result<?>> call) {
        Call(String name, int steps, Function<Scene, Result<?>> call) {
            this(name, steps, false, call);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /**
     * A process with three regions, whose first has four pages: two of its own, one of them pinned, one it has in common with a child, and one
     * that was never touched; then one to read, then shared memory of two pages, one of them touched.
     */
    private static final class Scene implements AutoCloseable {
        final ProcessMachine machine = new ProcessMachine();
        final Process process = machine.start();
        final AddressSpace space = memoryOf(process);
        final long at = space.map(0, 4 * PAGE, READ_WRITE).value();
        final long readable = space.map(0, PAGE, READ).value();
        final long shared = space.mapShared(0, 2 * PAGE, READ_WRITE).value();
        final long[] pinned;
        final Process child;
        final CountedFile file = new CountedFile();

        Scene() {
            poke(space, at + 2 * PAGE, 3);
            child = machine.processes.fork(process).value();
            poke(space, at, 1);
            poke(space, at + PAGE, 2);
            poke(space, shared, 4);
            pinned = space.pin(at, PAGE, true).value();
            process.files().open(file);
        }

        /** All that a call could leave behind. */
        String state() {
            return machine.frames.inUse() + " frames, " + space.lockedBytes() + " bytes locked, next pid "
                    + machine.processes.find(3).isOk() + ", " + process.files().size() + " descriptors, "
                    + file.released + space.isDying() + process.isAlive();
        }

        @Override
        public void close() {
            machine.close();
        }
    }

    static Stream<Call> calls() {
        return Stream.of(
                new Call("map", 1, s -> s.space.map(0, PAGE, READ)),
                new Call("map shared memory", 1, s -> s.space.mapShared(0, PAGE, READ)),
                new Call("unmap a whole region", 0, s -> s.space.unmap(s.at, 4 * PAGE)),
                new Call("unmap the middle of a region", 2, s -> s.space.unmap(s.at + PAGE, PAGE)),
                new Call("unmap the end of a region", 1, s -> s.space.unmap(s.shared + PAGE, PAGE)),
                new Call("protect the middle of a region", 2, s -> s.space.protect(s.at + PAGE, PAGE, READ)),
                new Call("touch a new page", 1, s -> s.space.fault(s.at + 3 * PAGE, READ)),
                new Call("touch a new page of shared memory", 1, s -> s.space.fault(s.shared + PAGE, WRITE)),
                new Call("touch a new page to read", 1, s -> s.space.fault(s.readable, READ)),
                new Call("touch a page that is there", 0, s -> s.space.fault(s.at, WRITE)),
                new Call("read a page that is a child's too", 0, s -> s.space.fault(s.at + 2 * PAGE, READ)),
                new Call("write to a page that is a child's too", 1, s -> s.space.fault(s.at + 2 * PAGE, WRITE)),
                new Call("pin pages that are there", 3, s -> s.space.pin(s.at, 2 * PAGE, true)),
                new Call("pin pages that are not", 8, true, s -> s.space.pin(s.at + PAGE, 3 * PAGE + 1, false)),
                new Call("fork", 7, s -> s.machine.processes.fork(s.process)),
                new Call("start a thread", 1, s -> s.machine.processes.startThread(s.process)),
                new Call("exec", 1, s -> s.machine.processes.exec(s.process)));
    }

    @ParameterizedTest
    @MethodSource("calls")
    void shouldChangeNothingWhateverStepFails(Call call) {
        for (int n = 1; n <= call.steps + 1; n++) {
            try (Scene scene = new Scene()) {
                Map<Long, ByteBuffer> tables = scene.machine.tableBytes();
                String state = scene.state();
                Counting plan = FailurePlan.nth(n);
                scene.machine.processes.failures(plan);

                Result<?> result = call.call.apply(scene);

                assertThat(plan.hasFailed()).as("step %d came up", n).isEqualTo(n <= call.steps);
                if (n > call.steps) {
                    assertThat(result.isOk()).isTrue();
                } else {
                    assertThat(result.errno()).as("step %d", n).isEqualTo(Errno.ENOMEM);
                    if (!call.keeps) {
                        assertThat(scene.state()).as("step %d", n).isEqualTo(state);
                        assertThat(scene.machine.tableBytes()).as("step %d", n).isEqualTo(tables);
                    }
                    assertThat(scene.space.lockedBytes()).isEqualTo(PAGE);
                }
                endAll(scene);
            }
        }
    }

    /** All processes end: every frame is free but the one that is pinned, and that once it is not. */
    private static void endAll(Scene scene) {
        boolean kept = scene.space.lockedBytes() > PAGE;
        for (int pid = 1; pid < 5; pid++) {
            Result<Process> found = scene.machine.processes.find(pid);
            if (found.isOk()) {
                scene.machine.processes.exit(found.value());
            }
        }
        scene.space.unpin(scene.pinned);
        assertThat(scene.machine.frames.inUse() > 0).isEqualTo(kept);
    }

    @Test
    void shouldGiveBackWhatAForkTookBeforeFramesRanOut() {
        for (int room = 0; room < 3; room++) {
            try (Scene scene = new Scene()) {
                scene.space.pin(scene.at + PAGE, 2 * PAGE, true);
                Map<Long, ByteBuffer> tables = scene.machine.tableBytes();
                int used = scene.machine.frames.inUse();
                scene.machine.frames.limit(used + room);

                assertThat(scene.machine.processes.fork(scene.process).errno()).isEqualTo(Errno.ENOMEM);

                assertThat(scene.machine.frames.inUse()).isEqualTo(used);
                assertThat(scene.machine.tableBytes()).isEqualTo(tables);
                scene.machine.frames.limit(used + 3);
                assertThat(scene.machine.processes.fork(scene.process).isOk()).isTrue();
            }
        }
    }

    @Test
    void shouldTryAgainWithSuccessAfterAFailure() {
        try (Scene scene = new Scene()) {
            scene.machine.processes.failures(FailurePlan.nth(1));

            boolean first = poke(scene.space, scene.at + 2 * PAGE, 9);
            boolean second = poke(scene.space, scene.at + 2 * PAGE, 9);

            assertThat(first).isFalse();
            assertThat(second).isTrue();
            assertThat(peek(memoryOf(scene.child), scene.at + 2 * PAGE)).isEqualTo(3);
        }
    }
}
