// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import java.nio.ByteBuffer;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.host.call.spec.StructureField;
import org.iommuemu.host.iommufd.spec.IommufdRequest;

/** A structure as a program fills it in. */
final class Structure {
    private static final StructureField SIZE = StructureField.u32("size", 0);

    private final ByteBuffer bytes;

    private Structure(ByteBuffer bytes) {
        this.bytes = bytes;
    }

    /** A request's, with its size. */
    static Structure of(IommufdRequest request) {
        return sized(request.bytes());
    }

    /** One that begins with its size. */
    static Structure sized(int bytes) {
        return of(bytes).with(SIZE, bytes);
    }

    /** One of zeros. */
    static Structure of(int bytes) {
        return new Structure(ByteBuffer.allocate(bytes));
    }

    Structure with(StructureField field, long value) {
        field.put(bytes, value);
        return this;
    }

    /** One of another size, which it says, with the same beginning. */
    Structure resized(int to) {
        Structure other = of(to);
        other.bytes.put(0, bytes, 0, Math.min(to, bytes.limit()));
        return to >= Integer.BYTES ? other.with(SIZE, to) : other;
    }

    long get(StructureField field) {
        return field.get(bytes);
    }

    int getInt(StructureField field) {
        return field.getInt(bytes);
    }

    ByteBuffer bytes() {
        return bytes.duplicate();
    }

    UserBuffer buffer() {
        return UserBuffer.of(bytes);
    }

    /** Memory that can be read, and not written. */
    UserBuffer readOnly() {
        return UserBuffer.of(bytes.asReadOnlyBuffer());
    }
}
