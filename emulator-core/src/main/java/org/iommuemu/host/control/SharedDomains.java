// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.call.Errno;
import org.iommuemu.host.call.Result;
import org.iommuemu.host.call.Result.Done;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.MmuNotifier;
import org.jspecify.annotations.Nullable;

/**
 * Domains of processes' own page tables, one for each address space. What a process unmaps is gone from IOTLBs and ATCs before its frames are
 * given up; when it exits, nothing gets through any more before its tables are emptied.
 */
public final class SharedDomains {
    /** A domain, and what it is of. */
    private final class Shared implements MmuNotifier {
        private final AddressSpace mm;
        private final Domain domain;
        private int users = 1;
        private boolean gone;

        Shared(AddressSpace mm) {
            this.mm = mm;
            domain = driver.share(mm.tables());
        }

        @Override
        public void invalidate(long start, long length) {
            driver.invalidate(domain, start, length);
        }

        @Override
        public void release() {
            gone = true;
            List<Attachment> users = attachments.of(domain);
            users.forEach(a -> driver.revoke(a.device().stream(), a.pasid()));
            for (Attachment a : users) {
                List.copyOf(listeners).forEach(l -> l.exited(a.device(), a.pasid(), mm));
            }
        }
    }

    private final IommuDriver driver;
    private final Attachments attachments;
    private final PasidAllocator pasids;
    private final List<ExitListener> listeners = new ArrayList<>();
    private final Map<AddressSpace, Shared> byMemory = new IdentityHashMap<>();
    private final Map<Domain, Shared> byDomain = new IdentityHashMap<>();

    SharedDomains(IommuDriver driver, Attachments attachments, PasidAllocator pasids) {
        this.driver = driver;
        this.attachments = attachments;
        this.pasids = pasids;
    }

    void onExit(ExitListener listener) {
        listeners.add(listener);
    }

    /**
     * The domain of an address space, which is made if there is none; one more user of it. Whoever calls keeps the address space's contents
     * meanwhile: it is not dying.
     */
    public Domain acquire(AddressSpace mm) {
        Shared known = byMemory.get(mm);
        if (known != null) {
            known.users++;
            return known.domain;
        }
        if (mm.isDying()) {
            throw new IllegalStateException("the domain of an address space is wanted that is going");
        }
        Shared made = new Shared(mm);
        mm.grab();
        mm.addNotifier(made);
        byMemory.put(mm, made);
        byDomain.put(made.domain, made);
        return made.domain;
    }

    /**
     * The same, where there may be no room for it.
     *
     * @return ENOSPC if there is no tag for translations of one more address space
     */
    public Result<Domain> tryAcquire(AddressSpace mm) {
        return byMemory.containsKey(mm) || driver.hasRoomToShare()
                ? Result.ok(acquire(mm))
                : Result.err(Errno.ENOSPC, "a tag for translations of one more address space");
    }

    /** One user less; with the last one the domain goes, which is attached to nothing then. */
    public void release(Domain domain) {
        Shared shared = byDomain.get(domain);
        if (shared == null) {
            throw new IllegalStateException("a domain is released that is no address space's, or once too often");
        }
        if (--shared.users == 0) {
            byDomain.remove(domain);
            byMemory.remove(shared.mm);
            shared.mm.removeNotifier(shared);
            driver.free(domain);
            shared.mm.drop();
        }
    }

    /** Whose domain it is, or null if it is no address space's. */
    public @Nullable AddressSpace of(Domain domain) {
        Shared shared = byDomain.get(domain);
        return shared == null ? null : shared.mm;
    }

    /**
     * Whether a domain may be attached by a PASID: that of an address space shares its tag with all others, from which it is told by the PASID
     * alone, which must not be another's anywhere.
     *
     * @return EINVAL for one without PASID, EBUSY if the PASID is another's somewhere
     */
    Result<Done> check(Domain domain, int pasid) {
        if (of(domain) == null) {
            return Result.done();
        }
        if (pasid == IommuDriver.NO_PASID) {
            return Result.err(Errno.EINVAL, "an address space is attached without PASID");
        }
        boolean foreign = attachments.of(pasid).stream().anyMatch(a -> a.domain() != domain && of(a.domain()) != null);
        return foreign ? Result.err(Errno.EBUSY, "PASID " + pasid + " is another address space's") : Result.done();
    }

    /** Whether it is the domain of an address space that has gone. */
    boolean isGone(Domain domain) {
        Shared shared = byDomain.get(domain);
        return shared != null && shared.gone;
    }

    /**
     * The PASID of an address space, the same everywhere; it gets the lowest that is free if it has none, and keeps it until it is freed.
     *
     * @param end one more than the largest that can be used
     * @return EOVERFLOW if it has one that is too large, ENOSPC if none is free
     */
    public Result<Integer> pasid(AddressSpace mm, int end) {
        int has = mm.pasid();
        if (has != AddressSpace.INVALID_PASID) {
            return has < end ? Result.ok(has) : Result.err(Errno.EOVERFLOW, "PASID " + has + " of an address space");
        }
        Result<Integer> made = pasids.allocate(1, end - 1, mm);
        if (made.isOk()) {
            mm.pasid(made.value());
            mm.onFree(() -> pasids.free(made.value()));
        }
        return made;
    }

    /** How many there are. */
    public int count() {
        return byDomain.size();
    }
}
