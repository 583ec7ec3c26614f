// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.ats;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.agrona.collections.IntHashSet;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Tlp;
import org.iommuemu.pcie.TlpReceiver;

/**
 * A function's DMA, for devices: moves any number of bytes to or from any address, cut at 4 KiB pages. Where software has enabled ATS the
 * pages are asked for first, and where it has enabled PRI, those that are missing are requested.
 *
 * <p>Writes with the same PASID, or without one, are sent in the order in which they were asked for; a read may overtake a write
 * that waits for a translation, and so may {@link PciFunction#interrupt}, but not {@link #interrupt}. A function has one channel.
 */
public final class DmaChannel {
    /** How a transfer ended. */
    public enum Status {
        /** All bytes were read, or sent. Nobody tells a device what becomes of a posted write. */
        OK,
        /** Unsupported Request: refused by the IOMMU. */
        REFUSED,
        /** Completer Abort: there is no memory, or tables cannot be read. */
        ABORTED,
        /** The data are known to be bad. */
        POISONED,
        /** No completion, translation or response came in time. */
        TIMED_OUT,
        /** Software said that there is no such page, or that no more pages can be requested. */
        NO_PAGE,
        /** The function must not send requests: Bus Master Enable is off, or it is gone. */
        OFF
    }

    /** What happens where a Translation Request says that a page is not there, or not allowed. */
    public enum Missing {
        /** It is requested, if software has enabled PRI. */
        REQUEST,
        /** The transfer ends with {@link Status#NO_PAGE}. */
        END
    }

    /** Who asked. */
    @FunctionalInterface
    public interface Done {
        /**
         * A transfer has ended.
         *
         * @param moved bytes from the first on that were moved
         */
        void ended(Status status, int moved);
    }

    private final PciFunction function;
    private final AtcParameters parameters;
    private final PageResolver resolver;
    private final Set<Transfer> active = new LinkedHashSet<>();
    private final WriteOrder writes = new WriteOrder();
    private final IntHashSet stopping = new IntHashSet(0);
    private final List<PasidStop> stops = new ArrayList<>();

    private record PasidStop(int pasid, boolean marker, Runnable stopped) {}

    /** The DMA of a function with {@link AtcParameters#standard()}. */
    public DmaChannel(PciFunction function) {
        this(function, AtcParameters.standard());
    }

    /** The DMA of a function. */
    public DmaChannel(PciFunction function, AtcParameters parameters) {
        this.function = function;
        this.parameters = parameters;
        resolver = new PageResolver(function, function.loop(), parameters, stopping::contains);
        function.onMessage(this::receive);
        function.onReset(this::reset);
        // With ATS disabled or enabled anew, nothing that is known holds any more.
        function.controls().onAts(on -> revoke(PageAccess::isTranslated));
    }

    /**
     * Reads.
     *
     * @param pasid or {@link Transaction#NO_SUBSTREAM}
     * @param access {@link Access#READ} with {@link Access#INSTRUCTION} and {@link Access#PRIVILEGED}, as the function may ask for them
     */
    public void read(long address, byte[] into, int pasid, int access, Done done) {
        read(address, into, pasid, access, Missing.REQUEST, done);
    }

    /** Reads, with a choice of what happens where pages are missing. */
    public void read(long address, byte[] into, int pasid, int access, Missing missing, Done done) {
        begin(new Transfer.Work(address, into, pasid, allowed(pasid, access), null, into, missing), done);
    }

    /** Writes; {@code from} is not to be changed until it has ended. */
    public void write(long address, byte[] from, int pasid, int access, Done done) {
        write(address, from, pasid, access, Missing.REQUEST, done);
    }

    /** Writes, with a choice of what happens where pages are missing. */
    public void write(long address, byte[] from, int pasid, int access, Missing missing, Done done) {
        int does = allowed(pasid, access) | Access.WRITE;
        begin(new Transfer.Work(address, from, pasid, does, null, from, missing), done);
    }

    /**
     * Does an AtomicOp of 4 or 8 bytes, which must not cross its own size.
     *
     * @param old takes the value that was there
     */
    public void atomic(long address, Tlp.AtomicOp op, byte[] operands, int pasid, int access, byte[] old, Done done) {
        int does = allowed(pasid, access) | Access.WRITE | Access.ATOMIC;
        begin(new Transfer.Work(address, old, pasid, does, op, operands, Missing.REQUEST), done);
    }

