// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import org.iommuemu.host.Domain;
import org.iommuemu.host.DriverFeatures;
import org.iommuemu.host.GuestInvalidation;
import org.iommuemu.host.GuestInvalidation.Cache;
import org.iommuemu.host.GuestInvalidation.Scope;
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
    private final Attachments attachments = new Attachments();
    private final PasidAllocator pasids = new PasidAllocator(attachments::isUsed);
    private final SharedDomains shared;
    private final IoPageFaults faults;
    private final SvaBinder sva = new SvaBinder(this);
    private final Set<HostDevice> enabled = new LinkedHashSet<>();
    private FailurePlan failures = FailurePlan.NONE;

    /** A core over a driver, whose page requests it takes. */
    public ControlCore(IommuDriver driver) {
        this.driver = driver;
        shared = new SharedDomains(driver, attachments, pasids);
        faults = new IoPageFaults(driver, attachments, shared, this::fails);
    }

    /** The driver, for domains and their mappings. */
    public IommuDriver driver() {
        return driver;
    }

    /** The system's PASIDs. */
    public PasidAllocator pasids() {
        return pasids;
    }

    /** Domains of processes' page tables. */
    public SharedDomains shared() {
        return shared;
    }

    /** Devices' page faults. */
    public IoPageFaults faults() {
        return faults;
    }

    /** Binds of the kernel's own drivers. */
    public SvaBinder sva() {
        return sva;
    }

    /** Tells somebody of attachments to address spaces that go, from now on. */
    public void onExit(ExitListener listener) {
        shared.onExit(listener);
    }

    /** Says which steps fail from now on. */
    public void failures(FailurePlan plan) {
        failures = plan;
    }

    /** Whether a step that is about to be done fails instead. */
    public boolean fails(Step step) {
        return failures.fails(step);
    }

    /** One more than the largest PASID that a device can have here, or 0. */
    public int pasidEnd(HostDevice device) {
        return Math.min(driver.features().pasids(), device.function().pasids());
    }

    /** Makes a device known to the IOMMU: nothing of it gets through until it is attached. Attaching and enabling do this too. */
    public void probe(HostDevice device) {
        driver.probe(device.stream(), pasidEnd(device));
    }

    /**
     * Makes a domain of its own tables.
     *
     * @return ENOSPC if there are no more tags for its translations
     */
    public Result<Domain> newDomain(Domain.Kind kind) {
        return driver.hasRoomForDomain() ? Result.ok(driver.newDomain(kind)) : noRoom();
    }

    /**
     * Makes a domain of a guest's tables.
     *
     * @param parent the second stage behind them
     * @return ENOSPC if there are no more tags for its translations
     */
    public Result<Domain> nest(Domain parent, GuestTables tables) {
        return driver.hasRoomForDomain() ? Result.ok(driver.nest(parent, tables)) : noRoom();
    }

    private static Result<Domain> noRoom() {
        return Result.err(Errno.ENOSPC, "a tag for translations of one more domain");
    }

    /** What a device, or a PASID of it, is attached to. */
    public @Nullable Domain attached(HostDevice device, int pasid) {
        return driver.attached(device.stream(), pasid);
    }

    /**
     * Attaches a device's requests with a PASID, or without.
     *
     * @param pasid or {@link IommuDriver#NO_PASID}
     * @return EBUSY if it is attached to another domain, EINVAL if device or IOMMU cannot have it, ESRCH if the domain is of a process that has
     *     exited, else what the step failed with
     */
    public Result<Done> attach(HostDevice device, int pasid, Domain domain) {
        Domain now = attached(device, pasid);
        if (now != null && now != domain) {
            return Result.err(Errno.EBUSY, device + " is attached");
        }
        return replace(device, pasid, domain);
    }

    /**
     * Attaches instead of what was attached, which is kept if that fails. Meanwhile nothing gets through; page requests that are outstanding
     * are answered as invalid.
     */
    public Result<Done> replace(HostDevice device, int pasid, Domain domain) {
        if (shared.isGone(domain)) {
            return Result.err(Errno.ESRCH, "a process that has exited");
        }
        return attached(device, pasid) == domain ? Result.done() : program(device, pasid, domain);
    }

    private Result<Done> program(HostDevice device, int pasid, Domain domain) {
        Result<Done> possible = new AttachRules(driver.features(), attachments, pasidEnd(device))
                .check(device, pasid, domain)
                .then(done -> shared.check(domain, pasid));
        if (!possible.isOk()) {
            return possible;
        }
        if (fails(Step.DEVICE)) {
            return Result.err(Step.DEVICE.errno(), "attaching " + device);
        }
        probe(device);
        attachments.put(device, pasid, domain);
        driver.attach(device.stream(), pasid, domain);
        if (shared.isGone(domain)) {
            // It has exited while the hardware was waited for.
            driver.revoke(device.stream(), pasid);
        }
        return Result.done();
    }

    /** Puts back what was attached before a step that failed: asks nobody, and does not fail. */
    public void restore(HostDevice device, int pasid, Domain domain) {
        attachments.put(device, pasid, domain);
        driver.attach(device.stream(), pasid, domain);
    }

    /**
     * Detaches; nothing if that is not attached. Once this returns nothing gets through, and page requests are answered: the PASID may be
     * another's.
     */
    public void detach(HostDevice device, int pasid) {
        driver.detach(device.stream(), pasid);
        attachments.remove(device, pasid);
    }

    /**
     * Lets a device use PASIDs, ATS and page requests, in this order; counts nothing.
     *
     * @return ENODEV if device or IOMMU lacks one of them; ENOMEM, EIO, and nothing is enabled
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
            return Result.err(Step.DEVICE.errno(), "PASIDs of " + device);
        }
        probe(device);
        function.pasid(true);
        if (fails(Step.DEVICE)) {
            function.pasid(false);
            return Result.err(Step.DEVICE.errno(), "ATS of " + device);
        }
        driver.enableAts(device.stream());
        function.ats(true);
        Result<Done> asks = faults.addDevice(device);
        if (!asks.isOk()) {
            withdraw(device);
            return asks;
        }
        enabled.add(device);
        return Result.done();
    }

    private void withdraw(HostDevice device) {
        device.function().ats(false);
        driver.disableAts(device.stream());
        device.function().pasid(false);
    }

    /** Whether {@link #enableSva} has been called, and {@link #disableSva} not since. */
    public boolean isSvaEnabled(HostDevice device) {
        return enabled.contains(device);
    }

    /** Undoes {@link #enableSva}, in reverse order, and detaches what PASIDs are still attached before; nothing if that was not done. */
    public void disableSva(HostDevice device) {
        if (!isSvaEnabled(device)) {
            return;
        }
        for (Attachment a : attachments.of(device)) {
            if (a.pasid() != IommuDriver.NO_PASID) {
                detach(device, a.pasid());
            }
        }
        faults.removeDevice(device);
        withdraw(device);
        enabled.remove(device);
    }

    /**
     * Lets a guest have all PASIDs of a device, by a table of its own.
     *
     * @param parent second stage behind it
     * @return EOPNOTSUPP if the IOMMU's contexts cannot be a guest's, EINVAL if there is no second stage behind it, EBUSY if there is a guest's
     *     table, or PASIDs are attached; ENOMEM, EIO
     */
    public Result<Done> bindPasidTable(HostDevice device, Domain parent, GuestTables.Contexts table) {
        if (!driver.features().guestContexts() || !driver.features().nested()) {
            return Result.err(Errno.EOPNOTSUPP, "PASID tables are the host's");
        }
        if (parent.kind() != Domain.Kind.SECOND_STAGE) {
            return Result.err(Errno.EINVAL, "a guest's table is to be behind a " + parent.kind());
        }
        Domain now = attached(device, IommuDriver.NO_PASID);
        if (now != null && now.kind() == Domain.Kind.NESTED) {
            return Result.err(Errno.EBUSY, device + " has a guest's table");
        }
        if (fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "a nested domain");
        }
        return nest(parent, table).then(nested -> {
            Result<Done> attached = replace(device, IommuDriver.NO_PASID, nested);
            if (!attached.isOk()) {
                driver.free(nested);
            }
            return attached;
        });
    }

    /** Gives a device back to the second stage alone; nothing if it has no guest's table. Never fails. */
    public void unbindPasidTable(HostDevice device) {
        Domain now = attached(device, IommuDriver.NO_PASID);
        Domain parent = now == null ? null : now.parent();
        if (now != null && parent != null) {
            attachments.put(device, IommuDriver.NO_PASID, parent);
            driver.attach(device.stream(), IommuDriver.NO_PASID, parent);
            faults.removeHandler(now);
            driver.free(now);
        }
    }

    /**
     * Does what a guest says that it has changed in a first stage of its own (VT-d), on all that is attached to it: IOTLBs once for each PASID,
     * every ATC.
     *
     * @param bytes length of the range, or 0 for all of it
     * @param leafShift log2 of the size of the leaves that were there, or 0 if tables may have gone too
     */
    public void guestInvalidate(Domain nested, long address, long bytes, int leafShift) {
        Set<Integer> done = new HashSet<>();
        Scope scope = bytes == 0 ? Scope.SPACE : Scope.RANGE;
        for (Attachment a : attachments.of(nested)) {
            Cache cache = done.add(a.pasid()) ? Cache.TRANSLATIONS : Cache.DEVICE_TRANSLATIONS;
            driver.guestInvalidate(
                    a.device().stream(), new GuestInvalidation(cache, scope, a.pasid(), 0, address, bytes, leafShift));
        }
    }
}
