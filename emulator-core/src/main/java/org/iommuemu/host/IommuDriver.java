// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.OptionalInt;
import java.util.function.IntConsumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A driver that attaches devices, and each of their PASIDs, to domains. What is named by stream and PASID without having been attached gets a
 * domain of its own, as by Linux' DMA API. Unmapping is strict, unless a domain's is {@link #defer deferred}: what was unmapped is invalidated
 * before the call returns, in a device's ATC too where it may use ATS.
 *
 * <p>A device that does not answer an invalidation of its ATC may not use ATS any more, so that the call can return nevertheless.
 *
 * <p>What cannot be done is said by an {@link IllegalArgumentException}: {@code what is wrong, expected what}.
 */
public interface IommuDriver {
    /** For a device's requests without PASID. */
    int NO_PASID = -1;

    /** May be read. */
    int READ = 1;
    /** May be written. */
    int WRITE = 1 << 1;
    /** May be executed. */
    int EXECUTE = 1 << 2;
    /** By privileged accesses only. */
    int PRIVILEGED = 1 << 3;
    /** Registers of a device rather than memory: not cached, where tables say such a thing. */
    int MMIO = 1 << 4;

    /**
     * Maps pages.
     *
     * @param stream StreamID or requester id
     * @param pasid or {@link #NO_PASID}
     * @param iova input address of the first byte
     * @param physical where that is to be
     * @param bytes a multiple of the page size
     * @param pageShift log2 of the page size
     * @param permissions {@link #READ}, {@link #WRITE}, {@link #EXECUTE}, {@link #PRIVILEGED}, {@link #MMIO}
     */
    void map(int stream, int pasid, long iova, long physical, long bytes, int pageShift, int permissions);

    /** Unmaps pages; those that are not mapped are passed over. */
    void unmap(int stream, int pasid, long iova, long bytes, int pageShift);

    /**
     * Invalidates what caches hold, without a change of tables.
     *
     * @param bytes length of the range, or 0 for the whole address space
     */
    void invalidate(int stream, int pasid, long iova, long bytes);

    /**
     * Makes an address space, which {@link #map} does too.
     *
     * @param pasid or {@link #NO_PASID}
     */
    void bind(int stream, int pasid);

    /**
     * Takes a PASID's address space away. The device must have stopped using it. Once the call returns the PASID may be bound anew:
     * nothing is left of it in caches, and its page requests are answered or forgotten.
     */
    void unbind(int stream, int pasid);

    /** What the IOMMU says of itself. */
    HardwareRegisters hardware();

    /**
     * Makes a device known, if it is not: nothing of it gets through until it is attached.
     *
     * @param pasids how many it can have, for which there is room from then on; 0 for a device without
     */
    void probe(int stream, int pasids);

    /** What the IOMMU and the driver can do for whoever attaches domains. */
    DriverFeatures features();

    /** Page tables that processors can use too, for a process; no domain's. */
    PageTables newPageTables();

    /** Whether one more domain can be made, of whatever kind: translations of each have a tag of their own. */
    boolean hasRoomForDomain();

    /** Whether there is a tag for translations of one more process's tables, for {@link #share}. */
    boolean hasRoomToShare();

    /** Makes a domain of its own tables: {@link Domain.Kind#FIRST_STAGE}, {@link Domain.Kind#SECOND_STAGE} or {@link Domain.Kind#IDENTITY}. */
    Domain newDomain(Domain.Kind kind);

    /** Makes a domain of a process's page tables. Who changes these has to {@link #invalidate(Domain, long, long) invalidate}. */
    Domain share(PageTables tables);

    /**
     * Makes a domain of a guest's tables.
     *
     * @param parent the second stage behind them
     */
    Domain nest(Domain parent, GuestTables tables);

    /** Frees a domain that is attached to nothing. */
    void free(Domain domain);

    /**
     * Attaches a device's requests with a PASID, or without, to a domain. If they were attached, they are detached first: there is a while
     * in which nothing gets through, but none in which anything is translated by a mixture.
     */
    void attach(int stream, int pasid, Domain domain);

    /**
     * Detaches; nothing if that is not attached. Once the call returns nothing gets through, nothing is left in ATCs, and page requests are
     * answered or forgotten. IOTLBs may hold what is tagged as the domain's until that is freed, but for nobody else.
     */
    void detach(int stream, int pasid);

    /**
     * Lets nothing of a PASID through, and leaves no record of what tries, as a process has exited; the translations are gone from caches,
     * but page requests may be under way. To be detached later.
     */
    void revoke(int stream, int pasid);

    /** What is attached, if anything. */
    @Nullable
    Domain attached(int stream, int pasid);

    /** Maps pages in a domain, see {@link #map(int, int, long, long, long, int, int)}. */
    void map(Domain domain, long iova, long physical, long bytes, int pageShift, int permissions);

    /** Unmaps pages of a domain; those that are not mapped are passed over. */
    void unmap(Domain domain, long iova, long bytes, int pageShift);

    /**
     * Invalidates what caches hold of a domain, ATCs of devices too.
     *
     * @param bytes length of the range, or 0 for the whole address space
     */
    void invalidate(Domain domain, long iova, long bytes);

    /**
     * Drops what caches hold for a device's guest; nothing if the device has none. A device's ATC is left alone while it may not use ATS.
     *
     * @param stream a device of which the PASID that is named, or no PASID, is attached to the guest's second stage or to what lies before that
     */
    void guestInvalidate(int stream, GuestInvalidation what);

    /**
     * Passes a guest's command on to an SMMUv3, and waits for its end. An IOMMU that stops at it, as it is illegal, is set going again.
     *
     * @param guest domain of the guest's contexts, or of the second stage behind them
     * @param streams which StreamID the host has for the guest's, by which some commands name a device, if the guest has such a device
     * @param word0 of the command; the VMID in it does not count
     * @param word1 of the command
     * @return false if guests may not send it, it names none of the guest's devices, or the IOMMU has no such commands
     */
    boolean guestInvalidate(Domain guest, LongFunction<OptionalInt> streams, long word0, long word1);

    /**
     * Lets what is unmapped in a domain be invalidated later from now on, many ranges at once, as Linux does with {@code iommu.strict=0}: until
     * then devices may still reach it, and it cannot be mapped anew.
     */
    void defer(Domain domain, FlushQueueParameters parameters);

    /** Says which CPU the calls that follow are made on; what is deferred is queued for each of them. */
    void cpu(int number);

    /** Lets a device use ATS from now on; it is to be switched on in the device afterwards. */
    void enableAts(int stream);

    /** Refuses a device's Translation Requests and translated requests from now on; ATS is to be switched off in the device before. */
    void disableAts(int stream);

    /** Whether a device may use ATS: it has been let, and has answered every invalidation since. */
    boolean usesAts(int stream);

    /** Lets a device ask for pages from now on; needs ATS. */
    void enablePageRequests(int stream);

    /** Refuses a device's page requests from now on, where the IOMMU can; those that wait are answered as invalid. */
    void disablePageRequests(int stream);

    /**
     * Says how a device's messages reach the place where interrupts are taken, which is mapped for it where it has to be.
     *
     * @param doorbell physical address that interrupts are written to
     * @return the address that the device is to write to
     */
    long mapDoorbell(int stream, long doorbell);

    /** Says who is told of refused accesses, once {@link #interrupt} or {@link #takeFaults} has found them. */
    void onFault(FaultListener listener);

    /** Says who is told of devices that did not answer an invalidation, and may not use ATS any more. */
    void onSilence(IntConsumer listener);

    /**
     * Says who brings pages in; before, page requests are answered as invalid.
     *
     * @param delay after which a group is handled, in ps: what software takes for it
     */
    default void onPageRequest(PageFaultHandler handler, long delay) {
        receivePageRequests((group, answer) -> answer.accept(handler.handle(group)), delay);
    }

    /** Says who takes page requests, and may answer them later, see {@link #onPageRequest}. */
    void receivePageRequests(PageRequestReceiver receiver, long delay);

    /**
     * The IOMMU has raised an interrupt. Not to be called from within what raised it.
     *
     * @param line its name, as {@link org.iommuemu.iommu.InterruptSink} has it
     */
    void interrupt(String line);

    /** Takes fault records out of their queue, so that there is room, and tells the listener. */
    void takeFaults();

    /** Takes page requests out of their queue, so that there is room, and lets them be answered. */
    void takePageRequests();

    /** How many address spaces there are. */
    int addressSpaces();

    /** How many domains were made and are not freed. */
    int domainsInUse();
}
