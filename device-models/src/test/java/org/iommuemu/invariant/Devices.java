// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.invariant;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.iommuemu.ats.AtsStatistics.Counter;
import org.iommuemu.ats.DmaChannel;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.Requester;
import org.iommuemu.pcie.Tlp;

/** The functions of a program, and what becomes of their transfers. */
final class Devices {
    private static final int FIRST = 0x100;
    private static final int STRIDE = 8;
    private static final int MOST_PAGE_REQUESTS = 4;
    private static final int ITAGS = 32;

    private static final List<Counter> COUNTERS = List.of(
            Counter.RETRIES,
            Counter.DISCARDED,
            Counter.INVALIDATIONS_HELD,
            Counter.GROUPS_HELD,
            Counter.RESPONSES_SUCCESS,
            Counter.RESPONSES_INVALID,
            Counter.RESPONSES_UNEXPECTED,
            Counter.RESPONSES_MISSING,
            Counter.STOP_MARKERS,
            Counter.UNTRANSLATED);

    private final World world;
    private final List<PciFunction> functions = new ArrayList<>();
    private final List<DmaChannel> channels = new ArrayList<>();
    /** Transfers by function that have not ended, or are writes, of which nobody tells when they end. */
    private final List<List<Dma>> open = new ArrayList<>();

    private boolean faults;
    private int failures;
    private final List<String> results = new ArrayList<>();
    private final Map<DmaChannel.Status, Long> statuses = new EnumMap<>(DmaChannel.Status.class);
    private boolean resets;
    private long probes;
    private long probed;
    private long rogues;
    private long repeats;

    Devices(World world) {
        this.world = world;
        for (int f = 0; f < World.FUNCTIONS; f++) {
            PciFunction function = world.machine().addFunction(requester(f));
            functions.add(function);
            channels.add(new DmaChannel(function));
            open.add(new ArrayList<>());
            enable(function);
        }
    }

    static int requester(int function) {
        return FIRST + STRIDE * function;
    }

    private static int pasid(int number) {
        return number == 0 ? Transaction.NO_SUBSTREAM : number;
    }

    private static void enable(PciFunction function) {
        function.enableBusMaster();
        function.enablePasid(true, true);
    }

    void read(int function, int pasid, long iova, int bytes) {
        Dma dma = issue(new Dma(function, pasid, iova, bytes, true, false, 0));
        byte[] into = new byte[bytes];
        channels.get(function)
                .read(iova, into, pasid(pasid), Access.READ, (status, moved) -> ended(dma, status, into, moved));
    }

    void swap(int function, int pasid, long iova) {
        long author = world.oracle().newAuthor();
        Dma dma = issue(new Dma(function, pasid, iova, Long.BYTES, true, true, author));
        byte[] old = new byte[Long.BYTES];
        channels.get(function)
                .atomic(
                        iova,
                        Tlp.AtomicOp.SWAP,
                        PageContents.bytes(author, iova, Long.BYTES),
                        pasid(pasid),
                        Access.READ | Access.WRITE | Access.ATOMIC,
                        old,
                        (status, moved) -> ended(dma, status, old, moved));
    }

    void write(int function, int pasid, long iova, int bytes) {
        long author = world.oracle().newAuthor();
        Dma dma = issue(new Dma(function, pasid, iova, bytes, false, true, author));
        byte[] data = PageContents.bytes(author, iova, bytes);
        channels.get(function).write(iova, data, pasid(pasid), Access.WRITE, (status, moved) -> {
            if (status == DmaChannel.Status.OK) {
                count(status);
            } else {
                ended(dma, status, data, moved);
            }
        });
    }

    private Dma issue(Dma dma) {
        world.oracle().issued(dma);
        open.get(dma.function).add(dma);
        return dma;
    }

    private void ended(Dma dma, DmaChannel.Status status, byte[] data, int moved) {
        if (dma.ended != 0) {
            throw new Violation(Invariant.EVERYTHING_ENDS, dma + " ended twice");
        }
        count(status);
        boolean accessible = world.oracle().wasAccessible(dma);
        world.oracle().read(dma, data, dma.reads ? moved : 0);
        open.get(dma.function).remove(dma);
        results.add(dma.function + " " + Long.toHexString(dma.iova) + " " + status + " " + moved);
        if (faults || dma.excused) {
            return;
        }
        if (accessible && status != DmaChannel.Status.OK) {
            throw new Violation(Invariant.MAPPED_IS_ACCESSIBLE, dma + " was mapped all the while, and " + status);
        }
        // By ATS a device hears that there is no page, or no address space.
        boolean heard = functions.get(dma.function).controls().isAts()
                && (status == DmaChannel.Status.NO_PAGE || status == DmaChannel.Status.ABORTED);
        if (status != DmaChannel.Status.OK && status != DmaChannel.Status.REFUSED && !heard) {
            throw new Violation(Invariant.EVERYTHING_ENDS, dma + " ended with " + status + " without a fault");
        }
    }

    private void count(DmaChannel.Status status) {
        statuses.merge(status, 1L, Long::sum);
    }

    /** Resets a function: what it has not done yet it need not do, and nobody will hear of it. */
    void reset(int function) {
        functions.get(function).reset();
        wasReset(function);
    }

