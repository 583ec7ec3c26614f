// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.scenario;

import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.Iommu;
import org.iommuemu.iommu.LintFinding;
import org.iommuemu.iommu.LintLog;
import org.iommuemu.iommu.RegisterFrame;
import org.iommuemu.iommu.StaleDetector;
import org.iommuemu.iommu.StructureObserver;
import org.iommuemu.iommu.TranslationUnit;
import org.iommuemu.iommu.timing.TimedTranslation;
import org.iommuemu.memory.PhysicalMemory;
import org.iommuemu.memory.RangeState;
import org.iommuemu.paging.WalkObserver;
import org.iommuemu.platform.Platform;
import org.iommuemu.platform.PlatformParameters;
import org.iommuemu.replay.EventReader;
import org.iommuemu.replay.Explainable;
import org.iommuemu.replay.FaultRecordReader;
import org.iommuemu.replay.RecordReader;
import org.iommuemu.replay.SmmuTerms;
import org.iommuemu.replay.Terms;
import org.iommuemu.replay.VtdTerms;
import org.iommuemu.smmuv3.SmmuV3;
import org.iommuemu.smmuv3.lint.SmmuLint;
import org.iommuemu.vtd.Vtd;
import org.iommuemu.vtd.lint.VtdLint;
import org.iommuemu.vtd.spec.VtdRegisters;
import org.jspecify.annotations.Nullable;

/** What a scenario runs on: the machine that it is for, after reset, its memory with all zero, and its devices. */
final class ScenarioMachine implements AutoCloseable, Explainable {
    /** A step that answered as expected. */
    static final String SAME = "";

    private final @Nullable Platform platform;
    private final PhysicalMemory memory;
    private final Iommu iommu;
    private final TranslationUnit unit;
    private final RegisterFrame monitor;
    private final @Nullable SmmuV3 smmu;
    private final @Nullable LintLog findings;
    private final ScenarioDevices devices;
    private final @Nullable TimedDevices timed;
    private final Supplier<StaleDetector> detector;
    private final BiConsumer<@Nullable StructureObserver, @Nullable WalkObserver> observers;
    private final RecordReader records;
    private final Terms terms;
    private final AccessFailures failures;

    /**
     * A machine for a scenario.
     *
     * @param linted whether to look for what the scenario does wrong as software
     */
    ScenarioMachine(Scenario scenario, CacheConfiguration caches, boolean linted) {
        platform = scenario.isTimed() ? platform(scenario, caches) : null;
        memory = platform == null ? new PhysicalMemory() : platform.memory();
        populate(scenario.ram());
        Map<String, Integer> pulses = new HashMap<>();
        if (platform != null) {
            platform.onLine(line -> pulses.merge(line, 1, Integer::sum));
        }
        if (scenario.vtd() != null) {
            smmu = null;
            Vtd built = platform != null && platform.vtd() != null
                    ? platform.vtd()
                    : new Vtd(memory, scenario.vtd(), caches, line -> pulses.merge(line, 1, Integer::sum));
            VtdLint lint = linted ? new VtdLint(built, memory) : null;
            findings = lint == null ? null : lint.log();
            iommu = lint == null ? built : lint;
            failures = new VtdFailures(built);
            monitor = iommu;
            unit = built.unit();
            detector = built::detectStale;
            observers = built::observe;
            records = new FaultRecordReader(built);
            terms = new VtdTerms();
        } else if (scenario.smmu() != null) {
            SmmuV3 built = platform != null && platform.smmu() != null
                    ? platform.smmu()
                    : new SmmuV3(memory, scenario.smmu(), caches, line -> pulses.merge(line, 1, Integer::sum));
            smmu = built;
            failures = new SmmuFailures(built);
            SmmuLint lint = linted ? new SmmuLint(built, memory) : null;
            findings = lint == null ? null : lint.log();
            iommu = lint == null ? built : lint;
            monitor = built.counterGroup();
            unit = built.unit();
            detector = built::detectStale;
            observers = built::observe;
            records = new EventReader(built, memory);
            terms = new SmmuTerms();
        } else {
            throw new IllegalStateException("a scenario for no IOMMU");
        }
        devices = new ScenarioDevices(iommu, memory, scenario.cannotStall(), pulses);
        timed = platform == null ? null : new TimedDevices(platform, devices, scenario.line());
    }

