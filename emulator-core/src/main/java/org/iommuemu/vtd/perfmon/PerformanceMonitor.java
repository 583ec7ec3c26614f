// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd.perfmon;

import org.iommuemu.bits.Register;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.vtd.spec.PerfmonEvent;
import org.iommuemu.vtd.spec.PerfmonEvent.Filter;
import org.iommuemu.vtd.spec.PerfmonRegisters;

/**
 * The performance counters of a unit. Configurations and filters can be written while their counter is off; enhanced commands
 * switch it.
 *
 * <p>Counts are exact, and in the registers as soon as what they count is over. What one request does is added to all counters
 * first, and overflows take effect then: status, freeze, interrupt, in this order.
 */
public final class PerformanceMonitor {
    /** {@link #count}: the work has no domain, or no address type. */
    public static final int NONE = -1;

    /** Wants to know when counting starts and stops. */
    @FunctionalInterface
    public interface Listener {
        /** Counting has started, or stopped. */
        void counting(boolean on);
    }

    private final MonitorFeatures features;
    private final PerfmonRegisters registers;
    private final RegisterFile file;
    private final Runnable event;
    private final long all;
    private final long carry;
    private final long[] selected = new long[PerfmonRegisters.MOST_COUNTERS];
    private final long[] clocks = new long[PerfmonEvent.values().length];
    private Listener listener = on -> {};
    private long enabled;
    private long counting;

    /**
     * A monitor, all its counters off.
     *
     * @param registers a part of the map of {@code file}
     * @param event raises the interrupt of an overflow
     */
    public PerformanceMonitor(MonitorFeatures features, PerfmonRegisters registers, RegisterFile file, Runnable event) {
        this.features = features;
        this.registers = registers;
        this.file = file;
        this.event = event;
        all = -1L >>> Long.SIZE - features.counters();
        carry = features.bits() == Long.SIZE ? 0 : -1L << features.bits();
        for (int n = 0; n < features.counters(); n++) {
            long bit = 1L << n;
            guard(registers.configuration(n), bit, true);
            guard(registers.requesterFilter(n), bit, has(Filter.REQUESTER));
            guard(registers.domainFilter(n), bit, has(Filter.DOMAIN));
            guard(registers.typeFilter(n), bit, has(Filter.ADDRESS_TYPE));
            boolean always = PerfmonRegisters.CWE.isSet(features.perfcap());
            file.guard(registers.counter(n), () -> always || (enabled & bit) == 0);
        }
    }

    private boolean has(int filter) {
        return (features.filters() & filter) != 0;
    }

    private void guard(Register r, long counter, boolean there) {
        file.guard(r, () -> there && (enabled & counter) == 0);
    }

    /** The register file has been reset. */
    public void reset() {
        file.set(PerfmonRegisters.PERFCAP, features.perfcap());
        enabled = 0;
        changed();
    }

    /** Says who is told when counting starts and stops; it is told the present state at once. */
    public void onCounting(Listener who) {
        listener = who;
        listener.counting(isCounting());
    }

    /** Whether any counter is on. */
    public boolean isCounting() {
        return counting != 0;
    }

    private void changed() {
        counting = enabled & ~file.get(PerfmonRegisters.FREEZE);
        listener.counting(isCounting());
    }

    /** Enables a counter; false if there is none, or it asks for what it cannot do. */
    public boolean enable(long counter) {
        if (Long.compareUnsigned(counter, features.counters()) >= 0) {
            return false;
        }
        int n = (int) counter;
        long configuration = file.get(registers.configuration(n));
        long events = PerfmonRegisters.ES.get(configuration);
        int group = PerfmonRegisters.EGI.getInt(configuration);
        boolean there = events != 0 && (events & ~PerfmonEvent.inGroup(group)) == 0;
        boolean interrupts = PerfmonRegisters.IO.isSet(configuration) && !can(PerfmonRegisters.IOS.mask());
        boolean freezes = PerfmonRegisters.GFO.isSet(configuration) && !can(PerfmonRegisters.GFS.mask());
        if (!there || interrupts || freezes || !areFiltersLegal(n, group, events)) {
            return false;
        }
        selected[n] = PerfmonEvent.selected(group, events);
        enabled |= 1L << n;
        showEnabled(n, 1);
        changed();
        return true;
    }

    private boolean can(long capability) {
        return (features.perfcap() & capability) != 0;
    }

