// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

import java.io.IOException;
import org.iommuemu.time.RandomStream;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceWriter;

/**
 * NVMe disks: each has a submission queue of 64-byte commands and a completion queue of 16-byte entries, a page each, and a page of PRP
 * lists for each command that may be under way; these stay mapped. The buffer of a command is mapped page by page when it is sent and
 * unmapped as one when it has ended. As many commands are under way as the depth says, and end in order; the disk reads a command, and
 * the PRP list if there are more than two pages, when it is sent, and the data when it ends. Free input addresses are used again last in
 * first out, as Linux' per-CPU magazines do; each page comes from anywhere in the tenant's memory.
 */
final class NvmePattern {
    /** A page of PRP entries. */
    static final long MOST_LENGTH = 512 * TenantMemory.PAGE;
    /** What all commands under way may have. */
    static final long MOST_BYTES = 1L << TenantMemory.SHIFT - 1;

    static final long SUBMISSION = 0xFFFF_F000L;
    static final long COMPLETION = 0xFFFF_E000L;
    private static final long LISTS = 0xFFFF_D000L;
    private static final long BUFFERS_END = 0xFF80_0000L;
    private static final int COMMAND_BYTES = 64;
    private static final int ENTRY_BYTES = 16;
    private static final int PRP_BYTES = 8;

    private static final int PAGE_SHIFT = TenantMemory.PAGE_SHIFT;
    private static final long PAGE = TenantMemory.PAGE;
    private static final long COMMANDS = PAGE / COMMAND_BYTES;
    private static final long ENTRIES = PAGE / ENTRY_BYTES;
    /** Queues and lists are below. */
    private static final long FIRST_DATA_PAGE = 2048;

    private static final long DATA_PAGES = (1L << TenantMemory.SHIFT - PAGE_SHIFT) - FIRST_DATA_PAGE;
    /** From one physical page to the next; prime. */
    private static final long SPREAD = 12_347;

    private final PatternSettings settings;
    private final int depth;
    private final int pages;
    private final Disk[] disks;

    /** One tenant. */
    private static final class Disk {
        private final RandomStream random;
        /** Commands that have been sent. */
        private long sent;
        /** Numbers of free buffers, and how many there are. */
        private final int[] free;

        private int frees;

        /** By number of the command: its buffer, and what it does. */
        private final int[] buffers;

        private final TraceKind[] kinds;

        private Disk(RandomStream random, int depth) {
            this.random = random;
            free = new int[depth + 1];
            for (int i = 0; i <= depth; i++) {
                free[i] = depth - i;
            }
            frees = depth + 1;
            buffers = new int[depth + 1];
            kinds = new TraceKind[depth + 1];
        }
    }

    NvmePattern(PatternSettings settings) {
        this.settings = settings;
        depth = settings.small(PatternOption.DEPTH);
        pages = (int) (settings.whole(PatternOption.LENGTH) >>> PAGE_SHIFT);
        disks = new Disk[settings.tenants()];
    }

    void write(TraceWriter out) throws IOException {
        TenantMemory memory = new TenantMemory(settings.seed(), out, TenantMemory.SHIFT, 0, settings.records());
        for (int tenant = 0; tenant < disks.length; tenant++) {
            disks[tenant] = new Disk(memory.random(tenant), depth);
        }
        long interval = settings.time(PatternOption.INTERVAL);
        for (long i = 0; !memory.isDone(); i++) {
            int tenant = (int) (i % disks.length);
            Clock clock = new Clock(i * interval, interval, accesses());
            if (disks[tenant].sent == 0) {
                mapQueues(memory, tenant, clock.now());
            }
            send(memory, tenant, clock);
            if (disks[tenant].sent > depth) {
                end(memory, tenant, clock);
            }
        }
    }

    /** Accesses of a command. */
    private int accesses() {
        return pages + (hasList() ? 3 : 2);
    }

    private boolean hasList() {
        return pages > 2;
    }

    private void mapQueues(TenantMemory memory, int tenant, long time) throws IOException {
        memory.map(tenant, time, SUBMISSION, PAGE_SHIFT, memory.start(tenant));
        memory.map(tenant, time, COMPLETION, PAGE_SHIFT, memory.start(tenant) + PAGE);
        for (int list = 0; hasList() && list <= depth; list++) {
            memory.map(tenant, time, LISTS - list * PAGE, PAGE_SHIFT, listAddress(memory, tenant, list));
        }
    }

    private static long listAddress(TenantMemory memory, int tenant, int list) {
        return memory.start(tenant) + (2 + list) * PAGE;
    }

    private void send(TenantMemory memory, int tenant, Clock clock) throws IOException {
        Disk disk = disks[tenant];
        long command = disk.sent++;
        int at = (int) (command % (depth + 1));
        int buffer = disk.free[--disk.frees];
        disk.buffers[at] = buffer;
        // A disk's write reads memory.
        disk.kinds[at] = settings.kind(disk.random) == TraceKind.READ_DMA ? TraceKind.WRITE_DMA : TraceKind.READ_DMA;
        for (int page = 0; page < pages; page++) {
            long physical = dataAddress(memory, tenant, command, page);
            memory.map(tenant, clock.now(), bufferAddress(buffer) + page * PAGE, PAGE_SHIFT, physical);
        }
        long offset = command % COMMANDS * COMMAND_BYTES;
        memory.access(
                TraceKind.READ_DMA,
                tenant,
                clock.next(),
                SUBMISSION + offset,
                COMMAND_BYTES,
                memory.start(tenant) + offset);
        if (hasList()) {
            memory.access(
                    TraceKind.READ_DMA,
                    tenant,
                    clock.next(),
                    LISTS - buffer * PAGE,
                    (pages - 1) * PRP_BYTES,
                    listAddress(memory, tenant, buffer));
        }
    }

    /** Ends the command that was sent first of those under way. */
    private void end(TenantMemory memory, int tenant, Clock clock) throws IOException {
        Disk disk = disks[tenant];
        long command = disk.sent - 1 - depth;
        int at = (int) (command % (depth + 1));
        int buffer = disk.buffers[at];
        for (int page = 0; page < pages; page++) {
            memory.access(
                    disk.kinds[at],
                    tenant,
                    clock.next(),
                    bufferAddress(buffer) + page * PAGE,
                    (int) PAGE,
                    dataAddress(memory, tenant, command, page));
        }
        long offset = command % ENTRIES * ENTRY_BYTES;
        memory.access(
                TraceKind.WRITE_DMA,
                tenant,
                clock.next(),
                COMPLETION + offset,
                ENTRY_BYTES,
                memory.start(tenant) + PAGE + offset);
        memory.unmap(tenant, clock.now(), bufferAddress(buffer), pages * PAGE, PAGE_SHIFT);
        disk.free[disk.frees++] = buffer;
    }

    private long bufferAddress(int buffer) {
        return BUFFERS_END - (buffer + 1L) * pages * PAGE;
    }

    private long dataAddress(TenantMemory memory, int tenant, long command, int page) {
        long number = (command * pages + page) % DATA_PAGES * SPREAD % DATA_PAGES;
        return memory.start(tenant) + (FIRST_DATA_PAGE + number) * PAGE;
    }
}