    private static Platform platform(Scenario scenario, CacheConfiguration caches) {
        PlatformParameters parameters = PlatformParameters.standard().withCaches(caches);
        return scenario.smmu() != null
                ? Platform.smmuv3(parameters, scenario.smmu())
                : Platform.vtd(parameters, Objects.requireNonNull(scenario.vtd()));
    }

    private void populate(List<long[]> ram) {
        if (ram.isEmpty()) {
            return;
        }
        memory.mark(0, 1L << PhysicalMemory.ADDRESS_BITS, RangeState.ABSENT);
        for (long[] range : ram) {
            memory.mark(range[0], range[1], RangeState.PRESENT);
        }
    }

    @Override
    public Iommu iommu() {
        return iommu;
    }

    @Override
    public void observe(@Nullable StructureObserver onStructure, @Nullable WalkObserver onDescriptor) {
        observers.accept(onStructure, onDescriptor);
    }

    @Override
    public RecordReader records() {
        return records;
    }

    @Override
    public Terms terms() {
        return terms;
    }

    PhysicalMemory memory() {
        return memory;
    }

    ScenarioDevices devices() {
        return devices;
    }

    /** What the machine has for a memory access that fails. */
    AccessFailures failures() {
        return failures;
    }

    /**
     * Lets edu devices carry out DMAs.
     *
     * @param tally takes how many
     */
    void useEduDevices(Scenario scenario, DeviceTally tally) {
        // Nobody asks for how long the IOMMU walks; who lints looks at what it reads.
        TimedTranslation timed = new TimedTranslation(
                iommu,
                unit,
                (structures, walks) -> {},
                PlatformParameters.standard().timing());
        devices.use(new EduDevices(iommu, timed, memory, scenario, tally));
    }

    /** Compares every translation from now on with what the tables say. */
    void detectStale() {
        devices.watch(detector.get());
    }

    /** Adds what the scenario did wrong so far to a log, each place headed by that of the scenario. */
    void note(String head, LintLog log) {
        if (findings != null) {
            findings.findings().forEach(f -> log.add(new LintFinding(f.rule(), head + f.place(), f.seen(), f.count())));
        }
    }

    /** Runs a step; how its answer differs from what it expects, or {@link #SAME}. */
    String run(Step step) {
        if (step instanceof Step.MemoryWrite s) {
            memory.write(s.address(), s.data(), 0, s.data().length);
            return SAME;
        } else if (step instanceof Step.RegisterWrite s) {
            frame(s.monitor()).writeRegister(s.offset(), s.size(), s.value());
            return SAME;
        } else if (step instanceof Step.RegisterRead s) {
            return read(s);
        } else if (step instanceof Step.Dma s) {
            return devices.issue(s);
        } else if (step instanceof Step.MemoryExpect s) {
            return expect(s);
        } else if (timed != null && step instanceof TimedStep s) {
            return timed.run(s);
        } else if (timed != null && step instanceof DeviceStep.TranslationRequest s && timed.has(s.requester())) {
            return timed.request(s);
        } else if (timed != null
                && step instanceof DeviceStep.PageRequestMessage s
                && timed.has(s.message().streamId())) {
            return timed.request(s);
        }
        return devices.run((DeviceStep) step);
    }

    private RegisterFrame frame(boolean ofMonitor) {
        return ofMonitor ? monitor : iommu;
    }

    private String read(Step.RegisterRead s) {
        long found = frame(s.monitor()).readRegister(s.offset(), s.size());
        if (smmu == null && s.offset() == VtdRegisters.IQA.offset()) {
            // Recorders show the address in force rather than what was written, and the width or not.
            return SAME;
        }
        if (((found ^ s.expected()) & s.mask()) == 0) {
            return SAME;
        }
        return String.format("register 0x%x is 0x%x, expected 0x%x", s.offset(), found, s.expected());
    }

    private String expect(Step.MemoryExpect s) {
        byte[] found = new byte[s.data().length];
        memory.read(s.address(), found, 0, found.length);
        for (int i = 0; i < found.length; i++) {
            if (((found[i] ^ s.data()[i]) & s.mask()[i]) != 0) {
                return "memory at 0x" + Long.toHexString(s.address()) + " is " + hex(found) + ", expected "
                        + hex(s.data()) + " (differs at byte " + i + ")";
            }
        }
        return SAME;
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    @Override
    public void close() {
        memory.close(); // a platform's too
    }
}