    /** A filter goes with one event, if it goes with that. */
    private boolean areFiltersLegal(int n, int group, long events) {
        int used = (isUsed(registers.requesterFilter(n)) ? Filter.REQUESTER : 0)
                | (isUsed(registers.domainFilter(n)) ? Filter.DOMAIN : 0)
                | (isUsed(registers.typeFilter(n)) ? Filter.ADDRESS_TYPE : 0);
        if (used == 0) {
            return true;
        }
        int only = Long.numberOfTrailingZeros(PerfmonEvent.selected(group, events));
        return Long.bitCount(events) == 1 && (used & ~PerfmonEvent.of(only).filters()) == 0;
    }

    private boolean isUsed(Register filter) {
        return PerfmonRegisters.FILTER_EN.isSet(file.get(filter));
    }

    private void showEnabled(int n, int on) {
        Register r = registers.configuration(n);
        file.set(r, PerfmonRegisters.EN.set(file.get(r), on));
    }

    /** Disables a counter; false if there is none. */
    public boolean disable(long counter) {
        if (Long.compareUnsigned(counter, features.counters()) >= 0) {
            return false;
        }
        enabled &= ~(1L << counter);
        showEnabled((int) counter, 0);
        changed();
        return true;
    }

    /** Disables all counters, and clears their configurations and filters. */
    public void resetConfigurations() {
        enabled = 0;
        for (int n = 0; n < features.counters(); n++) {
            file.set(registers.configuration(n), 0);
            file.set(registers.requesterFilter(n), 0);
            file.set(registers.domainFilter(n), 0);
            file.set(registers.typeFilter(n), 0);
        }
        changed();
    }

    /** Sets all counters to zero. */
    public void resetValues() {
        for (int n = 0; n < features.counters(); n++) {
            file.set(registers.counter(n), 0);
        }
    }

    /** Stops all counters, enabled as they are, or lets them go on. */
    public void freeze(boolean on) {
        file.set(PerfmonRegisters.FREEZE, on ? all : 0);
        changed();
    }

    /** Lets time pass. Whoever keeps the time calls this; without, none passes. */
    public void advance(long cycles) {
        clocks[PerfmonEvent.CLOCKS.ordinal()] = cycles;
        count(0, NONE, NONE, clocks);
    }

    /**
     * Counts what was done for a request.
     *
     * @param source requester id
     * @param domain domain id, or {@link #NONE}
     * @param addressType 0 untranslated, 1 Translation Request, 2 translated, or {@link #NONE}
     * @param amounts how often, by {@link PerfmonEvent#ordinal()}
     */
    public void count(int source, int domain, int addressType, long[] amounts) {
        long overflows = 0;
        for (long rest = counting; rest != 0; rest &= rest - 1) {
            int n = Long.numberOfTrailingZeros(rest);
            if (isFor(n, source, domain, addressType) && add(n, amounts)) {
                overflows |= 1L << n;
            }
        }
        if (overflows != 0) {
            overflow(overflows);
        }
    }

    private boolean isFor(int n, int source, int domain, int addressType) {
        long byType = file.get(registers.typeFilter(n));
        return isFor(registers.requesterFilter(n), source)
                && isFor(registers.domainFilter(n), domain)
                && (!PerfmonRegisters.FILTER_EN.isSet(byType)
                        || addressType != NONE && (PerfmonRegisters.FILTER_TYPES.get(byType) >>> addressType & 1) != 0);
    }

    private boolean isFor(Register filter, int id) {
        long value = file.get(filter);
        return !PerfmonRegisters.FILTER_EN.isSet(value) || PerfmonRegisters.FILTER_ID.get(value) == id;
    }

    /** Whether the counter wrapped. */
    private boolean add(int n, long[] amounts) {
        long amount = 0;
        for (long rest = selected[n]; rest != 0; rest &= rest - 1) {
            amount += amounts[Long.numberOfTrailingZeros(rest)];
        }
        long before = file.get(registers.counter(n));
        long after = before + amount;
        file.set(registers.counter(n), after & ~carry);
        return (after & carry) != 0 || Long.compareUnsigned(after, before) < 0;
    }

    private void overflow(long counters) {
        file.set(registers.overflow(), file.get(registers.overflow()) | counters);
        boolean interrupts = false;
        boolean freezes = false;
        for (long rest = counters; rest != 0; rest &= rest - 1) {
            long configuration = file.get(registers.configuration(Long.numberOfTrailingZeros(rest)));
            interrupts |= PerfmonRegisters.IO.isSet(configuration);
            freezes |= PerfmonRegisters.GFO.isSet(configuration);
        }
        if (freezes) {
            freeze(true);
        }
        if (interrupts && file.get(PerfmonRegisters.PERFINTRSTS) == 0) {
            file.set(PerfmonRegisters.PERFINTRSTS, PerfmonRegisters.PIS.mask());
            event.run();
        }
    }
}
