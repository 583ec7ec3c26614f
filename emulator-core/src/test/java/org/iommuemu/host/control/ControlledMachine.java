// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host.control;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.iommuemu.host.DmaFault;
import org.iommuemu.host.FaultListener;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.SmmuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.VtdDriver;
import org.iommuemu.host.call.FailurePlan;
import org.iommuemu.host.process.AddressSpace;
import org.iommuemu.host.process.Credentials;
import org.iommuemu.host.process.FrameAllocator;
import org.iommuemu.host.process.ProcessTable;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.PageRequest;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.Transaction;
import org.iommuemu.iommu.TranslationCompletion;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.Verdict;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.spec.Idr;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.iommuemu.vtd.spec.Capability;
import org.iommuemu.vtd.spec.ExtendedCapability;

/** An IOMMU of either architecture, its driver, the core over it, processes, and devices that access memory through the IOMMU. */
public final class ControlledMachine implements AutoCloseable {
    /** Memory that the IOMMU and processes use. */
    public final PhysicalMemory memory = new PhysicalMemory();

    /** Devices, and the clock. */
    public final ModelledDevices devices = new ModelledDevices();

    /** Frames of processes' memory. */
    public final FrameAllocator frames = new FrameAllocator();

    /** Faults that were recorded, in their order. */
    public final List<DmaFault> recorded = new ArrayList<>();

    /** Commands or descriptors that the IOMMU has consumed. */
    public final List<Consumed> consumed = new ArrayList<>();

    /** The driver. */
    public final IommuDriver driver;

    /** The core. */
    public final ControlCore core;

    /** The processes. */
    public final ProcessTable processes;

    final Iommu iommu;
    final TranslationUnit unit;
    final StaleDetector stale;
    final TreeMap<Integer, HostDevice> known = new TreeMap<>();
    private final Map<HostDevice, ModelledFunction> functions = new IdentityHashMap<>();
    private final boolean isSmmu;
    private int groups;

    private ControlledMachine(boolean isSmmu, boolean cachesMisses, int pasidBits) {
        this.isSmmu = isSmmu;
        InterruptSink sink = line -> devices.pending.add(() -> driver().interrupt(line));
        if (isSmmu) {
            SmmuFeatures f = SmmuFeatures.full();
            long idr1 = Idr.SSIDSIZE.set(f.idr1(), pasidBits);
            SmmuFeatures features = new SmmuFeatures(f.idr0(), idr1, f.idr3(), f.idr5(), f.iidr(), f.aidr());
            SmmuV3 smmu = new SmmuV3(memory, features, CacheConfiguration.standard(), sink);
            iommu = smmu;
            unit = smmu.unit();
            stale = smmu.detectStale();
            smmu.observeSoftware(null, (c, word0, word1) -> consumed.add(new Consumed(c.name(), word0, word1)));
            devices.connect(smmu);
            driver = new SmmuDriver(smmu, memory, StageLayout.STAGE_1, devices);
        } else {
            VtdFeatures full = VtdFeatures.full();
            long cap = Capability.CM.set(full.cap(), cachesMisses ? 1 : 0);
            long ecap = ExtendedCapability.PSS.set(full.ecap(), pasidBits - 1);
            Vtd vtd = new Vtd(memory, new VtdFeatures(full.ver(), cap, ecap), CacheConfiguration.standard(), sink);
            iommu = vtd;
            unit = vtd.unit();
            stale = vtd.detectStale();
            vtd.observeSoftware(null, (d, word0, word1) -> consumed.add(new Consumed(d.name(), word0, word1)));
            devices.connect(vtd);
            driver = new VtdDriver(vtd, memory, StageLayout.STAGE_1, true, devices);
        }
        driver.onFault(new FaultListener() {
            @Override
            public void refused(DmaFault fault) {
                recorded.add(fault);
            }

            @Override
            public void overflowed() {
                // VT-d has few records.
            }
        });
        core = new ControlCore(driver);
        processes = new ProcessTable(driver::newPageTables, memory, frames, FailurePlan.NONE);
    }

    private IommuDriver driver() {
        return driver;
    }

    /** One with an SMMUv3. */
    public static ControlledMachine smmuv3() {
        return new ControlledMachine(true, false, 20);
    }

    /** One with a VT-d unit. */
    public static ControlledMachine vtd() {
        return new ControlledMachine(false, false, 20);
    }

    /** One with a VT-d unit in caching mode. */
    public static ControlledMachine vtdCachingMode() {
        return new ControlledMachine(false, true, 20);
    }

    /** Makers of one of each architecture, for parameterized tests. */
    public static Stream<Maker> all() {
        return Stream.of(
                new Maker("SMMUv3", ControlledMachine::smmuv3),
                new Maker("VT-d", ControlledMachine::vtd),
                new Maker("VT-d, caching mode", ControlledMachine::vtdCachingMode));
    }

