// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.call;

import java.nio.ByteBuffer;
import org.iommuemu.host.call.FailurePlan.Step;
import org.jspecify.annotations.Nullable;

/**
 * Copies structures from user space and to it.
 *
 * @param memory what the caller points to
 * @param failures is asked once for each copy
 */
public record UserCopy(UserBuffer memory, FailurePlan failures) {
    /** So many bytes from an offset on, or null if they cannot be read. */
    public @Nullable ByteBuffer in(long offset, int bytes) {
        ByteBuffer structure = ByteBuffer.allocate(bytes);
        return in(offset, structure) ? structure.rewind() : null;
    }

    /** Whether a buffer could be filled from its position to its limit. */
    public boolean in(long offset, ByteBuffer into) {
        return !failures.fails(Step.COPY_IN) && memory.read(offset, into);
    }

    /** Whether a buffer could be written from its position to its limit, which it keeps. */
    public boolean out(long offset, ByteBuffer from) {
        return !failures.fails(Step.COPY_OUT) && (!from.hasRemaining() || memory.write(offset, from.duplicate()));
    }
}
