// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.device;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.iommuemu.ats.AddressTranslationCache;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.LatencyPart;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.pcie.DataMemory;
import org.iommuemu.pcie.RootComplex;
import org.iommuemu.pcie.TlpKind;
import org.iommuemu.time.Resource;
import org.jspecify.annotations.Nullable;

/**
 * The whole way of a DMA in time, from the device's decision to its end for the device. All times in ps.
 *
 * <pre>
 *   before ─▶ tag ─▶ link up ─▶ root complex ─▶ IOMMU ─▶ memory ─▶ root complex ─▶ link down ─▶ pace ─▶ after     read
 *   before ─▶ pace ─▶ link up ─▶ root complex ─▶ IOMMU ─▶ memory ─▶ after                                         posted write
 * </pre>
 *
 * <p>A transfer is cut at 4 KiB pages, each of which is translated once, when its first TLP is there; and into TLPs by
 * Max_Payload_Size and Max_Read_Request_Size, which follow one another without waiting for each other's end. A posted write is over
 * for the device when memory has it. A transfer ends with the first page that does not go through; what the IOMMU holds back counts
 * as over then.
 *
 * <p>Transfers are to come in the order in which they begin. The TLPs of one are all sent before those of the next.
 */
public final class DmaPath {
    private static final int PAGE = 4096;

    private final PathParameters parameters;
    private final RootComplex rootComplex;
    private final TimedTranslation iommu;
    private final DataMemory memory;
    private final Endpoints endpoints;
    private final @Nullable AddressTranslationService ats;
    private final Transaction page = new Transaction();
    private final Verdict rest = new Verdict();
    private final Journey chain = new Journey();
    private final Journey slowest = new Journey();
    private final Transaction forwarded = new Transaction();
    /** Of the page under way: when the device knows how to send its requests, whether translated, and when they may pass. */
    private long known;

    private boolean translated;
    private long passing;

    /**
     * An idle way to an IOMMU and memory.
     *
     * @param machine the machine that {@code iommu} times; devices with an ATC are connected to it
     * @param software answers their Page Requests
     */
    public DmaPath(
            PathParameters parameters,
            RootComplex rootComplex,
            Iommu machine,
            TimedTranslation iommu,
            DataMemory memory,
            PageService software) {
        this.parameters = parameters;
        this.rootComplex = rootComplex;
        this.iommu = iommu;
        this.memory = memory;
        endpoints = new Endpoints(parameters, rootComplex);
        ats = parameters.ats().isOn()
                ? new AddressTranslationService(parameters.ats(), endpoints, machine, iommu, software)
                : null;
    }

    /**
     * Moves data.
     *
     * @param t where and what
     * @param bytes how many
     * @param at when the device decides so
     * @param v takes the verdict: of the first page, or of that which does not go through
     * @param j to which is added where the time went; of TLPs under way at once, that of the last to end
     * @return when it is over for the device
     */
    public long access(Transaction t, int bytes, long at, Verdict v, Journey j) {
        boolean atomic = (t.access() & Access.ATOMIC) != 0;
        return move(
                atomic ? TlpKind.ATOMIC : Access.isWrite(t.access()) ? TlpKind.WRITE : TlpKind.READ,
                t,
                bytes,
                at,
                v,
                j);
    }

    /** Sends an MSI, a posted write behind those before it; otherwise as {@link #access}. */
    public long interrupt(Transaction t, long at, Verdict v, Journey j) {
        return move(TlpKind.INTERRUPT, t, TlpKind.INTERRUPT_DATA, at, v, j);
    }

    private long move(TlpKind kind, Transaction t, int bytes, long at, Verdict v, Journey j) {
        PathParameters.Device device = parameters.device();
        Endpoint e = endpoints.of(t.streamId());
        j.add(LatencyPart.LINK, device.before() + device.after());
        long start = at + device.before();
        if (isPosted(kind)) {
            return cut(e, kind, t, Math.max(1, bytes), e.send(start, j), v, j) + device.after();
        }
        return e.take(cut(e, kind, t, Math.max(1, bytes), start, v, j), j) + device.after();
    }

    private static boolean isPosted(TlpKind kind) {
        return kind == TlpKind.WRITE || kind == TlpKind.INTERRUPT;
    }

