// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.nio.ByteBuffer;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.control.ControlCore;
import org.iommuemu.host.iommufd.spec.IommufdRequest;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.Caller;
import org.jspecify.annotations.Nullable;

/** A request with its structure, as the kernel has copied it. */
final class Call {
    private final ControlCore core;
    private final Caller caller;
    private final UserBuffer argument;
    private final long size;
    private final ByteBuffer structure;

    private Call(ControlCore core, Caller caller, UserBuffer argument, long size, ByteBuffer structure) {
        this.core = core;
        this.caller = caller;
        this.argument = argument;
        this.size = size;
        this.structure = structure;
    }

    /** EFAULT, then ENOTTY for a request that is none, then EINVAL and E2BIG for its structure's length. */
    static Result<Call> read(ControlCore core, Caller caller, @Nullable IommufdRequest request, UserBuffer argument) {
        ByteBuffer head = ByteBuffer.allocate(Integer.BYTES);
        if (core.fails(Step.COPY_IN) || !argument.read(0, head)) {
            return Result.err(Errno.EFAULT, "the size of a structure");
        }
        if (request == null) {
            return Result.err(Errno.ENOTTY, "a request");
        }
        long size = StructureField.u32("size", 0).get(head);
        return new UserMemory(core, caller)
                .structure(argument, size, request.minimum(), request.bytes())
                .then(structure -> Result.ok(new Call(core, caller, argument, size, structure)));
    }

    Caller caller() {
        return caller;
    }

    /** The caller's memory, or null for a thread of the kernel. */
    @Nullable
    AddressSpace space() {
        return caller.process().addressSpace();
    }

    /** What pointers in the structure point to. */
    UserMemory memory() {
        return new UserMemory(core, caller);
    }

    long get(StructureField field) {
        return field.get(structure);
    }

    int getInt(StructureField field) {
        return field.getInt(structure);
    }

    /** Puts a result, which the caller sees once that is {@link #respond copied}. */
    void put(StructureField field, long value) {
        field.put(structure, value);
    }

    /** Copies the structure back, as much of it as the caller has given; EFAULT. */
    Result<Done> respond() {
        ByteBuffer back = structure.duplicate().limit((int) Math.min(size, structure.capacity()));
        return core.fails(Step.COPY_OUT) || !argument.write(0, back)
                ? Result.err(Errno.EFAULT, "results")
                : Result.done();
    }

    /** Copies a result back; what was done is undone if that fails. */
    Result<Done> respond(StructureField field, long value, Runnable undo) {
        put(field, value);
        Result<Done> copied = respond();
        if (!copied.isOk()) {
            undo.run();
        }
        return copied;
    }

    /** EOPNOTSUPP if something that must be zero is not. */
    Result<Done> zero(StructureField... fields) {
        for (StructureField f : fields) {
            if (f.get(structure) != 0) {
                return unsupported(f.name());
            }
        }
        return Result.done();
    }

    static <T> Result<T> unsupported(String what) {
        return Result.err(Errno.EOPNOTSUPP, what);
    }
}
