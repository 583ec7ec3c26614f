// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.iommuemu.capture.Capture;
import org.iommuemu.capture.CsvTable;
import org.iommuemu.capture.TraceRecord;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.StaleEntry;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.measure.ReplayTimer;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.measure.TransactionListener;
import org.iommuemu.preset.Settings;
import org.iommuemu.time.Picoseconds;
import org.jspecify.annotations.Nullable;

/**
 * Replays a capture's whole trace from reset: register writes and commands as the driver made them, descriptors as the recorded
 * walks saw them, and every DMA, whose address, or refusal, is compared with the recorded one.
 */
public final class CaptureReplay implements AutoCloseable {
    private final Capture capture;
    private final CaptureMachine machine;
    private final Iommu front;
    private final CapturedMachine.@Nullable Linted linted;
    private final CommandFeed commands;
    private final RecordedFaults faults;
    private @Nullable StaleDetector stale;
    private final PageLengths lengths = new PageLengths();
    private @Nullable ReplayTimer timer;
    private @Nullable List<StaleEntry> staleAtStop;
    private long stop = -1;
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private final Agreement addresses = new Agreement();
    private final Agreement refusals = new Agreement();
    private final Agreement registerReads = new Agreement();
    private final Agreement commandSlots = new Agreement();
    private final Agreement faultRecords = new Agreement();
    private final Agreement interruptMessages = new Agreement();
    private final Map<Integer, Long> dmaByStream = new TreeMap<>();
    private final TraceTally tally = new TraceTally();

    /** A replay of a capture with certain caches. */
    public CaptureReplay(Capture capture, CacheConfiguration caches) {
        this(capture, caches, false);
    }

    /**
     * A replay of a capture with certain caches.
     *
     * @param lint whether what software does wrong is noted
     */
    public CaptureReplay(Capture capture, CacheConfiguration caches, boolean lint) {
        this.capture = capture;
        machine = CaptureMachine.beforeReplay(capture, caches);
        linted = lint ? machine.captured().lint() : null;
        front = linted == null ? machine.iommu() : linted.front();
        commands = machine.captured().commands();
        faults = machine.captured().faults();
    }

    /** Compares every translation with what the tables say, and the IOTLB at the busy stop with the snapshot's. */
    public void detectStale() {
        stale = machine.detectStale();
        stop = capture.traceSeqAtStop().orElse(-1);
    }

    /**
     * Gives every access its time. Not together with {@link #detectStale} or a lint: all of them look at what the machine reads.
     *
     * @param outstanding accesses under way at once, each beginning when an earlier one is over; 0 for the times of the trace
     * @param window the accesses that are counted
     * @param listener is shown these, or null
     */
    public void time(Settings settings, int outstanding, MeasureWindow window, @Nullable TransactionListener listener) {
        timer = new ReplayTimer(machine.timed(), settings, outstanding, window, listener);
    }

    /** What {@link #time} has measured, or null if nobody asked. */
    public @Nullable TimingReport timing() {
        return timer == null ? null : timer.report();
    }

    /** What {@link #detectStale} has shown, or null if nobody asked. */
    public @Nullable StaleReport stale() {
        return stale == null
                ? null
                : new StaleReport(stale.hits(), stale.staleAccesses(), staleAtStop == null ? -1 : stop, entries());
    }

    private List<StaleEntry> entries() {
        return staleAtStop == null ? List.of() : staleAtStop;
    }

    private void compareAtStop() {
        if (stale != null) {
            try (CaptureMachine snapshot =
                    CaptureMachine.afterReset(capture, capture.busy(), CacheConfiguration.none())) {
                staleAtStop = stale.staleEntries(snapshot.memory());
            }
        }
    }

