// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.platform;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.iommuemu.host.IommuDriver;
import org.iommuemu.host.Patience;
import org.iommuemu.host.SmmuDriver;
import org.iommuemu.host.StageLayout;
import org.iommuemu.host.VtdDriver;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.pcie.DataMemory;
import org.iommuemu.pcie.FunctionDescription;
import org.iommuemu.pcie.HostBridge;
import org.iommuemu.pcie.PciFunction;
import org.iommuemu.pcie.PcieLink;
import org.iommuemu.pcie.RootComplex;
import org.iommuemu.pcie.StreamMap;
import org.iommuemu.pcie.TlpLink;
import org.iommuemu.smmuv3.SmmuFeatures;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.time.EventLoop;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.VtdFeatures;
import org.jspecify.annotations.Nullable;

/**
 * A whole machine in one clock: memory, an IOMMU, links and functions. Software is what calls it: between events, or from within one,
 * where {@link #await} lets time pass.
 */
public final class Platform implements AutoCloseable {
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
    private final Map<Integer, PciFunction> functions = new LinkedHashMap<>();
    private @Nullable IommuDriver driver;
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
        bridge = new HostBridge(
                loop,
                iommu,
                timed,
                memory,
                new DataMemory(p.memoryLatency(), p.memoryRate()),
                new RootComplex(p.rootComplex(), null),
                StreamMap.IDENTITY,
                interrupts,
                p.invalidationTimeout());
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

    /** Adds a function with all capabilities at the end of a link of its own. */
    public PciFunction addFunction(int requester) {
        return addFunction(requester, FunctionDescription.standard(parameters.tags(), parameters.completionTimeout()));
    }

    /** Adds a function at the end of a link of its own. */
    public PciFunction addFunction(int requester, FunctionDescription description) {
        TlpLink link = new TlpLink(
                loop,
                new PcieLink(parameters.link(), parameters.propagation(), parameters.completionBytes()),
                parameters.credits());
        PciFunction function = new PciFunction(loop, link, requester, description);
        function.configureSizes();
        bridge.attach(requester, link);
        functions.put(requester, function);
        return function;
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

    private Patience patience() {
        return new Patience() {
            @Override
            public boolean await(BooleanSupplier done, long picoseconds) {
                return Platform.this.await(done, loop.now() + picoseconds);
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
     * Lets time pass until something holds.
     *
     * @param until when to give up, in ps
     * @return whether it holds
     */
    public boolean await(BooleanSupplier done, long until) {
        boolean more = true;
        while (!done.getAsBoolean() && more && loop.now() < until) {
            more = loop.step();
        }
        return done.getAsBoolean();
    }

    /** The functions, in the order in which they were added. */
    public Collection<PciFunction> functions() {
        return Collections.unmodifiableCollection(functions.values());
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

    /** What it is made of. */
    public PlatformParameters parameters() {
        return parameters;
    }

    @Override
    public void close() {
        memory.close();
    }
}
