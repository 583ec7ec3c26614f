// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import java.util.ArrayList;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.jspecify.annotations.Nullable;

/** A process' file descriptors. Its threads share them. */
public final class FileTable {
    private record Descriptor(OpenFile file, boolean closeOnExec) {}

    private final TreeMap<Integer, Descriptor> descriptors = new TreeMap<>();
    private int users = 1;

    FileTable() {}

    /** The lowest free descriptor, which stands for a file from now on, and is closed on exec as O_CLOEXEC has it. */
    public int open(OpenFile file) {
        return open(file, true);
    }

    /**
     * The lowest free descriptor, which stands for a file from now on.
     *
     * @param closeOnExec whether exec closes it
     */
    public int open(OpenFile file, boolean closeOnExec) {
        int fd = 0;
        while (descriptors.containsKey(fd)) {
            fd++;
        }
        file.get();
        descriptors.put(fd, new Descriptor(file, closeOnExec));
        return fd;
    }

    /**
     * What a descriptor stands for.
     *
     * @return EBADF if it is not open
     */
    public Result<OpenFile> get(int fd) {
        Descriptor d = descriptors.get(fd);
        return d == null ? bad(fd) : Result.ok(d.file);
    }

    /**
     * One more descriptor for the same file, which exec does not close (dup(2)).
     *
     * @return EBADF if it is not open
     */
    public Result<Integer> dup(int fd) {
        return get(fd).then(file -> Result.ok(open(file, false)));
    }

    /**
     * Gives a descriptor up, and with its last one the file.
     *
     * @return EBADF if it is not open
     */
    public Result<Done> close(int fd) {
        @Nullable Descriptor d = descriptors.remove(fd);
        if (d == null) {
            return bad(fd);
        }
        d.file.put();
        return Result.done();
    }

    /** How many descriptors are open. */
    public int size() {
        return descriptors.size();
    }

    private static <T> Result<T> bad(int fd) {
        return Result.err(Errno.EBADF, "file descriptor " + fd);
    }

    /** A child's: the same descriptors for the same files. */
    FileTable fork() {
        FileTable child = new FileTable();
        child.descriptors.putAll(descriptors);
        descriptors.values().forEach(d -> d.file.get());
        return child;
    }

    /** Gives up what is not to outlive exec, lowest first. */
    void closeOnExec() {
        for (Map.Entry<Integer, Descriptor> e : new ArrayList<>(descriptors.entrySet())) {
            if (e.getValue().closeOnExec) {
                close(e.getKey());
            }
        }
    }

    /** One more thread has it. */
    FileTable share() {
        users++;
        return this;
    }

    /** One thread less has it; the last one closes all, lowest first. */
    void put() {
        if (--users == 0) {
            new ArrayList<>(descriptors.keySet()).forEach(this::close);
        }
    }
}