    void stopBusMaster(int function) {
        expectFaults();
        functions.get(function).disableBusMaster();
    }

    /** A function was reset: nobody waits for what it had under way, and it may send requests again. */
    void wasReset(int function) {
        resets = true;
        open.get(function).clear();
        enable(functions.get(function));
    }

    /** Switches ATS on, or ATS and PRI off. */
    void ats(int function, boolean on) {
        excuse(function);
        if (on) {
            functions.get(function).enableAts(0);
        } else {
            functions.get(function).disablePri().disableAts();
        }
    }

    void pageRequests(int function) {
        functions.get(function).enablePri(MOST_PAGE_REQUESTS);
    }

    /** Software disturbs what a function has under way: that may fail. */
    void excuse(int function) {
        open.get(function).forEach(dma -> dma.excused = true);
    }

    /** Has a function stop using a PASID, and waits; returns whether it did. */
    boolean stop(int function, int pasid, boolean marker, long patience) {
        open.get(function).forEach(dma -> dma.excused |= dma.pasid == pasid);
        boolean[] stopped = {false};
        channels.get(function).stopPasid(pasid, marker, () -> stopped[0] = true);
        long until = world.machine().loop().now() + patience;
        if (!world.machine().await(() -> stopped[0], until) && !faults) {
            throw new Violation(Invariant.EVERYTHING_ENDS, "function " + function + " does not stop PASID " + pasid);
        }
        return stopped[0];
    }

    /**
     * A function whose ATC did not answer tries what it may not do any more: to be told translations, and to use one.
     *
     * @param refused whether it is still to be refused, by the time of the answer
     */
    void probe(int function, BooleanSupplier refused) {
        PciFunction f = functions.get(function);
        Requester.Answer answer = (outcome, data) -> {
            probes++;
            if (outcome == Requester.Outcome.SUCCESS && refused.getAsBoolean()) {
                throw new Violation(Invariant.NO_ACCESS_AFTER_UNMAP, "silenced function " + function + " is answered");
            }
        };
        probed++;
        long any = world.iova(0);
        f.requester().translate(any, 1, Transaction.NO_SUBSTREAM, Access.READ, answer);
        f.requester().read(Tlp.AddressType.TRANSLATED, World.FRAMES, 8, Transaction.NO_SUBSTREAM, Access.READ, answer);
    }

    /** From now on transfers may fail. */
    void expectFaults() {
        faults = true;
    }

    /** Nothing is under way any more. */
    void checkEnds() {
        for (List<Dma> all : open) {
            for (Dma dma : all) {
                if (dma.reads) {
                    throw new Violation(Invariant.EVERYTHING_ENDS, dma + " has not ended");
                }
                if (!faults
                        && !dma.excused
                        && world.oracle().wasAccessible(dma)
                        && dma.landed * PageContents.WORD != dma.bytes) {
                    throw new Violation(
                            Invariant.MAPPED_IS_ACCESSIBLE,
                            dma + " was mapped all the while, but only " + dma.landed + " words were written");
                }
            }
        }
    }

    /** What there may be a fault record of beside requests to memory: what was refused, if all answers can be known. */
    long recordsOfAts() {
        // VT-d records Page Requests that it refuses.
        long pages = world.machine().vtd() != null ? count(Counter.PAGE_REQUESTS) + count(Counter.STOP_MARKERS) : 0;
        if (faults || resets) {
            return count(Counter.REQUESTS) + probed + pages + repeats;
        }
        return count(Counter.UNSUPPORTED) + count(Counter.ABORTED) + count(Counter.DISCARDED) + pages;
    }

    /** Translated requests that may be refused without a record, as an SMMU with CR2.REC_CFG_ATS=0 does where it finds no valid STE. */
    long unrecorded() {
        return probed + (world.machine().smmu() != null ? rogues + failures : 0);
    }

    /** An access to tables will fail, perhaps the reading of an STE for a translated request. */
    void tablesFail() {
        failures++;
    }

    /** A TLP may come twice. */
    void repeat() {
        repeats++;
    }

    /** A function sends a translated request that it may not send, and loses software's trust. */
    void rogue() {
        rogues++;
    }

    private long count(Counter counter) {
        return channels.stream().mapToLong(c -> c.statistics().get(counter)).sum();
    }

    /** What functions are to meet in the end. */
    static List<String> goals() {
        List<String> goals = new ArrayList<>();
        for (DmaChannel.Status s : DmaChannel.Status.values()) {
            goals.add(s.name());
        }
        COUNTERS.forEach(c -> goals.add(c.name()));
        goals.add("all ITags");
        goals.add("probes of silenced devices");
        return goals;
    }

    /** Counts what was reached. */
    void report(Coverage coverage) {
        statuses.forEach((status, times) -> coverage.count(status.name(), times));
        for (Counter c : COUNTERS) {
            coverage.count(c.name(), count(c));
        }
        coverage.count("probes of silenced devices", probes);
        channels.forEach(c ->
                coverage.count("all ITags", c.statistics().get(Counter.MOST_INVALIDATIONS) >= ITAGS ? 1 : 0));
    }

    /** How transfers ended, in order. */
    List<String> results() {
        return results;
    }
}
