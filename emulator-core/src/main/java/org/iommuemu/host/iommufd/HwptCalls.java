// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.iommufd;

import org.iommuemu.host.Domain;
import org.iommuemu.host.DriverFeatures;
import org.iommuemu.host.HardwareRegisters;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.control.FaultGroup;
import org.iommuemu.host.iommufd.spec.HwptStructures.Alloc;
import org.iommuemu.iommu.PageResponse;
import org.jspecify.annotations.Nullable;

/** Calls on hardware page tables (hw_pagetable.c, and the drivers' allocations below it). */
public final class HwptCalls {
    private static final int KNOWN = Alloc.NEST_PARENT | Alloc.DIRTY_TRACKING | Alloc.FAULT_ID_VALID | Alloc.PASID;

    /** More are invalidated as everything. */
    private static final long MOST_PAGES = 1L << 20;

    private static final int PAGE_SHIFT = 12;

    private final Iommufd iommufd;

    HwptCalls(Iommufd iommufd) {
        this.iommufd = iommufd;
    }

    /**
     * A new one: of an IOAS, with what that has mapped; or of a guest's table, behind one that was made to be a parent (VT-d), or in a
     * guest's IOMMU (SMMUv3).
     *
     * @param flags of {@link Alloc}
     * @param device whose IOMMU it is for
     * @param target IOAS, parent or guest's IOMMU
     * @param faults number of a fault queue, with FAULT_ID_VALID
     * @return ENOENT for no device or fault queue; EINVAL for no target; EOPNOTSUPP for flags or data that hardware, or this kind of table,
     *     do not have; EINVAL for a parent that is none; EADDRINUSE if something is mapped where the tables end; EFAULT, ENOMEM
     */
    public Result<Integer> allocate(int flags, int device, int target, GuestData data, int faults) {
        return make(flags, device, target, data, faults).then(h -> Result.ok(h.id()));
    }

    private Result<Hwpt> make(int flags, int device, int target, GuestData data, int faults) {
        Result<BoundDevice> found = iommufd.objects().find(device, BoundDevice.class);
        if (!found.isOk()) {
            return found.fail();
        }
        IommufdObject of = iommufd.objects().get(target);
        Result<? extends Hwpt> made;
        if (of instanceof Ioas ioas) {
            made = paging(ioas, found.value(), flags, data, false);
        } else if (of instanceof PagingHwpt parent) {
            made = nested(parent, found.value(), flags, data);
        } else if (of instanceof Viommu viommu) {
            made = nested(viommu, flags, data);
        } else {
            return Result.err(Errno.EINVAL, "there is nothing that a table can be of");
        }
        if (!made.isOk() || (flags & Alloc.FAULT_ID_VALID) == 0) {
            return made.isOk() ? Result.ok(made.value()) : made.fail();
        }
        Hwpt table = made.value();
        Result<FaultQueue> queue = iommufd.objects().find(faults, FaultQueue.class);
        if (!queue.isOk()) {
            iommufd.objects().remove(table);
            return queue.fail();
        }
        queue.value().get();
        table.faults(queue.value());
        iommufd.core().faults().handler(table.domain(), group -> deliver(table, group));
        return Result.ok(table);
    }

    private void deliver(Hwpt table, FaultGroup group) {
        FaultQueue queue = table.faults();
        DeviceGroup.Handle handle = iommufd.group(group.device().group()).handle(table, group.pasid());
        if (queue == null || handle == null) {
            group.respond(PageResponse.Code.INVALID);
            return;
        }
        queue.deliver(new FaultQueue.Pending(group, handle, iommufd.devices().number(group.device(), handle.device())));
    }

