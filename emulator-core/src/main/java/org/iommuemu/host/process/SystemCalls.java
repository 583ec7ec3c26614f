// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import java.util.function.ToLongFunction;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.UserBuffer;

/**
 * The system calls that a process makes on its files. All return a negative error number if they fail, EBADF for a descriptor that is not
 * open. A file lives as long as a call to it is under way, whoever closes it meanwhile.
 *
 * @param process the calling thread
 */
public record SystemCalls(Process process) {
    /**
     * ioctl(2).
     *
     * @param argument address that the third parameter points to
     */
    public long ioctl(int fd, int request, long argument) {
        return ioctl(fd, request, at(argument));
    }

    /**
     * ioctl(2), with an argument that need not be in the process' memory.
     *
     * @param argument what the third parameter points to
     */
    public long ioctl(int fd, int request, UserBuffer argument) {
        return with(fd, file -> file.ioctl(new Caller(process), request, argument));
    }

    /**
     * pread(2).
     *
     * @param into address of the first byte
     * @return how many bytes were read
     */
    public long pread(int fd, long into, long count, long position) {
        return with(fd, file -> file.read(new Caller(process), at(into), count, position));
    }

    /**
     * pwrite(2).
     *
     * @param from address of the first byte
     * @return how many bytes were written
     */
    public long pwrite(int fd, long from, long count, long position) {
        return with(fd, file -> file.write(new Caller(process), at(from), count, position));
    }

    /** close(2). */
    public long close(int fd) {
        return process.files().close(fd).returned();
    }

    /**
     * dup(2).
     *
     * @return the new descriptor
     */
    public long dup(int fd) {
        Result<Integer> duplicate = process.files().dup(fd);
        return duplicate.isOk() ? duplicate.value() : duplicate.returned();
    }

    private UserBuffer at(long address) {
        AddressSpace space = process.addressSpace();
        return space == null ? UserBuffer.NULL : space.buffer(address);
    }

    private long with(int fd, ToLongFunction<OpenFile> call) {
        Result<OpenFile> file = process.files().get(fd);
        if (!file.isOk()) {
            return file.returned();
        }
        file.value().get();
        try {
            return call.applyAsLong(file.value());
        } finally {
            file.value().put();
        }
    }
}
