// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.nio.ByteBuffer;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.UserCopy;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.Caller;

/**
 * What a caller's pointers point to.
 *
 * @param core decides whether copying fails
 * @param caller whose memory it is
 */
record UserMemory(ControlCore core, Caller caller) {
    private static final int PIECE = 1 << 12;

    private UserBuffer at(long address) {
        AddressSpace space = caller.process().addressSpace();
        return address == 0 || space == null ? UserBuffer.NULL : space.buffer(address);
    }

    /** EFAULT. */
    Result<ByteBuffer> read(long address, int bytes) {
        ByteBuffer read = new UserCopy(at(address), core::fails).in(0, bytes);
        return read == null ? Result.err(Errno.EFAULT, String.format("reading at 0x%x", address)) : Result.ok(read);
    }

    /** EFAULT. */
    Result<Done> write(long address, ByteBuffer from) {
        return new UserCopy(at(address), core::fails).out(0, from)
                ? Result.done()
                : Result.err(Errno.EFAULT, String.format("writing at 0x%x", address));
    }

    /** Writes zeros; EFAULT. */
    Result<Done> clear(long address, long bytes) {
        for (long done = 0; done < bytes; done += PIECE) {
            ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(PIECE, bytes - done));
            if (!at(address + done).write(0, zeros)) {
                return Result.err(Errno.EFAULT, String.format("clearing at 0x%x", address + done));
            }
        }
        return Result.done();
    }

    /**
     * Copies a structure whose length the caller gives (copy_struct_from_user).
     *
     * @param given that length
     * @param minimum bytes that there must be
     * @param known bytes that the kernel knows of it; those that are not given are zeros
     * @return EINVAL for one that is too short, E2BIG for one with more in it than the kernel knows, EFAULT
     */
    Result<ByteBuffer> structure(long address, long given, int minimum, int known) {
        return structure(at(address), given, minimum, known);
    }

    /** The same, of what a pointer points to. */
    Result<ByteBuffer> structure(UserBuffer from, long given, int minimum, int known) {
        if (given < minimum) {
            return Result.err(Errno.EINVAL, "a structure of " + given + " bytes, shorter than " + minimum);
        }
        if (core.fails(Step.COPY_IN)) {
            return Result.err(Errno.EFAULT, "a structure");
        }
        for (long at = known; at < given; at += PIECE) {
            ByteBuffer rest = ByteBuffer.allocate((int) Math.min(PIECE, given - at));
            if (!from.read(at, rest)) {
                return Result.err(Errno.EFAULT, "the rest of a structure");
            }
            for (byte b : rest.array()) {
                if (b != 0) {
                    return Result.err(Errno.E2BIG, "a structure of " + given + " bytes, longer than " + known);
                }
            }
        }
        ByteBuffer structure = ByteBuffer.allocate(known);
        if (!from.read(0, structure.limit((int) Math.min(given, known)))) {
            return Result.err(Errno.EFAULT, "a structure");
        }
        return Result.ok(structure.clear());
    }
}
