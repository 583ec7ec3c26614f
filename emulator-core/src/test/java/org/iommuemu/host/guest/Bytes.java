// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.guest;

import java.nio.ByteBuffer;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.spec.StructureField;

/** What a caller passes. */
public final class Bytes {
    private final ByteBuffer memory;

    private Bytes(ByteBuffer memory) {
        this.memory = memory;
    }

    /** Zeros. */
    public static Bytes zeros(int count) {
        return new Bytes(ByteBuffer.allocate(count));
    }

    /** Puts a field of the structure that begins here. */
    public Bytes with(StructureField field, long value) {
        return with(0, field, value);
    }

    /** Puts a field of the structure that begins elsewhere. */
    public Bytes with(int start, StructureField field, long value) {
        new StructureField(field.name(), start + field.offset(), field.bytes()).put(memory, value);
        return this;
    }

    /** What is there, after a call perhaps. */
    public long get(StructureField field) {
        return field.get(memory);
    }

    /** No more than so many of them are there. */
    public Bytes cut(int count) {
        memory.limit(count);
        return this;
    }

    /** What the kernel reads and writes. */
    public UserBuffer buffer() {
        return UserBuffer.of(memory);
    }

    /** What the kernel can only read. */
    public UserBuffer readOnly() {
        return UserBuffer.of(memory.asReadOnlyBuffer());
    }
}
