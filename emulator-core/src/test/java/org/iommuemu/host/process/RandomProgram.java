// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.iommuemu.host.process.ProcessMachine.PAGE;
import static org.iommuemu.host.process.ProcessMachine.READ;
import static org.iommuemu.host.process.ProcessMachine.WRITE;
import static org.iommuemu.host.process.ProcessMachine.memoryOf;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.process.ReferenceProcess.ReferencePage;
import org.iommuemu.host.process.ReferenceProcess.Shared;
import org.iommuemu.time.RandomStream;
import org.jspecify.annotations.Nullable;

/** Processes that do anything, with the reference beside each; now and then a step of the kernel's fails, and nothing is to come of that. */
final class RandomProgram implements AutoCloseable {
    private static final int MOST_PROCESSES = 5;
    private static final long WINDOW = 24;
    private static final long BASE = 0x4000_0000;

    /** A process, and what is said about it. */
    private record Pair(Process process, ReferenceProcess reference, DeviceCache cache) {
        AddressSpace space() {
            return memoryOf(process);
        }
    }

    /** Pinned pages, and what they hold; those may be unmapped by now. */
    private record Pinned(AddressSpace space, long[] frames, List<byte[]> bytes) {}

    private final ProcessMachine machine = new ProcessMachine();
    private final RandomStream random;
    private final List<Pair> pairs = new ArrayList<>();
    private final List<Pinned> pins = new ArrayList<>();
    private final int oneIn;
    private int touches;
    private boolean failed;
    private int failures;

    /**
     * A machine with one process.
     *
     * @param oneIn how many steps there are to one that fails, 0 if none does
     */
    RandomProgram(long seed, int oneIn) {
        random = new RandomStream(seed);
        this.oneIn = oneIn;
        begin(machine.start(), new ReferenceProcess());
        machine.processes.failures(step -> {
            boolean fails = this.oneIn > 0 && touches == 0 && random.nextBelow(this.oneIn) == 0;
            failed |= fails;
            failures += fails ? 1 : 0;
            return fails;
        });
    }

    private void begin(Process process, ReferenceProcess reference) {
        AddressSpace space = memoryOf(process);
        DeviceCache cache = new DeviceCache(machine, space, page -> touch(space, page));
        space.addNotifier(cache);
        pairs.add(new Pair(process, reference, cache));
    }

    /** A device asks for a page from within an invalidation. */
    private void touch(AddressSpace space, long page) {
        if (below(2) == 0) {
            touches++;
            space.fault(page, below(8));
            touches--;
        }
    }

    int failures() {
        return failures;
    }

    private int below(long bound) {
        return (int) random.nextBelow(bound);
    }

    void step() {
        failed = false;
        Pair p = pairs.get(below(pairs.size()));
        long at = BASE + below(WINDOW) * PAGE;
        switch (below(16)) {
            case 0, 1 -> map(p, 1 + below(6), below(8), below(3) == 0);
            case 2 -> unmap(p, at, 1 + below(8));
            case 3 -> protect(p, at, 1 + below(4), below(8));
            case 4 -> fork(p);
            case 5 -> endOrBegin(p);
            case 6 -> pin(p, at, 1 + below(3), below(2) == 0);
            case 7 -> unpin();
            case 8 -> writeByDevice();
            case 9, 10 -> fault(p, at, below(8));
            case 11, 12, 13 -> poke(p, at + below(PAGE), below(256));
            default -> peek(p, at + below(PAGE));
        }
        p.cache.look(BASE + below(WINDOW) * PAGE);
    }

    private void map(Pair p, int pages, int permissions, boolean shared) {
        Result<Long> at = shared
                ? p.space().mapShared(0, pages * PAGE - below(PAGE), permissions)
                : p.space().map(0, pages * PAGE - below(PAGE), permissions);
        if (expect(at, null)) {
            assertThat(at.value()).isEqualTo(p.reference.room(pages));
            p.reference.map(at.value(), pages, permissions, shared);
        }
    }

    private void unmap(Pair p, long at, int pages) {
        if (expect(p.space().unmap(at, pages * PAGE), null)) {
            p.reference.unmap(at, pages);
        }
    }

    private void protect(Pair p, long at, int pages, int permissions) {
        boolean covered = p.reference.pages.subMap(at, at + pages * PAGE).size() == pages;
        if (expect(p.space().protect(at, pages * PAGE, permissions), covered ? null : Errno.ENOMEM)) {
            p.reference.protect(at, pages, permissions);
        }
    }

    private void fault(Pair p, long at, int access) {
        expect(p.space().fault(at, access), p.reference.maySee(at, access) ? null : Errno.EFAULT);
    }

    private void poke(Pair p, long at, int value) {
        boolean may = p.reference.maySee(at, WRITE);
        boolean done = ProcessMachine.poke(p.space(), at, value);
        assertThat(done).isEqualTo(may && !failed);
        if (done) {
            p.reference.poke(at, value);
        }
    }

