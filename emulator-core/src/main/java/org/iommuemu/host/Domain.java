// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What devices, or PASIDs of them, are attached to: one context of translation, of a driver that has made it. */
public final class Domain {
    /** Kinds of domains. */
    public enum Kind {
        /** A first stage: the host's own, or a process's. */
        FIRST_STAGE,
        /** A second stage: a guest's memory. */
        SECOND_STAGE,
        /** A guest's first stage behind a second stage. */
        NESTED,
        /** Addresses are what they are. */
        IDENTITY
    }

    /**
     * A user of a domain.
     *
     * @param device it
     * @param pasid or {@link IommuDriver#NO_PASID}
     */
    record Attachment(StreamDevice device, int pasid) {}

    private final Kind kind;
    private final int id;
    private final @Nullable PageTables tables;
    private final @Nullable Domain parent;
    private final @Nullable GuestTables guestTables;
    private final @Nullable GuestMemory guestMemory;
    private final boolean perDevice;
    private final List<Attachment> attachments = new ArrayList<>();
    private final List<Domain> children = new ArrayList<>();
    private boolean prepared;
    private @Nullable FlushQueue flushQueue;

    private Domain(
            Kind kind,
            int id,
            @Nullable PageTables tables,
            @Nullable Domain parent,
            @Nullable GuestTables guestTables,
            @Nullable GuestMemory guestMemory,
            boolean perDevice) {
        this.kind = kind;
        this.id = id;
        this.tables = tables;
        this.parent = parent;
        this.guestTables = guestTables;
        this.guestMemory = guestMemory;
        this.perDevice = perDevice;
    }

    /** One of tables. */
    static Domain of(Kind kind, int id, PageTables tables) {
        return new Domain(kind, id, tables, null, null, null, false);
    }

    /** One that belongs to a device, and goes when the device is detached; in a guest's memory if there is one. */
    static Domain ofDevice(Kind kind, int id, PageTables tables, @Nullable GuestMemory guest) {
        return new Domain(kind, id, tables, null, null, guest, true);
    }

    /** A guest's tables behind a second stage. */
    static Domain nested(Domain parent, int id, GuestTables tables) {
        Domain made = new Domain(Kind.NESTED, id, null, parent, tables, null, false);
        parent.children.add(made);
        return made;
    }

    /** One without tables. */
    static Domain bare(Kind kind, int id) {
        return new Domain(kind, id, null, null, null, null, false);
    }

    /** What kind it is. */
    public Kind kind() {
        return kind;
    }

    /** What translations are tagged with: ASID, VMID or domain id; of a nested one on SMMUv3 the VMID of its second stage. */
    public int id() {
        return id;
    }

    /** Its tables, if they are the host's. */
    public @Nullable PageTables tables() {
        return tables;
    }

    /** The second stage of a nested one. */
    public @Nullable Domain parent() {
        return parent;
    }

    /** What a nested one's guest has said. */
    public @Nullable GuestTables guestTables() {
        return guestTables;
    }

    /** The memory that its tables are in, if that is a guest's. */
    @Nullable
    GuestMemory guestMemory() {
        return guestMemory;
    }

    /** Whether it goes with the attachment that it was made for. */
    boolean isPerDevice() {
        return perDevice;
    }

    /** Who uses it. */
    List<Attachment> attachments() {
        return Collections.unmodifiableList(attachments);
    }

    /** Whether a device is attached to it, or a nested domain has it for its second stage. */
    public boolean isUsed() {
        return !attachments.isEmpty() || !children.isEmpty();
    }

    /** Those whose second stage it is. */
    List<Domain> children() {
        return Collections.unmodifiableList(children);
    }

    /** Notes that the domain is used; whether that is for the first time. */
    boolean prepare() {
        boolean first = !prepared;
        prepared = true;
        return first;
    }

    /** Whether it has ever been used, so that caches may hold something of it. */
    boolean isPrepared() {
        return prepared;
    }

    /** What was unmapped and is to be invalidated later, if that is not done at once. */
    @Nullable
    FlushQueue flushQueue() {
        return flushQueue;
    }

    /** Whether any of a range is unmapped but not invalidated yet, so that it cannot be mapped, see {@link IommuDriver#defer}. */
    public boolean isQueued(long iova, long bytes) {
        return flushQueue != null && flushQueue.isQueued(iova, bytes);
    }

    void flushQueue(FlushQueue queue) {
        flushQueue = queue;
    }

    void attached(StreamDevice device, int pasid) {
        attachments.add(new Attachment(device, pasid));
    }

    void detached(StreamDevice device, int pasid) {
        attachments.remove(new Attachment(device, pasid));
    }

    void freed() {
        if (flushQueue != null) {
            flushQueue.close();
        }
        if (parent != null) {
            parent.children.remove(this);
        }
    }

    /**
     * Maps pages.
     *
     * @return whether a table had to give way, so that more than leaves must be invalidated
     */
    boolean map(long iova, long physical, long bytes, int pageShift, int permissions) {
        PageTables own = ownTables();
        if (isQueued(iova, bytes)) {
            throw new IllegalArgumentException(String.format(
                    "0x%x is mapped again before it was invalidated, expected an address that is free", iova));
        }
        boolean tableGone = false;
        for (long done = 0; done < bytes; done += 1L << pageShift) {
            long to = guestMemory == null ? physical + done : guestMemory.place(physical + done, pageShift);
            tableGone |= own.map(iova + done, to, pageShift, permissions);
        }
        if (guestMemory != null) {
            guestMemory.backTables();
        }
        return tableGone;
    }

    /** Unmaps pages; those that are not mapped are passed over. */
    void unmap(long iova, long bytes, int pageShift) {
        PageTables own = ownTables();
        for (long done = 0; done < bytes; done += 1L << pageShift) {
            own.unmap(iova + done, pageShift);
        }
    }

    private PageTables ownTables() {
        if (tables == null) {
            throw new IllegalArgumentException("a domain of kind " + kind + " is mapped, expected one with tables");
        }
        return tables;
    }
}