    /** Replays everything. */
    public ReplaySummary run(ProgressListener progress) {
        try (CsvTable trace = capture.trace();
                TableFeed tables = machine.captured().tables(capture)) {
            TraceRecord r = new TraceRecord(trace);
            while (r.next()) {
                tables.writeBefore(r);
                tally.count(r.kind());
                replay(r);
                if (r.seq() == stop) {
                    compareAtStop();
                }
                progress.progress(tally.records());
            }
            return new ReplaySummary(
                    capture.name(),
                    capture.features(),
                    machine,
                    tally,
                    dmaByStream,
                    tables.written(),
                    addresses,
                    refusals,
                    registerReads,
                    commandSlots,
                    faultRecords,
                    interruptMessages);
        }
    }

    /** What software did wrong so far; empty if that is not noted. */
    public LintLog lint() {
        return linted == null ? new LintLog() : linted.log();
    }

    private void replay(TraceRecord r) {
        switch (r.kind()) {
            case DMA -> access(r, !r.readable(), r.pa());
            case BYPASS -> access(r, r.writeOnly(), r.iova());
            case FAULT -> refuse(r);
            case ABORT -> refuseSilently(r);
            case INVALIDATE -> command(r);
            case MMIO_WRITE -> write(r);
            case MMIO_READ -> readRegister(r);
            case FAULT_RECORD -> faultRecords.note(at(r), machine.captured().faultRecord(r));
            case INTERRUPT_MESSAGE ->
                interruptMessages.note(at(r), machine.captured().interrupt(r));
            case INTERRUPT, OTHER -> {}
        }
    }

    private void access(TraceRecord r, boolean write, long expected) {
        present(r, write);
        dmaByStream.merge(r.sid(), 1L, Long::sum);
        if (verdict.isOk() && verdict.address() == expected) {
            addresses.agree();
        } else {
            addresses.differ(at(r) + found() + ", expected pa 0x" + Long.toHexString(expected));
        }
    }

    private void refuse(TraceRecord r) {
        String name = r.op();
        present(r, r.writeOnly() || !r.readable() && faults.isWrite(name));
        refusals.note(
                at(r),
                verdict.isOk()
                        ? Comparison.differs(found() + ", expected " + name)
                        : faults.kind(name, faults.name(verdict.rule())));
    }

    private void refuseSilently(TraceRecord r) {
        present(r, r.writeOnly());
        if (!verdict.isOk() && faults.name(verdict.rule()).isEmpty()) {
            refusals.agree();
        } else {
            refusals.differ(at(r) + found() + ", expected an abort without an event");
        }
    }

    private void present(TraceRecord r, boolean write) {
        int access = write ? Access.WRITE : Access.READ;
        transaction.set(r.sid(), Transaction.NO_SUBSTREAM, r.iova(), access);
        if (timer != null) {
            timer.present(transaction, lengths.of(r), r.timestamp() * Picoseconds.PER_NANOSECOND, verdict);
        } else {
            front.translate(transaction, verdict);
        }
    }

    /** A command takes effect where the trace has it. */
    private void command(TraceRecord r) {
        tellTime(r);
        commandSlots.note(at(r), commands.consume(r));
    }

    private void write(TraceRecord r) {
        tellTime(r);
        commands.write(r, front);
    }

    private void tellTime(TraceRecord r) {
        if (timer != null) {
            timer.commandsAt(r.timestamp() * Picoseconds.PER_NANOSECOND);
        }
    }

    private void readRegister(TraceRecord r) {
        int size = (int) r.length();
        long found = front.readRegister(r.iova(), size);
        if (r.hasDetail("value")) {
            registerReads.note(at(r), machine.compareRead(r.iova(), size, found, r.detail("value")));
        }
    }

    private String at(TraceRecord r) {
        return "trace record " + r.seq() + ": " + r.op() + (r.hasSid() ? String.format(" stream 0x%x", r.sid()) : "")
                + String.format(" 0x%x: ", r.iova());
    }

    private String found() {
        return verdict.isOk() ? "pa 0x" + Long.toHexString(verdict.address()) : "refused (" + verdict.rule() + ")";
    }

    @Override
    public void close() {
        machine.close();
    }
}
