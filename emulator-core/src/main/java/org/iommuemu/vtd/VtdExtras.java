// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.vtd;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.bits.Register;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.RegisterFile;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.WorkMeter;
import org.iommuemu.vtd.perfmon.MonitorFeatures;
import org.iommuemu.vtd.perfmon.PerformanceMonitor;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.EnhancedCommandRegisters;
import org.iommuemu.vtd.spec.ExtendedCapability;
import org.iommuemu.vtd.spec.PerfmonRegisters;
import org.iommuemu.vtd.spec.VirtualCommandRegisters;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/** What a unit has beside remapping, as far as CAP and ECAP have it: enhanced and virtual commands, performance monitor, RDTC. */
final class VtdExtras {
    private final VtdFeatures features;
    private final boolean hasCommands;
    private final MonitorFeatures monitorFeatures;
    private final @Nullable PerfmonRegisters registers;
    private @Nullable EnhancedCommands commands;
    private @Nullable VirtualCommands virtualCommands;
    private @Nullable PerformanceMonitor monitor;
    private @Nullable VtdMeter meter;

    VtdExtras(VtdFeatures features, MonitorFeatures monitorFeatures) {
        this.features = features;
        hasCommands = features.has(Capability.ECMDS);
        this.monitorFeatures = monitorFeatures;
        registers = features.hasExtended(ExtendedCapability.PMS)
                ? new PerfmonRegisters(monitorFeatures.counters(), monitorFeatures.bits())
                : null;
    }

    /** The registers that a unit has for them. */
    List<Register> registers() {
        List<Register> all = new ArrayList<>(hasCommands ? EnhancedCommandRegisters.map() : List.of());
        if (registers != null) {
            all.addAll(registers.map());
        }
        if (features.hasExtended(ExtendedCapability.VCS)) {
            all.addAll(VirtualCommandRegisters.map());
        }
        if (features.hasExtended(ExtendedCapability.RDTS)) {
            all.add(VtdRegisters.RDTC);
        }
        return all;
    }

    /** Lets the registers work, and counts what the others do. */
    void bind(
            RegisterFile file,
            InterruptSink sink,
            TranslationUnit unit,
            EntryReader entries,
            ContextLookup lookup,
            InterruptRemapper interrupts,
            PageRequests pages) {
        if (registers != null) {
            EventInterrupt event = new EventInterrupt(file, PerfmonRegisters.OVERFLOW_EVENT, sink, "performance");
            file.onWrite(PerfmonRegisters.PERFINTRSTS, (old, requested) -> {
                file.set(PerfmonRegisters.PERFINTRSTS, requested);
                event.served(requested != 0);
            });
            monitor = new PerformanceMonitor(monitorFeatures, registers, file, event::raise);
            meter = new VtdMeter(monitor, unit, entries, lookup, interrupts, pages);
        }
        if (hasCommands) {
            commands = new EnhancedCommands(file, monitor);
        }
        if (features.hasExtended(ExtendedCapability.VCS)) {
            virtualCommands = new VirtualCommands(file, features);
        }
    }

    /** The register file has been reset. */
    void reset() {
        if (commands != null) {
            commands.reset();
        }
        if (virtualCommands != null) {
            virtualCommands.reset();
        }
        if (monitor != null) {
            monitor.reset();
        }
    }

    /** Says who is told when counting starts and stops. */
    void onCounting(PerformanceMonitor.Listener who) {
        VtdMeter m = meter;
        if (monitor != null && m != null) {
            monitor.onCounting(on -> {
                m.restart();
                who.counting(on);
            });
        }
    }

    /** Work for a DMA request begins, see {@link WorkMeter#begin}. */
    long begin(Transaction t, int addressType) {
        return begin(t.streamId(), t.substreamId(), addressType);
    }

    /** Work begins; {@code kind} as {@link VtdMeter} has them. */
    long begin(int source, int substream, int kind) {
        return meter == null ? 0 : meter.begin(meter.work(source, substream, kind));
    }

    /** Work ends, see {@link WorkMeter#end}. */
    void end(long interrupted, int transactions, int requests, int translated) {
        if (meter != null) {
            meter.end(interrupted, transactions, requests, translated);
        }
    }

    /** The monitor, or null without ECAP.PMS. */
    @Nullable
    PerformanceMonitor monitor() {
        return monitor;
    }
}
