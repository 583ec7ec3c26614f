// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import java.util.function.LongConsumer;
import org.iommuemu.capture.InputException;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.preset.TraceSettings;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceReader;
import org.jspecify.annotations.Nullable;

/** What software does in a trace, and what devices ask for: all that is no access. */
final class TraceSoftware {
    private static final long PAGE = 1 << 12;

    private final TraceMachine machine;
    private final IommuDriver driver;
    private final TraceClock clock;
    private final @Nullable TouchedPages touched;
    private final @Nullable LazyUnmaps lazy;
    private final Transaction request = new Transaction();
    private final TranslationCompletion completion = new TranslationCompletion();
    private LongConsumer commands = time -> {};

    /**
     * Software of a machine.
     *
     * @param clock the driver's
     */
    TraceSoftware(TraceMachine machine, TraceSettings settings, TraceClock clock) {
        this.machine = machine;
        this.clock = clock;
        driver = machine.driver();
        touched = settings.mapping() == TraceSettings.Mapping.TRACE ? null : new TouchedPages(machine, settings);
        lazy = settings.lazy() && touched == null ? new LazyUnmaps(driver) : null;
    }

    /** Says who is told of the time, in ps, of commands that follow. */
    void onCommands(LongConsumer listener) {
        commands = listener;
    }

    /** Whether accesses have to come through {@link #advance}, {@link #reach} and {@link #passed}. */
    boolean isIndirect() {
        return touched != null || lazy != null;
    }

    /** A record of a time, in ps, comes: timers that are due run before. */
    void advance(long time) {
        if (lazy != null) {
            clock.advance(time, commands);
        }
    }

    /**
     * Where an address of the trace is; its page is mapped if it appears at first touch.
     *
     * @throws InputException if it cannot be mapped
     */
    long reach(DmaRecord r, long iova, TraceReader trace) {
        if (touched != null) {
            try {
                touched.touch(r.stream(), r.pasid(), iova);
            } catch (IllegalArgumentException e) {
                throw refused(trace, e);
            }
        }
        return place(r, iova);
    }

    private long place(DmaRecord r, long iova) {
        return lazy == null ? iova : lazy.address(r.stream(), r.pasid(), iova);
    }

    /** An access to an address of the trace got through. */
    void passed(DmaRecord r, long iova) {
        if (lazy != null) {
            lazy.passed(r.stream(), r.pasid(), iova);
        }
    }

    /** Attributes of an access. */
    static int attributes(DmaRecord r) {
        return r.attributes() == 0
                ? 0
                : (r.has(DmaRecord.EXECUTE) ? Access.INSTRUCTION : 0)
                        | (r.has(DmaRecord.PRIVILEGED) ? Access.PRIVILEGED : 0);
    }

    /**
     * Does what a record says that is no access.
     *
     * @throws InputException if it cannot be done
     */
    void manage(DmaRecord r, TraceReader trace) {
        if ((r.stream() & machine.noStream()) != 0) {
            throw TraceMachine.noRequester(r, trace);
        }
        advance(r.time());
        commands.accept(r.time());
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
                    request.set(r.stream(), r.pasid(), reach(r, r.iova(), trace), attributes(r) | write(r));
                    machine.iommu().requestTranslation(request, completion);
                }
                case PAGE_REQUEST -> {
                    machine.letRequestPages(r.stream());
                    machine.iommu().requestPage(pageRequest(r, place(r, r.iova())));
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

    /** Pages that appeared at first touch. */
    long pagesTouched() {
        return touched == null ? 0 : touched.mapped();
    }

    /** Accesses that got through by what had been unmapped. */
    long staleAccesses() {
        return lazy == null ? 0 : lazy.stale();
    }

    /** How often pages got another address than the trace's. */
    long moved() {
        return lazy == null ? 0 : lazy.moved();
    }
}
