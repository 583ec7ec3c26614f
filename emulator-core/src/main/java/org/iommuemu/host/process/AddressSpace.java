// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.process;

import static org.iommuemu.host.IommuDriver.PRIVILEGED;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.iommuemu.host.PageTables;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.call.UserBuffer;
import org.iommuemu.memory.PhysicalMemory;

/**
 * What a process has for memory (Linux' mm_struct): regions, the pages of them that are present, tables that map those. Pages come into
 * being when they are first touched, by the CPU or, through {@link #fault}, by a device.
 *
 * <p>Users keep its contents: when the last one is gone, notifiers are told, and all pages and regions go. Holders keep only itself and
 * what belongs to it, its PASID and its empty tables; the users together are one holder.
 */
public final class AddressSpace {
    /** No PASID. */
    public static final int INVALID_PASID = -1;

    /** How much memory may be pinned unless said otherwise, in bytes (RLIMIT_MEMLOCK). */
    public static final long LOCKED_BYTES = 8L << 20;

    private final PageTables tables;
    private final FrameSource source;
    private final FailurePlan failures;
    private final Regions regions = new Regions();
    private final Pages pages;
    private final PageFaults faults;
    private final Mappings mappings;
    private final PinnedPages pinned;
    private final CpuAccesses accesses;
    private final List<Runnable> onFree = new ArrayList<>();
    private int users = 1;
    private int holders = 1;
    private int pasid = INVALID_PASID;
    private boolean dumpable = true;

    AddressSpace(PageTables tables, FrameSource source, FailurePlan failures) {
        this.tables = tables;
        this.source = source;
        this.failures = failures;
        pages = new Pages(tables, source.allocator());
        faults = new PageFaults(regions, pages, source, failures);
        mappings = new Mappings(regions, pages, faults, source, failures);
        pinned = new PinnedPages(pages, faults, source.allocator(), failures);
        accesses = new CpuAccesses(this, source.memory());
    }

    /** The tables that the CPU walks, and an IOMMU may. */
    public PageTables tables() {
        return tables;
    }

    /**
     * Maps zeros that belong to this address space alone.
     *
     * @param hint where, if there is room; rounded up to a page; 0 for anywhere
     * @param length in bytes, rounded up to pages
     * @param permissions READ, WRITE, EXECUTE of {@link org.iommuemu.host.IommuDriver}, or 0
     * @return the first address; EINVAL for no length or unknown permissions, ENOMEM if there is no room
     */
    public Result<Long> map(long hint, long length, int permissions) {
        return mappings.map(hint, length, permissions);
    }

    /** Maps zeros that children share, as {@link #map}. */
    public Result<Long> mapShared(long hint, long length, int permissions) {
        return mappings.mapShared(hint, length, permissions);
    }

    /**
     * Maps a file of memory, which is shared by all who map it, as {@link #map}. Pages beyond its end can be mapped, but not accessed.
     *
     * @param offset where in the file the mapping begins; EINVAL if that is not a page's start
     */
    public Result<Long> mapFile(long hint, long length, int permissions, MemoryFile file, long offset) {
        return mappings.mapFile(hint, length, permissions, file.memory(), offset);
    }

    /**
     * Unmaps all that is in a range; regions that reach out of it keep the rest.
     *
     * @param length in bytes, rounded up to pages
     * @return EINVAL for a range that is empty, not on a page's start, or beyond the user's addresses; ENOMEM if a region cannot be split
     */
    public Result<Done> unmap(long start, long length) {
        return mappings.unmap(start, length);
    }

    /**
     * Changes permissions of all that is in a range; regions that reach out of it are split. Unlike Linux, which keeps what it did before
     * it meets an error, it does all or nothing.
     *
     * @param length in bytes, rounded up to pages; nothing is done if it is 0
     * @return EINVAL for a start that is not a page's, or unknown permissions; ENOMEM if not all of the range is mapped, or a region cannot
     *     be split
     */
    public Result<Done> protect(long start, long length, int permissions) {
        return mappings.protect(start, length, permissions);
    }

    /**
     * Does what a page fault does: makes the page present, or one's own if it is to be written, if the access is allowed.
     *
     * @param access READ, WRITE, EXECUTE of {@link org.iommuemu.host.IommuDriver}; PRIVILEGED makes no difference
     * @return EFAULT if it is not, ENOMEM if there is no memory for the page
     */
    public Result<Done> fault(long address, int access) {
        if (isDying()) {
            return Result.err(Errno.EFAULT, "an address space that is going");
        }
        return faults.bringIn(address, access & ~PRIVILEGED, false);
    }

    /**
     * Reads as the CPU does, which brings pages in.
     *
     * @param into filled from its position to its limit
     * @return false if not all of it may be read; then what comes before the fault is read
     */
    public boolean read(long address, ByteBuffer into) {
        return accesses.read(address, into);
    }

