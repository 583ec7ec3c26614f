// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.EnumMap;
import java.util.Map;
import org.iommuemu.capture.InputException;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.measure.MeasureWindow;
import org.iommuemu.measure.ReplayTimer;
import org.iommuemu.measure.TimingReport;
import org.iommuemu.measure.TransactionListener;
import org.iommuemu.preset.Settings;
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
    private final TranslationCompletion completion = new TranslationCompletion();
    private final Agreement addresses = new Agreement();
    private final long[] records = new long[TraceKind.count()];
    private long agreed;
    private @Nullable ReplayTimer timer;

    /**
     * A replay.
     *
     * @param caches of the machine
     * @param stages that every stream gets
     */
    public TraceReplay(CacheConfiguration caches, StageLayout stages) {
        machine = new TraceMachine(caches, stages);
        iommu = machine.iommu();
        driver = machine.driver();
    }

    /**
     * Gives every access its time.
     *
     * @param outstanding accesses under way at once, each beginning when an earlier one is over; 0 for the times of the trace
     * @param window the accesses that are counted
     * @param listener is shown these, or null
     */
    public void time(Settings settings, int outstanding, MeasureWindow window, @Nullable TransactionListener listener) {
        timer = new ReplayTimer(machine.timed(), settings, outstanding, window, listener);
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
                tellTime(r);
                manage(r, trace);
            }
        }
        return true;
    }

    private void tellTime(DmaRecord r) {
        if (timer != null) {
            timer.commandsAt(r.time());
        }
    }

    private void dma(DmaRecord r, TraceReader trace) {
        long iova = r.iova();
        long left = r.length();
        int access = ACCESS[r.kindCode()] | attributes(r);
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

    private static int attributes(DmaRecord r) {
        return r.attributes() == 0
                ? 0
                : (r.has(DmaRecord.EXECUTE) ? Access.INSTRUCTION : 0)
                        | (r.has(DmaRecord.PRIVILEGED) ? Access.PRIVILEGED : 0);
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
            if (r.hasAddress()) {
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
        if (r.hasAddress()) {
            addresses.differ(at(r, done, trace) + "refused (" + verdict.rule() + "), expected pa 0x"
                    + Long.toHexString(r.address() + done));
        }
    }

    private static String at(DmaRecord r, long done, TraceReader trace) {
        return String.format(
                "trace record %d: %s stream 0x%x 0x%x: ",
                trace.number(), r.kind().label(), r.stream(), r.iova() + done);
    }

    private void manage(DmaRecord r, TraceReader trace) {
        try {
            switch (r.kind()) {
                case MAP ->
                    driver.map(r.stream(), r.pasid(), r.iova(), r.address(), r.length(), r.pageShift(), r.attributes());
                case UNMAP -> driver.unmap(r.stream(), r.pasid(), r.iova(), r.length(), r.pageShift());
                case INVALIDATE -> driver.invalidate(r.stream(), r.pasid(), r.iova(), r.length());
                case ATS_REQUEST -> {
                    transaction.set(r.stream(), r.pasid(), r.iova(), attributes(r) | write(r));
                    iommu.requestTranslation(transaction, completion);
                }
                case PAGE_REQUEST -> {
                    iommu.requestPage(pageRequest(r));
                    driver.takePageRequests();
                }
                case READ_DMA, WRITE_DMA, ATOMIC_DMA -> throw new IllegalStateException("an access is not managed");
            }
        } catch (IllegalArgumentException e) {
            String[] parts = String.valueOf(e.getMessage()).split(", expected ", 2);
            throw trace.wrong(parts[0], parts[parts.length - 1]);
        }
    }

    private static int write(DmaRecord r) {
        return r.has(DmaRecord.WRITE) ? Access.WRITE : 0;
    }

    private static PageRequest pageRequest(DmaRecord r) {
        return new PageRequest(
                r.stream(),
                r.pasid(),
                r.iova() & -PAGE,
                r.has(DmaRecord.READ),
                r.has(DmaRecord.WRITE),
                r.has(DmaRecord.EXECUTE),
                r.has(DmaRecord.PRIVILEGED),
                r.has(DmaRecord.LAST),
                r.group());
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
        return new TraceReplaySummary(byKind, driver.addressSpaces(), ReplaySummary.ofTrace(name, machine, all));
    }

    @Override
    public void close() {
        machine.close();
    }
}
