// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.UserBuffer;

/**
 * What file descriptors stand for. Descriptors that were duplicated or inherited stand for the same one; it lives as long as the last of
 * them.
 */
public abstract class OpenFile {
    private int references;

    /**
     * Performs a request.
     *
     * @param caller who makes it, and whose memory the argument is in
     * @param argument what the third parameter points to
     * @return what the request returns, or a negative error number: ENOTTY for those that the file does not know
     */
    public abstract long ioctl(Caller caller, int request, UserBuffer argument);

    /**
     * Reads.
     *
     * @param count at most so many bytes
     * @param position in the file
     * @return how many bytes were read, or a negative error number
     */
    public long read(Caller caller, UserBuffer into, long count, long position) {
        return Errno.EINVAL.returned();
    }

    /**
     * Writes.
     *
     * @param count at most so many bytes
     * @param position in the file
     * @return how many bytes were written, or a negative error number
     */
    public long write(Caller caller, UserBuffer from, long count, long position) {
        return Errno.EINVAL.returned();
    }

    /** Nothing stands for it any more: it gives up what it has. Called once. */
    protected abstract void release();

    /** Keeps it alive: for one more descriptor, or for whatever was given it. */
    public final void get() {
        references++;
    }

    /** Gives up what {@link #get} took. */
    public final void put() {
        if (references == 0) {
            throw new IllegalStateException("an open file is put once too often");
        }
        if (--references == 0) {
            release();
        }
    }
}
