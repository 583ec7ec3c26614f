// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device.accelerator;

import java.util.Arrays;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.device.DmaSession;
import org.iommuemu.device.WireWords;
import org.iommuemu.device.accelerator.spec.Operation;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/** One descriptor that moves data, piece by piece; ends with the first transfer that fails. */
final class DataOperation {
    private final EventLoop loop;
    private final DmaSession memory;
    private final Work work;
    private final Operation operation;
    private final int piece;
    private final Consumer<Outcome> ended;
    private final int size;
    private final boolean backwards;
    private final CRC32C crc = new CRC32C();
    private int done;

    /**
     * An operation that has not begun.
     *
     * @param piece bytes that are under way at once
     */
    DataOperation(
            EventLoop loop, DmaSession memory, Work work, Operation operation, int piece, Consumer<Outcome> ended) {
        this.loop = loop;
        this.memory = memory;
        this.work = work;
        this.operation = operation;
        this.piece = piece;
        this.ended = ended;
        size = (int) work.size();
        // A destination that begins within the source is written from its end on, or else it would spoil what is still
        // to be read.
        backwards = operation == Operation.MEMORY_MOVE
                && Long.compareUnsigned(work.destination() - work.source(), size) < 0
                && work.destination() != work.source();
    }

    /** Goes on: in an event of its own, since a posted write ends at once. */
    void next() {
        loop.schedule(loop.now(), (time, data) -> step(), 0);
    }

    private void step() {
        if (memory.isClosed()) {
            return;
        }
        if (done == size) {
            end(false);
            return;
        }
        int n = length();
        int at = backwards ? size - done - n : done;
        switch (operation) {
            case MEMORY_MOVE -> move(at, n);
            case FILL -> write(pattern(work.source(), n), work.destination() + at, n, null);
            case COMPARE -> compare(at, n);
            default -> readOne(at, n);
        }
    }

    /** From the end on pieces stay within a page of the destination, so that one that fails has changed nothing. */
    private int length() {
        int n = Math.min(piece, size - done);
        if (backwards) {
            long end = work.destination() + size - done;
            int inPage = (int) (end - 1 & PhysicalMemory.PAGE_BYTES - 1) + 1;
            return Math.min(n, inPage);
        }
        return n;
    }

    /** Of 8 bytes, from a multiple of 8 bytes of the operation on. */
    private byte[] pattern(long value, int n) {
        byte[] eight = WireWords.bytes(value);
        byte[] all = new byte[n];
        for (int i = 0; i < n; i++) {
            all[i] = eight[done + i & Long.BYTES - 1];
        }
        return all;
    }

    private record Failure(DmaChannel.Status status, boolean write, long address) {}

    private void move(int at, int n) {
        byte[] data = new byte[n];
        memory.read(work.source() + at, data, work.pasid(), work.reading(), work.missing(), (status, moved) -> {
            Failure failure =
                    status == DmaChannel.Status.OK ? null : new Failure(status, false, work.source() + at + moved);
            int good = failure == null ? n : backwards ? 0 : moved;
            if (good == 0) {
                fail(failure);
            } else {
                write(good == n ? data : Arrays.copyOf(data, good), work.destination() + at, good, failure);
            }
        });
    }

    private void write(byte[] data, long address, int n, @Nullable Failure before) {
        memory.write(address, data, work.pasid(), work.writing(), work.missing(), (status, moved) -> {
            if (status != DmaChannel.Status.OK) {
                done += backwards ? 0 : moved;
                fail(new Failure(status, true, address + moved));
                return;
            }
            done += n;
            if (before == null) {
                next();
            } else {
                fail(before);
            }
        });
    }

    private void compare(int at, int n) {
        byte[] first = new byte[n];
        byte[] second = new byte[n];
        int[] moved = new int[2];
        DmaChannel.Status[] status = new DmaChannel.Status[2];
        Runnable both = () -> {
            if (status[0] != null && status[1] != null) {
                int worse = moved[1] < moved[0] ? 1 : 0;
                long from = worse == 0 ? work.source() : work.destination();
                compared(first, second, moved[worse], status[worse], from + at + moved[worse]);
            }
        };
        memory.read(work.source() + at, first, work.pasid(), work.reading(), work.missing(), (s, m) -> {
            status[0] = s;
            moved[0] = m;
            both.run();
        });
        memory.read(work.destination() + at, second, work.pasid(), work.reading(), work.missing(), (s, m) -> {
            status[1] = s;
            moved[1] = m;
            both.run();
        });
    }

    private void compared(byte[] first, byte[] second, int n, DmaChannel.Status status, long address) {
        int difference = Arrays.mismatch(first, 0, n, second, 0, n);
        done += difference < 0 ? n : difference;
        if (difference >= 0) {
            end(true);
        } else if (status == DmaChannel.Status.OK) {
            next();
        } else {
            fail(new Failure(status, false, address));
        }
    }

    /** Compare pattern, CRC. */
    private void readOne(int at, int n) {
        byte[] data = new byte[n];
        memory.read(work.source() + at, data, work.pasid(), work.reading(), work.missing(), (status, moved) -> {
            if (operation == Operation.COMPARE_PATTERN) {
                compared(data, pattern(work.destination(), n), moved, status, work.source() + at + moved);
                return;
            }
            crc.update(data, 0, moved);
            done += moved;
            if (status == DmaChannel.Status.OK) {
                next();
            } else {
                fail(new Failure(status, false, work.source() + at + moved));
            }
        });
    }

    private void end(boolean difference) {
        ended.accept(Outcome.done(difference, done, operation == Operation.CRC ? (int) crc.getValue() : 0));
    }

    private void fail(@Nullable Failure f) {
        if (f != null) {
            ended.accept(new Outcome(
                    Outcome.codeOf(f.status, work.waitsForPages()),
                    f.write,
                    backwards,
                    done,
                    f.address,
                    operation == Operation.CRC ? (int) crc.getValue() : 0));
        }
    }
}
