// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay.joined;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.iommuemu.capture.JoinedRow;
import org.iommuemu.capture.JoinedRow.Kind;
import org.iommuemu.capture.JoinedTrace;
import org.iommuemu.capture.Partners;
import org.iommuemu.capture.RowOrder;
import org.iommuemu.host.Domain;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.measure.CacheFigures;
import org.iommuemu.replay.Agreement;
import org.iommuemu.replay.AgreementRule;
import org.iommuemu.replay.ProgressListener;

/**
 * Replays a {@code joined.csv}: its map and unmap calls go to the model of the driver, its accesses to the IOMMU that this drives. The commands
 * that this IOMMU consumes are compared with the recorded ones, and the addresses that it translates to with the recorded ones.
 */
public final class DriverReplay implements AutoCloseable {
    /** QEMU's model consumes them, but logs none. */
    private static final String PASID_CACHE = "pasid-cache";
    /** Time from tick to tick, in µs. */
    static final int JIFFY = 1_000_000 / Attachments.TICKS;

    private final Path file;
    private final Survey survey;
    private final RecordedFields fields;
    private final DrivenMachine machine;
    private final CommandComparison comparison = new CommandComparison();
    private final Agreement addresses = new Agreement();
    private final Agreement calls = new Agreement();
    private final Map<Kind, Long> rows = new EnumMap<>(Kind.class);
    private final Attachments attachments;
    private final GuestTimers timers;
    private final FlushComparison flushes;
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();

    /** What the machine has consumed since {@link #sent} was asked last. */
    private final List<Batch> batches = new ArrayList<>();

    private final List<QueuedCommand> consumed = new ArrayList<>();
    /** What is recorded of a batch that has not ended. */
    private final List<QueuedCommand> recorded = new ArrayList<>();

    private final Map<Long, Long> unmapOfCommand = new HashMap<>();
    private long recordedUnmap = -1;
    private Partners covered = Partners.NONE;
    private String cause = "boot";
    private long moved;
    private long unknownDevices;
    private long unlogged;

    /**
     * A replay from a machine after reset, which its driver has brought up.
     *
     * @param file the joined trace
     * @param caches of the machine
     * @throws org.iommuemu.capture.InputException if the file is wrong, or does not tell what machine it is of
     */
    public DriverReplay(Path file, CacheConfiguration caches) {
        this.file = file;
        survey = Survey.of(file);
        fields = new RecordedFields(file);
        timers = new GuestTimers(survey.phases(), JIFFY);
        flushes = new FlushComparison(comparison, timers, this::sent, JIFFY);
        machine = DrivenMachine.open(file, survey, caches, timers, this::consume);
        attachments = new Attachments(file, survey, machine, this::attached);
        sent().forEach(comparison::ours);
    }

    private void consume(QueuedCommand command) {
        if (command.op().equals(PASID_CACHE) && !survey.has(PASID_CACHE)) {
            unlogged++;
            return;
        }
        consumed.add(command);
        if (command.last()) {
            batches.add(new Batch(consumed, cause));
            consumed.clear();
        }
    }

    /** What was consumed since the last call. */
    private List<Batch> sent() {
        List<Batch> all = new ArrayList<>(batches);
        batches.clear();
        return all;
    }

    /** Replays everything. */
    public DriverReplaySummary run(ProgressListener progress) {
        try (JoinedTrace trace = JoinedTrace.open(file)) {
            RowOrder order = new RowOrder(trace);
            long count = 0;
            for (JoinedRow row = order.next(); row != null; row = order.next()) {
                rows.merge(row.kind(), 1L, Long::sum);
                timers.see(row);
                cause = "line " + row.line();
                flushes.overdue();
                switch (row.kind()) {
                    case MAP -> map(row);
                    case UNMAP -> unmap(row);
                    case COMMAND -> command(row);
                    case DMA -> access(row);
                }
                progress.progress(++count);
            }
            moved = order.moved();
        }
        comparison.end();
        return summary();
    }

    private void map(JoinedRow row) {
        call(
                row,
                domain -> machine.driver()
                        .map(
                                domain,
                                row.iova(),
                                row.pa(),
                                row.bytes(),
                                machine.pageShift(),
                                IommuDriver.READ | IommuDriver.WRITE));
        sent().forEach(comparison::ours);
    }

