// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.pcie;

import java.util.HashMap;
import java.util.Map;
import java.util.SortedSet;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.AtcInvalidation;
import org.iommuemu.iommu.DevicePort;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.PageResponse;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.iommuemu.time.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * The host's end of the links: takes TLPs to the IOMMU and to memory, and what comes of them back. A request has its effect when the
 * IOMMU lets it through; the time that it takes from there on is charged beside.
 */
public final class HostBridge implements DevicePort {
    private record Held(TlpLink link, Tlp.MemoryRequest request, TlpReceiver.Buffer buffer) {}

    private final EventLoop loop;
    private final Iommu iommu;
    private final TimedTranslation timed;
    private final PhysicalMemory memory;
    private final DataMemory channel;
    private final RootComplex rootComplex;
    private final StreamMap streams;
    private final InterruptSpace interrupts;
    private final TranslationAnswers translations;
    private final RootHierarchy hierarchy = new RootHierarchy();
    private final CpuPort cpu;
    private final Invalidations invalidations;
    private final Map<Long, Held> held = new HashMap<>();
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private final Journey journey = new Journey();
    private long lastToPeer;
    private RequestObserver observer = RequestObserver.NOBODY;
    private long refused;
    private long unanswered;
    private long malformed;

    /**
     * A bridge without links, connected to its IOMMU.
     *
     * @param invalidationTimeout after which an Invalidate Request counts as not answered, in ps
     * @param completionTimeout after which a read of the CPU counts as not answered, in ps
     */
    public HostBridge(
            EventLoop loop,
            Iommu iommu,
            TimedTranslation timed,
            PhysicalMemory memory,
            DataMemory channel,
            RootComplex rootComplex,
            StreamMap streams,
            InterruptSpace interrupts,
            long invalidationTimeout,
            long completionTimeout) {
        this.loop = loop;
        this.iommu = iommu;
        this.timed = timed;
        this.memory = memory;
        this.channel = channel;
        this.rootComplex = rootComplex;
        this.streams = streams;
        this.interrupts = interrupts;
        invalidations = new Invalidations(loop, iommu, streams, invalidationTimeout, this::sendDown);
        cpu = new CpuPort(loop, this, completionTimeout);
        translations = new TranslationAnswers(timed);
        iommu.connect(this);
    }

    /** Connects a function that is integrated into the root complex, at the end of a link of its own. */
    public void attach(PciFunction function) {
        hierarchy.add(function);
        TlpLink link = function.link();
        link.connectHost((tlp, buffer) -> receive(link, tlp, buffer));
    }

    /** Adds a root port on bus 0, above a link. */
    public DownstreamPort addRootPort(TlpLink below) {
        DownstreamPort port =
                DownstreamPort.root(hierarchy.freeNumber(), below, (from, tlp, buffer) -> receive(below, tlp, buffer));
        hierarchy.add(port);
        return port;
    }

    RootHierarchy hierarchy() {
        return hierarchy;
    }

    /** The region of configuration spaces. */
    public Ecam ecam() {
        return new Ecam(hierarchy);
    }

    /** Buses that no bridge gives a number. */
    public SortedSet<Integer> rootBuses() {
        return hierarchy.rootBuses();
    }

    /** Access of the CPU to BARs. */
    public CpuPort cpu() {
        return cpu;
    }

    /** Sends a request of the CPU down. */
    void send(Tlp.MemoryRequest r) {
        loop.schedule(rootComplex.out(loop.now()), (time, data) -> hierarchy.forward(r, () -> {}), 0);
    }

    /** Shows every request from now on. */
    public void observe(RequestObserver by) {
        observer = by;
    }

    private void receive(TlpLink link, Tlp tlp, TlpReceiver.Buffer buffer) {
        int bytes = link.times().parameters().tlpBytes(tlp.kind(), tlp.dataBytes(), tlp.hasPasid());
        long at = rootComplex.in(tlp.kind(), loop.now(), bytes);
        loop.schedule(at, (time, data) -> pass(link, tlp, buffer), 0);
    }

