// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.OptionalInt;
import java.util.function.IntConsumer;
import java.util.function.LongFunction;
import org.agrona.collections.Int2ObjectHashMap;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.jspecify.annotations.Nullable;

/** What drivers have in common: devices that come to be when they are first named. */
abstract class StreamDriver<D extends StreamDevice> implements IommuDriver {
    private static final long PAGE = 1L << 12;

    private final int physicalBits;
    private final int most;
    private final Patience patience;
    private final PageRequestService pages;
    private FaultListener faults = FaultListener.NONE;
    private IntConsumer silence = stream -> {};
    private int domains;
    private final Int2ObjectHashMap<D> devices = new Int2ObjectHashMap<>();
    private int cpu;

    /**
     * A driver without devices.
     *
     * @param physicalBits width of the addresses that can be mapped to
     * @param most devices
     * @param patience how to wait
     */
    StreamDriver(int physicalBits, int most, Patience patience) {
        this.physicalBits = physicalBits;
        this.most = most;
        this.patience = patience;
        pages = new PageRequestService(patience, new PageRequestService.Host() {
            @Override
            public boolean isBound(int stream, int pasid) {
                D device = devices.get(stream);
                return device != null && (device.attached(pasid) != null || device.hasGuestContexts());
            }

            @Override
            public void respond(PageRequest last, PageResponse.Code code) {
                StreamDriver.this.respond(last, code);
            }
        });
    }

    /** Answers a page request group. */
    abstract void respond(PageRequest last, PageResponse.Code code);

    /** Who is told of refused accesses. */
    final FaultListener faults() {
        return faults;
    }

    /** Who answers page requests. */
    final PageRequestService pageRequests() {
        return pages;
    }

    /** A device did not answer, and may not use ATS any more. */
    final void silent(int stream) {
        pages.forget(stream);
        silence.accept(stream);
    }

    /** What caches hold of domains. */
    abstract DomainCaches caches();

    /** Refuses a domain that a PASID cannot be attached to, by an {@link IllegalArgumentException}. */
    abstract void check(int pasid, Domain domain);

    /** Gives back what a domain's translations were tagged with. */
    abstract void release(Domain domain);

    /** Refuses a PASID that there is not; the first entry is for requests without PASID. */
    static void checkPasid(int pasid, int bits) {
        if (pasid != NO_PASID && (pasid == 0 || pasid >>> bits != 0)) {
            throw new IllegalArgumentException("PASID " + pasid + " is mapped, expected one from 1 to "
                    + ((1 << bits) - 1) + ": entry 0 is for no PASID");
        }
    }

    /** Makes a device, with the next number from 1 on. */
    abstract D create(int stream, int number);

    /** A device, which is made if it does not exist. */
    final D device(int stream) {
        D device = devices.get(stream);
        if (device == null) {
            if (devices.size() == most) {
                throw new IllegalArgumentException("more streams than VMIDs, expected at most " + most);
            }
            device = create(stream, devices.size() + 1);
            devices.put(stream, device);
        }
        return device;
    }

    /** A device, if it exists. */
    final @Nullable D known(int stream) {
        return devices.get(stream);
    }

    @Override
    public final void map(int stream, int pasid, long iova, long physical, long bytes, int pageShift, int permissions) {
        checkPhysical(physical, bytes);
        map(space(stream, pasid), iova, physical, bytes, pageShift, permissions);
    }

    @Override
    public final void map(Domain domain, long iova, long physical, long bytes, int pageShift, int permissions) {
        checkPhysical(physical, bytes);
        boolean tableGone = domain.map(iova, physical, bytes, pageShift, permissions);
        caches().mapped(domain, iova, bytes, tableGone);
    }

    private void checkPhysical(long physical, long bytes) {
        if (physical + bytes - 1 >>> physicalBits != 0) {
            throw new IllegalArgumentException(
                    String.format("0x%x is mapped to, expected addresses below 2^%d", physical, physicalBits));
        }
    }

    /** The domain of a PASID; one of its own, if it is not attached. */
    private Domain space(int stream, int pasid) {
        D device = device(stream);
        Domain attached = device.attached(pasid);
        if (attached != null) {
            return attached;
        }
        Domain made = device.createDomain(pasid);
        attach(device, pasid, made);
        return made;
    }

    private void attach(D device, int pasid, Domain domain) {
        domain.attached(device, pasid);
        device.attach(pasid, domain);
    }

    @Override
    public final void probe(int stream, int pasids) {
        if (known(stream) == null) {
            device(stream).block(pasids != 0);
        }
    }

    @Override
    public final void attach(int stream, int pasid, Domain domain) {
        check(pasid, domain);
        D device = device(stream);
        detach(stream, pasid);
        attach(device, pasid, domain);
    }

