// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.measure;

import org.iommuemu.capture.InputException;
import org.iommuemu.device.AddressTranslationService;
import org.iommuemu.device.DmaPath;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.iommu.timing.Journey;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.iommu.timing.TimingParameters;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.preset.MachineParameters;
import org.iommuemu.preset.Parameter;
import org.iommuemu.preset.PathSettings;
import org.iommuemu.preset.Settings;
import org.iommuemu.time.FourAryHeap;
import org.jspecify.annotations.Nullable;

/**
 * Gives the transactions of a replay their times, when the trace has them or as soon as one of so many is over, and measures those of
 * a window. Outside of it they are translated and no more.
 */
public final class ReplayTimer {

    private static final String DEVICE = "device";
    /** The latest time that can be counted, in ps: 26 days. */
    private static final long LATEST = 1L << 61;
    /** Of an access whose length nobody recorded. */
    private static final int USUAL_BYTES = 64;

    private final TimedMachine machine;
    private final Settings settings;
    private final TimingParameters parameters;
    private final int outstanding;
    private final MeasureWindow window;
    private final @Nullable TransactionListener listener;
    private final Journey journey = new Journey();
    /** When those under way are over. */
    private final FourAryHeap ends = new FourAryHeap();

    private @Nullable TimedTranslation timed;
    private @Nullable DmaPath path;
    private @Nullable Measurement measurement;
    private @Nullable TimingReport report;
    private long presented;
    /** The number of the access at which {@link #stage} ends. */
    private long stageEnd;

    private Stage stage = Stage.SKIP;
    private long first;
    private long latest;

    private enum Stage {
        SKIP,
        WARM_UP,
        MEASURE,
        REST
    }

    /**
     * A timer.
     *
     * @param outstanding of a closed loop, or 0 for the times of the trace
     * @param window the accesses that are counted
     * @param listener is shown these, or null
     */
    public ReplayTimer(
            TimedMachine machine,
            Settings settings,
            int outstanding,
            MeasureWindow window,
            @Nullable TransactionListener listener) {
        this.machine = machine;
        this.settings = settings;
        parameters = MachineParameters.timing(settings);
        this.outstanding = outstanding;
        this.window = window;
        this.listener = listener;
        stageEnd = window.skip();
        for (int i = 0; i < outstanding; i++) {
            ends.push(i, 0);
        }
    }

    /**
     * Presents one access.
     *
     * @param bytes its length, or 0 if that is not known
     * @param timestamp in ps, never before that of the access before; only differences count, so it may wrap
     */
    public void present(Transaction t, long bytes, long timestamp, Verdict v) {
        while (presented == stageEnd) {
            next(timestamp);
        }
        presented++;
        DmaPath way = path;
        TimedTranslation times = timed;
        Measurement counts = measurement;
        if (times == null || counts == null) {
            machine.iommu().translate(t, v);
            return;
        }
        long at = arrival(timestamp);
        latest = at;
        int room = PhysicalMemory.PAGE_BYTES - (int) (t.address() & PhysicalMemory.PAGE_BYTES - 1);
        int size = bytes == 0 ? Math.min(USUAL_BYTES, room) : (int) Math.min(bytes, Integer.MAX_VALUE);
        journey.clear();
        long end = way == null ? times.translate(t, size, at, v, journey) : way.access(t, size, at, v, journey);
        if (outstanding > 0) {
            ends.push(ends.pop(), end);
        }
        counts.record(t, size, at, end, v, journey);
    }

    /**
     * Says that commands consumed from now on were told of at a time, or with the last access if that was later. In a closed loop
     * they take none: nobody knows when software would have given them, and nothing would keep it from giving more.
     *
     * @param timestamp in ps, as that of accesses
     */
    public void commandsAt(long timestamp) {
        long told = outstanding > 0 ? latest : Math.max(latest, timestamp - first);
        if (timed != null && outstanding == 0) {
            timed.commands().toldAt(told);
        }
        AddressTranslationService ats = path == null ? null : path.ats();
        if (ats != null) {
            ats.commandsAt(told);
        }
    }

    private long arrival(long timestamp) {
        long at = outstanding > 0 ? ends.firstTime() : timestamp - first;
        if (at < 0 || at > LATEST) {
            throw new InputException(
                    "an access comes " + Long.toUnsignedString(at) + " ps after the first one",
                    "accesses in order of time, within " + LATEST + " ps");
        }
        return at;
    }

    /** One stage is over. */
    private void next(long timestamp) {
        switch (stage) {
            case SKIP -> {
                first = timestamp;
                begin();
                stage = Stage.WARM_UP;
                stageEnd = window.first();
            }
            case WARM_UP -> {
                count(arrival(timestamp));
                stage = Stage.MEASURE;
                stageEnd = window.end();
            }
            case MEASURE -> {
                report = report();
                machine.observation().observe(null, null);
                end();
                stage = Stage.REST;
                stageEnd = MeasureWindow.ALL;
            }
            case REST -> throw new IllegalStateException("no trace is that long");
        }
    }

    private Measurement begin() {
        TimedTranslation times =
                new TimedTranslation(machine.iommu(), machine.unit(), machine.observation()::observe, parameters);
        timed = times;
        if (outstanding == 0) {
            machine.commands().accept(times.commands());
        }
        DmaPath way = settings.text(Parameter.REPLAY_FROM).equals(DEVICE)
                ? PathSettings.path(settings, machine.iommu(), times)
                : null;
        path = way;
        AddressTranslationService ats = way == null ? null : way.ats();
        if (ats != null) {
            ats.onAnswer(times.commands()::answeredAt);
        }
        Measurement counts = new Measurement(times, way, machine.unit(), machine.level(), settings);
        measurement = counts;
        return counts;
    }

    private void end() {
        if (timed != null) {
            timed.commands().listen(null);
        }
        timed = null;
        path = null;
        measurement = null;
    }

    private void count(long now) {
        if (measurement != null) {
            measurement.reset(now, listener);
        }
    }

    /** What was measured so far; nothing, if the window has not begun. */
    public TimingReport report() {
        if (report != null) {
            return report;
        }
        Measurement counts = measurement == null ? begin() : measurement;
        if (stage == Stage.WARM_UP) {
            counts.reset(0, null);
        }
        return counts.report(outstanding, window);
    }
}
