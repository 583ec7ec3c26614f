// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.EnumMap;
import java.util.Map;
import java.util.function.LongConsumer;
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
    private final TranslationCompletion completion = new TranslationCompletion();
    private final Agreement addresses = new Agreement();
    private final TraceSettings settings;
    private final boolean atcs;
    /** Bits that no stream has. */
    private final int noStream;
    /** Whether what is accessed is not simply what the trace maps. */
    private final boolean indirect;

    private final @Nullable TouchedPages touched;
    private final @Nullable LazyUnmaps lazy;
    private final TraceClock clock = new TraceClock();
    private final LongConsumer onTimer = this::commandsAt;
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
        machine = TraceMachine.of(caches, settings, clock, atcs);
        iommu = machine.iommu();
        driver = machine.driver();
        noStream = machine.noStream();
        touched = settings.mapping() == TraceSettings.Mapping.TRACE ? null : new TouchedPages(machine, settings);
        lazy = settings.lazy() && touched == null ? new LazyUnmaps(driver) : null;
        indirect = touched != null || lazy != null;
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
                manage(r, trace);
            }
        }
        return true;
    }

    private void commandsAt(long time) {
        if (timer != null) {
            timer.commandsAt(time);
        }
    }

    private void dma(DmaRecord r, TraceReader trace) {
        if ((r.stream() & noStream) != 0) {
            throw noRequester(r, trace);
        }
        if (indirect) {
            accessIndirectly(r, trace);
            return;
        }
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

    /** An access to pages that are mapped by it, or may be somewhere else. */
    private void accessIndirectly(DmaRecord r, TraceReader trace) {
        if (lazy != null) {
            clock.advance(r.time(), onTimer);
        }
        int access = ACCESS[r.kindCode()] | attributes(r);
        long done = 0;
        do {
            long iova = r.iova() + done;
            long part = Math.min(r.length() - done, PAGE - (iova & PAGE - 1));
            long at = reach(r, iova, trace);
            translate(r, at, part, access);
            if (lazy != null && verdict.isOk()) {
                lazy.passed(r.stream(), r.pasid(), iova);
            }
            compare(r, done, trace);
            done += part;
        } while (done < r.length());
    }

    /** Where an address of the trace is; its page is mapped if it appears at first touch. */
    private long reach(DmaRecord r, long iova, TraceReader trace) {
        if (touched != null) {
            try {
                touched.touch(r.stream(), r.pasid(), iova);
            } catch (IllegalArgumentException e) {
                throw refused(trace, e);
            }
        }
        return lazy == null ? iova : lazy.address(r.stream(), r.pasid(), iova);
    }

    private static InputException noRequester(DmaRecord r, TraceReader trace) {
        return trace.wrong(
                String.format("stream is 0x%x", r.stream()), "a requester id of VT-d, below 0x10000, or an SMMUv3");
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
            if (r.hasAddress() && touched == null) {
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
        if (r.hasAddress() && touched == null) {
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
        if ((r.stream() & noStream) != 0) {
            throw noRequester(r, trace);
        }
        if (lazy != null) {
            clock.advance(r.time(), onTimer);
        }
        commandsAt(r.time());
        try {
            switch (r.kind()) {
                case MAP -> map(r);
                case UNMAP -> unmap(r);
                case INVALIDATE -> {
                    if (lazy == null) {
                        driver.invalidate(r.stream(), r.pasid(), r.iova(), r.length());
                    } else {
                        lazy.invalidate(r);
                    }
                }
                case ATS_REQUEST -> {
                    machine.letUseAts(r.stream());
                    transaction.set(r.stream(), r.pasid(), reach(r, r.iova(), trace), attributes(r) | write(r));
                    iommu.requestTranslation(transaction, completion);
                }
                case PAGE_REQUEST -> {
                    machine.letRequestPages(r.stream());
                    iommu.requestPage(
                            pageRequest(r, lazy == null ? r.iova() : lazy.address(r.stream(), r.pasid(), r.iova())));
                    driver.takePageRequests();
                }
                case READ_DMA, WRITE_DMA, ATOMIC_DMA -> throw new IllegalStateException("an access is not managed");
            }
        } catch (IllegalArgumentException e) {
            throw refused(trace, e);
        }
    }

    private static InputException refused(TraceReader trace, IllegalArgumentException refusal) {
        String[] parts = String.valueOf(refusal.getMessage()).split(", expected ", 2);
        return trace.wrong(parts[0], parts[parts.length - 1]);
    }

    private void map(DmaRecord r) {
        if (touched != null) {
            return;
        }
        machine.meet(r.stream());
        if (lazy == null) {
            driver.map(r.stream(), r.pasid(), r.iova(), r.address(), r.length(), r.pageShift(), r.attributes());
        } else {
            lazy.map(r);
        }
    }

    private void unmap(DmaRecord r) {
        if (touched != null) {
            return;
        }
        if (lazy == null) {
            driver.unmap(r.stream(), r.pasid(), r.iova(), r.length(), r.pageShift());
        } else {
            lazy.unmap(r);
        }
    }

    private static int write(DmaRecord r) {
        return r.has(DmaRecord.WRITE) ? Access.WRITE : 0;
    }

    private static PageRequest pageRequest(DmaRecord r, long iova) {
        return new PageRequest(
                r.stream(),
                r.pasid(),
                iova & -PAGE,
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
        return new TraceReplaySummary(
                byKind,
                driver.addressSpaces(),
                settings,
                touched == null ? 0 : touched.mapped(),
                lazy == null ? 0 : lazy.stale(),
                lazy == null ? 0 : lazy.moved(),
                ReplaySummary.ofTrace(name, machine, all));
    }

    @Override
    public void close() {
        machine.close();
    }
}
