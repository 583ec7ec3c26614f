// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.EnumMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.iommuemu.capture.InputException;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.measure.ReplayTimer;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.measure.TransactionListener;
import org.iommuemu.paging.TableFormat;
import org.iommuemu.paging.Walker;
import org.iommuemu.preset.PathSettings;
import org.iommuemu.preset.Settings;
import org.iommuemu.preset.TraceSettings;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceKind;
import org.iommuemu.trace.TraceReader;
import org.jspecify.annotations.Nullable;

/**
 * Replays a DMA trace on a machine that is made for it: a driver maps and unmaps as the trace says, and every access is translated and,
 * where the trace has its address, compared.
 */
public final class TraceReplay implements AutoCloseable {
    private static final long PAGE = 1 << 12;
    private static final int RECORDS_BETWEEN_REPORTS = 1 << 12;
    /** Accesses by kind, attributes added. */
    private static final int[] ACCESS = new int[TraceKind.count()];

    static {
        ACCESS[TraceKind.WRITE_DMA.code()] = Access.WRITE;
        ACCESS[TraceKind.ATOMIC_DMA.code()] = Access.ATOMIC;
    }

    private final TraceMachine machine;
    private final Iommu iommu;
    private final IommuDriver driver;
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();
    private final Agreement addresses = new Agreement();
    private final TraceSettings settings;
    private final boolean atcs;
    private final TraceSoftware software;
    /** Bits that no stream has. */
    private final int noStream;
    /** Whether what is accessed is not simply what the trace maps. */
    private final boolean indirect;
    /** Whether pages are where the trace has them. */
    private final boolean comparable;

    private final long[] records = new long[TraceKind.count()];
    private long agreed;
    private @Nullable ReplayTimer timer;

    /**
     * A replay on an SMMUv3, mapped as the trace says.
     *
     * @param caches of the machine
     * @param stages that every stream gets
     */
    public TraceReplay(CacheConfiguration caches, StageLayout stages) {
        this(caches, TraceSettings.smmu(stages), false);
    }

    /**
     * A replay.
     *
     * @param caches of the machine
     * @param atcs whether devices have ATCs, as those of a timed replay may
     */
    public TraceReplay(CacheConfiguration caches, TraceSettings settings, boolean atcs) {
        this.settings = settings;
        this.atcs = atcs;
        TraceClock clock = new TraceClock();
        machine = TraceMachine.of(caches, settings, clock, atcs);
        iommu = machine.iommu();
        driver = machine.driver();
        software = new TraceSoftware(machine, settings, clock);
        noStream = machine.noStream();
        indirect = software.isIndirect();
        comparable = settings.mapping() == TraceSettings.Mapping.TRACE;
    }

    /**
     * Gives every access its time.
     *
     * @param outstanding accesses under way at once, each beginning when an earlier one is over; 0 for the times of the trace
     * @param window the accesses that are counted
     * @param listener is shown these, or null
     * @throws IllegalArgumentException if the settings have ATCs, and the replay does not
     */
    public void time(Settings settings, int outstanding, MeasureWindow window, @Nullable TransactionListener listener) {
        if (PathSettings.hasAtcs(settings) && !atcs) {
            throw new IllegalArgumentException("settings with ATCs for a replay without, expected one with them");
        }
        ReplayTimer times = new ReplayTimer(machine.timed(), settings, outstanding, window, listener);
        software.onCommands(times::commandsAt);
        timer = times;
    }

    /** The pipeline. */
    TranslationUnit unit() {
        return machine.unit();
    }

    /** What {@link #time} has measured, or null if nobody asked. */
    public @Nullable TimingReport timing() {
        return timer == null ? null : timer.report();
    }

    /**
     * Replays all records from where the reader is.
     *
     * @throws InputException if the trace is damaged, or wants something mapped that cannot be
     */
    public void run(TraceReader trace, ProgressListener progress) {
        while (run(trace, RECORDS_BETWEEN_REPORTS)) {
            progress.progress(trace.number());
        }
    }