    /** One of an IOAS. */
    Result<PagingHwpt> paging(Ioas ioas, BoundDevice device, int flags, GuestData data, boolean automatic) {
        DriverFeatures can = iommufd.core().driver().features();
        boolean parent = (flags & Alloc.NEST_PARENT) != 0;
        boolean pasid = (flags & Alloc.PASID) != 0;
        boolean known = (flags & ~KNOWN) == 0 && data.type() == Alloc.DATA_NONE;
        boolean possible = (flags & Alloc.DIRTY_TRACKING) == 0
                && !(parent && (flags & Alloc.FAULT_ID_VALID) != 0)
                && !(parent && !can.nested())
                && !(pasid && device.pasids() == 0)
                && !(pasid && parent && can.guestContexts());
        if (!known || !possible) {
            return Call.unsupported("flags 0x" + Integer.toHexString(flags) + " or data of a table");
        }
        Result<Done> memory = iommufd.allocate("a table");
        if (!memory.isOk()) {
            return memory.fail();
        }
        Domain.Kind kind = parent || !can.firstStage() ? Domain.Kind.SECOND_STAGE : Domain.Kind.FIRST_STAGE;
        Result<Domain> made = iommufd.core().newDomain(kind);
        if (!made.isOk()) {
            return made.fail();
        }
        Domain domain = made.value();
        PagingHwpt table = new PagingHwpt(iommufd.core(), ioas, domain, parent, pasid, automatic);
        Result<Done> filled = ioas.addTable(table);
        if (!filled.isOk()) {
            ioas.put();
            iommufd.core().driver().free(domain);
            return filled.fail();
        }
        return Result.ok(iommufd.add(table));
    }

    private Result<NestedHwpt> nested(PagingHwpt parent, BoundDevice device, int flags, GuestData data) {
        boolean vtd = iommufd.core().driver().hardware() instanceof HardwareRegisters.VtdUnit;
        if ((flags & ~(Alloc.FAULT_ID_VALID | Alloc.PASID)) != 0 || data.type() == Alloc.DATA_NONE || !vtd) {
            return Call.unsupported("a guest's table behind a table, or its flags");
        }
        if (parent.isAutomatic() || !parent.isNestParent()) {
            return Result.err(Errno.EINVAL, parent + " is no parent");
        }
        boolean pasid = (flags & Alloc.PASID) != 0;
        if (data.type() != Alloc.DATA_VTD_S1 || pasid && device.pasids() == 0) {
            return Call.unsupported("data of type " + data.type());
        }
        return nested(parent, null, data, pasid);
    }

    private Result<NestedHwpt> nested(Viommu viommu, int flags, GuestData data) {
        if ((flags & ~Alloc.FAULT_ID_VALID) != 0 || data.type() == Alloc.DATA_NONE) {
            return Call.unsupported("flags 0x" + Integer.toHexString(flags) + " of a guest's contexts");
        }
        return data.type() != Alloc.DATA_ARM_SMMUV3
                ? Result.err(Errno.EINVAL, "data of type " + data.type())
                : nested(viommu.parent(), viommu, data, false);
    }

    private Result<NestedHwpt> nested(PagingHwpt parent, @Nullable Viommu viommu, GuestData data, boolean pasid) {
        return iommufd.allocate("a nested table")
                .then(done -> data.read())
                .then(guest -> iommufd.core()
                        .nest(parent.domain(), guest.tables())
                        .then(domain -> Result.ok(
                                iommufd.add(new NestedHwpt(iommufd.core(), domain, parent, viommu, guest, pasid)))));
    }

    /**
     * Invalidates what caches hold by a guest's first stage (VT-d), devices' ATCs too.
     *
     * @param address of the first page; 0, with all ones for the number of pages, is everything
     * @param leaf whether tables are as they were
     * @return ENOENT for no guest's table, EINVAL for an address in a page, or all ones from elsewhere on
     */
    public Result<Done> invalidate(int hwpt, long address, long pages, boolean leaf) {
        return iommufd.objects().find(hwpt, NestedHwpt.class).then(nested -> {
            if ((address & UserPages.PAGE - 1) != 0 || pages == -1 && address != 0) {
                return Result.err(Errno.EINVAL, String.format("invalidating %d pages at 0x%x", pages, address));
            }
            boolean everything = Long.compareUnsigned(pages, MOST_PAGES) > 0;
            if (everything) {
                iommufd.core().guestInvalidate(nested.domain(), 0, 0, 0);
            } else if (pages != 0) {
                iommufd.core().guestInvalidate(nested.domain(), address, pages * UserPages.PAGE, leaf ? PAGE_SHIFT : 0);
            }
            return Result.done();
        });
    }

    /** Whether dirty pages are tracked, which neither driver here can; ENOENT for no table of an IOAS. */
    public Result<Done> dirtyTracking(int hwpt) {
        return iommufd.objects().find(hwpt, PagingHwpt.class).then(found -> Call.unsupported("dirty pages"));
    }
}
