// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.vfio;

import java.nio.ByteBuffer;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.control.ControlCore;
import org.jspecify.annotations.Nullable;

/** Copies structures from user space and to it. */
record UserCopy(ControlCore core, UserBuffer memory) {
    /** So many bytes from an offset on, or null if they cannot be read. */
    @Nullable
    ByteBuffer in(long offset, int bytes) {
        if (core.fails(Step.COPY_IN)) {
            return null;
        }
        ByteBuffer structure = ByteBuffer.allocate(bytes);
        return memory.read(offset, structure) ? structure.rewind() : null;
    }

    /** Whether a structure could be written. */
    boolean out(long offset, ByteBuffer structure) {
        return !core.fails(Step.COPY_OUT) && memory.write(offset, structure.rewind());
    }
}
