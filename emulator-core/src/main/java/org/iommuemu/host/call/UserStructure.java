// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.call;

import java.nio.ByteBuffer;
import org.iommuemu.host.call.spec.StructureField;

/** A structure of a call, as the kernel has copied it. What was not copied is zero. */
public final class UserStructure {
    private final UserCopy user;
    private final long start;
    private final ByteBuffer copy;

    /**
     * Nothing is copied yet.
     *
     * @param start where it begins, from where the caller points to
     * @param bytes as many as the kernel knows of it
     */
    public UserStructure(UserBuffer user, long start, int bytes, FailurePlan failures) {
        this.user = new UserCopy(user, failures);
        this.start = start;
        copy = ByteBuffer.allocate(bytes);
    }

    /**
     * Copies bytes from the caller, if there are any.
     *
     * @param from first byte
     * @param end first byte behind them
     * @return whether all of them were readable; if not, the call fails with EFAULT
     */
    public boolean copyIn(int from, int end) {
        if (from >= end) {
            return true;
        }
        return user.in(start + from, copy.duplicate().position(from).limit(end));
    }

    /**
     * Copies a field to the caller.
     *
     * @return whether all of it was writable
     */
    public boolean copyOut(StructureField field, long value) {
        field.put(copy, value);
        return user.out(
                start + field.offset(),
                copy.duplicate().position(field.offset()).limit(field.end()));
    }

    /** A field, zero-extended. */
    public long get(StructureField field) {
        return field.get(copy);
    }

    /** A field of 32 bits or less. */
    public int getInt(StructureField field) {
        return field.getInt(copy);
    }
}
