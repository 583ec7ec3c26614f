// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.trace;

import java.io.IOException;
import java.util.Locale;

/** Traces that can be made up; the same parameters give the same bytes on every machine. */
public enum TracePattern {
    /** Many guests' network cards, see {@link HyperTenantPattern}. */
    HYPER_TENANT,
    /** Every device reads a window from its beginning to its end, and again, see {@link WindowPattern}. */
    SEQUENTIAL,
    /** Every device reads anywhere in a window, see {@link WindowPattern}. */
    UNIFORM,
    /** Every device writes into buffers that are mapped for one write each, see {@link RingPattern}. */
    RING;

    /**
     * What a made-up trace is to be.
     *
     * @param tenants how many devices, each a stream, from 1 on
     * @param records how many DMA records; those that map and unmap come on top
     * @param seed of all that is random
     */
    public record Parameters(int tenants, long records, long seed) {}

    /** Name on the command line. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Where such a trace comes from, for its header. */
    public String provenance(Parameters p) {
        return "pattern: " + label() + "\ntenants: " + p.tenants() + "\nrecords: " + p.records() + "\nseed: "
                + p.seed();
    }

    /** Writes such a trace. */
    public void write(Parameters p, TraceWriter out) throws IOException {
        switch (this) {
            case HYPER_TENANT -> new HyperTenantPattern(p).write(out);
            case SEQUENTIAL -> new WindowPattern(p, false).write(out);
            case UNIFORM -> new WindowPattern(p, true).write(out);
            case RING -> new RingPattern(p).write(out);
        }
    }
}