    private void unmap(JoinedRow row) {
        call(row, domain -> machine.driver().unmap(domain, row.iova(), row.bytes(), machine.pageShift()));
        List<Batch> ours = sent();
        if (survey.isDeferred()) {
            flushes.unmapped(row, ours);
            return;
        }
        if (row.partners().isEmpty() || row.ref() < 0) {
            ours.forEach(comparison::ours);
            return;
        }
        for (int i = 0; i < row.partners().count(); i++) {
            unmapOfCommand.put(row.partners().get(i), row.ref());
        }
        List<QueuedCommand> all =
                ours.stream().flatMap(b -> b.commands().stream()).toList();
        comparison.oursOfUnmap(row.ref(), new Batch(all, cause));
    }

    /** Hands a call to the driver. */
    private void call(JoinedRow row, Consumer<Domain> work) {
        if (row.stream() == JoinedRow.NONE && row.domain() == JoinedRow.NONE) {
            unknownDevices++;
            return;
        }
        Domain domain = attachments.domain(row);
        machine.driver().cpu(row.cpu());
        try {
            work.accept(domain);
            calls.agree();
        } catch (IllegalArgumentException e) {
            calls.differ(cause + ": the driver refuses the call: " + e.getMessage());
        }
        comparison.called(row.domain(), batches);
    }

    /** A device was attached: what this has sent is of its recorded domain. */
    private void attached(int recordedDomain) {
        comparison.called(recordedDomain, batches);
        sent().forEach(comparison::ours);
    }

    private void command(JoinedRow row) {
        QueuedCommand command = new QueuedCommand(
                row.op(),
                row.stream(),
                row.domain(),
                row.iova(),
                row.bytes(),
                fields.of(row.ref(), row.op()),
                row.op().equals("SYNC") || row.op().equals("wait"));
        recorded.add(command);
        if (row.stream() != JoinedRow.NONE) {
            attachments.attach(row, JoinedRow.NONE);
        }
        Long unmap = unmapOfCommand.remove(row.ref());
        if (row.partners().areCalls()) {
            recordedUnmap = row.partners().get(0);
            covered = row.partners();
        } else if (unmap != null) {
            recordedUnmap = unmap;
        }
        if (command.last()) {
            Batch batch = new Batch(recorded, cause);
            recorded.clear();
            if (survey.isDeferred() && FlushComparison.isOne(batch)) {
                flushes.recorded(batch, covered);
            } else if (recordedUnmap >= 0) {
                comparison.recordedOfUnmap(recordedUnmap, batch);
            } else {
                comparison.recorded(batch);
            }
            recordedUnmap = -1;
            covered = Partners.NONE;
        }
    }

    private void access(JoinedRow row) {
        attachments.attach(row, row.domain());
        transaction.set(row.stream(), Transaction.NO_SUBSTREAM, row.iova(), Access.READ);
        machine.iommu().translate(transaction, verdict);
        if (verdict.isOk() && verdict.address() == row.pa()) {
            addresses.agree();
            return;
        }
        if (!verdict.isOk() && row.check().equals(JoinedRow.AFTER_UNMAP)) {
            addresses.agree(AgreementRule.AFTER_UNMAP);
            machine.driver().takeFaults();
            return;
        }
        String found =
                verdict.isOk() ? "pa 0x" + Long.toHexString(verdict.address()) : "refused (" + verdict.rule() + ")";
        addresses.differ(String.format(
                "%s: stream 0x%x 0x%x: %s, expected pa 0x%x; recorded as %s",
                cause, row.stream(), row.iova(), found, row.pa(), row.check()));
        machine.driver().takeFaults();
    }

    private DriverReplaySummary summary() {
        return new DriverReplaySummary(
                file.toString(),
                machine.name(),
                survey.isDeferred(),
                fields.areThere(),
                Map.copyOf(rows),
                attachments.domains(),
                comparison.names().pairs(),
                moved,
                unknownDevices,
                unlogged,
                comparison.untold(),
                timers.stops(),
                CacheFigures.of(machine.unit(), machine::level).stream()
                        .filter(CacheFigures::wasUsed)
                        .toList(),
                calls,
                comparison.commands(),
                comparison.causes(),
                comparison.unmaps(),
                comparison.exactUnmaps(),
                survey.isDeferred() ? flushes.figures() : null,
                addresses);
    }

    @Override
    public void close() {
        fields.close();
        machine.close();
    }
}
