// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.replay;

import org.agrona.collections.IntHashSet;
import org.iommuemu.capture.InputException;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.Patience;
import org.iommuemu.host.SmmuDriver;
import org.iommuemu.host.SmmuOptions;
import org.iommuemu.host.VtdDriver;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.measure.TimedMachine;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.preset.TraceSettings;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.trace.DmaRecord;
import org.iommuemu.trace.TraceReader;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;

/** A machine for traces: an IOMMU with all that the model has, brought up by a driver. */
final class TraceMachine implements AutoCloseable {
    private static final int REQUESTER_BITS = 16;

    private final PhysicalMemory memory;
    private final TimedMachine timed;
    private final IommuDriver driver;
    private final MachineCounts counts;
    private final int noStream;
    private final boolean atcs;
    private final IntHashSet usingAts = new IntHashSet();
    private final IntHashSet usingPageRequests = new IntHashSet();

    private TraceMachine(
            PhysicalMemory memory,
            TimedMachine timed,
            IommuDriver driver,
            MachineCounts counts,
            int noStream,
            boolean atcs) {
        this.memory = memory;
        this.timed = timed;
        this.driver = driver;
        this.counts = counts;
        this.noStream = noStream;
        this.atcs = atcs;
    }

    /**
     * A machine that is up.
     *
     * @param patience how its driver waits
     * @param atcs whether devices have ATCs, which are then told of invalidations
     */
    static TraceMachine of(CacheConfiguration caches, TraceSettings settings, Patience patience, boolean atcs) {
        PhysicalMemory memory = new PhysicalMemory();
        return settings.iommu() == TraceSettings.Kind.SMMUV3
                ? smmu(memory, caches, settings, patience, atcs)
                : vtd(memory, caches, settings, patience, atcs);
    }

    private static TraceMachine smmu(
            PhysicalMemory memory, CacheConfiguration caches, TraceSettings settings, Patience patience, boolean atcs) {
        SmmuV3 smmu = new SmmuV3(memory, SmmuFeatures.full(), caches, InterruptSink.NONE);
        SmmuOptions options = new SmmuOptions(SmmuOptions.standard().release(), settings.granuleShift());
        SmmuDriver driver = SmmuDriver.trusting(smmu, memory, settings.stages(), options, patience, atcs);
        MachineCounts counts = new SmmuCounts(smmu);
        TimedMachine timed = new TimedMachine(smmu, smmu.unit(), smmu::observe, smmu::time, counts::level);
        return new TraceMachine(memory, timed, driver, counts, 0, false);
    }

    private static TraceMachine vtd(
            PhysicalMemory memory, CacheConfiguration caches, TraceSettings settings, Patience patience, boolean atcs) {
        Vtd vtd = new Vtd(memory, VtdFeatures.full(), caches, InterruptSink.NONE);
        boolean scalable = settings.iommu() == TraceSettings.Kind.VTD_SCALABLE;
        VtdDriver driver = new VtdDriver(vtd, memory, settings.stages(), scalable, patience);
        MachineCounts counts = new VtdCounts(vtd);
        TimedMachine timed = new TimedMachine(vtd, vtd.unit(), vtd::observe, vtd::time, counts::level);
        return new TraceMachine(memory, timed, driver, counts, -1 << REQUESTER_BITS, atcs);
    }

    Iommu iommu() {
        return timed.iommu();
    }

    IommuDriver driver() {
        return driver;
    }

    TranslationUnit unit() {
        return timed.unit();
    }

    MachineCounts counts() {
        return counts;
    }

    /** The same for somebody who times it. */
    TimedMachine timed() {
        return timed;
    }

    PhysicalMemory memory() {
        return memory;
    }

    /** Bits that no stream of this machine has: a requester id has 16. */
    int noStream() {
        return noStream;
    }

    /** The error of a record whose stream this machine does not have. */
    static InputException noRequester(DmaRecord r, TraceReader trace) {
        return trace.wrong(
                String.format("stream is 0x%x", r.stream()), "a requester id of VT-d, below 0x10000, or an SMMUv3");
    }

    /** A stream is mapped for: lets it use ATS if it has an ATC, where it may not from the beginning. */
    void meet(int stream) {
        if (atcs) {
            letUseAts(stream);
        }
    }

    /** Lets a stream use ATS, where it may not from the beginning, as SMMUv3's may. */
    void letUseAts(int stream) {
        if (noStream != 0 && usingAts.add(stream)) {
            driver.enableAts(stream);
        }
    }

    /** Lets a stream ask for pages, where it may not from the beginning. */
    void letRequestPages(int stream) {
        letUseAts(stream);
        if (noStream != 0 && usingPageRequests.add(stream)) {
            driver.enablePageRequests(stream);
        }
    }

    @Override
    public void close() {
        memory.close();
    }
}
