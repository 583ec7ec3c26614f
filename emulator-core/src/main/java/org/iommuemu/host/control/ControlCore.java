// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.HashSet;
import java.util.Set;
import org.iommuemu.host.Domain;
import org.iommuemu.host.DriverFeatures;
import org.iommuemu.host.GuestTables;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.jspecify.annotations.Nullable;

/** Attaches, replaces and detaches: what all interfaces come to. */
public final class ControlCore {
    private final IommuDriver driver;
    private final PasidAllocator pasids = new PasidAllocator();
    private FailurePlan failures = FailurePlan.NONE;
    private final Set<HostDevice> sva = new HashSet<>();

    /** A core over a driver. */
    public ControlCore(IommuDriver driver) {
        this.driver = driver;
    }

    /** The driver, for domains and their mappings. */
    public IommuDriver driver() {
        return driver;
    }

    /** The system's PASIDs. */
    public PasidAllocator pasids() {
        return pasids;
    }

    /** Says which steps fail from now on. */
    public void failures(FailurePlan plan) {
        failures = plan;
    }

    /** Whether a step that is about to be done fails instead. */
    public boolean fails(Step step) {
        return failures.fails(step);
    }

    /** What a device, or a PASID of it, is attached to. */
    public @Nullable Domain attached(HostDevice device, int pasid) {
        return driver.attached(device.stream(), pasid);
    }

    /**
     * Attaches a device's requests with a PASID, or without.
     *
     * @param pasid or {@link IommuDriver#NO_PASID}
     * @return {@link Errno#EBUSY} if it is attached to another domain, {@link Errno#EINVAL} if device or IOMMU cannot have it, else what the
     *     step failed with
     */
    public Result<Done> attach(HostDevice device, int pasid, Domain domain) {
        Domain now = attached(device, pasid);
        if (now != null) {
            return now == domain ? Result.done() : Result.err(Errno.EBUSY, device + " is attached");
        }
        return program(device, pasid, domain);
    }

    /** Attaches instead of what was attached, which is kept if that fails. */
    public Result<Done> replace(HostDevice device, int pasid, Domain domain) {
        return attached(device, pasid) == domain ? Result.done() : program(device, pasid, domain);
    }

    private Result<Done> program(HostDevice device, int pasid, Domain domain) {
        Result<Done> possible = check(device, pasid, domain);
        if (!possible.isOk()) {
            return possible;
        }
        if (fails(Step.DEVICE)) {
            return Result.err(Step.DEVICE.errno(), "attaching " + device);
        }
        driver.attach(device.stream(), pasid, domain);
        return Result.done();
    }

    private Result<Done> check(HostDevice device, int pasid, Domain domain) {
        DriverFeatures can = driver.features();
        boolean plain = pasid == IommuDriver.NO_PASID;
        if (!plain
                && (pasid < 1
                        || pasid >= Math.min(can.pasids(), device.function().pasids()))) {
            return Result.err(Errno.EINVAL, device + " has no PASID " + pasid);
        }
        boolean kind = switch (domain.kind()) {
            case FIRST_STAGE -> can.firstStage();
            case SECOND_STAGE -> can.secondStage() && (plain || !can.guestContexts());
            case NESTED -> can.nested() && (plain || !can.guestContexts());
            case IDENTITY -> plain || !can.guestContexts();
        };
        return kind ? Result.done() : Result.err(Errno.EINVAL, "the IOMMU has no " + domain.kind() + " for " + device);
    }

    /** Detaches; nothing if that is not attached. */
    public void detach(HostDevice device, int pasid) {
        driver.detach(device.stream(), pasid);
    }

    /**
     * Lets a device use PASIDs, ATS and page requests, in this order; counts nothing.
     *
     * @return {@link Errno#ENODEV} if device or IOMMU lacks one of them
     */
    public Result<Done> enableSva(HostDevice device) {
        DriverFeatures can = driver.features();
        DeviceFunction function = device.function();
        boolean hasAll = function.pasids() != 0 && function.hasAts() && function.hasPageRequests();
        if (!hasAll || can.pasids() == 0 || !can.ats() || !can.pageRequests()) {
            return Result.err(Errno.ENODEV, device + " has no PASIDs, ATS and page requests");
        }
        if (isSvaEnabled(device)) {
            return Result.done();
        }
        if (fails(Step.DEVICE)) {
            return Result.err(Step.DEVICE.errno(), "enabling " + device);
        }
        function.pasid(true);
        driver.enableAts(device.stream());
        function.ats(true);
        driver.enablePageRequests(device.stream());
        function.pageRequests(true);
        sva.add(device);
        return Result.done();
    }

    /** Whether {@link #enableSva} has been called, and {@link #disableSva} not since. */
    public boolean isSvaEnabled(HostDevice device) {
        return sva.contains(device);
    }

    /** Undoes {@link #enableSva}, in reverse order; nothing may be attached to PASIDs any more. */
    public void disableSva(HostDevice device) {
        if (sva.remove(device)) {
            device.function().pageRequests(false);
            driver.disablePageRequests(device.stream());
            device.function().ats(false);
            driver.disableAts(device.stream());
            device.function().pasid(false);
        }
    }

    /**
     * Lets a guest have all PASIDs of a device, by a table of its own.
     *
     * @param parent second stage behind it
     * @return {@link Errno#EOPNOTSUPP} if the IOMMU's contexts cannot be a guest's, {@link Errno#EBUSY} if there is one
     */
    public Result<Done> bindPasidTable(HostDevice device, Domain parent, GuestTables.Contexts table) {
        if (!driver.features().guestContexts()) {
            return Result.err(Errno.EOPNOTSUPP, "PASID tables are the host's");
        }
        Domain now = attached(device, IommuDriver.NO_PASID);
        if (now != null && now.kind() == Domain.Kind.NESTED) {
            return Result.err(Errno.EBUSY, device + " has a guest's table");
        }
        Domain nested = driver.nest(parent, table);
        Result<Done> attached = replace(device, IommuDriver.NO_PASID, nested);
        if (!attached.isOk()) {
            driver.free(nested);
        }
        return attached;
    }

    /** Gives a device back to the second stage alone; nothing if it has no guest's table. */
    public void unbindPasidTable(HostDevice device) {
        Domain now = attached(device, IommuDriver.NO_PASID);
        Domain parent = now == null ? null : now.parent();
        if (now != null && parent != null) {
            driver.attach(device.stream(), IommuDriver.NO_PASID, parent);
            driver.free(now);
        }
    }

    /**
     * Invalidates what caches hold of a domain.
     *
     * @param bytes length of the range, or 0 for all of it
     */
    public void invalidate(Domain domain, long address, long bytes) {
        driver.invalidate(domain, address, bytes);
    }
}
