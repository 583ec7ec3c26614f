// SPDX-License-Identifier: Apache-2.0
package org.iommuemu.host;

import java.util.ArrayList;
import java.util.List;
import org.iommuemu.iommu.Access;
import org.iommuemu.iommu.CacheConfiguration;
import org.iommuemu.iommu.InterruptSink;
import org.iommuemu.iommu.Iommu;
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

/** An IOMMU of either architecture with its driver, and devices that access memory through it. */
final class DrivenMachine implements AutoCloseable {
    /** An architecture, with stages that a driver can give devices there. */
    record Setup(Architecture architecture, StageLayout stages) {
        /** Every architecture with every layout that it has. */
        static List<Setup> all() {
            List<Setup> all = new ArrayList<>();
            for (Architecture a : Architecture.values()) {
                for (StageLayout s : StageLayout.values()) {
                    if (a != Architecture.VTD_LEGACY || s == StageLayout.STAGE_2) {
                        all.add(new Setup(a, s));
                    }
                }
            }
            return all;
        }

        /** Those where every PASID has tables. */
        static List<Setup> withPasids() {
            return all().stream()
                    .filter(s -> s.stages != StageLayout.STAGE_2 && s.architecture != Architecture.VTD_LEGACY)
                    .toList();
        }
    }

    /** Which driver it is. */
    enum Architecture {
        SMMUV3,
        SMMUV3_LINUX_6_12,
        VTD,
        VTD_LEGACY;

        boolean isSmmu() {
            return this == SMMUV3 || this == SMMUV3_LINUX_6_12;
        }
    }

    private final PhysicalMemory memory = new PhysicalMemory();
    private final ScriptedDevices devices = new ScriptedDevices();
    private final List<String> consumed = new ArrayList<>();
    private final Iommu iommu;
    private final TranslationUnit unit;
    private final StaleDetector stale;
    private final IommuDriver driver;
    private final Transaction transaction = new Transaction();
    private final Verdict verdict = new Verdict();

    DrivenMachine(Setup setup) {
        InterruptSink sink = line -> devices.pending.add(() -> driver().interrupt(line));
        if (setup.architecture.isSmmu()) {
            SmmuV3 smmu = new SmmuV3(memory, smallQueues(), CacheConfiguration.standard(), sink);
            iommu = smmu;
            unit = smmu.unit();
            stale = smmu.detectStale();
            smmu.observeSoftware(null, (command, word0, word1) -> consumed.add(command.name()));
            devices.connect(smmu);
            LinuxRelease version =
                    setup.architecture == Architecture.SMMUV3 ? LinuxRelease.LINUX_6_1 : LinuxRelease.LINUX_6_12;
            driver = new SmmuDriver(smmu, memory, setup.stages, new SmmuOptions(version, 12), devices);
        } else {
            Vtd vtd = new Vtd(memory, VtdFeatures.full(), CacheConfiguration.standard(), sink);
            iommu = vtd;
            unit = vtd.unit();
            stale = vtd.detectStale();
            vtd.observeSoftware(null, (descriptor, word0, word1) -> consumed.add(descriptor.name()));
            devices.connect(vtd);
            driver = new VtdDriver(vtd, memory, setup.stages, setup.architecture == Architecture.VTD, devices);
        }
    }

    /** Everything, with queues that tests can fill: 256 commands, 1,024 events and page requests. */
    private static SmmuFeatures smallQueues() {
        SmmuFeatures full = SmmuFeatures.full();
        long idr1 = Idr.PRIQS.set(Idr.EVENTQS.set(Idr.CMDQS.set(full.idr1(), 8), 10), 10);
        return new SmmuFeatures(full.idr0(), idr1, full.idr3(), full.idr5(), full.iidr(), full.aidr());
    }

    IommuDriver driver() {
        return driver;
    }

    ScriptedDevices devices() {
        return devices;
    }

    /** Commands or descriptors that the IOMMU has consumed, by their names. */
    List<String> consumed() {
        return consumed;
    }

    PhysicalMemory memory() {
        return memory;
    }

    Iommu iommu() {
        return iommu;
    }

    TranslationUnit unit() {
        return unit;
    }

    StaleDetector stale() {
        return stale;
    }

    Verdict access(int stream, int pasid, long iova, int access) {
        iommu.translate(transaction.set(stream, pasid, iova, access), verdict);
        return verdict;
    }

    /** Whether a translated request passes. */
    boolean forwards(int stream, long physical) {
        iommu.forwardTranslated(transaction.set(stream, IommuDriver.NO_PASID, physical, Access.READ), verdict);
        return verdict.isOk();
    }

    /** How a Translation Request ends, and whether it may read. */
    boolean grants(int stream, int pasid, long iova) {
        TranslationCompletion completion = new TranslationCompletion();
        iommu.requestTranslation(transaction.set(stream, pasid, iova, Access.READ), completion);
        return completion.status() == TranslationCompletion.Status.SUCCESS && completion.isReadable();
    }

    /** Where a read goes, or −1. */
    long read(int stream, int pasid, long iova) {
        Verdict v = access(stream, pasid, iova, Access.READ);
        return v.isOk() ? v.address() : -1;
    }

    @Override
    public void close() {
        memory.close();
    }
}
