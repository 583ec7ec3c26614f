// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import org.jspecify.annotations.Nullable;

/** A process, or one thread of it, or a thread of the kernel. */
public final class Process {
    private final ProcessTable table;
    private final int pid;
    private final @Nullable Process leader;
    private final boolean isKernelThread;
    private final FileTable files;
    private @Nullable AddressSpace addressSpace;
    private Credentials credentials;
    private boolean alive = true;

    /**
     * A thread.
     *
     * @param leader the process that it is a thread of, null for a process' first thread
     */
    Process(
            ProcessTable table,
            int pid,
            @Nullable Process leader,
            @Nullable AddressSpace addressSpace,
            Credentials credentials,
            FileTable files) {
        this.table = table;
        this.pid = pid;
        this.leader = leader;
        this.addressSpace = addressSpace;
        this.credentials = credentials;
        this.files = files;
        isKernelThread = addressSpace == null;
    }

    ProcessTable table() {
        return table;
    }

    /** Its number, which may belong to another one once this one was reaped. */
    public int pid() {
        return pid;
    }

    /** The first thread of the process, itself perhaps. */
    public Process leader() {
        return leader == null ? this : leader;
    }

    /** Its memory; null for a kernel thread, and once it has exited. */
    public @Nullable AddressSpace addressSpace() {
        return addressSpace;
    }

    /** Who it acts for. */
    public Credentials credentials() {
        return credentials;
    }

    /** Makes it act for somebody else; then only those with CAP_SYS_PTRACE may attach to it, until it says that it is dumpable. */
    public void credentials(Credentials other) {
        if (!credentials.equals(other) && addressSpace != null) {
            addressSpace.dumpable(false);
        }
        credentials = other;
    }

    /** Its open files. */
    public FileTable files() {
        return files;
    }

    /** Whether it is a thread of the kernel, which has no memory of a user. */
    public boolean isKernelThread() {
        return isKernelThread;
    }

    /** Whether it has not exited. */
    public boolean isAlive() {
        return alive;
    }

    boolean isDumpable() {
        return addressSpace == null || addressSpace.isDumpable();
    }

    /** Gives it other memory, and gives up what it had. */
    void addressSpace(AddressSpace other) {
        AddressSpace old = addressSpace;
        addressSpace = other;
        if (old != null) {
            old.put();
        }
    }

    /** Gives up its memory, then its files. */
    void exit() {
        alive = false;
        AddressSpace old = addressSpace;
        addressSpace = null;
        if (old != null) {
            old.put();
        }
        files.put();
    }
}
