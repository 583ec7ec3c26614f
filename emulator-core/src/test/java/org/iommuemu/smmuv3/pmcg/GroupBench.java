// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.smmuv3.pmcg;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.memory.PhysicalMemory;

/** A counter group on its own, driven as Linux's driver does it: offsets are those of fact sheet 1.16. */
final class GroupBench implements AutoCloseable {
    static final long EVTYPER = 0x400;
    static final long SVR = 0x600;
    static final long SMR = 0xA00;
    static final long CNTENSET = 0xC00;
    static final long CNTENCLR = 0xC20;
    static final long INTENSET = 0xC40;
    static final long INTENCLR = 0xC60;
    static final long OVSCLR = 0xC80;
    static final long OVSSET = 0xCC0;
    static final long CAPR = 0xD88;
    static final long CR = 0xE04;
    static final long IRQ_CTRL = 0xE50;
    static final long IRQ_CTRLACK = 0xE54;
    static final long IRQ_CFG0 = 0xE58;
    static final long IRQ_CFG1 = 0xE60;
    static final long IRQ_STATUS = 0xE68;
    static final long SPAN = 1L << 29;
    static final long OVFCAP = 1L << 31;
    static final int STREAM = 0x1234;

    final PhysicalMemory memory = new PhysicalMemory();
    final List<String> pulses = new ArrayList<>();
    final CounterGroup group;
    private final int stride;

    GroupBench(CounterGroupFeatures features) {
        this(features, 32, 2);
    }

    GroupBench(CounterGroupFeatures features, int streamIdBits, long aidr) {
        group = new CounterGroup(features, memory, pulses::add, 0x4831_243BL, aidr, streamIdBits, 48, true);
        stride = features.bits() <= 32 ? 4 : 8;
    }

    /** Lets a counter count an event of every stream from a value on; the group counts from now on. */
    GroupBench counter(int n, int event, long from) {
        counterValue(n, from);
        write32(EVTYPER + 4L * n, event | SPAN);
        write32(SMR + 4L * n, 0xFFFF_FFFFL);
        write64(CNTENSET, 1L << n);
        write32(CR, 1);
        return this;
    }

    void counterValue(int n, long value) {
        group.writeRegister((long) stride * n, stride, value);
    }

    long counter(int n) {
        return group.readRegister((long) stride * n, stride);
    }

    long shadow(int n) {
        return group.readRegister(SVR + (long) stride * n, stride);
    }

    /** Something happens for {@link #STREAM}. */
    void happen(int event, long times) {
        happen(event, times, STREAM);
    }

    void happen(int event, long times, int stream) {
        long[] amounts = new long[8];
        amounts[event] = times;
        group.count(stream, amounts);
    }

    long read32(long offset) {
        return group.readRegister(offset, 4);
    }

    long read64(long offset) {
        return group.readRegister(offset, 8);
    }

    void write32(long offset, long value) {
        group.writeRegister(offset, 4, value);
    }

    void write64(long offset, long value) {
        group.writeRegister(offset, 8, value);
    }

    @Override
    public void close() {
        memory.close();
    }
}
