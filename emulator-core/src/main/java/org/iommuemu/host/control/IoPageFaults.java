// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.PageRequestReceiver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.call.FailurePlan.Step;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.jspecify.annotations.Nullable;

/**
 * I/O page faults: each group goes to the handler of the domain that its PASID is attached to, or, where a guest has a device's PASIDs, to that
 * of the guest's domain. What nobody handles is answered as invalid.
 */
public final class IoPageFaults {
    private final IommuDriver driver;
    private final Attachments attachments;
    private final FailurePlan failures;
    private final Map<Domain, FaultHandler> handlers = new IdentityHashMap<>();
    private final SharedFaults shared;
    private final SharedDomains domains;
    private final Map<Integer, HostDevice> devices = new TreeMap<>();

    IoPageFaults(IommuDriver driver, Attachments attachments, SharedDomains domains, FailurePlan failures) {
        this.driver = driver;
        this.attachments = attachments;
        this.domains = domains;
        this.failures = failures;
        shared = new SharedFaults(attachments, domains);
        delay(0);
    }

    /** After which time a group is handled, in ps: what software takes for it. */
    public void delay(long picoseconds) {
        driver.receivePageRequests(
                new PageRequestReceiver() {
                    @Override
                    public void take(List<PageRequest> group, Consumer<PageResponse.Code> answer) {
                        IoPageFaults.this.take(group, answer);
                    }

                    @Override
                    public boolean hasMemory() {
                        return !failures.fails(Step.ALLOCATION);
                    }
                },
                picoseconds);
    }

    private void take(List<PageRequest> group, Consumer<PageResponse.Code> answer) {
        PageRequest last = group.get(group.size() - 1);
        HostDevice device = devices.get(last.streamId());
        FaultHandler handler = device == null ? null : handlerOf(last);
        if (device == null || handler == null) {
            answer.accept(PageResponse.Code.INVALID);
        } else {
            handler.handle(new FaultGroup(device, group, answer));
        }
    }

    private @Nullable FaultHandler handlerOf(PageRequest request) {
        Attachment own = attachments.get(request.streamId(), request.substreamId());
        Domain domain = own == null ? guestOf(request) : own.domain();
        if (domain == null) {
            return null;
        }
        return domains.of(domain) == null ? handlers.get(domain) : shared::handle;
    }

    /** The domain of a guest that has all PASIDs of the device. */
    private @Nullable Domain guestOf(PageRequest request) {
        Attachment plain = attachments.get(request.streamId(), IommuDriver.NO_PASID);
        boolean guest = plain != null
                && plain.domain().kind() == Domain.Kind.NESTED
                && driver.features().guestContexts();
        return plain != null && guest ? plain.domain() : null;
    }

    /** Says who handles the faults of a domain that is no address space's. */
    public void handler(Domain domain, FaultHandler handler) {
        handlers.put(domain, handler);
    }

    /** Nobody handles the faults of a domain any more, as it goes. */
    public void removeHandler(Domain domain) {
        handlers.remove(domain);
    }

    /**
     * Lets a device ask for pages, in the IOMMU, then in itself.
     *
     * @return ENODEV if device or IOMMU have no page requests, EBUSY if it may already, ENOMEM, EIO
     */
    public Result<Done> addDevice(HostDevice device) {
        if (!device.function().hasPageRequests() || !driver.features().pageRequests()) {
            return Result.err(Errno.ENODEV, device + " has no page requests");
        }
        if (devices.containsKey(device.stream())) {
            return Result.err(Errno.EBUSY, device + " has page requests enabled");
        }
        if (failures.fails(Step.ALLOCATION)) {
            return Result.err(Step.ALLOCATION.errno(), "page faults of " + device);
        }
        if (failures.fails(Step.DEVICE)) {
            return Result.err(Step.DEVICE.errno(), "page requests of " + device);
        }
        devices.put(device.stream(), device);
        driver.enablePageRequests(device.stream());
        device.function().pageRequests(true);
        return Result.done();
    }

    /** Stops them in the IOMMU, answers what is outstanding as invalid, then stops them in the device; nothing if they are not enabled. */
    public void removeDevice(HostDevice device) {
        if (devices.containsKey(device.stream())) {
            driver.disablePageRequests(device.stream());
            device.function().pageRequests(false);
            devices.remove(device.stream());
        }
    }

    /** Whether a device may ask for pages. */
    public boolean has(HostDevice device) {
        return devices.containsKey(device.stream());
    }
}