    private void pass(TlpLink link, Tlp tlp, TlpReceiver.Buffer buffer) {
        if (tlp instanceof Tlp.MemoryRequest r) {
            request(link, r, buffer);
            return;
        }
        if (tlp instanceof Tlp.Completion c) {
            boolean taken = c.requester() == CpuPort.ID && cpu.completed(c);
            if (!taken) {
                sendDown(c.requester(), c);
            }
        } else if (tlp instanceof Tlp.PageRequestMessage m) {
            requestPage(m.request());
        } else if (tlp instanceof Tlp.InvalidateCompletion c) {
            invalidations.completed(c);
        }
        buffer.drained(loop.now());
    }

    /** A group of a requester that has no stream is answered here: nobody else could. */
    private void requestPage(PageRequest r) {
        int stream = streams.streamOf(r.streamId());
        if (stream != StreamMap.NONE) {
            iommu.requestPage(new PageRequest(
                    stream,
                    r.substreamId(),
                    r.address(),
                    r.read(),
                    r.write(),
                    r.execute(),
                    r.privileged(),
                    r.last(),
                    r.group()));
        } else if (r.last() && (r.read() || r.write())) {
            PageResponse.Code code = PageResponse.Code.FAILURE;
            sendDown(
                    r.streamId(),
                    new Tlp.PrgResponse(new PageResponse(r.streamId(), r.substreamId(), r.group(), code)));
        }
    }

    /** Whether a request crosses a 4 KiB page, or asks for more than any may (PCIe Base Specification §2.2.7, §10.2.2). */
    private static boolean isMalformed(Tlp.MemoryRequest r) {
        long first = r.type() == Tlp.AddressType.TRANSLATION_REQUEST ? 0 : r.address() & PhysicalMemory.PAGE_BYTES - 1;
        return first + r.bytes() > PhysicalMemory.PAGE_BYTES;
    }

    private void request(TlpLink link, Tlp.MemoryRequest r, TlpReceiver.Buffer buffer) {
        if (isMalformed(r)) {
            malformed++;
            buffer.drained(loop.now());
            return;
        }
        journey.clear();
        int stream = streams.streamOf(r.requester());
        if (stream == StreamMap.NONE) {
            refused++;
            buffer.drained(loop.now());
            if (!TlpRoute.isPosted(r)) {
                down(link, loop.now(), TlpRoute.failed(r, Tlp.Status.UR));
            }
            return;
        }
        if (r.type() == Tlp.AddressType.TRANSLATION_REQUEST) {
            long answered = translations.answer(stream, r, loop.now(), journey);
            observer.passed(r, loop.now(), answered, journey);
            buffer.drained(answered);
            down(link, answered, translations.completion(r));
            return;
        }
        boolean untranslated = r.type() == Tlp.AddressType.UNTRANSLATED;
        byte[] data = r.data();
        boolean writes = data != null && r.atomic() == null;
        if (data != null && writes && untranslated && !r.hasPasid() && interrupts.takesUntranslated(r.address())) {
            if (!r.poisoned()) {
                interrupts.deliver(r.requester(), r.address(), message(data), data.length);
            }
            buffer.drained(loop.now());
            return;
        }
        transaction.set(stream, untranslated ? r.pasid() : Transaction.NO_SUBSTREAM, r.address(), r.access());
        long passed = untranslated
                ? timed.translate(transaction, r.bytes(), loop.now(), verdict, journey)
                : timed.forwardTranslated(transaction, r.pasid(), r.bytes(), loop.now(), verdict, journey);
        observer.passed(r, loop.now(), passed, journey);
        if (verdict.status() == Verdict.Status.STALLED) {
            held.put(verdict.ticket(), new Held(link, r, buffer));
        } else {
            end(link, r, buffer, verdict, passed);
        }
    }

    private static int message(byte[] data) {
        return (int) RegisterBytes.get(data, 0, Math.min(Integer.BYTES, data.length));
    }

