// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.Patience;
import org.iommuemu.host.SmmuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.VtdDriver;
import org.iommuemu.host.control.HostDevice;
import org.iommuemu.host.control.IommuGroup;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.pcie.DataMemory;
import org.iommuemu.pcie.DownstreamPort;
import org.iommuemu.pcie.Enumeration;
import org.iommuemu.pcie.FunctionDescription;
import org.iommuemu.pcie.HostBridge;
import org.iommuemu.pcie.PciDevice;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.PcieLink;
import org.iommuemu.pcie.RootComplex;
import org.iommuemu.pcie.StreamMap;
import org.iommuemu.pcie.TlpLink;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.time.EventLoop;
import org.iommuemu.time.Resource;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.jspecify.annotations.Nullable;

/**
 * A whole machine in one clock: memory, an IOMMU, links and functions. Software is what calls it: between events, or from within one,
 * where {@link #await} lets time pass.
 */
public final class Platform implements AutoCloseable {
    /** Where BARs of 32 bits are. */
    public static final long NARROW_BASE = 0xC000_0000L;
    /** Bytes for them. */
    public static final long NARROW_BYTES = 0x3000_0000L;
    /** Where BARs of 64 bits are. */
    public static final long WIDE_BASE = 1L << 40;
    /** Bytes for them. */
    public static final long WIDE_BYTES = 1L << 40;

    private final PlatformParameters parameters;
    private final EventLoop loop = new EventLoop();
    private final PhysicalMemory memory = new PhysicalMemory();
    private final Iommu iommu;
    private final TranslationUnit unit;
    private final @Nullable SmmuV3 smmu;
    private final @Nullable Vtd vtd;
    private final TimedTranslation timed;
    private final MessageInterrupts interrupts;
    private final HostBridge bridge;
    private final List<PciFunction> functions = new ArrayList<>();
    private final DataMemory data;
    private @Nullable IommuDriver driver;
    private @Nullable StaleDetector stale;
    private Consumer<String> lines = line -> {};
    private Predicate<String> wires = line -> true;

    private Platform(PlatformParameters p, @Nullable SmmuFeatures smmuFeatures, @Nullable VtdFeatures vtdFeatures) {
        parameters = p;
        InterruptSink sink = this::pulse;
        if (smmuFeatures != null) {
            smmu = new SmmuV3(memory, smmuFeatures, p.caches(), sink);
            vtd = null;
            iommu = smmu;
            unit = smmu.unit();
            timed = new TimedTranslation(smmu, unit, smmu::observe, p.timing());
            smmu.time(timed.commands());
        } else {
            vtd = new Vtd(memory, vtdFeatures == null ? VtdFeatures.full() : vtdFeatures, p.caches(), sink);
            smmu = null;
            iommu = vtd;
            unit = vtd.unit();
            timed = new TimedTranslation(vtd, unit, vtd::observe, p.timing());
            vtd.time(timed.commands());
        }
        interrupts = new MessageInterrupts(this::later, vtd);
        data = new DataMemory(p.memoryLatency(), p.memoryRate());
        bridge = new HostBridge(
                loop,
                iommu,
                timed,
                memory,
                data,
                new RootComplex(p.rootComplex(), null),
                StreamMap.IDENTITY,
                interrupts,
                p.invalidationTimeout(),
                p.completionTimeout());
    }

    /** A machine with an SMMUv3. */
    public static Platform smmuv3(PlatformParameters p) {
        return new Platform(p, SmmuFeatures.full(), null);
    }

    /** A machine with an SMMUv3 of certain features. */
    public static Platform smmuv3(PlatformParameters p, SmmuFeatures features) {
        return new Platform(p, features, null);
    }

    /** A machine with a VT-d unit of certain features. */
    public static Platform vtd(PlatformParameters p, VtdFeatures features) {
        return new Platform(p, null, features);
    }

    /** A machine with a VT-d unit. */
    public static Platform vtd(PlatformParameters p) {
        return new Platform(p, null, VtdFeatures.full());
    }

    private void pulse(String line) {
        if (wires.test(line)) {
            later(() -> line(line));
        }
    }

    private void later(Runnable handler) {
        loop.schedule(loop.now() + parameters.interruptLatency(), (time, data) -> handler.run(), 0);
    }

    /** A link of the machine's kind, to be put below a port. */
    public TlpLink newLink() {
        return new TlpLink(
                loop,
                new PcieLink(parameters.link(), parameters.propagation(), parameters.completionBytes()),
                parameters.credits());
    }

    /** Functions with all capabilities, and the machine's tags and time-out. */
    public FunctionDescription description() {
        return FunctionDescription.standard(parameters.tags(), parameters.completionTimeout());
    }

    /** Adds a function of the root complex with all capabilities, see {@link #addFunction(int, FunctionDescription)}. */
    public PciFunction addFunction(int requester) {
        return addFunction(requester, description());
    }

    /** Adds a function of the root complex with a fixed requester id, at the end of a link of its own, configured as firmware does. */
    public PciFunction addFunction(int requester, FunctionDescription description) {
        PciFunction function = PciDevice.single(loop, newLink(), requester, description);
        bridge.attach(function);
        added(function);
        return function;
    }

