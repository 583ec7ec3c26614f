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
import org.iommuemu.smmuv3.SmmuRule;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.lint.SmmuLint;
import org.iommuemu.smmuv3.spec.Command;
import org.iommuemu.smmuv3.spec.Event;
import org.jspecify.annotations.Nullable;

/**
 * Replays a capture's whole trace from reset: register writes and commands as the driver made them, descriptors as the recorded
 * walks saw them, and every DMA, whose address, or refusal, is compared with the recorded one.
 *
 * <p>Stream table and context descriptors are those of the snapshot at the busy stop.
 */
public final class CaptureReplay implements AutoCloseable {
    private final Capture capture;
    private final CaptureMachine machine;
    private final SmmuV3 smmu;
    private final Iommu front;
    private final @Nullable SmmuLint lint;
    private final CommandSlots slots;
    private @Nullable StaleDetector stale;
    private @Nullable List<StaleEntry> staleAtStop;
    private long stop = -1;
    private final CommandEncoder encoder = new CommandEncoder();
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private final Agreement addresses = new Agreement();
    private final Agreement refusals = new Agreement();
    private final Agreement registerReads = new Agreement();
    private final Agreement commandSlots = new Agreement();
    private final Map<Integer, Long> dmaByStream = new TreeMap<>();
    private final TraceTally tally = new TraceTally();

    /** A replay of a capture with certain caches. */
    public CaptureReplay(Capture capture, CacheConfiguration caches) {
        this(capture, caches, false);
    }

    /**
     * A replay of a capture with certain caches.
     *
     * @param linted whether what software does wrong is noted
     */
    public CaptureReplay(Capture capture, CacheConfiguration caches, boolean linted) {
        this.capture = capture;
        machine = CaptureMachine.afterReset(capture, capture.busy(), caches);
        smmu = machine.smmu();
        lint = linted ? new SmmuLint(smmu, machine.memory()) : null;
        front = lint == null ? smmu : lint;
        slots = new CommandSlots(smmu, machine.memory());
    }

    /** Compares every translation with what the tables say, and the IOTLB at the busy stop with the snapshot's. */
    public void detectStale() {
        stale = smmu.detectStale();
        stop = capture.traceSeqAtStop().orElse(-1);
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
                PageTableFeed tables =
                        new PageTableFeed(capture.pageTableWrites().orElse(null), machine.memory())) {
            TraceRecord r = new TraceRecord(trace);
            while (r.next()) {
                tables.writeBefore(r.seq());
                tally.count(r.kind());
                replay(r);
                if (r.seq() == stop) {
                    compareAtStop();
                }
                progress.progress(tally.records());
            }
            return new ReplaySummary(
                    capture.name(),
                    machine,
                    tally,
                    dmaByStream,
                    tables.written(),
                    addresses,
                    refusals,
                    registerReads,
                    commandSlots);
        }
    }

    /** What software did wrong so far; empty if that is not noted. */
    public LintLog lint() {
        return lint == null ? new LintLog() : lint.log();
    }

    private void replay(TraceRecord r) {
        switch (r.kind()) {
            case DMA -> access(r, !r.readable(), r.pa());
            case BYPASS -> access(r, r.writeOnly(), r.iova());
            case FAULT -> refuse(r);
            case ABORT -> refuseSilently(r);
            case INVALIDATE -> command(r);
            case MMIO_WRITE -> front.writeRegister(r.iova(), (int) r.length(), r.detail("value"));
            case MMIO_READ -> readRegister(r);
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

    /** The direction of a refused access is not always recorded; a permission fault of stage 1 can only be a write. */
    private void refuse(TraceRecord r) {
        String name = r.op();
        boolean write = r.writeOnly() || !r.readable() && name.endsWith(Event.F_PERMISSION.name());
        present(r, write);
        Event event = verdict.rule() instanceof SmmuRule rule ? rule.event() : null;
        if (event != null && name.equals("SMMU_EVT_" + event)) {
            refusals.agree();
        } else {
            refusals.differ(at(r) + found() + ", expected " + name);
        }
    }

    private void refuseSilently(TraceRecord r) {
        present(r, r.writeOnly());
        boolean silent = verdict.rule() instanceof SmmuRule rule && rule.event() == null;
        if (!verdict.isOk() && silent) {
            refusals.agree();
        } else {
            refusals.differ(at(r) + found() + ", expected an abort without an event");
        }
    }

    private void present(TraceRecord r, boolean write) {
        int access = write ? Access.WRITE : Access.READ;
        front.translate(transaction.set(r.sid(), Transaction.NO_SUBSTREAM, r.iova(), access), verdict);
    }

    /** A command takes effect where the trace has it; the driver's later write of CMDQ_PROD then finds nothing new. */
    private void command(TraceRecord r) {
        Command command = encoder.encode(r);
        long index = r.detail("cmdq_index");
        if (index != slots.next()) {
            commandSlots.differ(at(r) + "is in slot " + index + ", the machine is at slot " + slots.next());
            return;
        }
        slots.put(index, command, encoder.word0(), encoder.word1());
        long before = smmu.statistics().consumed(command);
        slots.ring();
        if (smmu.statistics().consumed(command) == before + 1) {
            commandSlots.agree();
        } else {
            commandSlots.differ(at(r) + "was not consumed");
        }
    }

    private void readRegister(TraceRecord r) {
        long found = front.readRegister(r.iova(), (int) r.length());
        if (!r.hasDetail("value")) {
            return;
        }
        long expected = r.detail("value");
        if (found == expected) {
            registerReads.agree();
        } else if (machine.isUnmodelled(r.iova(), (int) r.length(), found, expected)) {
            registerReads.agree(AgreementRule.FEATURE_NOT_MODELLED);
        } else {
            registerReads.differ(at(r) + String.format("is 0x%x, expected 0x%x", found, expected));
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