    private void end(TlpLink link, Tlp.MemoryRequest r, TlpReceiver.Buffer buffer, Verdict v, long passed) {
        RangeState answer = v.isOk() ? memory.answer(v.address(), r.bytes()) : RangeState.ABSENT;
        boolean goes = answer == RangeState.PRESENT;
        boolean posted = TlpRoute.isPosted(r);
        refused += v.status() == Verdict.Status.ABORT ? 1 : 0;
        if (v.isOk() && !interrupts.takesPhysical(v.address()) && hierarchy.isClaimed(v.address(), r.bytes())) {
            toPeer(r, v.address(), passed, buffer);
            return;
        }
        unanswered += v.isOk() && !goes ? 1 : 0;
        if (posted) {
            buffer.drained(goes ? channel.move(true, passed, r.bytes()) : passed);
            byte[] data = r.data();
            boolean good = data != null && !r.poisoned();
            if (v.isOk() && data != null && good && interrupts.takesPhysical(v.address())) {
                interrupts.deliver(r.requester(), v.address(), message(data), data.length);
            } else if (goes && data != null && good) {
                memory.write(v.address(), data, 0, data.length);
            }
            return;
        }
        buffer.drained(passed);
        switch (v.status()) {
            case OK -> {
                if (r.poisoned()) {
                    // An AtomicOp whose operands are bad must not touch memory (§2.7.2.2).
                    fail(link, r, Tlp.Status.UR, passed);
                } else if (goes || answer == RangeState.POISONED && r.kind() == TlpKind.READ) {
                    byte[] data = AtomicMemory.execute(memory, r, v.address());
                    long read = channel.move(Access.isWrite(r.access()), passed, r.bytes()) + channel.latency();
                    complete(link, r, data, !goes, read);
                } else {
                    fail(link, r, Tlp.Status.CA, passed);
                }
            }
            case READ_ZERO_WRITE_IGNORED -> complete(link, r, new byte[r.bytes()], false, passed);
            default -> fail(link, r, Tlp.Status.UR, passed);
        }
    }

    private void complete(TlpLink link, Tlp.MemoryRequest r, byte[] data, boolean poisoned, long at) {
        TlpRoute.completions(link.times(), r, data, poisoned).forEach(part -> down(link, at, part));
    }

    private void fail(TlpLink link, Tlp.MemoryRequest r, Tlp.Status status, long at) {
        down(link, at, TlpRoute.failed(r, status));
    }

    /** The address is a BAR's: the request goes down again, to another function, behind those that went before. */
    private void toPeer(Tlp.MemoryRequest r, long address, long at, TlpReceiver.Buffer buffer) {
        lastToPeer = Math.max(lastToPeer, rootComplex.out(at));
        Tlp.MemoryRequest translated = TlpRoute.translated(r, address);
        loop.schedule(lastToPeer, (time, data) -> hierarchy.forward(translated, () -> buffer.drained(loop.now())), 0);
    }

    private void down(TlpLink link, long at, Tlp tlp) {
        loop.schedule(rootComplex.out(at), (time, data) -> link.down(tlp), 0);
    }

    private void sendDown(int requester, Tlp tlp) {
        loop.schedule(rootComplex.out(loop.now()), (time, data) -> hierarchy.down(requester, tlp), 0);
    }

    @Override
    public Invalidation invalidate(AtcInvalidation request) {
        return invalidations.begin(request);
    }

    @Override
    public void respond(PageResponse r) {
        int requester = streams.requesterOf(r.streamId());
        if (requester == StreamMap.NONE) {
            return;
        }
        sendDown(requester, new Tlp.PrgResponse(new PageResponse(requester, r.substreamId(), r.group(), r.code())));
    }

    @Override
    public boolean canStall(int streamId) {
        return false;
    }

    @Override
    public void resumed(long ticket, Transaction t, Verdict v) {
        @Nullable Held h = held.remove(ticket);
        if (h != null) {
            end(h.link, h.request, h.buffer, v, loop.now());
        }
    }

    /** Requests that the IOMMU refused. */
    public long refused() {
        return refused;
    }

    /** Requests that the IOMMU let through to where there is no memory. */
    public long unanswered() {
        return unanswered;
    }

    /** Requests that the IOMMU holds back. */
    public int held() {
        return held.size();
    }

    /** Invalidate Completions that nobody waited for. */
    public long unexpectedCompletions() {
        return invalidations.unexpected();
    }

    /** Malformed TLPs, which were discarded. */
    public long malformed() {
        return malformed;
    }
}
