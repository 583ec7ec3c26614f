// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.vtd.perfmon.MonitorFeatures;

/** A unit with a performance monitor, and the software that programs it by offsets, as it finds them in PERFCAP and the like. */
final class MonitorBench implements AutoCloseable {
    static final long ENABLE = 0xF0;
    static final long DISABLE = 0xF1;
    static final long FREEZE = 0xF4;
    static final long UNFREEZE = 0xF5;

    final VtdBench b;

    MonitorBench(int mode, MonitorFeatures counters) {
        b = new VtdBench(VtdFeatures.monitored(), CacheConfiguration.standard(), counters);
        b.start(mode);
    }

    static MonitorBench legacy() {
        return new MonitorBench(0, MonitorFeatures.standard());
    }

    static MonitorBench scalable() {
        return new MonitorBench(1, MonitorFeatures.standard());
    }

    /** Gives an enhanced command; what ECRSP says then, without IP. */
    long command(long command, long operand) {
        b.write64(0x400, operand << 16 | command);
        return b.read64(0x410) >> 1;
    }

    long configuration(int counter) {
        return b.read32(0x310) + counter * 0x100L;
    }

    long counter(int counter) {
        return b.read32(0x31C) + counter * (1L << 10 + (b.read64(0x300) >>> 52 & 7));
    }

    /** Configures a counter for events of a group and enables it; the response. */
    long count(int counter, int group, long events) {
        return count(counter, group, events, 0);
    }

    long count(int counter, int group, long events, long flags) {
        b.write64(configuration(counter), events << 32 | (long) group << 8 | flags);
        return command(ENABLE, counter);
    }

    long value(int counter) {
        return b.read64(counter(counter));
    }

    long overflowed() {
        return b.read64(b.read32(0x318));
    }

    long frozen() {
        return b.read64(b.read32(0x314));
    }

    @Override
    public void close() {
        b.close();
    }
}