    /** Plugs a device with one function into a port; it has no numbers until it is enumerated. */
    public PciFunction plug(DownstreamPort port) {
        PciDevice device = new PciDevice(loop, port.link());
        PciFunction function = device.addFunction(0, description());
        port.plug(device);
        added(function);
        return function;
    }

    private void added(PciFunction function) {
        functions.add(function);
        if (stale != null) {
            function.link().onArrival(new KeptTranslations(function::id, stale)::arrived);
        }
    }

    /** Adds a root port, into which nothing is plugged. */
    public DownstreamPort addRootPort() {
        return bridge.addRootPort(newLink());
    }

    /** Numbers buses, and gives addresses to BARs and windows, as firmware does; returns the requester ids of all functions. */
    public List<Integer> enumerate() {
        return new Enumeration(bridge.ecam(), NARROW_BASE, NARROW_BYTES, WIDE_BASE, WIDE_BYTES).run(bridge.rootBuses());
    }

    /**
     * Compares every use of a translation from now on with what the tables say, by the IOMMU and by functions that were told one; slow. To
     * be asked for once, before any function is added.
     */
    public StaleDetector detectStale() {
        StaleDetector detector =
                smmu != null ? smmu.detectStale() : Objects.requireNonNull(vtd).detectStale();
        stale = detector;
        return detector;
    }

    /**
     * Brings the IOMMU up with a driver for it, which is told of its interrupts, and which lets time pass while it waits.
     *
     * @param stages which stages devices get
     */
    public IommuDriver startDriver(StageLayout stages) {
        IommuDriver started = smmu != null
                ? new SmmuDriver(smmu, memory, stages, patience())
                : new VtdDriver(Objects.requireNonNull(vtd), memory, stages, true, patience());
        driver = started;
        return started;
    }

    /**
     * A function as the kernel's core knows it, added to a group.
     *
     * @param group whose devices cannot be isolated from each other
     */
    public HostDevice hostDevice(PciFunction function, IommuGroup group) {
        return new HostDevice(function.id(), group, new PciHostFunction(function, patience()));
    }

    /** Physical address that devices write their interrupts to, see {@link IommuDriver#mapDoorbell}. */
    public long doorbell() {
        return vtd == null ? MessageInterrupts.DOORBELL : MessageInterrupts.WINDOW_BASE;
    }

    /** How software of this machine waits: by letting time pass. */
    public Patience patience() {
        return new Patience() {
            @Override
            public boolean await(BooleanSupplier done, long picoseconds) {
                return Platform.this.await(done, loop.now() + picoseconds);
            }

            @Override
            public long now() {
                return loop.now();
            }

            @Override
            public void later(long picoseconds, Runnable work) {
                loop.schedule(loop.now() + picoseconds, (time, data) -> work.run(), 0);
            }
        };
    }

    private void line(String name) {
        if (driver != null) {
            driver.interrupt(name);
        }
        lines.accept(name);
    }

    /** Says who else is told of the IOMMU's own interrupts, by the names of {@link SmmuV3} and {@link Vtd}. */
    public void onLine(Consumer<String> handler) {
        lines = handler;
    }

    /** Says which pulses of the IOMMU's wires arrive; all do until then. */
    public void wires(Predicate<String> arrives) {
        wires = arrives;
    }

    /** Says who handles interrupts that devices send. */
    public void onInterrupt(MessageInterrupts.Handler handler) {
        interrupts.handler(handler);
    }

    /**
     * Lets time pass until something holds, and no longer.
     *
     * @param until when to give up, in ps: what happens later is still to come then
     * @return whether it holds
     */
    public boolean await(BooleanSupplier done, long until) {
        boolean more = true;
        while (!done.getAsBoolean() && more && loop.now() < until) {
            more = loop.stepUntil(until);
        }
        return done.getAsBoolean();
    }

    /** The functions, in the order in which they were added. */
    public List<PciFunction> functions() {
        return Collections.unmodifiableList(functions);
    }

    /** The clock. */
    public EventLoop loop() {
        return loop;
    }

    /** Physical memory. */
    public PhysicalMemory memory() {
        return memory;
    }

    /** The IOMMU, of either architecture. */
    public Iommu iommu() {
        return iommu;
    }

    /** Its pipeline. */
    public TranslationUnit unit() {
        return unit;
    }

    /** The SMMUv3, if it is one. */
    public @Nullable SmmuV3 smmu() {
        return smmu;
    }

    /** The VT-d unit, if it is one. */
    public @Nullable Vtd vtd() {
        return vtd;
    }

    /** The IOMMU's times. */
    public TimedTranslation timed() {
        return timed;
    }

    /** The host's end of the links. */
    public HostBridge bridge() {
        return bridge;
    }

    /** What requests wait for, in the order in which they meet it: the links of all functions, the IOMMU, memory. */
    public List<Resource> resources() {
        List<Resource> all = new ArrayList<>();
        functions.forEach(f -> all.addAll(f.link().times().resources()));
        all.addAll(timed.resources());
        all.addAll(data.resources());
        return all;
    }

    /** What it is made of. */
    public PlatformParameters parameters() {
        return parameters;
    }

    @Override
    public void close() {
        memory.close();
    }
}
