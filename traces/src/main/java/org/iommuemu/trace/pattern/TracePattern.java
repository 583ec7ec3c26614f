// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace.pattern;

import static org.iommuemu.trace.pattern.PatternOption.BURST;
import static org.iommuemu.trace.pattern.PatternOption.DEPTH;
import static org.iommuemu.trace.pattern.PatternOption.IDLE;
import static org.iommuemu.trace.pattern.PatternOption.INTERVAL;
import static org.iommuemu.trace.pattern.PatternOption.LENGTH;
import static org.iommuemu.trace.pattern.PatternOption.PAGE_SHIFT;
import static org.iommuemu.trace.pattern.PatternOption.PASIDS;
import static org.iommuemu.trace.pattern.PatternOption.PHASE;
import static org.iommuemu.trace.pattern.PatternOption.READS;
import static org.iommuemu.trace.pattern.PatternOption.SKEW;
import static org.iommuemu.trace.pattern.PatternOption.STRIDE;
import static org.iommuemu.trace.pattern.PatternOption.WINDOW;

import java.io.IOException;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import org.iommuemu.trace.TraceWriter;

/** Traces that can be made up; the same parameters give the same bytes on every machine. */
public enum TracePattern {
    /** Many guests' network cards, see {@link HyperTenantPattern}. */
    HYPER_TENANT(Map.of()),
    /** Every device reads a window from its beginning to its end, and again, see {@link WindowPattern}. */
    SEQUENTIAL(window()),
    /** Every device reads anywhere in a window, see {@link WindowPattern}. */
    UNIFORM(window()),
    /** Every device writes into buffers that are mapped for one write each, see {@link RingPattern}. */
    RING(Map.of()),
    /** Every device reads pages of 4 KiB of a window by Zipf's law, see {@link WindowPattern}. */
    ZIPF(window(Map.entry(SKEW, 0.99))),
    /** Every device reads a window in steps, and again from its beginning, see {@link WindowPattern}. */
    STRIDED(window(Map.entry(STRIDE, 65_536.0))),
    /** Every device follows a chain through all pages of 4 KiB of a window, and again, see {@link WindowPattern}. */
    POINTER_CHASE(window()),
    /** Devices read in bursts with silence between, see {@link BurstPattern}. */
    BURSTY(window(Map.entry(BURST, 64.0), Map.entry(IDLE, 10_000.0))),
    /** Every device reads a window for a while, then another, see {@link PhasePattern}. */
    PHASES(window(Map.entry(WINDOW, 1_048_576.0), Map.entry(PHASE, 100_000.0))),
    /** Disks with queues, and buffers that are mapped for one command each, see {@link NvmePattern}. */
    NVME(Map.of(LENGTH, 16_384.0, DEPTH, 32.0, INTERVAL, 1000.0, READS, 0.7)),
    /** Accelerators that copy memory of many processes, see {@link AcceleratorPattern}. */
    ACCELERATOR(Map.of(PASIDS, 16.0, WINDOW, 4_194_304.0, PAGE_SHIFT, 12.0, LENGTH, 16_384.0, INTERVAL, 500.0));

    private final Map<PatternOption, Double> options;

    TracePattern(Map<PatternOption, Double> options) {
        EnumMap<PatternOption, Double> sorted = new EnumMap<>(PatternOption.class);
        sorted.putAll(options);
        this.options = Collections.unmodifiableMap(sorted);
    }

    @SafeVarargs
    private static Map<PatternOption, Double> window(Map.Entry<PatternOption, Double>... others) {
        EnumMap<PatternOption, Double> options = new EnumMap<>(PatternOption.class);
        options.put(WINDOW, 67_108_864.0);
        options.put(PAGE_SHIFT, 12.0);
        options.put(LENGTH, 64.0);
        options.put(INTERVAL, 10.0);
        options.put(READS, 1.0);
        for (Map.Entry<PatternOption, Double> other : others) {
            options.put(other.getKey(), other.getValue());
        }
        return options;
    }

    /**
     * What a made-up trace is to be.
     *
     * @param tenants how many devices, each a stream, from 1 on
     * @param records how many DMA records; those that map and unmap come on top
     * @param seed of all that is random
     * @param options chosen; others are as the pattern has them
     */
    public record Parameters(int tenants, long records, long seed, Map<PatternOption, Double> options) {
        /** Takes a copy. */
        public Parameters {
            options = Map.copyOf(options);
        }

        /** All options as the pattern has them. */
        public Parameters(int tenants, long records, long seed) {
            this(tenants, records, seed, Map.of());
        }
    }

    /** Name on the command line. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The options that it takes, and what they are where nothing is chosen. */
    public Map<PatternOption, Double> options() {
        return options;
    }

    /** Where such a trace comes from, for its header. */
    public String provenance(Parameters p) {
        StringBuilder text = new StringBuilder("pattern: " + label() + "\ntenants: " + p.tenants() + "\nrecords: "
                + p.records() + "\nseed: " + p.seed());
        for (PatternOption option : options.keySet()) {
            Double value = p.options().get(option);
            if (value != null) {
                text.append("\n" + option.label() + ": " + PatternOption.text(value));
            }
        }
        return text.toString();
    }

    /** @throws org.iommuemu.capture.InputException if there can be no such trace */
    public void check(Parameters p) {
        new PatternSettings(this, p).check();
    }

    /**
     * Writes such a trace.
     *
     * @throws org.iommuemu.capture.InputException if there can be none
     */
    public void write(Parameters p, TraceWriter out) throws IOException {
        PatternSettings s = new PatternSettings(this, p);
        s.check();
        switch (this) {
            case HYPER_TENANT -> new HyperTenantPattern(p).write(out);
            case RING -> new RingPattern(p).write(out);
            case SEQUENTIAL, UNIFORM, ZIPF, STRIDED, POINTER_CHASE ->
                WindowPattern.of(this, s).write(out);
            case BURSTY -> new BurstPattern(s).write(out);
            case PHASES -> new PhasePattern(s).write(out);
            case NVME -> new NvmePattern(s).write(out);
            case ACCELERATOR -> new AcceleratorPattern(s).write(out);
        }
    }
}
