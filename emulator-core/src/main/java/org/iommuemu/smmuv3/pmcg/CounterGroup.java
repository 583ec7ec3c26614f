// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.pmcg;

import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.spec.PmcgEvent;
import org.iommuemu.smmuv3.spec.PmcgRegisters;

/**
 * A performance monitor counter group: counters of the architected events, with a register frame of its own. Where that frame
 * is in a machine's address space is up to the machine; page 1, if there is one, is {@link PmcgRegisters#PAGE_1} behind page 0.
 *
 * <p>Counts are exact, and in the registers as soon as what they count is over. What one transaction does is added to all
 * counters first, and overflows take effect then: status, capture, interrupt, in this order.
 */
public final class CounterGroup implements RegisterFrame {
    /** Wants to know when counting starts and stops. */
    @FunctionalInterface
    public interface Listener {
        /** Counting has started, or stopped. */
        void counting(boolean on);
    }

    private final CounterGroupFeatures features;
    private final PmcgRegisters registers;
    private final RegisterFile file;
    private final CounterInterrupt interrupt;
    private final CounterBitmap enabled;
    private final CounterBitmap interrupting;
    private final CounterBitmap overflowed;
    private final long iidr;
    private final long aidr;
    private final long events;
    private final long streamMask;
    private final long carry;
    private final long[] cycles = new long[PmcgEvent.COUNT];
    private Listener listener = on -> {};
    private long counting;

    /**
     * A group after reset, all its counters off.
     *
     * @param features what it can do
     * @param memory where its messages go
     * @param interrupts where its wire {@code pmcg} goes
     * @param iidr SMMU_PMCG_IIDR
     * @param aidr SMMU_PMCG_AIDR
     * @param streamIdBits width of StreamIDs
     * @param outputBits width of physical addresses
     * @param ats whether events of ATS can be counted
     */
    public CounterGroup(
            CounterGroupFeatures features,
            PhysicalMemory memory,
            InterruptSink interrupts,
            long iidr,
            long aidr,
            int streamIdBits,
            int outputBits,
            boolean ats) {
        this.features = features;
        this.iidr = iidr;
        this.aidr = aidr;
        events = PmcgEvent.supported(ats);
        streamMask = (1L << streamIdBits) - 1;
        carry = features.bits() == Long.SIZE ? 0 : -1L << features.bits();
        registers = new PmcgRegisters(features.cfgr(), iidr, streamIdBits);
        file = new RegisterFile(registers.map());
        interrupt = new CounterInterrupt(memory, file, interrupts, features.hasMessages(), aidr != 0, outputBits);
        long all = -1L >>> Long.SIZE - features.counters();
        enabled = new CounterBitmap(file, PmcgRegisters.CNTENSET0, PmcgRegisters.CNTENCLR0, all, this::changed);
        interrupting = new CounterBitmap(file, PmcgRegisters.INTENSET0, PmcgRegisters.INTENCLR0, all, () -> {});
        overflowed = new CounterBitmap(file, registers.overflowSet(), registers.overflowClear(), all, () -> {});
        file.onWrite(PmcgRegisters.CR, (old, requested) -> {
            file.set(PmcgRegisters.CR, requested);
            changed();
        });
        file.onWrite(registers.capture(), (old, requested) -> {
            if (PmcgRegisters.CAPTURE_NOW.isSet(requested)) {
                capture();
            }
        });
        reset();
    }

    /** Puts every register to its reset value; those whose value is unknown then are 0. */
    public void reset() {
        file.reset();
        file.set(PmcgRegisters.CFGR, features.cfgr());
        file.set(PmcgRegisters.IIDR, iidr);
        file.set(PmcgRegisters.AIDR, aidr);
        file.set(PmcgRegisters.CEID0, events);
        changed();
    }

    @Override
    public long readRegister(long offset, int size) {
        return file.read(offset, size);
    }

    @Override
    public void writeRegister(long offset, int size, long value) {
        file.write(offset, size, value);
    }

    /** What the group can do. */
    public CounterGroupFeatures features() {
        return features;
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
        counting = PmcgRegisters.E.isSet(file.get(PmcgRegisters.CR)) ? enabled.get() : 0;
        listener.counting(isCounting());
    }

    /** Lets time pass: event 0, which no filter concerns. Whoever keeps the time calls this; without, none passes. */
    public void advance(long clockCycles) {
        cycles[PmcgEvent.CYCLE.number()] = clockCycles;
        count(0, cycles);
    }

    /**
     * Counts what was done for a stream.
     *
     * @param amounts how often, by {@link PmcgEvent#number()}
     */
    public void count(int streamId, long[] amounts) {
        long overflows = 0;
        for (long rest = counting; rest != 0; rest &= rest - 1) {
            int n = Long.numberOfTrailingZeros(rest);
            int event = PmcgRegisters.EVENT.getInt(file.get(registers.eventType(n)));
            if (event < PmcgEvent.COUNT
                    && amounts[event] != 0
                    && (events >>> event & 1) != 0
                    && (event == PmcgEvent.CYCLE.number() || isFor(n, streamId))
                    && add(n, amounts[event])) {
                overflows |= 1L << n;
            }
        }
        if (overflows != 0) {
            overflow(overflows);
        }
    }

    private boolean isFor(int n, int streamId) {
        int filter = features.sharesFilter() ? 0 : n;
        boolean span = PmcgRegisters.FILTER_SID_SPAN.isSet(file.get(registers.eventType(filter)));
        return StreamFilter.matches(file.get(registers.filter(filter)), span, streamMask, streamId);
    }

    /** Whether the counter wrapped. */
    private boolean add(int n, long amount) {
        long before = file.get(registers.counter(n));
        long after = before + amount;
        file.set(registers.counter(n), after & ~carry);
        return (after & carry) != 0 || Long.compareUnsigned(after, before) < 0;
    }

    /** Takes effect whatever the status was (§10.2.1). */
    private void overflow(long counters) {
        overflowed.raise(counters);
        for (long rest = counters; rest != 0; rest &= rest - 1) {
            if (PmcgRegisters.OVFCAP.isSet(file.get(registers.eventType(Long.numberOfTrailingZeros(rest))))) {
                capture();
                break;
            }
        }
        if ((counters & interrupting.get()) != 0) {
            interrupt.raise();
        }
    }

    private void capture() {
        if (features.hasCapture()) {
            for (int n = 0; n < features.counters(); n++) {
                file.set(registers.shadow(n), file.get(registers.counter(n)));
            }
        }
    }
}
