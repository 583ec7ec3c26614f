// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.iommuemu.host.PageTables;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/** All processes of a machine: how they come and go. */
public final class ProcessTable {
    private static final int PID_MAX = 32_768;

    private final TreeMap<Integer, Process> byPid = new TreeMap<>();
    private final Supplier<PageTables> tables;
    private final FrameSource source;
    private final FailurePlan plan = this::fails;
    private FailurePlan failures;
    private SecurityModule securityModule = SecurityModule.NONE;
    private int pidMax = PID_MAX;

    /**
     * No processes.
     *
     * @param tables makes empty tables
     * @param memory that these, and processes' memory, are in
     * @param frames hands out processes' memory
     */
    public ProcessTable(
            Supplier<PageTables> tables, PhysicalMemory memory, FrameAllocator frames, FailurePlan failures) {
        this.tables = tables;
        this.failures = failures;
        source = new FrameSource(frames, memory);
    }

    private boolean fails(Step step) {
        return failures.fails(step);
    }

    /** Makes steps fail from now on, of all processes. */
    public void failures(FailurePlan other) {
        failures = other;
    }

    /** Gives pids below a number only from now on (kernel.pid_max), the lowest that is free first. */
    public void pidMax(int end) {
        pidMax = end;
    }

    /** Lets somebody have a say in who may attach to whom. */
    public void securityModule(SecurityModule module) {
        securityModule = module;
    }

    SecurityModule securityModule() {
        return securityModule;
    }

    /** A process with nothing in its memory. For whoever sets a machine up: asks no failure plan, and throws if there is no pid. */
    public Process start(Credentials credentials) {
        AddressSpace space = new AddressSpace(tables.get(), source, plan);
        return add(new Process(this, setupPid(), null, space, credentials, new FileTable()));
    }

    /** A thread of the kernel. For whoever sets a machine up, as {@link #start}. */
    public Process startThread() {
        return add(new Process(this, setupPid(), null, null, Credentials.ROOT, new FileTable()));
    }

    /**
     * A file of memory, which is still to be opened.
     *
     * @param length in bytes, rounded up to pages
     * @return EINVAL for no length, ENOMEM
     */
    public Result<MemoryFile> newMemoryFile(long length) {
        if (length <= 0 || length > Regions.END) {
            return Result.err(Errno.EINVAL, "the length of a file of memory");
        }
        if (plan.fails(Step.ALLOCATION)) {
            return Result.err(Errno.ENOMEM, "a file of memory");
        }
        long bytes = length + PhysicalMemory.PAGE_BYTES - 1 & -(long) PhysicalMemory.PAGE_BYTES;
        return Result.ok(new MemoryFile(new SharedMemory(source, bytes), source, plan));
    }

    private int setupPid() {
        return freePid().value();
    }

    private Result<Integer> freePid() {
        int pid = 1;
        while (byPid.containsKey(pid)) {
            pid++;
        }
        return pid < pidMax ? Result.ok(pid) : Result.err(Errno.EAGAIN, "a pid");
    }

    private Process add(Process process) {
        byPid.put(process.pid(), process);
        return process;
    }

    /**
     * One more thread of a process, with the same memory and files (clone(2): CLONE_VM, CLONE_FILES, CLONE_THREAD).
     *
     * @return EINVAL if the process is a kernel thread or has exited, EAGAIN if there is no pid, ENOMEM
     */
    public Result<Process> startThread(Process of) {
        return task(of).then(pid -> {
            AddressSpace space = memory(of);
            space.tryGet();
            FileTable files = of.files().share();
            return Result.ok(add(new Process(this, pid, of.leader(), space, of.credentials(), files)));
        });
    }

    /**
     * A child: copies of private memory, made when one of the two writes to it; shared memory and open files shared.
     *
     * @return EINVAL if the process is a kernel thread or has exited, EAGAIN if there is no pid, ENOMEM; nothing is changed then
     */
    public Result<Process> fork(Process parent) {
        return task(parent).then(pid -> {
            if (plan.fails(Step.ALLOCATION)) {
                return Result.err(Errno.ENOMEM, "a child's file descriptors");
            }
            return memory(parent).fork(tables).then(space -> {
                FileTable files = parent.files().fork();
                return Result.ok(add(new Process(this, pid, null, space, parent.credentials(), files)));
            });
        });
    }

    /** The pid of what is to become a thread or child of a process. */
    private Result<Integer> task(Process of) {
        if (of.addressSpace() == null) {
            return Result.err(Errno.EINVAL, "a process without memory");
        }
        if (plan.fails(Step.ALLOCATION)) {
            return Result.err(Errno.ENOMEM, "a task");
        }
        return freePid();
    }

    private static AddressSpace memory(Process process) {
        AddressSpace space = process.addressSpace();
        if (space == null) {
            throw new IllegalStateException("process " + process.pid() + " has no memory");
        }
        return space;
    }

    /**
     * Begins another program: its other threads exit, it gets an address space with nothing in it, the old one is given up, then
     * files that are to be closed on exec are closed.
     *
     * @param process it, or any thread of it
     * @return the process, by its first thread; EINVAL if it is a kernel thread or has exited; ENOMEM, and nothing is changed
     */
    public Result<Process> exec(Process process) {
        Process leader = process.leader();
        if (process.addressSpace() == null) {
            return Result.err(Errno.EINVAL, "a process without memory");
        }
        if (plan.fails(Step.ALLOCATION)) {
            return Result.err(Errno.ENOMEM, "an address space");
        }
        threads(leader).forEach(this::exit);
        leader.addressSpace(new AddressSpace(tables.get(), source, plan));
        leader.files().closeOnExec();
        return Result.ok(leader);
    }

    private List<Process> threads(Process leader) {
        List<Process> found = new ArrayList<>(byPid.values());
        found.removeIf(p -> p == leader || p.leader() != leader);
        return found;
    }

    /**
     * Ends a process with all its threads (exit_group(2)), or one thread that is not its first. Memory is given up, then
     * files are closed. The process is a zombie then; a thread's pid is free at once.
     */
    public void exit(Process process) {
        if (!process.isAlive()) {
            return;
        }
        threads(process).forEach(this::exit);
        process.exit();
        if (process.leader() != process) {
            byPid.remove(process.pid());
        }
    }

    /**
     * Takes note of a zombie's end (wait(2)): its pid is free.
     *
     * @return EBUSY if it has not exited, ESRCH if its pid is free already
     */
    public Result<Done> reap(Process zombie) {
        if (byPid.get(zombie.pid()) != zombie) {
            return Result.err(Errno.ESRCH, "process " + zombie.pid());
        }
        if (zombie.isAlive()) {
            return Result.err(Errno.EBUSY, "process " + zombie.pid() + ", which has not exited");
        }
        byPid.remove(zombie.pid());
        return Result.done();
    }

    /**
     * A process or thread, perhaps a zombie.
     *
     * @return ESRCH if there is none of that number
     */
    public Result<Process> find(int pid) {
        @Nullable Process found = byPid.get(pid);
        return found == null ? Result.err(Errno.ESRCH, "process " + pid) : Result.ok(found);
    }
}