    /** The same with PASIDs of 7 bits, whose tables are looked through in no time. */
    static Stream<Maker> small() {
        return Stream.of(
                new Maker("SMMUv3", () -> new ControlledMachine(true, false, 7)),
                new Maker("VT-d", () -> new ControlledMachine(false, false, 7)),
                new Maker("VT-d, caching mode", () -> new ControlledMachine(false, true, 7)));
    }

    /** A command or a descriptor, by its name and its words. */
    public record Consumed(String name, long word0, long word1) {}

    /** Makes a machine. */
    public record Maker(String name, Supplier<ControlledMachine> from) {
        /** A machine. */
        public ControlledMachine make() {
            return from.get();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** Whether it has an SMMUv3. */
    public boolean isSmmu() {
        return isSmmu;
    }

    /** A device in a group of its own. */
    public HostDevice device(int stream) {
        return device(stream, new IommuGroup(groups++));
    }

    /** A device of a group, known to the IOMMU. */
    public HostDevice device(int stream, IommuGroup group) {
        return device(stream, group, new ModelledFunction());
    }

    /** A device with a function of one's own. */
    public HostDevice device(int stream, IommuGroup group, ModelledFunction function) {
        HostDevice device = new HostDevice(stream, group, function);
        functions.put(device, function);
        known.put(stream, device);
        core.probe(device);
        return device;
    }

    /** A device's configuration space, whose capabilities can be switched. */
    public ModelledFunction function(HostDevice device) {
        return functions.get(device);
    }

    /**
     * An access, by an untranslated request.
     *
     * @param access {@link Access} code
     * @return physical address, or -1 if it is refused
     */
    public long translate(int stream, int pasid, long address, int access) {
        Verdict verdict = new Verdict();
        iommu.translate(new Transaction().set(stream, pasid, address, access), verdict);
        return verdict.isOk() ? verdict.address() : -1;
    }

    /** A read, see {@link #translate}. */
    public long read(int stream, int pasid, long address) {
        return translate(stream, pasid, address, Access.READ);
    }

    /** Lets a device ask for a translation, which its ATC keeps; whether it may be used at all. */
    public boolean prefetch(int stream, int pasid, long address) {
        TranslationCompletion c = new TranslationCompletion();
        iommu.requestTranslation(new Transaction().set(stream, pasid, address, Access.READ | Access.WRITE), c);
        boolean good = c.status() == TranslationCompletion.Status.SUCCESS && (c.isReadable() || c.isWritable());
        if (good) {
            devices.atc.put(
                    new ModelledDevices.Key(stream, pasid, address & -0x1000),
                    new ModelledDevices.Cached(c.address() & -0x1000, c.isReadable(), c.isWritable()));
        }
        return good;
    }

    /** Whether a device's ATC has an address. */
    public boolean isCachedByDevice(int stream, int pasid, long address) {
        return devices.atc.containsKey(new ModelledDevices.Key(stream, pasid, address & -0x1000));
    }

    /** Lets a device ask for a page to read and write, alone in its group. */
    public void askForPage(int stream, int pasid, long address, int group) {
        request(new PageRequest(stream, pasid, address & -0x1000, true, true, false, false, true, group));
    }

    /** Lets a device send a page request. Answers are in {@link ModelledDevices#responses}, once {@link ModelledDevices#run time} has passed. */
    public void request(PageRequest request) {
        iommu.requestPage(request);
    }

    /** A process of user 1000 with a region, to be read and written. */
    public AddressSpace memory(long address, long bytes) {
        AddressSpace mm =
                Objects.requireNonNull(processes.start(Credentials.user(1000)).addressSpace());
        mm.map(address, bytes, IommuDriver.READ | IommuDriver.WRITE).value();
        return mm;
    }

    /** Times that something was used that had been changed without an invalidation. */
    public long staleAccesses() {
        return stale.staleAccesses();
    }

    /** The hardware and the system's resources as text; what is not there takes no line. */
    public String image() {
        return tables() + new CacheImage(this).text();
    }

    /** The same without what caches hold. */
    public String tables() {
        StringBuilder text = new StringBuilder();
        new TableImage(this).append(text);
        for (HostDevice d : known.values()) {
            text.append(String.format("function %04x:%s%n", d.stream(), functions.get(d)));
        }
        text.append(String.format(
                "%d PASIDs, %d domains, %d frames%n",
                core.pasids().allocated(), driver.domainsInUse(), frames.inUse()));
        return text.toString();
    }

    @Override
    public void close() {
        memory.close();
    }
}