    /**
     * Writes as the CPU does, which brings pages in.
     *
     * @param from written from its position to its limit
     * @return false if not all of it may be written; then what comes before the fault is written
     */
    public boolean write(long address, ByteBuffer from) {
        return accesses.write(address, from);
    }

    /** What a pointer points to. */
    public UserBuffer buffer(long address) {
        return accesses.buffer(address);
    }

    /**
     * Keeps pages from going, and from moving, whatever becomes of their mappings; brings them in first. Private pages are this address
     * space's own from then on: children get copies. What was brought in stays if a later page fails.
     *
     * @param start address of the first byte
     * @param length in bytes; all pages that it touches are pinned
     * @param write whether they are to be written
     * @return their frames; EINVAL for no length, EFAULT for what may not be accessed so, ENOMEM if there is no memory, or no more may be locked
     */
    public Result<long[]> pin(long start, long length, boolean write) {
        if (isDying()) {
            return Result.err(Errno.EFAULT, "an address space that is going");
        }
        return pinned.pin(start, length, write);
    }

    /**
     * Pins pages of a file of memory, whether they are mapped or not; they count as this address space's.
     *
     * @param offset in the file, of the first byte
     * @param length in bytes; all pages that it touches are pinned
     * @return their frames; EINVAL for no length or what is not in the file, ENOMEM if there is no memory, or no more may be locked
     */
    public Result<long[]> pin(MemoryFile file, long offset, long length) {
        return pinned.pin(file.memory(), offset, length);
    }

    /**
     * Gives up what {@link #pin(long, long, boolean)} or {@link #pin(MemoryFile, long, long)} has pinned; the address space may be gone by then.
     *
     * @param pages their frames, all or some of them
     */
    public void unpin(long[] pages) {
        pinned.unpin(pages);
    }

    /** How many bytes are pinned; a page that is pinned twice counts twice. */
    public long lockedBytes() {
        return pinned.count() * PhysicalMemory.PAGE_BYTES;
    }

    /** Lets no more bytes be pinned from now on (RLIMIT_MEMLOCK). */
    public void lockLimit(long bytes) {
        pinned.limit(bytes / PhysicalMemory.PAGE_BYTES);
    }

    /** Tells somebody of changes from now on. Those who were first to be added are told first. */
    public void addNotifier(MmuNotifier notifier) {
        pages.addNotifier(notifier);
    }

    /** Tells somebody no more. */
    public void removeNotifier(MmuNotifier notifier) {
        pages.removeNotifier(notifier);
    }

    /**
     * One more user (mmget_not_zero).
     *
     * @return false if the last one is gone
     */
    public boolean tryGet() {
        if (users == 0) {
            return false;
        }
        users++;
        return true;
    }

    /** One user less (mmput). With the last one notifiers are told, then everything is unmapped. */
    public void put() {
        if (users == 0) {
            throw new IllegalStateException("an address space is put once too often");
        }
        if (--users == 0) {
            pages.release();
            mappings.clear();
            drop();
        }
    }

    /** Whether the last user is gone. */
    public boolean isDying() {
        return users == 0;
    }

    /** One more holder (mmgrab). */
    public void grab() {
        holders++;
    }

    /** One holder less (mmdrop). The last one gives the tables' memory back. */
    public void drop() {
        if (holders == 0) {
            throw new IllegalStateException("an address space is dropped once too often");
        }
        if (--holders == 0) {
            onFree.forEach(Runnable::run);
            onFree.clear();
            tables.free();
        }
    }

    /** Does something when the last holder is gone: gives the PASID back, say. */
    public void onFree(Runnable action) {
        onFree.add(action);
    }

    /** Its PASID, the same on all devices, or {@link #INVALID_PASID}. */
    public int pasid() {
        return pasid;
    }

    /** Gives it a PASID, which it keeps. */
    public void pasid(int number) {
        if (pasid != INVALID_PASID && pasid != number) {
            throw new IllegalStateException("an address space has PASID " + pasid + ", and is given " + number);
        }
        pasid = number;
    }

    /** Whether others of the same user may attach to it (PR_SET_DUMPABLE). */
    public boolean isDumpable() {
        return dumpable;
    }

    /** Says whether others of the same user may attach to it. */
    public void dumpable(boolean on) {
        dumpable = on;
    }

    /**
     * A child's copy: shared regions are shared, private pages too until one of the two writes to them. Pinned ones are copied at once.
     *
     * @param empty the child's tables
     * @return ENOMEM, and nothing is changed
     */
    Result<AddressSpace> fork(Supplier<PageTables> empty) {
        return new ForkedPages(regions, pages, source, failures).prepare().then(copies -> {
            AddressSpace child = new AddressSpace(empty.get(), source, failures);
            child.dumpable = dumpable;
            child.pinned.limit(pinned.limit());
            copies.commit(child.regions, child.pages);
            return Result.ok(child);
        });
    }
}