    private long cut(Endpoint e, TlpKind kind, Transaction t, int bytes, long start, Verdict v, Journey j) {
        int most = kind == TlpKind.READ
                ? parameters.link().maxReadRequest()
                : kind == TlpKind.ATOMIC
                        ? TlpKind.ATOMIC_DATA
                        : parameters.link().maxPayload();
        int room = PAGE - (int) (t.address() & PAGE - 1);
        if (bytes <= most && bytes <= room) {
            return request(e, kind, t, t.address(), bytes, bytes, start, v, j);
        }
        long end = start;
        slowest.clear();
        Verdict verdict = v;
        for (int moved = 0; moved < bytes && (moved == 0 || verdict.isOk()); ) {
            verdict = moved == 0 ? v : rest;
            page.set(t.streamId(), t.substreamId(), t.address() + moved, t.access());
            int inPage = Math.min(bytes - moved, room);
            int sent = 0;
            do {
                int n = Math.min(most, inPage - sent);
                chain.clear();
                long over =
                        request(e, kind, page, page.address() + sent, n, sent == 0 ? inPage : 0, start, verdict, chain);
                j.addWork(chain);
                if (over >= end) {
                    end = over;
                    slowest.clear();
                    slowest.addParts(chain);
                }
                sent += n;
            } while (sent < inPage && verdict.isOk());
            moved += inPage;
            room = PAGE;
        }
        if (!verdict.isOk() && verdict != v) {
            v.copy(verdict);
        }
        j.addParts(slowest);
        return end;
    }

    /**
     * One request TLP and what comes of it.
     *
     * @param t the page's transaction
     * @param address of this TLP
     * @param bytes of this TLP
     * @param pageBytes how much of the page is moved if this is the first TLP in it, else 0
     */
    private long request(
            Endpoint e,
            TlpKind kind,
            Transaction t,
            long address,
            int bytes,
            int pageBytes,
            long start,
            Verdict v,
            Journey j) {
        boolean posted = isPosted(kind);
        if (pageBytes > 0) {
            known = ats == null ? start : ats.resolve(e, t, start, j);
            translated = ats != null && ats.isTranslated(e);
        } else {
            j.add(LatencyPart.WALK, known - start);
        }
        long tagged = posted ? known : e.takeTag(known, j);
        long issued = e.inTurn(known, tagged, j);
        int data = kind == TlpKind.READ ? 0 : bytes;
        long arrived = e.up(kind, data, t.hasSubstream() && !translated, issued, j);
        if (pageBytes > 0) {
            passing = pass(e, t, pageBytes, arrived, v, j);
        } else if (passing > arrived) {
            j.add(LatencyPart.WALK, passing - arrived);
        }
        long passed = Math.max(arrived, passing);
        if (posted) {
            long taken = v.isOk() ? moved(true, passed, bytes, j) : passed;
            e.drained(kind, data, taken);
            j.add(LatencyPart.MEMORY, v.isOk() ? memory.latency() : 0);
            return v.isOk() ? taken + memory.latency() : taken;
        }
        e.drained(kind, data, passed);
        long there = answer(e, address, bytes, passed, v, j);
        e.giveTag(tagged, there);
        if (ats != null && translated) {
            ats.used(e, there);
        }
        return there;
    }

    /** The IOMMU's part. */
    private long pass(Endpoint e, Transaction t, int bytes, long at, Verdict v, Journey j) {
        if (ats == null || !translated) {
            return iommu.translate(t, bytes, at, v, j);
        }
        forwarded.set(t.streamId(), Transaction.NO_SUBSTREAM, ats.output(e, t.address()), t.access());
        return iommu.forwardTranslated(forwarded, t.substreamId(), bytes, at, v, j);
    }

    /** What comes back to a device that waits for it. */
    private long answer(Endpoint e, long address, int bytes, long at, Verdict v, Journey j) {
        return switch (v.status()) {
            case OK -> {
                long read = moved(false, at, bytes, j) + memory.latency();
                j.add(LatencyPart.MEMORY, memory.latency());
                yield e.complete(address, bytes, read, j);
            }
            case READ_ZERO_WRITE_IGNORED -> e.complete(address, bytes, at, j);
            case ABORT -> e.down(TlpKind.COMPLETION, 0, false, at, j);
            case STALLED -> at;
        };
    }

    private long moved(boolean write, long at, int bytes, Journey j) {
        long end = memory.move(write, at, bytes);
        long alone = memory.alone(bytes);
        j.add(LatencyPart.MEMORY, alone);
        j.add(LatencyPart.QUEUE, end - at - alone);
        return end;
    }

    /** What devices with an ATC and the IOMMU say to each other; null if they have none. */
    public @Nullable AddressTranslationService ats() {
        return ats;
    }

    /** The ATCs, in the order in which devices were heard of. */
    public List<AddressTranslationCache> caches() {
        return endpoints.all().stream()
                .map(Endpoint::atc)
                .filter(Objects::nonNull)
                .toList();
    }

    /** What transfers wait for, in the order in which they meet it, without the IOMMU's. */
    public List<Resource> resources() {
        List<Resource> all = new ArrayList<>();
        endpoints.all().forEach(e -> all.addAll(e.resources()));
        all.addAll(rootComplex.resources());
        all.addAll(memory.resources());
        return all;
    }
}