    @Override
    public final void detach(int stream, int pasid) {
        D device = devices.get(stream);
        Domain domain = device == null ? null : device.attached(pasid);
        if (device == null || domain == null) {
            return;
        }
        boolean isOfGuest = pasid == NO_PASID && device.hasGuestContexts();
        device.detach(pasid);
        domain.detached(device, pasid);
        takePageRequests();
        if (isOfGuest) {
            pages.drain(stream);
        } else {
            pages.drain(stream, pasid);
        }
        if (domain.isPerDevice() && !domain.isUsed()) {
            domain.freed();
            release(domain);
        }
    }

    @Override
    public final void revoke(int stream, int pasid) {
        D device = devices.get(stream);
        if (device != null && device.attached(pasid) != null) {
            device.revoke(pasid);
        }
    }

    @Override
    public final @Nullable Domain attached(int stream, int pasid) {
        D device = devices.get(stream);
        return device == null ? null : device.attached(pasid);
    }

    @Override
    public final void free(Domain domain) {
        if (domain.isUsed()) {
            throw new IllegalArgumentException("a domain is freed that is attached, expected it detached everywhere");
        }
        domain.freed();
        domains--;
        release(domain);
    }

    @Override
    public final void unmap(int stream, int pasid, long iova, long bytes, int pageShift) {
        Domain domain = attached(stream, pasid);
        if (domain != null) {
            unmap(domain, iova, bytes, pageShift);
        }
    }

    @Override
    public final void unmap(Domain domain, long iova, long bytes, int pageShift) {
        domain.unmap(iova, bytes, pageShift);
        FlushQueue queue = domain.flushQueue();
        if (queue == null) {
            caches().range(domain, iova, bytes, pageShift);
        } else {
            queue.add(cpu, iova, bytes);
        }
    }

    @Override
    public final void defer(Domain domain, FlushQueueParameters parameters) {
        if (domain.flushQueue() == null) {
            domain.flushQueue(new FlushQueue(parameters, patience, () -> caches().all(domain)));
        }
    }

    @Override
    public final void cpu(int number) {
        cpu = number;
    }

    @Override
    public final void invalidate(int stream, int pasid, long iova, long bytes) {
        Domain domain = attached(stream, pasid);
        if (domain != null) {
            invalidate(domain, iova, bytes);
        }
    }

    @Override
    public final void invalidate(Domain domain, long iova, long bytes) {
        if (bytes == 0) {
            caches().all(domain);
        } else {
            long first = iova & -PAGE;
            caches().range(domain, first, iova + bytes - first + PAGE - 1 & -PAGE, 0);
        }
    }

    @Override
    public final void guestInvalidate(int stream, GuestInvalidation what) {
        D device = devices.get(stream);
        Domain guest = device == null ? null : guestOf(device, what.pasid());
        if (device != null && guest != null) {
            device.invalidate(guest, what);
        }
    }

    /** The memory of the guest that a PASID belongs to, or else of the one that has the device. */
    private @Nullable Domain guestOf(D device, int pasid) {
        Domain own = device.attached(pasid);
        Domain attached = own != null && own.parent() != null ? own : device.attached(NO_PASID);
        Domain guest = attached == null || attached.parent() == null ? attached : attached.parent();
        return guest != null && guest.kind() == Domain.Kind.SECOND_STAGE ? guest : null;
    }

    @Override
    public boolean guestInvalidate(Domain guest, LongFunction<OptionalInt> streams, long word0, long word1) {
        return false;
    }

    @Override
    public final void bind(int stream, int pasid) {
        space(stream, pasid);
    }

    @Override
    public final void unbind(int stream, int pasid) {
        if (pasid == NO_PASID) {
            throw new IllegalArgumentException("no PASID is unbound, expected a PASID");
        }
        detach(stream, pasid);
    }

    @Override
    public final void enableAts(int stream) {
        device(stream).ats(true);
    }

    @Override
    public final void disableAts(int stream) {
        device(stream).ats(false);
    }

    @Override
    public final boolean usesAts(int stream) {
        D device = devices.get(stream);
        return device != null && device.usesAts();
    }

    @Override
    public final void enablePageRequests(int stream) {
        device(stream).pageRequests(true);
    }

    @Override
    public final void disablePageRequests(int stream) {
        answerPageRequests(stream);
        device(stream).pageRequests(false);
        // Those that have come meanwhile: each that expects a response gets one.
        answerPageRequests(stream);
    }

    private void answerPageRequests(int stream) {
        takePageRequests();
        pages.drain(stream);
    }

    @Override
    public final void onFault(FaultListener listener) {
        faults = listener;
    }

    @Override
    public final void onSilence(IntConsumer listener) {
        silence = listener;
    }

    @Override
    public final void receivePageRequests(PageRequestReceiver receiver, long delay) {
        pages.receiver(receiver, delay);
    }

    /** Counts a domain that was made. */
    final Domain made(Domain domain) {
        domains++;
        return domain;
    }

    @Override
    public final int domainsInUse() {
        return domains;
    }

    @Override
    public final int addressSpaces() {
        int count = 0;
        for (D device : devices.values()) {
            count += device.attachedCount();
        }
        return count;
    }
}