    /** ER and PMR are sent with a PASID only, and where software has enabled them. */
    private int allowed(int pasid, int access) {
        boolean prefix = pasid != Transaction.NO_SUBSTREAM;
        int drops = (prefix && function.controls().isExecute() ? 0 : Access.INSTRUCTION)
                | (prefix && function.controls().isPrivileged() ? 0 : Access.PRIVILEGED);
        return access & ~drops;
    }

    private void begin(Transfer.Work work, Done done) {
        boolean prefix = work.pasid() != Transaction.NO_SUBSTREAM;
        if (!function.controls().isBusMaster() || prefix && !mayUse(work.pasid())) {
            done.ended(Status.OFF, 0);
            return;
        }
        Transfer[] self = new Transfer[1];
        Transfer t = new Transfer(function, resolver, work, parameters.pagesUnderWay(), done, () -> ended(self[0]));
        self[0] = t;
        active.add(t);
        if (t.isWrite()) {
            writes.begin(t);
        } else {
            t.proceed();
        }
    }

    private boolean mayUse(int pasid) {
        return function.controls().isPasid() && !stopping.contains(pasid);
    }

    private void ended(Transfer t) {
        active.remove(t);
        if (t.isWrite()) {
            writes.ended(t);
        }
        t.then(this::checkStops);
    }

    /** Sends an interrupt, behind all writes that were asked for before. */
    public void interrupt(int vector) {
        int[] before = {1};
        Runnable next = () -> {
            if (--before[0] == 0) {
                function.interrupt(vector);
            }
        };
        for (Transfer t : active) {
            if (t.isWrite()) {
                before[0]++;
                t.then(next);
            }
        }
        next.run();
    }

    private void receive(Tlp tlp, TlpReceiver.Buffer buffer) {
        if (tlp instanceof Tlp.InvalidateRequest request && function.controls().hasAts()) {
            AtcInvalidation what = resolver.invalidate(request);
            revoke(p -> resolver.invalidations().concerns(what, p));
        } else if (tlp instanceof Tlp.PrgResponse response) {
            resolver.pages().responded(response.response());
            checkStops();
        }
        buffer.drained(function.loop().now());
    }

    private void revoke(Predicate<PageAccess> which) {
        List<PageAccess> revoked = new ArrayList<>();
        active.forEach(t -> t.revoke(which, revoked));
        revoked.forEach(resolver::again);
    }

    /**
     * Stops using a PASID: no page is requested with it any more, what is under way ends, its translations are dropped (PCIe Base
     * Specification §10.4.1.2). Until then its transfers are {@link Status#OFF}; from then on it may be used anew.
     *
     * @param marker whether missing pages are not waited for: their transfers end with {@link Status#NO_PAGE}, and a Stop Marker follows
     * @param stopped is called when nothing of it is left
     */
    public void stopPasid(int pasid, boolean marker, Runnable stopped) {
        stopping.add(pasid);
        stops.add(new PasidStop(pasid, marker, stopped));
        if (marker) {
            resolver.pages().forsake(pasid);
        }
        checkStops();
    }

    private void checkStops() {
        for (PasidStop stop : List.copyOf(stops)) {
            boolean busy = active.stream().anyMatch(t -> t.pasid() == stop.pasid);
            if (!busy && (stop.marker || !resolver.pages().isWaiting(stop.pasid)) && stops.remove(stop)) {
                resolver.dropPasid(stop.pasid);
                if (stop.marker && function.controls().isPri()) {
                    resolver.pages().stopMarker(stop.pasid);
                }
                stopping.remove(stop.pasid);
                stop.stopped.run();
            }
        }
    }

    private void reset() {
        active.forEach(Transfer::forget);
        active.clear();
        writes.clear();
        stopping.clear();
        stops.clear();
        resolver.reset();
    }

    /** What ATS and PRI have done. */
    public AtsStatistics statistics() {
        return resolver.statistics();
    }

    /** The address translation cache. */
    public AddressTranslationCache atc() {
        return resolver.atc();
    }
}