    private void peek(Pair p, long at) {
        int seen = ProcessMachine.peek(p.space(), at);
        assertThat(seen).isEqualTo(failed ? -1 : p.reference.peek(at));
    }

    private void fork(Pair p) {
        if (pairs.size() < MOST_PROCESSES) {
            Result<Process> child = machine.processes.fork(p.process);
            if (expect(child, null)) {
                begin(child.value(), p.reference.fork());
            }
        }
    }

    private void endOrBegin(Pair p) {
        if (below(2) == 0) {
            if (expect(machine.processes.exec(p.process), null)) {
                pairs.remove(p);
                begin(p.process, new ReferenceProcess());
            }
        } else if (pairs.size() > 1) {
            end(p);
        }
    }

    private void end(Pair p) {
        machine.processes.exit(p.process);
        assertThat(p.cache.isReleased()).isTrue();
        assertThat(machine.processes.reap(p.process).isOk()).isTrue();
        pairs.remove(p);
    }

    private void pin(Pair p, long at, int pages, boolean write) {
        boolean may = true;
        List<byte[]> bytes = new ArrayList<>();
        for (int i = 0; i < pages; i++) {
            may &= p.reference.maySee(at + i * PAGE, write ? WRITE : READ);
            ReferencePage page = p.reference.page(at + i * PAGE);
            bytes.add(page == null ? new byte[0] : page.bytes());
        }
        Result<long[]> pinned = p.space().pin(at, pages * PAGE, write);
        if (expect(pinned, may ? null : Errno.EFAULT)) {
            pins.add(new Pinned(p.space(), pinned.value(), bytes));
        }
    }

    private void unpin() {
        if (!pins.isEmpty()) {
            Pinned p = pins.remove(below(pins.size()));
            p.space.unpin(p.frames);
        }
    }

    /** A device writes to a page that is pinned, whatever became of its mapping. */
    private void writeByDevice() {
        if (!pins.isEmpty()) {
            Pinned p = pins.get(below(pins.size()));
            int i = below(p.frames.length);
            int offset = below(PAGE);
            byte value = (byte) below(256);
            machine.memory.writeByte(p.frames[i] + offset, value);
            p.bytes.get(i)[offset] = value;
        }
    }

    /**
     * Compares a result with what is expected, unless a step was made to fail: then it is ENOMEM, or what is expected all the same.
     *
     * @return whether the call has succeeded
     */
    private boolean expect(Result<?> result, @Nullable Errno error) {
        if (failed) {
            assertThat(result.isOk()).isFalse();
            assertThat(result.errno()).isIn(Errno.ENOMEM, error);
        } else if (error != null) {
            assertThat(result.isOk()).isFalse();
            assertThat(result.errno()).isEqualTo(error);
        } else {
            assertThat(result.isOk()).isTrue();
        }
        return result.isOk();
    }

    /** Compares all pages that are there with the reference, without bringing any in, and what devices hold with the tables. */
    void check() {
        int most = 0;
        Set<Shared> shared = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Pair p : pairs) {
            p.cache.check();
            for (ReferencePage page : p.reference.pages.values()) {
                most += page.isShared() ? 0 : 1;
                if (page.shared() != null && shared.add(page.shared())) {
                    most += page.shared().pages;
                }
            }
            for (long page = BASE; page < BASE + 4 * WINDOW * PAGE; page += PAGE) {
                long physical = p.space().tables().physical(page);
                if (physical >= 0) {
                    checkPage(p, page, physical);
                }
            }
        }
        for (Pinned p : pins) {
            most += p.frames.length;
            for (int i = 0; i < p.frames.length; i++) {
                assertThat(bytesAt(p.frames[i])).isEqualTo(p.bytes.get(i));
            }
        }
        assertThat(machine.frames.inUse()).isLessThanOrEqualTo(most);
    }

    private void checkPage(Pair p, long page, long physical) {
        ReferencePage reference = p.reference.page(page);
        assertThat(reference).isNotNull();
        assertThat(bytesAt(physical)).isEqualTo(reference.bytes());
        if (machine.isWritable(p.space(), page)) {
            assertThat(reference.permissions() & WRITE).isNotZero();
            for (Pair other : pairs) {
                if (other.process != p.process && !reference.isShared()) {
                    assertThat(other.space().tables().physical(page)).isNotEqualTo(physical);
                }
            }
        }
    }

    private byte[] bytesAt(long frame) {
        byte[] bytes = new byte[(int) PAGE];
        machine.memory.read(frame, bytes, 0, bytes.length);
        return bytes;
    }

    /** All processes end and all pins are given up: no frame is in use. */
    @Override
    public void close() {
        while (!pairs.isEmpty()) {
            end(pairs.get(0));
        }
        while (!pins.isEmpty()) {
            unpin();
        }
        assertThat(machine.frames.inUse()).isZero();
        machine.close();
    }
}