    /**
     * Replays at most so many records.
     *
     * @return whether the trace may have more
     */
    public boolean run(TraceReader trace, int most) {
        DmaRecord r = trace.record();
        for (int i = 0; i < most; i++) {
            if (!trace.next()) {
                return false;
            }
            records[r.kindCode()]++;
            if (r.isDma()) {
                dma(r, trace);
            } else {
                software.manage(r, trace);
            }
        }
        return true;
    }

    private void dma(DmaRecord r, TraceReader trace) {
        if ((r.stream() & noStream) != 0) {
            throw TraceMachine.noRequester(r, trace);
        }
        if (indirect) {
            accessIndirectly(r, trace);
            return;
        }
        long iova = r.iova();
        long left = r.length();
        int access = ACCESS[r.kindCode()] | TraceSoftware.attributes(r);
        long inPage = iova & PAGE - 1;
        if (inPage + left <= PAGE) {
            translate(r, iova, left, access);
            compare(r, 0, trace);
            return;
        }
        long done = 0;
        while (done < left) {
            long part = Math.min(left - done, PAGE - (iova + done & PAGE - 1));
            translate(r, iova + done, part, access);
            compare(r, done, trace);
            done += part;
        }
    }

    /** An access to pages that are mapped by it, or may be somewhere else. */
    private void accessIndirectly(DmaRecord r, TraceReader trace) {
        software.advance(r.time());
        int access = ACCESS[r.kindCode()] | TraceSoftware.attributes(r);
        long done = 0;
        do {
            long iova = r.iova() + done;
            long part = Math.min(r.length() - done, PAGE - (iova & PAGE - 1));
            long at = software.reach(r, iova, trace);
            translate(r, at, part, access);
            if (verdict.isOk()) {
                software.passed(r, iova);
            }
            compare(r, done, trace);
            done += part;
        } while (done < r.length());
    }

    private void translate(DmaRecord r, long iova, long bytes, int access) {
        transaction.set(r.stream(), r.pasid(), iova, access);
        if (timer == null) {
            iommu.translate(transaction, verdict);
        } else {
            timer.present(transaction, bytes, r.time(), verdict);
        }
    }

    private void compare(DmaRecord r, long done, TraceReader trace) {
        if (verdict.isOk()) {
            if (comparable && r.hasAddress()) {
                if (verdict.address() == r.address() + done) {
                    agreed++;
                } else {
                    addresses.differ(at(r, done, trace) + "pa 0x" + Long.toHexString(verdict.address())
                            + ", expected pa 0x" + Long.toHexString(r.address() + done));
                }
            }
            return;
        }
        driver.takeFaults();
        if (comparable && r.hasAddress()) {
            addresses.differ(at(r, done, trace) + "refused (" + verdict.rule() + "), expected pa 0x"
                    + Long.toHexString(r.address() + done));
        }
    }

    private static String at(DmaRecord r, long done, TraceReader trace) {
        return String.format(
                "trace record %d: %s stream 0x%x 0x%x: ",
                trace.number(), r.kind().label(), r.stream(), r.iova() + done);
    }

    /**
     * What came of it.
     *
     * @param name of the trace
     */
    public TraceReplaySummary summary(String name) {
        Map<TraceKind, Long> byKind = new EnumMap<>(TraceKind.class);
        for (TraceKind kind : TraceKind.values()) {
            byKind.put(kind, records[kind.code()]);
        }
        Agreement all = new Agreement();
        all.add(addresses);
        all.agree(agreed);
        return new TraceReplaySummary(
                byKind,
                driver.addressSpaces(),
                settings,
                software.pagesTouched(),
                software.staleAccesses(),
                software.moved(),
                reads(machine.unit().stageTwo().walker()),
                ReplaySummary.ofTrace(name, machine, all));
    }

    private static long reads(Walker walker) {
        return IntStream.range(0, TableFormat.HEIGHTS)
                .mapToLong(walker::accesses)
                .sum();
    }

    @Override
    public void close() {
        machine.close();
    }
}
