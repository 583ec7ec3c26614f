// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.call;

import java.nio.ByteBuffer;

/** Memory that a caller points to. Parts of it, or all, may not be there. Little-endian, as all structures of calls. */
public interface UserBuffer {
    /** What a null pointer points to. */
    UserBuffer NULL = of(ByteBuffer.allocate(0));

    /**
     * Copies from user space.
     *
     * @param offset from where the pointer points to
     * @param into filled from its position to its limit
     * @return false, with nothing said about the contents of {@code into}, if not all of it is readable
     */
    boolean read(long offset, ByteBuffer into);

    /**
     * Copies to user space.
     *
     * @param offset from where the pointer points to
     * @param from written from its position to its limit
     * @return false if not all of it is writable; then what comes before the fault is written
     */
    boolean write(long offset, ByteBuffer from);

    /** The parameter itself, where a request takes a number and not a pointer. */
    default long number() {
        return 0;
    }

    /** A number, for requests that take one; nothing is there for those that take it for a pointer. */
    static UserBuffer ofNumber(long number) {
        return new UserBuffer() {
            @Override
            public boolean read(long offset, ByteBuffer into) {
                return !into.hasRemaining();
            }

            @Override
            public boolean write(long offset, ByteBuffer from) {
                return !from.hasRemaining();
            }

            @Override
            public long number() {
                return number;
            }
        };
    }

    /** Memory that is a buffer from 0 to its limit, and faults beyond it; writes fault if it is read-only. */
    static UserBuffer of(ByteBuffer memory) {
        return new UserBuffer() {
            @Override
            public boolean read(long offset, ByteBuffer into) {
                if (offset < 0 || offset + into.remaining() > memory.limit()) {
                    return false;
                }
                into.put(memory.duplicate().position((int) offset).limit((int) offset + into.remaining()));
                return true;
            }

            @Override
            public boolean write(long offset, ByteBuffer from) {
                if (memory.isReadOnly() || offset < 0 || offset > memory.limit()) {
                    return from.remaining() == 0;
                }
                int room = (int) Math.min(from.remaining(), memory.limit() - offset);
                boolean all = room == from.remaining();
                memory.duplicate().position((int) offset).put(from.duplicate().limit(from.position() + room));
                return all;
            }
        };
    }
}
